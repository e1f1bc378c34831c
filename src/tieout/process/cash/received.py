"""Money in, as of a day: what was captured, what the ERP recorded of it, and where that went.

Source of the rules: docs/money.md, "Cash, link by link".
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.documents import CashApplication, Invoice, Payment

from ..instance import Instance
from ..verdict import Outcome

if TYPE_CHECKING:
    from tieout.policy import Calendar, Policy

NOT_POSTED = frozenset({"draft", "void", "rejected"})
NOT_A_DOCUMENT = frozenset({"draft", "void"})


def captured_on(payment: Payment, calendar: Calendar) -> dt.date | None:
    """The day on which a processor captured it: of ``captured_at``, else its value day."""
    return calendar.day(payment.captured_at) if payment.captured_at is not None else payment.value_on


def recorded_on(receipt: Payment, calendar: Calendar) -> dt.date | None:
    """The day on which the ERP recorded it: of ``recorded_at``, else its value day, else the day of capture."""
    if receipt.recorded_at is not None:
        return calendar.day(receipt.recorded_at)
    return receipt.value_on or captured_on(receipt, calendar)


class Received:
    """One money in: a processor's payment with its receipts, or a receipt of the ERP that mirrors no payment.

    Amounts are minor units of the payment's currency: ``captured``, ``recorded``, ``applied`` (net of reversals) and
    ``returned`` (refunds and lost disputes).
    """

    __slots__ = (
        "anchor", "applications", "applied", "calendar", "captured", "captured_on", "day", "direct", "instance", "key",
        "outcome", "policy", "receipts", "recorded", "recorded_on", "returned",
    )  # fmt: skip

    def __init__(self, instance: Instance, anchor: Payment, policy: Policy, day: dt.date, outcome: Outcome) -> None:
        self.instance, self.anchor, self.policy, self.day, self.outcome = instance, anchor, policy, day, outcome
        self.key = anchor.key
        self.calendar = policy.calendar(anchor.entity)
        self.direct = policy.role(anchor.system) == "erp"
        self._recorded()
        self._captured()
        self.applications: list[CashApplication] = []
        self.applied = self._applied()
        self.returned = self._returned() if self.recorded or self.captured else 0

    def _recorded(self) -> None:
        """Succeeded receipts recorded by the day, and the first day of recording."""
        self.receipts: list[Payment] = []
        self.recorded = 0
        self.recorded_on: dt.date | None = None
        calendar, day = self.calendar, self.day
        for receipt in (self.anchor,) if self.direct else self.instance.get("receipts"):
            if receipt.deleted or receipt.status != "succeeded":
                continue
            on = recorded_on(receipt, calendar)
            if on is None or on <= day:
                self.receipts.append(receipt)
                self.recorded += receipt.amount
                if on is not None and (self.recorded_on is None or on < self.recorded_on):
                    self.recorded_on = on

    def _captured(self) -> None:
        anchor = self.anchor
        self.captured = 0
        self.captured_on = self.recorded_on if self.direct else captured_on(anchor, self.calendar)
        if self.direct:
            self.captured = self.recorded
        elif not anchor.deleted and anchor.status == "succeeded":
            if self.captured_on is not None and self.captured_on <= self.day:
                self.captured = anchor.amount

    def _applied(self) -> int:
        total = 0
        role, calendar, day = self.policy.role, self.calendar, self.day
        for application in self.instance.get("applications"):
            kind = application.kind
            if kind not in _SIGN or application.deleted or role(application.system) != "erp":
                continue
            if calendar.day(application.applied_at) <= day:
                total += _SIGN[kind] * application.amount
                self.applications.append(application)
        return total

    def _returned(self) -> int:
        """Refunds that went out and disputes that were lost by the day."""
        calendar, day = self.calendar, self.day
        refunds = sum(
            r.amount
            for r in self.instance.get("refunds")
            if r.status == "succeeded" and not r.deleted and r.mirrors is None and calendar.happened(r.refunded_at, day)
        )
        lost = sum(
            d.amount
            for d in self.instance.get("disputes")
            if d.status == "lost" and not d.deleted and d.mirrors is None and calendar.happened(d.closed_at, day)
        )
        return refunds + lost

    @property
    def unapplied(self) -> int:
        """Recorded, and neither applied nor given back; below 0 where more was applied than received."""
        return self.recorded - self.applied - (self.returned if self.recorded else 0)

    @property
    def variant(self) -> str:
        """What unapplied money of this payment is: ``deposit``, ``unidentified`` or ``on account``."""
        if self.anchor.deposit_for or any(r.deposit_for for r in self.receipts) or self._held():
            return "deposit"
        if self.anchor.customer or any(r.customer for r in self.receipts):
            return "on account"
        return "unidentified"

    def _held(self) -> bool:
        return any(
            not d.deleted and d.received_on <= self.day and (d.released_on is None or d.released_on > self.day)
            for d in self.instance.get("deposits")
        )

    def unposted(self) -> list[Invoice]:
        """Invoices that the payment names and that the ERP has not posted by the day: its cash waits for them."""
        named = self.anchor.invoices or next((r.invoices for r in self.receipts if r.invoices), ())
        if not named or not self.instance.known("erp", "invoice", self.anchor.entity, self.day):
            return []
        role, calendar, day = self.policy.role, self.calendar, self.day
        invoices = self.instance.get("invoices")
        meant = {*named, *(i.mirrors for i in invoices if i.ref in named and i.mirrors)}
        posted = {
            name
            for i in invoices
            if role(i.system) == "erp" and not i.deleted and i.status not in NOT_POSTED
            and calendar.happened(i.posted_at, day)
            for name in (i.ref, i.mirrors)
        }  # fmt: skip
        return [
            i for i in invoices
            if i.ref in meant and i.ref not in posted and not i.deleted and i.status not in NOT_A_DOCUMENT
            and role(i.system) != "erp" and calendar.happened(i.issued_at, day)
        ]  # fmt: skip


_SIGN = {"cash": 1, "refund": -1, "chargeback": -1}
