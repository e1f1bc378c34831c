"""What time does to a case: it wakes from a snooze, an acceptance ends, it is late, its deadline is near, a claim is read back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from .case import TIEOUT, Case, Change, Event, event, put_away_at, taken_up
from .clock import escalation, is_worse, severity, timed

if TYPE_CHECKING:
    from tieout.policy import Policy


def wake(case: Case, policy: Policy, now: dt.datetime, evaluated: bool = False) -> Change:
    """The case after everything that was due by now. ``evaluated``: all that it holds was evaluated since it was claimed fixed."""
    events: list[Event] = []
    calendar = policy.calendar(case.entity)

    def moved(what: str, why: str, after: Case) -> None:
        nonlocal case
        before, case = case, timed(after, policy, now)
        events.append(event(what, TIEOUT, now, why, before, case))

    if case.state == "closed":
        return Change(case)
    if case.state == "snoozed" and case.snoozed_until is not None and calendar.start_of(case.snoozed_until) <= now:
        moved("woke", "its day has come", taken_up(case))
    if case.state == "accepted" and case.acceptance is not None and calendar.end_of(case.acceptance.until) <= now:
        moved("acceptance ended", f"it held until {case.acceptance.until}", taken_up(case))
    found = severity(case, policy, now)
    if is_worse(found, case.severity):
        put_away = put_away_at(case)
        after = msgspec.structs.replace(case, severity=found)
        if put_away is not None and is_worse(found, put_away):
            after = taken_up(after)
        moved("its deadline is near", f"it should be mended by {case.deadline}", after)
    if case.claim is not None and case.claim.found == "unverified" and evaluated:
        claim = msgspec.structs.replace(case.claim, found="still broken")
        moved(
            "still broken",
            f"evaluated since {case.claim.by} claimed it fixed",
            msgspec.structs.replace(case, claim=claim),
        )
    while (told := escalation(case, policy)) is not None and told[0] <= now:
        moved(
            "escalated",
            f"to {told[1]}: due {told[0]:%Y-%m-%d %H:%M} UTC",
            msgspec.structs.replace(case, level=case.level + 1),
        )
    return Change(timed(case, policy, now), tuple(events))
