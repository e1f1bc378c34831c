"""What an observation costs as the database grows, what memory a worker takes with much waiting, and one invoice over a thousand orders.

    ./dev bench growth [RECORDS …]     default 10,000 and 300,000; 1000000 and 10000000 take their time

A stored company is made of shards that are loaded and settled; then as many documents again of orders nobody has heard of arrive, 20 a
delivery, and are worked off by one worker. Flat is good: cost per observation at the most records is set against the least.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

import _live

from tieout.canon.decode import encode
from tieout.canon.documents import Charge, Entitlement, Invoice, InvoiceLine, Order, OrderLine

SHARD = 5_000
"""Orders of a shard: about 45,000 documents."""
MEASURED = 20_000
"""Documents that are timed."""
LINES = 1_000


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or [10_000, 300_000]
    costs = {size: grown(size) for size in sizes}
    least, most = min(sizes), max(sizes)
    print(f"cost at {most:,} records is {costs[most] / costs[least]:.2f} of that at {least:,} (aim: at most 1.5)")
    consolidated()


def grown(records: int) -> float:
    """Microseconds an observation where so many records are stored."""
    with _live.database() as (home, dsn):
        stored, shard = 0, 0
        began = time.perf_counter()
        with _live.workers(home, 2) as processes, _live.Memory(processes) as memory:
            while stored < records:
                bodies = _live.company(7, min(SHARD, max(1, (records - stored) // 9)), shard)
                _live.copy_deliveries(dsn, bodies, 20)
                stored, shard = stored + len(bodies), shard + 1
            waiting = time.perf_counter() - began
            _live.settled(dsn, 3 * 3600)
        loading = time.perf_counter() - began
        with _live.connect(dsn, "bench") as connection:
            connection.autocommit = True
            connection.execute("ANALYZE")
        bodies = _live.company(7, SHARD, 10_000)[:MEASURED]
        with _live.workers(home, 1):
            _live.copy_deliveries(dsn, bodies, 20)
            started = time.perf_counter()
            _live.settled(dsn)
            seconds = time.perf_counter() - started
    cost = seconds / len(bodies) * 1e6
    print(
        f"{stored:10,} records stored ({loading:.0f} s by 2 workers, all of it waiting after {waiting:.0f} s; the larger took "
        f"{memory.most / 2**20:.0f} MB): {cost:,.0f} µs an observation"
    )
    return cost


def consolidated() -> None:
    """One invoice of a thousand lines, each of another order: until every verdict stands."""
    documents: list[bytes] = []
    lines = []
    for n in range(LINES):
        common = {"entity": "DE01", "currency": "EUR"}
        line = OrderLine(id="1", product="crm/P1")
        start = _live.NOW.date().replace(day=1)
        at = _live.NOW.replace(day=1)
        documents += map(
            encode,
            (
                Order(system="crm", id=f"O{n}", customer="crm/C1", accepted_at=at, lines=(line,), **common),
                Charge(
                    system="billing", id=f"CH{n}", order=f"crm/O{n}", line="1", product="crm/P1",
                    unit_price=Decimal(100), period_months=1, start_on=start, **common,
                ),
                Entitlement(system="provisioning", id=f"E{n}", entity="DE01", order=f"crm/O{n}", line="1", activated_at=at),
            ),
        )  # fmt: skip
        lines.append(InvoiceLine(id=str(n), charge=f"billing/CH{n}", service_from=start, net=10_000))
    invoice = Invoice(
        system="billing", id="I", number="I", entity="DE01", currency="EUR", issued_at=at, lines=tuple(lines),
        net=10_000 * LINES, total=10_000 * LINES,
    )  # fmt: skip
    with _live.database() as (home, dsn), _live.workers(home, 1):
        _live.copy_deliveries(dsn, documents, 20)
        _live.settled(dsn)
        started = time.perf_counter()
        _live.copy_deliveries(dsn, [encode(invoice)], 1)
        _live.settled(dsn)
        print(
            f"an invoice of {LINES:,} lines over {LINES:,} orders: {time.perf_counter() - started:.2f} s (aim: at most 2)"
        )


if __name__ == "__main__":
    main()
