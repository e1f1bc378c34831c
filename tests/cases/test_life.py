"""The life of a case: how urgent it is, when it is due, what time does to it, and what holds whatever happens."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.finding import Risk
from tieout.cases import Actor, Case, Refused, act, refresh, wake
from tieout.cases.actions import AcceptRisk, Approve, Assign, ClaimFixed, Revoke, Snooze, Wake
from tieout.policy import Policy, parse

from .making import ANNA, BEN, DAY, HOUR, NOON, POLICY, cause, opened

BERLIN = parse(
    {
        "audit": {"base_currency": "EUR"},
        "entities": {"DE01": {"time_zone": "Europe/Berlin", "holidays": [dt.date(2026, 7, 1)]}},
        "owners": {"unposted_invoice": "AR Berlin"},
    },
    "audit.toml",
)


@pytest.mark.parametrize(
    ("exposure", "severity", "due"),
    [
        (99_999, "low", dt.datetime(2026, 7, 14, 23, 59, 59, 999_999)),
        (100_000, "medium", dt.datetime(2026, 7, 3, 23, 59, 59, 999_999)),
        (1_000_000, "high", dt.datetime(2026, 7, 1, 23, 59, 59, 999_999)),
        (10_000_000, "critical", dt.datetime(2026, 6, 30, 16)),
    ],
)
def test_money_makes_severity_and_severity_makes_haste(exposure, severity, due):
    """From 1,000.00, 10,000.00 and 100,000.00: ten, three and one business days, four business hours."""
    case = opened(exposure)
    assert (case.severity, case.due_at) == (severity, due.replace(tzinfo=dt.UTC))


def test_the_clock_runs_in_the_hours_of_the_entity():
    """Tuesday 12:00 UTC is 14:00 in Berlin: three business hours are left. Wednesday is a holiday: the fourth ends on Thursday at 10:00."""
    case = opened(10_000_000, BERLIN)
    assert case.due_at == dt.datetime(2026, 7, 2, 8, tzinfo=dt.UTC)
    assert case.owner == "AR Berlin"


def test_a_deadline_that_is_near_makes_it_worse_and_one_that_is_earlier_goes_before():
    """A contract ends on 10 July: its case is due by then, and one step worse from five business days before, 3 July."""
    case = opened(50_000, risk=Risk.MISSED_RENEWAL, deadline=dt.date(2026, 7, 10))
    assert case.severity == "low"
    assert case.due_at.date() == dt.date(2026, 7, 10)
    assert case.wake_at == dt.datetime(2026, 7, 3, tzinfo=dt.UTC)
    near = wake(case, POLICY, dt.datetime(2026, 7, 3, tzinfo=dt.UTC))
    assert (near.case.severity, [event.what for event in near.events]) == ("medium", ["its deadline is near"])
    assert near.case.due_at.date() == dt.date(2026, 7, 3), "three business days from its opening"


def test_a_deadline_takes_up_what_was_put_away_for_less():
    case = opened(50_000, risk=Risk.MISSED_RENEWAL, deadline=dt.date(2026, 7, 10))
    away = act(case, Snooze(until=dt.date(2026, 7, 31)), ANNA, POLICY, NOON).case
    assert away.wake_at == dt.datetime(2026, 7, 3, tzinfo=dt.UTC)
    assert wake(away, POLICY, dt.datetime(2026, 7, 3, tzinfo=dt.UTC)).case.state == "open"


def test_money_that_cannot_be_weighed_is_not_mild():
    """Without a rate it counts nothing, yet it is there."""
    policy = Policy(base_currency="USD")
    assert (opened(10, policy).exposure, opened(10, policy).severity) == (0, "medium")
    assert (opened(10, Policy()).currency, opened(10, Policy()).exposure) == ("EUR", 10)


def test_money_that_only_moves_is_no_event_and_a_worse_severity_is():
    case = opened(10_000)
    for exposure, told in ((20_000, []), (5_000_000, ["more is at risk"]), (100, ["less is at risk"])):
        change = refresh(case, cause(exposure), POLICY, NOON + HOUR)
        assert change is not None
        case = change.case
        assert ([event.what for event in change.events], case.exposure) == (told, exposure)


def test_nobody_is_told_that_a_case_is_late_while_it_is_put_away():
    away = act(opened(10_000_000), Snooze(until=dt.date(2026, 7, 20)), ANNA, POLICY, NOON).case
    later = wake(away, POLICY, NOON + 10 * DAY)
    assert (later.case.level, later.events) == (0, ())
    woken = wake(later.case, POLICY, dt.datetime(2026, 7, 20, tzinfo=dt.UTC))
    assert [event.what for event in woken.events] == ["woke", "escalated", "escalated"]


def test_nobody_is_escalated_to_where_policy_names_nobody():
    policy = parse({"audit": {"base_currency": "EUR"}, "cases": {"escalate_to": []}}, "audit.toml")
    assert wake(opened(10_000_000, policy), policy, NOON + 30 * DAY).events == ()


def test_a_claim_is_looked_at_soon_and_then_ever_more_seldom():
    case = act(opened(), ClaimFixed(), ANNA, POLICY, NOON).case
    waits = []
    now = NOON
    for _ in range(6):
        assert case.wake_at is not None
        waits.append((case.wake_at - now).total_seconds())
        now = case.wake_at
        case = wake(case, POLICY, now).case
    assert waits == [2, 2, 2, 3, 4.5, 6.75]


def test_what_heals_is_closed_and_what_comes_back_starts_anew():
    case = act(opened(), Assign(to="ben"), ANNA, POLICY, NOON).case
    healed = refresh(case, cause(None), POLICY, NOON + DAY)
    assert healed is not None
    assert (healed.case.state, healed.case.exposure, healed.case.wake_at) == ("closed", 0, None)
    again = refresh(healed.case, cause(10_000), POLICY, NOON + 5 * DAY)
    assert again is not None
    assert (again.case.state, again.case.assignee, again.case.returns, again.case.level) == ("open", "ben", 1, 0)
    assert refresh(None, cause(None), POLICY, NOON) is None


steps = st.lists(
    st.one_of(
        st.tuples(st.just("find"), st.one_of(st.none(), st.sampled_from([0, 10_000, 150_000, 5_000_000, 20_000_000]))),
        st.tuples(st.just("pass"), st.integers(1, 24 * 40)),
        st.tuples(
            st.just("act"),
            st.sampled_from([
                Snooze(until=dt.date(2026, 8, 1)), Wake(), AcceptRisk(until=dt.date(2026, 9, 1), why="x"), Approve(), Revoke(why="x"),
                ClaimFixed(), Assign(to="ben"),
            ]),
        ),
    ),
    max_size=25,
)  # fmt: skip


@given(steps, st.sampled_from([ANNA, BEN, Actor(holder="robot", kind="service")]))
def test_whatever_happens_a_case_is_in_order(steps, other):
    """Findings come and go, time passes, people act: each state has what belongs to it and nothing else, and time leaves nothing undone."""
    case: Case = opened(10_000)
    now, turn = NOON, 0
    for kind, what in steps:
        if kind == "find":
            change = refresh(case, cause(what), POLICY, now)
            assert change is not None
        elif kind == "pass":
            now += HOUR * what
            change = wake(case, POLICY, now, evaluated=what % 2 == 0)
        else:
            turn += 1
            try:
                change = act(case, what, ANNA if turn % 2 else other, POLICY, now)
            except Refused:
                continue
        case = change.case
        assert (case.state == "snoozed") == (case.snoozed_until is not None) == (case.snoozed_at != "")
        approved = case.acceptance is not None and case.acceptance.approved_by != ""
        assert (case.state == "accepted") == approved
        assert not approved or case.acceptance.approved_by not in (case.acceptance.proposed_by, "robot")
        assert (case.state == "closed") == (case.closed_at is not None)
        assert case.state != "closed" or (case.exposure, case.wake_at, case.acceptance) == (0, None, None)
        assert case.claim is None or (case.claim.found == "fixed") <= (case.state == "closed")
        if kind == "pass":
            assert case.wake_at is None or case.wake_at > now
