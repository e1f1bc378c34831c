"""A company on the live engine, for stories: documents are delivered, stages run until nothing is left, and its instances are asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from decimal import Decimal

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.decode import encode
from tieout.canon.documents import Charge, Document, Entitlement, Invoice, InvoiceLine, Order, OrderLine
from tieout.canon.finding import Finding
from tieout.engine.decided import Complete, Decided
from tieout.policy import Policy
from tieout.policy.rules import Entity
from tieout.store.connection import Connection, transact
from tieout.store.decisions import Changed, change
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.stages import Stages
from tieout.store.trail import By

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
"""A Tuesday."""
EURO = {"DE01": Entity(functional_currency="EUR"), "AT01": Entity(functional_currency="EUR")}
START = Decided(policy=Policy(base_currency="EUR", entities=EURO), complete=(Complete(system="*"),))


def sold(number: int, product: str = "SKU-7", entity: str = "DE01") -> list[Document]:
    """An order of one month's service for 100.00, served, invoiced, and its invoice refused by the ERP."""
    header = {"entity": entity, "currency": "EUR"}
    name, first, last = f"{number:05}", dt.date(2026, 6, 1), dt.date(2026, 6, 30)
    start = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
    order = Order(
        system="crm", id=f"O{name}", customer="crm/C1", accepted_at=start, effective_on=first,
        lines=(OrderLine(id="1", product=f"crm/{product}"),), **header,
    )  # fmt: skip
    charge = Charge(
        system="billing", id=f"CH{name}", order=order.ref, line="1", product=f"crm/{product}", unit_price=Decimal(100),
        period_months=1, start_on=first, end_on=last, **header,
    )  # fmt: skip
    served = Entitlement(
        system="provisioning", id=f"E{name}", order=order.ref, line="1", activated_at=start,
        deactivated_at=dt.datetime(2026, 6, 30, 21, tzinfo=dt.UTC), **header,
    )  # fmt: skip
    line = InvoiceLine(id="1", charge=charge.ref, net=10_000, service_from=first, service_to=last)
    bill = Invoice(
        system="billing", id=f"I{name}", number=f"I{name}", issued_at=start, net=10_000, total=10_000, lines=(line,), **header
    )  # fmt: skip
    refused = msgspec.structs.replace(
        bill, system="erp", id=f"EI{name}", mirrors=bill.ref, status="rejected", error=f"unknown item {product}"
    )
    return [order, charge, served, bill, refused]


class Company:
    """One installation with a worker that only works when a story lets it."""

    def __init__(self, dsn: str, pool: ConnectionPool[Connection], decided: Decided = START) -> None:
        self.dsn, self.pool, self.now = dsn, pool, NOON
        self.stages = Stages(pool, "a worker")
        self.change(lambda _: decided, "the first")

    def deliver(self, documents: Iterable[Document], at_once: int = 100) -> None:
        """Hand in documents, and work until everything follows."""
        bodies = [encode(document) for document in documents]
        with GroupCommit(self.dsn) as intake:
            submitted = [
                intake.submit(
                    Delivery(
                        connection="a test",
                        kind="api",
                        content_type="application/x-ndjson",
                        headers={},
                        body=b"\n".join(bodies[n : n + at_once]),
                    )
                )
                for n in range(0, len(bodies), at_once)
            ]
            for each in submitted:
                each.result()
        self.settle()

    def settle(self) -> None:
        """Work until nothing is left to do, an hour later than the last time."""
        self.now += dt.timedelta(hours=1)
        self.stages.settle(self.now)

    def change(self, edit: Callable[[Decided], Decided], why: str = "a story", expected: int | None = None) -> Changed:
        """Anna decides something."""
        return transact(self.pool, lambda connection: change(connection, edit, By("anna", why=why), self.now, expected))

    def decide(self, edit: Callable[[Policy], Policy], why: str = "a story") -> Changed:
        """Anna changes the policy alone."""
        return self.change(lambda decided: msgspec.structs.replace(decided, policy=edit(decided.policy)), why)

    def waiting(self) -> dict[str, int]:
        """Instance (``flow anchor``) → lane, of those that wait to be evaluated."""
        rows = self.ask("SELECT flow || ' ' || key, lane FROM instance WHERE dirty_at IS NOT NULL")
        return dict(rows)

    def evaluated(self) -> dict[str, dt.datetime]:
        """Instance → when it was evaluated."""
        return dict(self.ask("SELECT flow || ' ' || key, evaluated_at FROM instance"))

    def findings(self) -> list[Finding]:
        """All of them, as they stand."""
        rows = self.ask("SELECT body FROM finding ORDER BY instance, n")
        return [msgspec.json.decode(body, type=Finding) for (body,) in rows]

    def ask(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What the database says."""
        return transact(self.pool, lambda connection: connection.execute(query.encode(), values).fetchall())
