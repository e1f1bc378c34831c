"""What one ordinary order costs: decoding its ten documents from JSON, judging it in money, and the whole `evaluate` of order_to_bill.

Beside it, in the same run, plain `json.loads` of the same bytes. `evaluate` adds the steps with their due times, the key figures and the
verdict; `judge` is what an audit of many runs, without the due times of what is done. Aim (issue): `evaluate` with decoding ≤ 60 µs.
Printed, never a test.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
import time
from collections.abc import Callable
from decimal import Decimal

import msgspec

from tieout.canon.documents import (
    Charge,
    Contract,
    Document,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    TaxAnswer,
)
from tieout.policy import Policy
from tieout.policy.policy import Entity
from tieout.process.evaluate import Judged, evaluate
from tieout.process.evaluate import judge as judge_instance
from tieout.process.flows.order_to_bill import OrderToBill
from tieout.process.instance import Instance
from tieout.process.money import judge_order
from tieout.process.verdict import Outcome, Verdict

DAY = dt.date(2026, 6, 30)
ROUNDS, RUNS = 2_000, 25
RELATIONS = {
    "contract": "contract", "charge": "charges", "entitlement": "entitlements", "invoice": "invoices",
    "tax_answer": "tax_answers",
}  # fmt: skip


def instant(month: int, day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


def ordinary(number: int) -> list[Document]:
    """A quarterly service since April, invoiced twice, posted, taxed: ten documents."""
    header = {"entity": "DE01", "currency": "EUR"}
    order, charge = f"O{number}", f"CH{number}"
    found: list[Document] = [
        Order(
            system="crm", id=order, customer="crm/C1", contract=f"crm/K{number}", accepted_at=instant(3, 20),
            effective_on=dt.date(2026, 4, 1), lines=(OrderLine(id="1", product="crm/P1", net=50_000),), **header,
        ),
        Contract(
            system="crm", id=f"K{number}", customer="crm/C1", signed_at=instant(3, 20), start_on=dt.date(2026, 4, 1),
            end_on=dt.date(2027, 3, 31), auto_renew=True, **header,
        ),
        Charge(
            system="billing", id=charge, order=f"crm/{order}", line="1", product="crm/P1", period_months=3,
            start_on=dt.date(2026, 4, 1), end_on=dt.date(2027, 3, 31), quantity=Decimal(5), unit_price=Decimal("100.00"), **header,
        ),
        Entitlement(system="provisioning", id=f"E{number}", order=f"crm/{order}", line="1", activated_at=instant(4, 1), **header),
    ]  # fmt: skip
    for index, (month, first, last) in enumerate(
        ((4, dt.date(2026, 4, 1), dt.date(2026, 6, 30)), (6, dt.date(2026, 7, 1), dt.date(2026, 9, 30)))
    ):
        name = f"I{number}-{index}"
        line = InvoiceLine(
            id="1", order=f"crm/{order}", line="1", charge=f"billing/{charge}", service_from=first, service_to=last,
            net=50_000, tax=9_500,
        )  # fmt: skip
        invoice = Invoice(
            system="billing", id=name, number=name, customer="billing/C1", issued_at=instant(month, 1), net=50_000,
            tax=9_500, total=59_500, lines=(line,), **header,
        )  # fmt: skip
        posted = msgspec.structs.replace(
            invoice, system="erp", mirrors=f"billing/{name}", status="posted", posted_at=instant(month, 1, 11),
            posting_period=f"2026-0{month}",
        )  # fmt: skip
        answer = TaxAnswer(system="tax", id=f"T{name}", invoice=f"billing/{name}", net=50_000, tax=9_500, **header)
        found += [invoice, posted, answer]
    return found


class Bundle(msgspec.Struct):
    """An order with its documents by relation, as one line of JSON."""

    order: Order
    contract: tuple[Contract, ...]
    charges: tuple[Charge, ...]
    entitlements: tuple[Entitlement, ...]
    invoices: tuple[Invoice, ...]
    tax_answers: tuple[TaxAnswer, ...]


def bundle(number: int) -> bytes:
    """The ten documents as JSON."""
    order, *others = ordinary(number)
    members: dict[str, list[Document]] = {}
    for document in others:
        members.setdefault(RELATIONS[document.type], []).append(document)
    return msgspec.json.encode({"order": order, **members})


def each(work: Callable[[int], object]) -> float:
    """Microseconds of processor time a call, the best of many runs: the machine may be shared."""
    best = float("inf")
    for _ in range(RUNS):
        begun = time.process_time()
        for number in range(ROUNDS):
            work(number)
        best = min(best, time.process_time() - begun)
    return best / ROUNDS * 1e6


def main() -> int:
    policy = Policy(
        base_currency="EUR", entities={"DE01": Entity(functional_currency="EUR", time_zone="Europe/Berlin")}
    )
    lines = [bundle(number) for number in range(256)]
    read = msgspec.json.Decoder(Bundle).decode
    bundles = [read(line) for line in lines]

    def instance(found: Bundle) -> Instance:
        members = {
            "contract": found.contract, "charges": found.charges, "entitlements": found.entitlements,
            "invoices": found.invoices, "tax_answers": found.tax_answers,
        }  # fmt: skip
        return Instance(f"order/crm/{found.order.id}", found.order, members)

    def judge(number: int) -> Outcome:
        outcome = Outcome()
        judge_order(instance(bundles[number & 255]), policy, DAY, outcome)
        return outcome

    def both(number: int) -> Outcome:
        outcome = Outcome()
        judge_order(instance(read(lines[number & 255])), policy, DAY, outcome)
        return outcome

    def whole(number: int) -> Verdict:
        return evaluate(OrderToBill, instance(read(lines[number & 255])), policy, DAY)

    def audited(number: int) -> Judged:
        return judge_instance(OrderToBill, instance(bundles[number & 255]), policy, DAY)

    found = judge(0)
    assert not found.findings and found.positions, "the ordinary order should be clean"
    plain = each(lambda number: json.loads(lines[number & 255]))
    decoded = each(lambda number: read(lines[number & 255]))
    judged, together = each(judge), each(both)
    one_of_many, evaluated = each(audited), each(whole)
    print(f"ten documents, {len(lines[0]):,} bytes of JSON, {len(found.positions)} bridge positions")
    print(f"  json.loads alone   {plain:6.1f} µs")
    print(f"  decode             {decoded:6.1f} µs   {decoded / plain:5.2f} of json.loads")
    print(f"  money              {judged:6.1f} µs   (aim 30)")
    print(f"  decode and money   {together:6.1f} µs   {together / plain:5.2f} of json.loads")
    print(f"  judge, of many     {one_of_many:6.1f} µs")
    print(f"  decode, evaluate   {evaluated:6.1f} µs   (aim 60)   {evaluated / plain:5.2f} of json.loads")
    return 0


if __name__ == "__main__":
    sys.exit(main())
