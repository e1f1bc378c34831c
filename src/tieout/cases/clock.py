"""How urgent a case is, when it is due, who is told when it is late, and when time next changes something in it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from tieout.canon.dates import add_months
from tieout.canon.money import exponent
from tieout.policy import SEVERITIES, Duration

from .case import Case, Claim

if TYPE_CHECKING:
    from tieout.policy import Policy
    from tieout.policy.calendar import Calendar

ORDER = tuple(SEVERITIES)
"""From the mildest to the worst."""
CLAIM_FIRST = dt.timedelta(seconds=2)
"""A claim is read back as soon after it was made, and then ever more seldom."""


def severity(case: Case, policy: Policy, now: dt.datetime) -> str:
    """By money at risk in base currency; one step more where the deadline is near or gone.

    Money without a rate cannot be weighed, so it is not mild: at least ``medium``.
    """
    rules = policy.casework(case.entity)
    whole = case.exposure // 10 ** exponent(case.currency) if case.currency else 0
    rank = ORDER.index(rules.severity(whole))
    if not case.exposure and any(any(parts.values()) for parts in case.amounts.values()):
        rank = max(rank, ORDER.index("medium"))
    near = _near_from(case, policy)
    if near is not None and near <= now:
        rank += 1
    return ORDER[min(rank, len(ORDER) - 1)]


def is_worse(one: str, other: str) -> bool:
    """Whether one severity is worse than another."""
    return ORDER.index(one) > ORDER.index(other)


def timed(case: Case, policy: Policy, now: dt.datetime) -> Case:
    """The case with its due time and the next time at which something changes in it, by its severity and state."""
    calendar = policy.calendar(case.entity)
    within = policy.casework(case.entity).resolved_within(case.severity, case.risk)
    due_at = calendar.due_at(case.clock_at, within)
    if case.deadline is not None:
        due_at = max(case.clock_at, min(due_at, calendar.end_of(case.deadline)))
    case = msgspec.structs.replace(case, due_at=due_at)
    return msgspec.structs.replace(case, wake_at=_next(case, policy, now))


def escalation(case: Case, policy: Policy) -> tuple[dt.datetime, str] | None:
    """When and to whom a case is escalated next, if nothing happens; None when all were told, or it is put away."""
    rules = policy.casework(case.entity)
    if case.state != "open" or case.level >= len(rules.escalate_to):
        return None
    at, calendar = case.due_at, policy.calendar(case.entity)
    for _ in range(case.level):
        at = calendar.due_at(at, rules.escalate_after)
    return at, rules.escalate_to[case.level]


def _next(case: Case, policy: Policy, now: dt.datetime) -> dt.datetime | None:
    if case.state == "closed":
        return None
    calendar = policy.calendar(case.entity)
    moments = []
    if case.state == "snoozed" and case.snoozed_until is not None:
        moments.append(calendar.start_of(case.snoozed_until))
    if case.state == "accepted" and case.acceptance is not None:
        moments.append(calendar.end_of(case.acceptance.until))
    if (told := escalation(case, policy)) is not None:
        moments.append(told[0])
    near = _near_from(case, policy)
    if near is not None and near > now:
        moments.append(near)
    if case.claim is not None and case.claim.found == "unverified":
        moments.append(_read_back_at(case.claim, now))
    return min(moments, default=None)


def _read_back_at(claim: Claim, now: dt.datetime) -> dt.datetime:
    return now + max(CLAIM_FIRST, (now - claim.at) / 2)


def _near_from(case: Case, policy: Policy) -> dt.datetime | None:
    """From when on its deadline is near."""
    if case.deadline is None:
        return None
    calendar = policy.calendar(case.entity)
    return calendar.start_of(_before(calendar, case.deadline, policy.casework(case.entity).near))


def _before(calendar: Calendar, day: dt.date, within: Duration) -> dt.date:
    """The day that lies so long before another; hours and minutes leave the day itself."""
    count, unit = within.count, within.unit
    if unit == "business day":
        return calendar.add_business_days(day, -count)
    if unit == "month":
        return add_months(day, -count)
    return day - dt.timedelta(days={"day": count, "week": 7 * count}.get(unit, 0))
