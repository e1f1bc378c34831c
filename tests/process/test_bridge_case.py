"""The bridge that was worked by hand: one entity with its books in EUR, June 2026, to the cent.

- **A** (19 % tax): yearly prepay 12,000 + 2,280, service from 1 June; card 14,280.00, fee 214.45, payout 14,065.55.
- **B** (no tax): May usage USD 2,000 invoiced on 1 June at 0.90; wire 1,985 at 0.92; bank charge 15. June usage 2,500.
- **C** (19 %): monthly 500 + 95. Upgrade 500 → 800 on 16 June, never charged. Hours for 1,000 + 190 invoiced and refused by
  the ERP. Goodwill credit 50 + 9.50. Paid 400: 300 applied, 100 on account.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tieout.canon.documents import (
    Amendment,
    BankLine,
    CashApplication,
    Charge,
    Contract,
    CreditMemo,
    Document,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    Payment,
    Payout,
    SourceTotal,
    TimeEntry,
    Usage,
)
from tieout.policy import Entity, Policy
from tieout.process.bridge import BridgeRow, bridge, movements
from tieout.process.cash.payment import judge_payment
from tieout.process.cash.receivable import judge_receivable
from tieout.process.cash.settlement import judge_payout
from tieout.process.findings import Valuation, merge, totals
from tieout.process.instance import Instance
from tieout.process.money import judge_order
from tieout.process.source_totals import months_to
from tieout.process.verdict import Outcome

POLICY = Policy(base_currency="EUR", entities={"DE01": Entity(functional_currency="EUR", time_zone="Europe/Berlin")})
AS_OF = dt.date(2026, 6, 30)
EUR: dict[str, Any] = {"entity": "DE01", "currency": "EUR"}
USD: dict[str, Any] = {"entity": "DE01", "currency": "USD"}
AT_90, AT_92 = {"fx_rate": Decimal("0.90")}, {"fx_rate": Decimal("0.92")}


def june(day: int) -> dt.date:
    return dt.date(2026, 6, day)


def at(day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, 6, day, hour, tzinfo=dt.UTC)


def order(name: str, head: dict[str, Any], since: dt.datetime) -> tuple[Document, ...]:
    """An order with its signed contract without end, and its service switched on."""
    contract = Contract(
        system="crm", id=name, customer=f"crm/{name}", signed_at=since, start_on=since.date(), status="active", **head
    )
    active = Entitlement(system="prov", id=name, order=f"crm/{name}", line="1", activated_at=since, **head)
    made = Order(
        system="crm", id=name, customer=f"crm/{name}", contract=contract.ref, accepted_at=since,
        effective_on=since.date(), **head,
    )  # fmt: skip
    return made, contract, active


def charge(name: str, order: str, head: dict[str, Any], **more: Any) -> Charge:
    fields = {"line": "1", "product": "crm/P", "start_on": june(1), **more}
    return Charge(system="billing", id=name, order=f"crm/{order}", **head, **fields)


def invoice(name: str, day: int, head: dict[str, Any], line: InvoiceLine) -> Invoice:
    return Invoice(
        system="billing", id=name, issued_at=at(day), net=line.net, tax=line.tax, total=line.net + line.tax, lines=(line,),
        **head,
    )  # fmt: skip


def posted(bill: Invoice | CreditMemo, day: int, **more: Any) -> Any:
    fields = {name: getattr(bill, name) for name in bill.__struct_fields__}
    mine = {
        "system": "erp", "mirrors": bill.ref, "status": "posted", "posted_at": at(day, 11), "posting_period": "2026-06",
    }  # fmt: skip
    return type(bill)(**(fields | mine | more))


def apply(
    name: str, invoice: str, payment: str, amount: int, day: int, head: dict[str, Any], **more: Any
) -> CashApplication:
    return CashApplication(
        system="erp", id=name, invoice=invoice, payment=payment, amount=amount, applied_at=at(day), **head, **more
    )


# A: a year in advance, by card.
A_ORDER, A_CONTRACT, A_ACTIVE = order("A", EUR, at(1, 8))
A_CHARGE = charge("A", "A", EUR, period_months=12, end_on=dt.date(2027, 5, 31), unit_price=Decimal(12_000))
A_INVOICE = invoice(
    "A", 1, EUR,
    InvoiceLine(
        id="1", charge="billing/A", net=1_200_000, tax=228_000, service_from=june(1), service_to=dt.date(2027, 5, 31)
    ),
)  # fmt: skip
A_POSTED = posted(A_INVOICE, 1)
A_CARD = Payment(
    system="payments", id="A", customer="payments/A", amount=1_428_000, fee=21_445, captured_at=at(2),
    invoices=("billing/A",), payout="payments/PO", **EUR,
)  # fmt: skip
A_RECEIPT = Payment(
    system="erp", id="A", customer="erp/A", amount=1_428_000, recorded_at=at(3), mirrors="payments/A", **EUR
)
A_APPLIED = apply("A", "erp/A", "erp/A", 1_428_000, 3, EUR)
PAYOUT = Payout(system="payments", id="PO", amount=1_406_555, paid_on=june(5), charges=1_428_000, fees=21_445, **EUR)
PAYOUT_LINE = BankLine(
    system="bank",
    id="PO",
    account="EUR",
    amount=1_406_555,
    booked_on=june(8),
    kind="payout",
    payout="payments/PO",
    **EUR,
)

# B: usage in dollars, by wire.
MAY = dt.date(2026, 5, 1)
B_ORDER, B_CONTRACT, B_ACTIVE = order("B", USD, dt.datetime(2026, 5, 1, 8, tzinfo=dt.UTC))
B_CHARGE = charge("B", "B", USD, kind="usage", timing="arrears", unit_price=Decimal(1), start_on=MAY, bill_day=10)
B_USED = (
    Usage(system="prov", id="may", charge="billing/B", quantity=Decimal(2_000), used_on=dt.date(2026, 5, 20), **USD),
    Usage(system="prov", id="june", charge="billing/B", quantity=Decimal(2_500), used_on=june(20), **USD),
)
B_INVOICE = invoice(
    "B", 1, USD,
    InvoiceLine(
        id="1", charge="billing/B", net=200_000, quantity=Decimal(2_000), service_from=MAY, service_to=dt.date(2026, 5, 31)
    ),
)  # fmt: skip
B_POSTED = posted(B_INVOICE, 1, **AT_90)
B_WIRE = BankLine(system="bank", id="B", account="USD", amount=198_500, booked_on=june(19), **USD, **AT_92)
B_RECEIPT = Payment(
    system="erp", id="B", customer="erp/B", amount=198_500, recorded_at=at(19), method="transfer", bank_line="bank/B",
    invoices=("billing/B",), **USD, **AT_92,
)  # fmt: skip
B_APPLIED = (
    apply("B", "erp/B", "erp/B", 198_500, 19, USD, **AT_92),
    apply("B-charge", "erp/B", "erp/B", 1_500, 19, USD, kind="bank_charge", **AT_92),
)

# C: monthly, upgraded, with hours and a credit.
C_ORDER, C_CONTRACT, C_ACTIVE = order("C", EUR, at(1, 8))
C_UPGRADE = Amendment(
    system="crm",
    id="C",
    order="crm/C",
    kind="upgrade",
    accepted_at=at(16),
    effective_on=june(16),
    delta_recurring=30_000,
    **EUR,
)
C_CHARGES = (
    charge("C1", "C", EUR, period_months=1, unit_price=Decimal(500)),
    charge(
        "C2", "C", EUR, period_months=1, unit_price=Decimal(800), start_on=june(16), replaces="billing/C1", amendment="crm/C"
    ),
    charge("CT", "C", EUR, line="2", kind="time", timing="arrears", unit_price=Decimal(100)),
)  # fmt: skip
C_HOURS = TimeEntry(
    system="psa", id="C", charge="billing/CT", hours=Decimal(10), worked_on=june(8), approved_at=at(10), **EUR
)
C_INVOICE = invoice(
    "C", 1, EUR,
    InvoiceLine(id="1", charge="billing/C1", net=50_000, tax=9_500, service_from=june(1), service_to=june(30)),
)  # fmt: skip
C_POSTED = posted(C_INVOICE, 1)
C_WORK = invoice(
    "CT",
    15,
    EUR,
    InvoiceLine(id="1", charge="billing/CT", net=100_000, tax=19_000, service_from=june(1), service_to=june(30)),
)
C_REFUSED = posted(C_WORK, 15, status="rejected", posted_at=None, posting_period="", error="item HOURS unknown")
C_CREDIT = CreditMemo(
    system="billing", id="CR", invoice="billing/C", reason="goodwill", approved_by="head of AR", issued_at=at(22), net=5_000,
    tax=950, total=5_950, lines=(InvoiceLine(id="1", charge="billing/C1", net=5_000, tax=950),), **EUR,
)  # fmt: skip
C_CREDITED = posted(C_CREDIT, 22)
C_WIRE = BankLine(system="bank", id="C", account="EUR", amount=40_000, booked_on=june(24), **EUR)
C_RECEIPT = Payment(
    system="erp", id="C", customer="erp/C", amount=40_000, recorded_at=at(24), method="transfer", bank_line="bank/C",
    invoices=("billing/C",), **EUR,
)  # fmt: skip
C_APPLIED = apply("C", "erp/C", "erp/C", 30_000, 24, EUR)


def outcome(day: dt.date) -> Outcome:
    """Every instance of every flow as of the end of a day."""
    found = Outcome()

    def judge(control: Any, anchor: Document, **members: tuple[Document, ...]) -> None:
        control(Instance(anchor.key, anchor, members), POLICY, day, found)

    judge(
        judge_order,
        A_ORDER,
        contract=(A_CONTRACT,),
        charges=(A_CHARGE,),
        entitlements=(A_ACTIVE,),
        invoices=(A_INVOICE, A_POSTED),
    )
    judge(
        judge_order, B_ORDER, contract=(B_CONTRACT,), charges=(B_CHARGE,), entitlements=(B_ACTIVE,), usage=B_USED,
        invoices=(B_INVOICE, B_POSTED),
    )  # fmt: skip
    judge(
        judge_order, C_ORDER, contract=(C_CONTRACT,), charges=C_CHARGES, entitlements=(C_ACTIVE,), amendments=(C_UPGRADE,),
        time_entries=(C_HOURS,), invoices=(C_INVOICE, C_WORK, C_POSTED, C_REFUSED), credit_memos=(C_CREDIT, C_CREDITED),
    )  # fmt: skip
    judge(judge_receivable, A_POSTED, applications=(A_APPLIED,))
    judge(judge_receivable, B_POSTED, applications=B_APPLIED)
    judge(judge_receivable, C_POSTED, applications=(C_APPLIED,))
    judge(judge_receivable, C_REFUSED)
    judge(judge_receivable, C_CREDITED)
    judge(judge_payment, A_CARD, receipts=(A_RECEIPT,), applications=(A_APPLIED,), invoices=(A_INVOICE, A_POSTED))
    judge(judge_payment, B_RECEIPT, applications=B_APPLIED, bank_lines=(B_WIRE,), invoices=(B_INVOICE, B_POSTED))
    judge(judge_payment, C_RECEIPT, applications=(C_APPLIED,), bank_lines=(C_WIRE,), invoices=(C_INVOICE, C_POSTED))
    judge(judge_payout, PAYOUT, payments=(A_CARD,), bank_lines=(PAYOUT_LINE,))
    return found


def stated(measure: str, system: str, *of_currency: tuple[str, int, int | None]) -> list[SourceTotal]:
    """A source's totals of June, and of May, when nothing had moved."""
    return [
        SourceTotal(
            system=system, id=f"{measure}-{currency}-{period}", measure=measure, period=period, entity="DE01",
            currency=currency, amount=amount if period == "2026-06" else 0,
            functional=None if books is None else books if period == "2026-06" else 0,
        )
        for currency, amount, books in of_currency
        for period in ("2026-05", "2026-06")
    ]  # fmt: skip


SOURCES = [
    *stated("billed_net", "billing", ("EUR", 1_345_000, None), ("USD", 200_000, None)),
    *stated("posted_gross", "erp", ("EUR", 1_481_550, None), ("USD", 200_000, 180_000)),
    *stated("ar_closing", "erp", ("EUR", 23_550, 23_550), ("USD", 0, 0)),
    *stated("collected", "payments", ("EUR", 1_428_000, None)),
    *stated("collected", "bank", ("EUR", 40_000, None), ("USD", 198_500, 182_620)),
    *stated("applied", "erp", ("EUR", 1_458_000, None), ("USD", 198_500, 182_620)),
    *stated("banked", "bank", ("EUR", 1_446_555, None), ("USD", 198_500, 182_620)),
]


@pytest.fixture(scope="module")
def rows() -> dict[tuple[str, str, str], BridgeRow]:
    period = months_to(AS_OF)
    moved = movements(outcome(period.before).positions, outcome(AS_OF).positions)
    return {(r.row, r.currency, r.basis): r for r in bridge(moved, SOURCES, (), period, POLICY)}


def walked(row: BridgeRow) -> tuple[int, dict[str, int], int]:
    assert row.unexplained == 0
    return row.from_total, {line.name: line.amount for line in row.lines}, row.to_total


CASE: dict[tuple[str, str, str], tuple[int, dict[str, int], int]] = {
    ("R1", "EUR", "transaction"): (1_365_000, {"not yet fulfilled": -1_100_000}, 265_000),
    ("R1", "USD", "transaction"): (250_000, {}, 250_000),
    ("R2", "EUR", "transaction"): (
        265_000, {"in advance": 1_100_000, "late: missed_upsell": -15_000, "concessions": -5_000}, 1_345_000,
    ),
    ("R2", "USD", "transaction"): (250_000, {"prior service": 200_000, "not due": -250_000}, 200_000),
    ("R3", "EUR", "transaction"): (1_345_000, {"tax": 255_550, "unposted": -119_000}, 1_481_550),
    ("R3", "USD", "transaction"): (200_000, {}, 200_000),
    ("R4", "EUR", "transaction"): (1_481_550, {"applied": -1_458_000}, 23_550),
    ("R4", "USD", "transaction"): (200_000, {"applied": -198_500, "bank charge": -1_500, "fx": 0}, 0),
    ("R4", "EUR", "functional"): (1_661_550, {"applied": -1_640_620, "bank charge": -1_380, "fx": 4_000}, 23_550),
    ("R5", "EUR", "transaction"): (1_468_000, {"on account": -10_000}, 1_458_000),
    ("R5", "USD", "transaction"): (198_500, {}, 198_500),
    ("R6", "EUR", "transaction"): (1_468_000, {"fees": -21_445}, 1_446_555),
    ("R6", "EUR", "functional"): (1_650_620, {"fees": -21_445}, 1_629_175),
}  # fmt: skip


@pytest.mark.parametrize("cell", CASE, ids=" ".join)
def test_row(cell, rows):
    assert walked(rows[cell]) == CASE[cell]


def test_ends_are_the_sources_own_totals_and_the_documents_agree(rows):
    for (name, _, _), row in rows.items():
        assert not row.completeness
        if name in ("R3", "R4", "R5", "R6"):
            assert row.from_tied, row
            assert row.to_tied, row
        elif name == "R1":
            assert not row.from_tied, "nobody states what was contracted"


def test_what_arrived_at_the_bank(rows):
    assert rows["R6", "EUR", "functional"].to_total == 1_406_555 + 40_000 + 182_620


def test_findings_and_nothing_else():
    """Leakage 150.00; stuck 1,000.00 + 190.00 tax and 100.00 on account. The prepay and the usage not yet due are silent."""
    found = merge(outcome(AS_OF).findings)
    assert [(f.risk.value, f.subject, f.exposure, f.tax, f.variant) for f in found] == [
        ("missed_upsell", "amendment/crm/C", 15_000, 0, ""),
        ("unapplied_cash", "payment/erp/C", 10_000, 0, "on account"),
        ("unposted_invoice", "invoice/billing/CT", 100_000, 19_000, "refused"),
    ]
    assert totals(found, Valuation(POLICY, AS_OF)) == {
        "leakage": 15_000, "stuck": 110_000, "overstatement": 0, "future at risk": 0, "difference": 0,
    }  # fmt: skip
