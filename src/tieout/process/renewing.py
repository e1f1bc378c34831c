"""Controls of one contract term: will it be renewed in time, and do all systems agree when it ends?

Source of the rules: docs/money.md, `missed_renewal` and `blocked_renewal`.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import Charge, Contract, Renewal, Subscription
from tieout.canon.finding import Risk
from tieout.canon.money import round_half_away

from .instance import Instance
from .kpis import RENEWAL
from .money.chain import full_price, rounded
from .money.emit import finding, money, unknown
from .money.ownership import judge_ownership
from .verdict import Measure, Outcome

if TYPE_CHECKING:
    from tieout.policy import Calendar, Policy

OPEN_DAYS, OPEN_GRACE = 60, 5
"""A renewal is opened that many days before the notice date, with so many business days of grace."""
QUOTE_DAYS = 30
EXTEND_WITHIN = 2
"""Business days from agreement to the extension."""
BLOCKED_DAYS = 120
"""Dates and terms must agree this many days before the end."""
_STAGES = ("open", "quoted", "agreed", "won")


def judge_renewal(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """A contract (flow renewal): `missed_renewal` for its next term, and how its ended terms were decided."""
    contract = instance.anchor
    assert isinstance(contract, Contract)
    if contract.deleted or contract.status in ("draft", "cancelled") or contract.end_on is None:
        return
    renewals = [r for r in instance.get("renewals") if not r.deleted and r.mirrors is None]
    lost = any(r.status == "lost" for r in renewals)
    ended = contract.terminated_on is not None or contract.status == "terminated" or lost
    extended = [r for r in renewals if r.status == "won" and r.extended_to is not None]
    carried_on = any(r.extended_to > contract.end_on for r in extended)
    calendar = policy.calendar(contract.entity)
    _measure(instance, contract, extended, ended, calendar, day, outcome)
    if ended or carried_on or contract.auto_renew:
        return
    present = [r for r in renewals if r.extended_to is None or r.extended_to > contract.end_on]
    step, due_on = _next_step(contract, contract.end_on, present, calendar, day)
    if due_on >= day:
        outcome.wake(due_on + ONE_DAY)
        return
    value, currency, documents = next_value(instance, contract)
    if not instance.known("crm", "renewal", contract.entity, day):
        unknown(outcome, "whether it is being renewed", contract, value)
        return
    finding(
        outcome, policy, Risk.MISSED_RENEWAL, contract, value,
        f"ends on {contract.end_on} and was to be {step} by {due_on}: {money(value, currency)} at risk",
        since=due_on, currency=currency, documents=(contract.key, *(r.key for r in present), *documents), variant=step,
        deadline=contract.end_on,
    )  # fmt: skip


def _next_step(
    contract: Contract, end_on: dt.date, renewals: list[Renewal], calendar: Calendar, day: dt.date
) -> tuple[str, dt.date]:
    """The first step that is still to do, and when it is or was due. A later step stands for those before it."""
    notice_on = end_on - dt.timedelta(days=contract.notice_days)
    stage = max((_stage(r, calendar, day) for r in renewals), default=-1)
    if stage < 0:
        return "opened", calendar.add_business_days(notice_on - dt.timedelta(days=OPEN_DAYS), OPEN_GRACE)
    if stage == 0:
        return "quoted", notice_on - dt.timedelta(days=QUOTE_DAYS)
    if stage == 1:
        return "agreed", notice_on
    agreed = (r.agreed_at or r.signed_at for r in renewals if _stage(r, calendar, day) >= 2)
    days = [calendar.day(instant) for instant in agreed if instant is not None]
    return "extended", calendar.add_business_days(min(days, default=notice_on), EXTEND_WITHIN)


def _stage(renewal: Renewal, calendar: Calendar, day: dt.date) -> int:
    """How far a renewal is: −1 not yet there, 0 open, 1 quoted, 2 agreed (won without extension is no more)."""
    named = _STAGES.index(renewal.status) if renewal.status in _STAGES else -1
    instants = (renewal.opened_at, renewal.quoted_at, renewal.agreed_at)
    reached = -1
    for stage, instant in enumerate(instants):
        if calendar.happened(instant, day) or (instant is None and named >= stage):
            reached = stage
    return reached


def next_value(instance: Instance, contract: Contract) -> tuple[int, str, tuple[str, ...]]:
    """Net value of the next term, at most 12 months of it, at the last prices; its currency; the charges it is made of."""
    assert contract.end_on is not None
    orders = {
        o.ref for o in instance.get("orders") if not o.deleted and o.mirrors is None and o.status == "accepted"
    }  # fmt: skip
    charges = [
        c for c in instance.get("charges")
        if not c.deleted and c.mirrors is None and c.kind in ("recurring", "commitment") and c.order in orders
    ]  # fmt: skip
    replaced = {c.replaces for c in charges}
    months = min(12, contract.renewal_months or _started_months(contract.start_on, contract.end_on))
    last = [c for c in charges if c.ref not in replaced and (c.end_on is None or c.end_on >= contract.end_on)]
    value = sum(_value(charge, contract.end_on, months) for charge in last)
    currency = next((c.currency for c in last if c.currency), contract.currency)
    return value, currency, tuple(c.key for c in last)


def _value(charge: Charge, end_on: dt.date, months: int) -> int:
    length = charge.period_months or _started_months(charge.start_on, charge.end_on or end_on)
    return round_half_away(Fraction(rounded(full_price(charge)) * months, length))


def _started_months(first: dt.date, last: dt.date) -> int:
    """Months of [first, last], the last one counted even where it is not whole; at least 1."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return max(1, months + (add_months(first, months) <= last))


def _measure(
    instance: Instance, contract: Contract, extended: list[Renewal], ended: bool, calendar: Calendar, day: dt.date,
    outcome: Outcome,
) -> None:  # fmt: skip
    """How the terms that ended by the day were decided, at their ending value."""
    assert contract.end_on is not None
    decided: list[tuple[str, int | None]] = []
    for renewal in extended:
        assert renewal.extended_to is not None
        old_end = contract.end_on
        if renewal.extended_to <= contract.end_on:
            old_end = add_months(renewal.extended_to + ONE_DAY, -(contract.renewal_months or 12)) - ONE_DAY
        agreed = renewal.agreed_at or renewal.signed_at
        if old_end <= day:
            days = (calendar.day(agreed) - old_end).days if agreed is not None else 0
            decided.append(("on time" if days <= 0 else "late", days))
    last_day = contract.terminated_on or contract.end_on
    if last_day <= day and not any(r.extended_to > contract.end_on for r in extended):  # type: ignore[operator]
        decided.append(("churned" if ended else "on time" if contract.auto_renew else "undecided", None))
    if decided:
        value, currency, _ = next_value(instance, contract)
        for state, days_from_end in decided:
            outcome.measures.append(Measure(RENEWAL, contract.entity, currency, days_from_end, value, state))


def judge_term_agreement(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """A contract (flow renewal) in every system: `blocked_renewal` where billing or the ERP have another end or renew
    otherwise, `ownership_conflict` where they differ in anything else that another system owns.
    """
    contract = instance.anchor
    assert isinstance(contract, Contract)
    if instance.get("contracts"):
        views = Instance(instance.key, contract, {"contracts": (contract, *instance.get("contracts"))})
        judge_ownership(views, policy, outcome)
    if (
        contract.deleted
        or contract.status in ("draft", "cancelled", "terminated")
        or contract.terminated_on is not None
    ):
        return
    end_on = contract.end_on
    if end_on is None:
        return
    from_on = end_on - dt.timedelta(days=BLOCKED_DAYS)
    if day < from_on:
        outcome.wake(from_on)
        return
    ends = {
        end_on, *(r.extended_to for r in instance.get("renewals") if r.status == "won" and r.extended_to is not None),
    }  # fmt: skip
    differing, said = [], []
    for view in (*instance.get("subscriptions"), *instance.get("contracts")):
        if not _compares(view, contract):
            continue
        words = []
        if view.end_on not in ends and not (contract.auto_renew and _carried_on(contract, end_on, view.end_on)):
            words.append(f"ends on {view.end_on}" if view.end_on else "has no end")
        if view.auto_renew != contract.auto_renew:
            words.append("renews by itself" if view.auto_renew else "does not renew by itself")
        if words:
            differing.append(view.key)
            said.append(f"in {view.system} it {' and '.join(words)}")
    if differing:
        terms = "renews by itself" if contract.auto_renew else "does not renew by itself"
        finding(
            outcome, policy, Risk.BLOCKED_RENEWAL, contract, 0, f"ends on {end_on} and {terms}, but {'; '.join(said)}",
            since=from_on, documents=(contract.key, *differing), deadline=end_on,
        )  # fmt: skip


def _compares(view: Subscription | Contract, contract: Contract) -> bool:
    if view.deleted or view.key == contract.key or view.status == "cancelled":
        return False
    return not (
        isinstance(view, Contract) and (view.terminated_on is not None or view.status in ("draft", "terminated"))
    )


def _carried_on(contract: Contract, end_on: dt.date, other: dt.date | None) -> bool:
    """Whether a later end is the contract's, carried on by whole next terms."""
    if other is None or other <= end_on:
        return False
    months = contract.renewal_months or _started_months(contract.start_on, end_on)
    terms = 1
    while (carried := add_months(end_on + ONE_DAY, terms * months) - ONE_DAY) < other:
        terms += 1
    return carried == other
