"""Row R4, one receivable at a time: opening + posted − settled = closing. Source: docs/money.md, "The bridge"."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.dates import month_end
from tieout.canon.documents import CreditMemo, Invoice

from ..instance import Instance
from ..verdict import Outcome
from .rates import rate_of
from .received import NOT_POSTED
from .walk import FROM, TO, Walk

if TYPE_CHECKING:
    from tieout.policy import Calendar, Policy

LINES = {
    "cash": "applied",
    "withholding": "withholding",
    "discount": "discount",
    "bank_charge": "bank charge",
    "write_off": "write-off",
    "refund": "refund",
    "chargeback": "chargeback",
}
"""Kind of application → its line of R4."""
REOPENS = frozenset({"refund", "chargeback"})


def booked_on(document: Invoice | CreditMemo, calendar: Calendar) -> dt.date | None:
    """The day from which the books hold a posted document: of posting, moved to the nearest day of its period."""
    if document.posted_at is None:
        return None
    day = calendar.day(document.posted_at)
    if document.posting_period:
        first = dt.date.fromisoformat(f"{document.posting_period}-01")
        return min(max(day, first), month_end(first))
    return day


def judge_receivable(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """One posted ERP view of an invoice or credit memo (flow receivable): its part of row R4."""
    document = instance.anchor
    assert isinstance(document, Invoice | CreditMemo)
    calendar = policy.calendar(document.entity)
    on = booked_on(document, calendar)
    if document.deleted or document.status in NOT_POSTED or on is None:
        return
    rate = rate_of(outcome, policy, document, on)
    walk = Walk(outcome, "R4", document, rate)
    key = document.key
    held = 0
    if on <= day:
        held = -document.total if isinstance(document, CreditMemo) else document.total
        walk.add(FROM, key, held)
    written_off = 0
    for application in instance.get("applications"):
        if application.deleted or policy.role(application.system) != "erp":
            continue
        applied_on = calendar.day(application.applied_at)
        if applied_on > day:
            continue
        kind = application.kind
        amount = application.amount if kind in REOPENS else -application.amount
        if kind == "write_off":
            written_off += application.amount
        held += amount
        other = Walk(
            outcome, "R4", document, rate_of(outcome, policy, application, applied_on) if rate.foreign else rate
        )
        other.add(LINES[kind], application.key, amount)
        walk.total += other.total
    for write_off in instance.get("write_offs"):
        if write_off.deleted or write_off.written_off_on > day:
            continue
        rest = write_off.amount - written_off
        written_off = max(0, -rest)
        if rest > 0:
            held -= rest
            walk.add("write-off", write_off.key, -rest)
    if held:
        closing = Walk(outcome, "R4", document, rate)
        closing.add(TO, key, held)
        closing_books = closing.total
    else:
        closing_books = 0
    if rate.foreign and rate.value is not None:
        walk.fx(key, closing_books - walk.total)
