"""Controls of one payout: its parts, its amount and its bank lines agree. Source: docs/money.md, "Cash" and row R6."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.documents import BankLine, Payment, Payout
from tieout.canon.finding import Risk

from ..instance import Instance
from ..money.emit import finding, money, unknown
from ..verdict import Outcome
from .rates import rate_of
from .received import captured_on
from .walk import TO, Walk

if TYPE_CHECKING:
    from tieout.policy import Policy

BANK_WITHIN = 5
"""Business days from payout to bank line."""


def judge_payout(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """One payout (flow settlement): `short_settlement` and its part of row R6."""
    payout = instance.anchor
    assert isinstance(payout, Payout)
    if payout.deleted or payout.status != "paid" or payout.paid_on > day:
        return
    lines = [b for b in instance.get("bank_lines") if not b.deleted and b.booked_on <= day]
    parts = payout.charges - payout.fees - payout.refunds - payout.disputes - payout.reserve + payout.fx
    short_of_parts = parts - payout.amount
    short_at_bank = _short_at_bank(payout, lines, instance, policy, day, outcome)
    short = short_of_parts + (short_at_bank or 0)
    if short > 0:
        finding(
            outcome, policy, Risk.SHORT_SETTLEMENT, payout, short, _why(payout, short_of_parts, short_at_bank or 0, lines),
            since=payout.paid_on, documents=(payout.key, *(b.key for b in lines)),
        )  # fmt: skip
    _walk(instance, payout, lines, short, short_at_bank, policy, day, outcome)


def judge_unclaimed_payout_line(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """A bank line that names a payout that nobody knows (flow settlement, anchor None)."""
    for line in instance.get("bank_lines"):
        if not line.deleted and line.payout is not None and line.booked_on <= day:
            walk = Walk(outcome, "R6", line, rate_of(outcome, policy, line, line.booked_on))
            walk.add("other bank lines", line.key, line.amount)
            walk.add(TO, line.key, line.amount)


def _short_at_bank(
    payout: Payout, lines: list[BankLine], instance: Instance, policy: Policy, day: dt.date, outcome: Outcome
) -> int | None:
    """The payout's amount less what the bank booked; None while the bank still has time, or is not known.

    A line in another currency than the payout's arrived through the bank's own exchange: nobody can call it short.
    """
    if lines:
        if any(line.currency != payout.currency for line in lines):
            return 0
        return payout.amount - sum(line.amount for line in lines)
    due_on = policy.calendar(payout.entity).add_business_days(payout.paid_on, BANK_WITHIN)
    if due_on >= day:
        outcome.wake(due_on + dt.timedelta(days=1))
        return None
    if not instance.known("bank", "bank_line", payout.entity, day):
        unknown(outcome, "whether it reached the bank", payout, payout.amount)
        return None
    return payout.amount


def _why(payout: Payout, short_of_parts: int, short_at_bank: int, lines: list[BankLine]) -> str:
    said, currency = [], payout.currency
    if short_of_parts:
        said.append(
            f"its parts come to {money(payout.amount + short_of_parts, currency)} and it paid {money(payout.amount, currency)}"
        )
    if short_at_bank:
        where = (
            f"the bank booked {money(payout.amount - short_at_bank, currency)}" if lines else "no bank line booked it"
        )
        said.append(f"of {money(payout.amount, currency)} paid out on {payout.paid_on} {where}")
    return "; ".join(said)


def _walk(
    instance: Instance, payout: Payout, lines: list[BankLine], short: int, short_at_bank: int | None, policy: Policy,
    day: dt.date, outcome: Outcome,
) -> None:  # fmt: skip
    """R6: the payments leave transit; what the processor kept, what is short, what arrived."""
    key = payout.key
    rate = rate_of(outcome, policy, payout, payout.paid_on)
    walk = Walk(outcome, "R6", payout, rate)
    released, released_books, elsewhere = _release(instance, payout, policy, day, outcome)
    walk.add("fees", key, -payout.fees)
    walk.add("refunds", key, -payout.refunds)
    walk.add("disputes", key, -payout.disputes)
    walk.add("reserve", key, -payout.reserve)
    walk.add("fx", key, payout.fx + (payout.charges - released if elsewhere else 0))
    walk.add("short settlement", key, -short)
    if short_at_bank is None:
        walk.add("in transit", key, -payout.amount)
    banked = 0
    for line in lines:
        arrived = Walk(outcome, "R6", line, rate_of(outcome, policy, line, line.booked_on))
        arrived.add(TO, line.key, line.amount)
        if line.currency == payout.currency:
            banked += arrived.total
        else:
            arrived.add("fx", line.key, line.amount)
    if any(line.currency != payout.currency for line in lines):
        walk.add("fx", key, -payout.amount)
    if rate.foreign and rate.value is not None:
        unmatched = 0 if elsewhere else rate.books(released - payout.charges) or 0
        walk.fx(key, unmatched - (released_books + walk.total - banked))


def _release(
    instance: Instance, payout: Payout, policy: Policy, day: dt.date, outcome: Outcome
) -> tuple[int, int, bool]:
    """Take the payout's payments out of transit: their sum in its currency and in the books; whether some were in another.

    What a payment of another currency (or entity) brought leaves its own row as ``fx`` (``intercompany``).
    """
    released = books = 0
    elsewhere = False
    for payment in instance.get("payments"):
        on = captured_on(payment, policy.calendar(payment.entity))
        if not _is_money(payment) or on is None or on > day or policy.role(payment.system) == "erp":
            continue
        walk = Walk(outcome, "R6", payment, rate_of(outcome, policy, payment, on))
        walk.add("in transit", payment.key, payment.amount)
        if payment.currency == payout.currency and payment.entity == payout.entity:
            released += payment.amount
            books += walk.total
        else:
            elsewhere = True
            walk.add("fx" if payment.entity == payout.entity else "intercompany", payment.key, -payment.amount)
    return released, books, elsewhere


def _is_money(payment: Payment) -> bool:
    return payment.status == "succeeded" and not payment.deleted and payment.mirrors is None
