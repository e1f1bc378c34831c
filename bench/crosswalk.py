"""A stale item code is mended: how long until what it held up is released, and that nothing else is touched.

    ./dev bench crosswalk [HELD] [OTHERS]     default 10,000 orders whose invoice the ERP refused for SKU-7, and 10,000 of SKU-8

The workers run, as processes of their own, on a real disk with fsync; the clock starts when the code is set and stops when no verdict
waits. Beside it the same number of instances updated by one bare statement. Aim: 10,000 in 10 s.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Iterator
from decimal import Decimal

import _live
import msgspec

from tieout.canon.decode import encode
from tieout.canon.documents import Charge, Document, Entitlement, Invoice, InvoiceLine, Order, OrderLine
from tieout.engine.deciding import with_codes
from tieout.store.connection import connect
from tieout.store.decisions import change
from tieout.store.trail import By

BY = By("bench", why="a benchmark")
START = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)


def main() -> None:
    held, others = (int(word) for word in (*sys.argv[1:], *("10000", "10000")[len(sys.argv) - 1 :]))
    for count in (1, 2):
        with _live.database() as (home, dsn):
            set_code(dsn, "SKU-8")
            bodies = [encode(d) for n in range(held + others) for d in sold(n, "SKU-7" if n < held else "SKU-8")]
            _live.copy_deliveries(dsn, bodies, 20)
            with _live.workers(home, count):
                _live.settled(dsn)
                triaged(dsn)
                gaps, before = standing(dsn)
                assert gaps == held, (gaps, held)
                bare = touched(dsn, held)
                started = time.perf_counter()
                set_code(dsn, "SKU-7")
                told = time.perf_counter() - started
                _live.settled(dsn)
                seconds = time.perf_counter() - started
                triaged(dsn)
                closed = time.perf_counter() - started
            gaps, after = standing(dsn)
        again = sum(after[key] != before[key] for key in after)
        print(
            f"{count} worker{'s' if count > 1 else ' '}: {held:,} released in {seconds:.1f} s ({held / seconds:,.0f}/s), their case closed "
            f"after {closed:.1f} s; the change took {told:.2f} s, one bare UPDATE of as many {bare:.2f} s"
        )
        print(f"   {gaps} are still held; {again - held} of {len(after) - held:,} other instances were evaluated")


def sold(number: int, product: str) -> Iterator[Document]:
    """An order, served and invoiced, whose invoice the ERP refused."""
    header = {"entity": "DE01", "currency": "EUR"}
    name, first, last = f"{number:07}", START.date(), dt.date(2026, 6, 30)
    line = OrderLine(id="1", product=f"crm/{product}")
    order = Order(
        system="crm", id=f"O{name}", customer="crm/C1", accepted_at=START, effective_on=first, lines=(line,), **header
    )
    charge = Charge(
        system="billing", id=f"CH{name}", order=order.ref, line="1", product=line.product, unit_price=Decimal(100),
        period_months=1, start_on=first, end_on=last, **header,
    )  # fmt: skip
    billed = InvoiceLine(id="1", charge=charge.ref, net=10_000, service_from=first, service_to=last)
    bill = Invoice(
        system="billing", id=f"I{name}", issued_at=START, net=10_000, total=10_000, lines=(billed,), **header
    )
    yield order
    yield charge
    yield Entitlement(system="provisioning", id=f"E{name}", order=order.ref, line="1", activated_at=START, **header)
    yield bill
    yield msgspec.structs.replace(
        bill, system="erp", id=f"EI{name}", mirrors=bill.ref, status="rejected", error="unknown item"
    )


def set_code(dsn: str, code: str) -> None:
    """Say what a code is called in the ERP."""
    row = {"code": code, "target": f"I-{code}"}
    with connect(dsn, "bench") as connection:
        change(connection, lambda decided: with_codes(decided, "item", [row]), BY, dt.datetime.now(dt.UTC))


def touched(dsn: str, held: int) -> float:
    """Seconds of one statement that writes as many instances, rolled back."""
    with connect(dsn, "bench") as connection:
        started = time.perf_counter()
        connection.execute("UPDATE instance SET evaluated_at = evaluated_at WHERE flow = 'order_to_bill' AND id IN "
                           "(SELECT id FROM instance WHERE flow = 'order_to_bill' LIMIT %s)", [held])  # fmt: skip
        connection.rollback()
        return time.perf_counter() - started


def triaged(dsn: str) -> None:
    """Return when cases have followed their findings."""
    with connect(dsn, "bench") as connection:
        connection.autocommit = True
        while connection.execute("SELECT EXISTS (SELECT FROM finding_changed)").fetchone() == (True,):
            time.sleep(0.1)


def standing(dsn: str) -> tuple[int, dict[str, object]]:
    """How many orders are held by a missing code, and when each instance was evaluated."""
    with connect(dsn, "bench") as connection:
        ((gaps,),) = connection.execute("SELECT count(*) FROM finding WHERE risk = 'master_data_gap'").fetchall()
        rows = connection.execute("SELECT flow || ' ' || key || ' ' || stray, evaluated_at FROM instance").fetchall()
    return gaps, dict(rows)


if __name__ == "__main__":
    main()
