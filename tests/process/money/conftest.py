"""A shop whose orders the stories are about: documents with everything that a story does not care about filled in.

Days are ISO text, amounts are cents, prices are in euros. One entity, DE01, in Berlin, books in EUR.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tieout.canon.documents import (
    Amendment,
    Charge,
    Commitment,
    Contract,
    CreditMemo,
    Document,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    Product,
    Project,
    ProjectMilestone,
    Renewal,
    RevenueSchedule,
    ScheduleLine,
    Shipment,
    Subscription,
    TaxAnswer,
    TimeEntry,
    Usage,
)
from tieout.canon.finding import Finding, Group, Risk
from tieout.policy import Policy
from tieout.policy.policy import Entity
from tieout.process.instance import Instance, Known, everything_known
from tieout.process.money import judge_order, judge_unclaimed
from tieout.process.verdict import Outcome

POLICY = Policy(base_currency="EUR", entities={"DE01": Entity(functional_currency="EUR", time_zone="Europe/Berlin")})
RELATIONS = {
    Contract: "contract", Renewal: "renewals", Charge: "charges", Commitment: "commitments", Amendment: "amendments",
    Entitlement: "entitlements", Usage: "usage", Project: "projects", TimeEntry: "time_entries", Shipment: "shipments",
    Invoice: "invoices", CreditMemo: "credit_memos", TaxAnswer: "tax_answers", RevenueSchedule: "schedules",
    Product: "products", Subscription: "subscriptions", Order: "order",
}  # fmt: skip


def on(day: str) -> dt.date:
    return dt.date.fromisoformat(day)


def at(day: str, hour: int = 9) -> dt.datetime:
    """An instant of a day, nine in the morning UTC unless said otherwise."""
    return dt.datetime.combine(on(day), dt.time(hour), dt.UTC)


class Judged:
    """What the controls found, in the words of a story."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.findings = outcome.findings

    def money(self) -> dict[tuple[str, str], int]:
        """(class, id of the subject) → exposure in cents."""
        found: dict[tuple[str, str], int] = defaultdict(int)
        for finding in self.findings:
            subject = finding.subject.rsplit("/", 1)[1]
            found[finding.risk.value, subject] += finding.exposure
        return dict(found)

    def one(self, risk: Risk) -> Finding:
        (found,) = [f for f in self.findings if f.risk is risk]
        return found

    def row(self, row: str, currency: str = "EUR", entity: str = "DE01") -> dict[str, int]:
        """Lines of a bridge row in cents, without those that are 0."""
        lines: dict[str, int] = defaultdict(int)
        for position in self.outcome.positions:
            if (position.row, position.currency, position.entity) == (row, currency, entity):
                lines[position.line] += position.amount
        return {line: amount for line, amount in lines.items() if amount}

    def closes(self) -> bool:
        """Whether `to = from + lines` in every row, entity and currency."""
        sums: dict[tuple[str, str, str], int] = defaultdict(int)
        for p in self.outcome.positions:
            sums[p.row, p.entity, p.currency] += -p.amount if p.line == "to" else p.amount
        return not any(sums.values())

    def leakage(self) -> int:
        return sum(f.exposure for f in self.findings if f.group is Group.LEAKAGE)


class Shop:
    """Builders of documents, and `judge`."""

    policy = POLICY

    def order(self, **more: Any) -> Order:
        fields: dict[str, Any] = {
            "customer": "crm/C1", "accepted_at": at("2026-01-01"), "lines": (OrderLine(id="1", product="crm/P1"),),
        }  # fmt: skip
        return self._make(Order, "crm", "O1", fields | more)

    def contract(self, start: str, end: str | None = None, **more: Any) -> Contract:
        fields = {
            "customer": "crm/C1",
            "start_on": on(start),
            "end_on": on(end) if end else None,
            "signed_at": at(start),
        }
        return self._make(Contract, "crm", "K1", fields | more)

    def charge(self, price: str, start: str, end: str | None = None, **more: Any) -> Charge:
        """A recurring monthly charge in advance, unless said otherwise."""
        fields = {
            "order": "crm/O1", "line": "1", "product": "crm/P1", "unit_price": Decimal(price), "period_months": 1,
            "start_on": on(start), "end_on": on(end) if end else None,
        }  # fmt: skip
        return self._make(Charge, "billing", "CH1", fields | more)

    def once(self, price: str, start: str, **more: Any) -> Charge:
        return self.charge(price, start, start, kind="one_time", period_months=0, **more)

    def amendment(self, kind: str, effective: str, accepted: str = "", **more: Any) -> Amendment:
        fields = {
            "order": "crm/O1",
            "kind": kind,
            "effective_on": on(effective),
            "accepted_at": at(accepted or effective),
        }
        return self._make(Amendment, "crm", "A1", fields | more)

    def active(self, since: str, until: str = "", **more: Any) -> Entitlement:
        fields = {
            "order": "crm/O1", "line": "1", "activated_at": at(since), "deactivated_at": at(until) if until else None,
        }  # fmt: skip
        return self._make(Entitlement, "provisioning", "E1", fields | more)

    def line(self, net: int, first: str = "", last: str = "", charge: str | None = "CH1", **more: Any) -> InvoiceLine:
        fields: dict[str, Any] = {"id": "1", "charge": f"billing/{charge}" if charge else None, "net": net, **more}
        if first:
            fields |= {"service_from": on(first), "service_to": on(last or first)}
        return InvoiceLine(**fields)

    def invoice(self, number: str, day: str, *lines: InvoiceLine, tax: int = 0, **more: Any) -> Invoice:
        net = more.pop("net", sum(line.net for line in lines))
        fields = {
            "number": number, "customer": "billing/C1", "issued_at": at(day), "lines": lines, "net": net, "tax": tax,
            "total": net + tax,
        }  # fmt: skip
        return self._make(Invoice, "billing", number, fields | more)

    def posted(self, bill: Any, day: str = "", **more: Any) -> Any:
        """The ERP's view of an invoice or credit memo, posted on its day of issue unless said otherwise."""
        posted_at = at(day, 11) if day else bill.issued_at + dt.timedelta(hours=2)
        fields = {
            "system": "erp", "id": f"E{bill.id}", "mirrors": bill.ref, "status": "posted", "posted_at": posted_at,
            "posting_period": f"{posted_at:%Y-%m}",
        }  # fmt: skip
        fields |= more
        if {"net", "tax"} & fields.keys() and "total" not in fields:
            fields["total"] = fields.get("net", bill.net) + fields.get("tax", bill.tax)
        return msgspec.structs.replace(bill, **fields)

    def refused(self, invoice: Invoice, error: str) -> Invoice:
        return msgspec.structs.replace(
            invoice, system="erp", id=f"E{invoice.id}", mirrors=invoice.ref, status="rejected", error=error
        )

    def credit(
        self, number: str, day: str, reason: str, *lines: InvoiceLine, of: str, tax: int = 0, **more: Any
    ) -> CreditMemo:
        net = sum(line.net for line in lines)
        fields = {
            "number": number, "invoice": f"billing/{of}", "reason": reason, "issued_at": at(day), "lines": lines,
            "net": net, "tax": tax, "total": net + tax,
        }  # fmt: skip
        return self._make(CreditMemo, "billing", number, fields | more)

    def monthly(self, net: int, *months: str, posted: bool = True, charge: str = "CH1") -> list[Invoice]:
        """Invoices of whole calendar months (``2026-06``), issued on the first, and their postings."""
        found = []
        for month in months:
            first = on(f"{month}-01")
            last = (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)
            invoice = self.invoice(f"I-{month}", f"{month}-01", self.line(net, f"{first}", f"{last}", charge))
            found += [invoice, self.posted(invoice)] if posted else [invoice]
        return found

    def used(self, units: str, day: str, known: str = "", **more: Any) -> Usage:
        fields = {"charge": "billing/CH1", "quantity": Decimal(units), "used_on": on(day)}
        if known:
            fields["known_at"] = at(known)
        return self._make(Usage, "provisioning", f"U-{day}-{units}", fields | more)

    def metered(self, price: str, start: str, end: str | None = None, **more: Any) -> Charge:
        return self.charge(price, start, end, kind="usage", timing="arrears", period_months=0, **more)

    def answer(self, invoice: str, tax: int, **more: Any) -> TaxAnswer:
        return self._make(
            TaxAnswer, "tax", f"T-{invoice}", {"invoice": f"billing/{invoice}", "net": 0, "tax": tax, **more}
        )

    def schedule(self, *lines: tuple[str, int], charge: str = "CH1") -> RevenueSchedule:
        made = tuple(ScheduleLine(period_end=on(day), amount=amount) for day, amount in lines)
        fields = {"charge": f"billing/{charge}", "order": "crm/O1", "lines": made}
        return self._make(RevenueSchedule, "erp", f"S-{charge}", fields)

    def project(self, charge: str, approved: str = "") -> Project:
        step = ProjectMilestone(id="M1", charge=f"billing/{charge}", approved_at=at(approved) if approved else None)
        return self._make(Project, "psa", "PR1", {"order": "crm/O1", "milestones": (step,)})

    def hours(self, hours: str, worked: str, approved: str = "", **more: Any) -> TimeEntry:
        fields = {
            "charge": "billing/CH1", "hours": Decimal(hours), "worked_on": on(worked),
            "approved_at": at(approved) if approved else None,
        }  # fmt: skip
        return self._make(TimeEntry, "psa", f"T-{worked}", fields | more)

    def shipped(self, day: str) -> Shipment:
        return self._make(Shipment, "commerce", "SH1", {"order": "crm/O1", "line": "1", "shipped_at": at(day)})

    def renewal(self, signed: str, extended: str) -> Renewal:
        fields = {
            "contract": "crm/K1", "status": "won", "signed_at": at(signed), "agreed_at": at(signed),
            "extended_to": on(extended),
        }  # fmt: skip
        return self._make(Renewal, "crm", "R1", fields)

    def commitment(self, amount: int, start: str, end: str, billed: str = "prepaid") -> Commitment:
        fields = {"charge": "billing/CH1", "amount": amount, "start_on": on(start), "end_on": on(end), "billed": billed}
        return self._make(Commitment, "billing", "CM1", fields)

    def make(self, type_: type[Any], system: str, id_: str, **fields: Any) -> Any:
        """Any other document."""
        return self._make(type_, system, id_, fields)

    def _make(self, type_: type[Any], system: str, id_: str, fields: dict[str, Any]) -> Any:
        fields = {"system": system, "id": id_, "entity": "DE01", "currency": "EUR", **fields}
        return type_(**fields)

    def judge(
        self, day: str, *documents: Any, policy: Policy = POLICY, known: Known = everything_known,
        foreign: tuple[str, ...] = (), detail: bool = False,
    ) -> Judged:  # fmt: skip
        """Judge order O1 with these documents as of the end of a day; lists are taken apart, the order is added."""
        flat: list[Document] = []
        for document in documents:
            flat += document if isinstance(document, list) else [document]
        members: dict[str, tuple[Any, ...]] = {}
        for document in sorted(flat, key=lambda d: d.key):
            relation = RELATIONS[type(document)]
            members[relation] = (*members.get(relation, ()), document)
        order = members.get("order", (self.order(),))[0]
        instance = Instance(order.key, order, members, foreign=frozenset(foreign), known=known)
        outcome = Outcome(detail)
        judge_order(instance, policy, on(day), outcome)
        judged = Judged(outcome)
        assert judged.closes(), "the bridge does not close"
        return judged

    def judge_unclaimed(self, day: str, *invoices: Invoice, known: Known = everything_known) -> Judged:
        instance = Instance(invoices[0].key, None, {"invoices": invoices}, known=known)
        outcome = Outcome()
        judge_unclaimed(instance, POLICY, on(day), outcome)
        judged = Judged(outcome)
        assert judged.closes(), "the bridge does not close"
        return judged


@pytest.fixture
def shop() -> Shop:
    return Shop()
