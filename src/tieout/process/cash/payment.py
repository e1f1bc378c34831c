"""Controls of one money in: captured but not recorded, recorded but not applied. Source: docs/money.md, "Cash"."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.documents import BankLine, Payment
from tieout.canon.finding import Risk

from ..instance import Instance
from ..kpis import UNAPPLIED, age_band
from ..money.emit import finding, money, unknown
from ..verdict import Measure, Outcome
from .received import NOT_A_DOCUMENT, Received
from .walk import walk_applied, walk_banked, walk_unclaimed

if TYPE_CHECKING:
    from tieout.policy import Policy

RECORD_WITHIN = 2
"""Business days from capture (or booking at the bank) to a receipt in the ERP."""
APPLY_WITHIN = 1
"""Business days from recording to application."""


def judge_payment(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """One money in (flow payment_to_cash): `unrecorded_cash`, `unapplied_cash` and rows R5 and R6.

    Anchor: a processor's payment, or an ERP receipt that mirrors none.
    """
    anchor = instance.anchor
    assert isinstance(anchor, Payment)
    received = Received(instance, anchor, policy, day, outcome)
    if received.direct:
        _judge_bank_lines(received)
    elif received.captured and not received.receipts:
        _judge_unrecorded(received)
    unapplied = received.unapplied
    if unapplied > 0:
        _judge_unapplied(received, unapplied)
    walk_applied(received, unapplied)
    walk_banked(received)


def judge_unclaimed_line(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """A bank line that no payment names (flow payment_to_cash, anchor None); one of a payout belongs to settlement."""
    for line in instance.get("bank_lines"):
        if line.deleted or line.payout is not None or line.booked_on > day:
            continue
        _judge_line(line, instance, policy, day, outcome)
        walk_unclaimed(line, policy, outcome)


def _judge_unrecorded(received: Received) -> None:
    """Captured by the processor, and no receipt in the ERP."""
    anchor, on = received.anchor, received.captured_on
    assert on is not None
    due_on = received.calendar.add_business_days(on, RECORD_WITHIN)
    if due_on >= received.day:
        received.outcome.wake(due_on + dt.timedelta(days=1))
    elif not received.instance.known("erp", "payment", anchor.entity, received.day):
        unknown(received.outcome, "whether the ERP recorded it", anchor, received.captured)
    else:
        finding(
            received.outcome, received.policy, Risk.UNRECORDED_CASH, anchor, received.captured,
            f"{money(received.captured, anchor.currency)} captured on {on} and not in the ERP", since=on,
        )  # fmt: skip


def _judge_bank_lines(received: Received) -> None:
    """A receipt that the ERP records only later leaves its bank line without one until then."""
    if not received.receipts:
        for line in received.instance.get("bank_lines"):
            if received.instance.owns(line) and not line.deleted and line.booked_on <= received.day:
                _judge_line(line, received.instance, received.policy, received.day, received.outcome)


def _judge_line(line: BankLine, instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    if line.kind != "customer" or line.amount <= 0:
        return
    due_on = policy.calendar(line.entity).add_business_days(line.booked_on, RECORD_WITHIN)
    if due_on >= day:
        outcome.wake(due_on + dt.timedelta(days=1))
    elif not instance.known("erp", "payment", line.entity, day):
        unknown(outcome, "whether the ERP recorded it", line, line.amount)
    else:
        finding(
            outcome, policy, Risk.UNRECORDED_CASH, line, line.amount,
            f"{money(line.amount, line.currency)} on the bank account since {line.booked_on} and not in the ERP",
            since=line.booked_on,
        )  # fmt: skip


def _judge_unapplied(received: Received, unapplied: int) -> None:
    """Recorded and not applied, once that is late; what waits for an unposted invoice is that invoice's matter."""
    anchor, day, outcome = received.anchor, received.day, received.outcome
    variant = received.variant
    _measure(received, unapplied, variant)
    since = received.recorded_on or day
    if variant == "deposit":
        issued_on = _first_issue(received)
        if issued_on is None:
            return
        since = max(since, issued_on)
    waiting = received.unposted()
    exposure = unapplied - sum(invoice.total for invoice in waiting)
    if exposure <= 0:
        return
    due_on = received.calendar.add_business_days(since, APPLY_WITHIN)
    if due_on >= day:
        outcome.wake(due_on + dt.timedelta(days=1))
        return
    if not received.instance.known("erp", "cash_application", anchor.entity, day):
        unknown(outcome, "whether it was applied", anchor, exposure)
        return
    documents = (anchor.key, *(r.key for r in received.receipts if r is not anchor), *(i.key for i in waiting))
    customer = anchor.customer or next((r.customer for r in received.receipts if r.customer), None) or ""
    finding(
        outcome, received.policy, Risk.UNAPPLIED_CASH, anchor, exposure,
        f"{money(exposure, anchor.currency)} received and not applied ({variant})", since=since, variant=variant,
        documents=documents, customer=customer,
    )  # fmt: skip


def _first_issue(received: Received) -> dt.date | None:
    """The day on which the first valid invoice of a deposit's order was issued; None: none was yet."""
    role, calendar = received.policy.role, received.calendar
    days = (
        calendar.day(i.issued_at)
        for i in received.instance.get("deposit_invoices")
        if not i.deleted and i.mirrors is None and i.status not in NOT_A_DOCUMENT and i.issued_at is not None
        and role(i.system) != "erp"
    )  # fmt: skip
    return min((d for d in days if d <= received.day), default=None)


def _measure(received: Received, unapplied: int, variant: str) -> None:
    """Ageing of unapplied cash, from the bank's value day."""
    anchor = received.anchor
    on = anchor.value_on or next((r.value_on for r in received.receipts if r.value_on), None)
    if on is None:
        lines = received.instance.get("bank_lines")
        on = next((line.value_on or line.booked_on for line in lines), None) or received.recorded_on
    age = (received.day - on).days if on is not None else 0
    received.outcome.measures.append(
        Measure(UNAPPLIED, anchor.entity, anchor.currency, age, unapplied, f"{variant}, {age_band(age)}")
    )
