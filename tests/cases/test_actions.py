"""What people may do with a case, what they may not, and what is told of it."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tieout.cases import Action, Actor, AnyAction, Case, Conflict, Forbidden, Refused, act, refresh
from tieout.cases.actions import (
    AcceptRisk,
    Approve,
    Assign,
    ClaimFixed,
    Comment,
    Link,
    Note,
    Revoke,
    Snooze,
    Unlink,
    Wake,
)  # fmt: skip
from tieout.policy import Policy, parse

from .making import ANNA, BEN, DAY, NOON, POLICY, cause, opened

SEPTEMBER = dt.date(2026, 9, 30)


def done(case: Case, *actions: Action, who: Actor = ANNA, policy: Policy = POLICY, now: dt.datetime = NOON) -> Case:
    for action in actions:
        case = act(case, action, who, policy, now).case
    return case


def closed() -> Case:
    change = refresh(opened(), cause(None), POLICY, NOON)
    assert change is not None
    return change.case


def test_an_event_tells_who_when_why_and_what_was_before_and_after():
    (event,) = act(opened(), Assign(to="ben", why="his customer"), ANNA, POLICY, NOON + DAY).events
    assert msgspec.to_builtins(event, builtin_types=(dt.datetime,)) == {
        "at": NOON + DAY, "who": "anna", "kind": "person", "what": "assigned", "why": "his customer", "before": {"assignee": ""},
        "after": {"assignee": "ben"},
    }  # fmt: skip


def test_a_case_goes_to_those_who_work_its_queue():
    policy = parse({"cases": {"queues": {"AR": ["anna", "benjamin"]}}}, "audit.toml")
    with pytest.raises(Refused, match=r"benjamn does not work queue AR \(did you mean 'benjamin'"):
        done(opened(), Assign(to="benjamn"), policy=policy)
    assert done(opened(), Assign(to="benjamin"), policy=policy).assignee == "benjamin"
    assert done(opened(), Assign(to="anybody")).assignee == "anybody"
    assert done(opened(), Assign(to="ben"), Assign()).assignee == ""


def test_a_case_is_put_away_for_a_year_at_most_and_not_until_today():
    for until in (NOON.date(), NOON.date() + dt.timedelta(days=367), dt.date(2020, 1, 1)):
        with pytest.raises(Refused, match="within a year"):
            done(opened(), Snooze(until=until))
        with pytest.raises(Refused, match="within a year"):
            done(opened(), AcceptRisk(until=until, why="small"))


def test_a_snoozed_case_can_be_taken_up_again_and_an_open_one_cannot():
    assert done(opened(), Snooze(until=SEPTEMBER), Wake()).state == "open"
    with pytest.raises(Conflict, match="not snoozed but open"):
        done(opened(), Wake())


def test_nobody_approves_what_they_proposed_and_no_machine_approves():
    proposed = done(opened(), AcceptRisk(until=SEPTEMBER, why="in dispute"))
    assert proposed.state == "open"
    for who in (ANNA, Actor(holder=" ANNA")):
        with pytest.raises(Forbidden, match="somebody else approves"):
            done(proposed, Approve(), who=who)
    with pytest.raises(Forbidden, match="a person approves"):
        done(proposed, Approve(), who=Actor(holder="robot", kind="service"))
    accepted = done(proposed, Approve(), who=BEN)
    assert accepted.acceptance is not None
    assert (accepted.state, accepted.acceptance.proposed_by, accepted.acceptance.approved_by) == (
        "accepted",
        "anna",
        "ben",
    )


def test_an_acceptance_is_proposed_once_with_a_reason_and_approved_once():
    with pytest.raises(Refused, match="say why"):
        done(opened(), AcceptRisk(until=SEPTEMBER, why=" "))
    proposed = done(opened(), AcceptRisk(until=SEPTEMBER, why="in dispute"))
    with pytest.raises(Conflict, match="anna has proposed that already"):
        done(proposed, AcceptRisk(until=SEPTEMBER, why="again"), who=BEN)
    accepted = done(proposed, Approve(), who=BEN)
    with pytest.raises(Conflict, match="nothing is proposed"):
        done(accepted, Approve(), who=BEN)
    with pytest.raises(Conflict, match="revoke the acceptance first"):
        done(accepted, Snooze(until=SEPTEMBER))


def test_what_was_proposed_for_less_money_is_not_approved_for_more():
    proposed = done(opened(10_000), AcceptRisk(until=SEPTEMBER, why="small"))
    grown = refresh(proposed, cause(5_000_000), POLICY, NOON)
    assert grown is not None
    with pytest.raises(Conflict, match="high, it was low"):
        done(grown.case, Approve(), who=BEN)


def test_a_proposal_is_refused_or_an_acceptance_ended_with_a_reason():
    proposed = done(opened(), AcceptRisk(until=SEPTEMBER, why="in dispute"))
    with pytest.raises(Refused, match="say why"):
        done(proposed, Revoke(), who=BEN)
    assert done(proposed, Revoke(why="no"), who=BEN).acceptance is None
    ended = act(done(proposed, Approve(), who=BEN), Revoke(why="settled"), ANNA, POLICY, NOON)
    assert (ended.case.state, ended.case.acceptance) == ("open", None)
    with pytest.raises(Conflict, match="nothing is proposed or accepted"):
        done(opened(), Revoke(why="?"))


def test_of_a_closed_case_only_words_may_be_said():
    for action in (
        Assign(to="ben"),
        Snooze(until=SEPTEMBER),
        AcceptRisk(until=SEPTEMBER, why="x"),
        Approve(),
        Revoke(why="x"),
        ClaimFixed(),
    ):
        with pytest.raises(Conflict, match="it is closed"):
            done(closed(), action)
    said = done(closed(), Comment(why="thanks"), Note(text="closed a day early"), Link(target="T-7"))
    assert (said.state, said.note, said.links) == ("closed", "closed a day early", ("T-7",))


def test_links_are_added_once_and_taken_away_by_name():
    linked = done(opened(), Link(target=" T-7 "), Link(target="case 12"))
    assert linked.links == ("T-7", "case 12")
    with pytest.raises(Conflict, match="linked already"):
        done(linked, Link(target="T-7"))
    with pytest.raises(Refused, match="did you mean 'case 12'"):
        done(linked, Unlink(target="case 21"))
    assert done(linked, Unlink(target="T-7")).links == ("case 12",)
    with pytest.raises(Refused, match="name what to link to"):
        done(opened(), Link(target=""))


def test_what_is_too_long_is_refused():
    for action in (Comment(why="x" * 10_001), Note(text="x" * 10_001), Link(target="x" * 1_001)):
        with pytest.raises(Refused, match="at most"):
            done(opened(), action)


def test_control_characters_are_refused_and_lines_are_not():
    for action in (
        Comment(why="a\x00b"),
        Assign(to="ben\x07"),
        Note(text="\x1b[31m"),
        Link(target="T\x00"),
        Wake(why="\x00"),
    ):
        with pytest.raises(Refused, match="holds control characters"):
            done(opened(), action)
    done(opened(), Comment(why="first line\nsecond line\tend"))


def test_only_who_sees_every_entity_of_a_case_acts_on_it():
    mixed = msgspec.structs.replace(opened(), entities=("DE01", "US01"))
    with pytest.raises(Forbidden, match="entities that you may not see"):
        done(mixed, Comment(why="hm"), who=Actor(holder="anna", entities=frozenset({"DE01"})))
    done(mixed, Comment(why="hm"), who=Actor(holder="anna", entities=frozenset({"DE01", "US01", "FR01"})))


def test_a_change_is_refused_where_the_case_has_moved_on():
    with pytest.raises(Conflict, match="version 3, now 0"):
        act(opened(), Comment(why="hm"), ANNA, POLICY, NOON, seen=3)


def test_actions_are_read_from_json_by_their_names_and_nothing_else_is():
    decode = msgspec.json.Decoder(AnyAction).decode
    assert decode(b'{"action": "snooze", "until": "2026-09-30"}') == Snooze(until=SEPTEMBER)
    for wrong in (b'{"action": "close"}', b'{"action": "approve", "by": "ben"}', b'{"until": "2026-09-30"}'):
        with pytest.raises(msgspec.ValidationError):
            decode(wrong)
