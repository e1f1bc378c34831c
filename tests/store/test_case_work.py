"""People and time move cases: claims are read back from verdicts, changes are refused on what has moved on, and all of it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest
from psycopg_pool import ConnectionPool

from tieout.canon.finding import Risk
from tieout.cases import Actor, Case, Conflict, Forbidden, Unknown
from tieout.cases.actions import AcceptRisk, Action, Approve, Assign, ClaimFixed, Comment, Note, Snooze
from tieout.policy import Policy, parse
from tieout.store import trail
from tieout.store.case_views import Filter, events_of, list_cases, risk_as_it_stands, show_case, times_of_queues
from tieout.store.case_work import act_on, act_on_many, read_back, tick
from tieout.store.connection import Connection, open_pool, transact
from tieout.store.triage import triage

from .verdicts import NOON, commit, found

POLICY = Policy(base_currency="EUR")
ANNA, BEN = Actor(holder="anna"), Actor(holder="ben")
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


def unposted(
    pool: ConnectionPool[Connection], *amounts: int, entity: str = "DE01", at: dt.datetime = NOON
) -> list[Case]:
    """So many invoices of one order each that the ERP refused, a case each, in that order."""
    verdicts = {}
    for n, amount in enumerate(amounts):
        invoice = found(Risk.UNPOSTED_INVOICE, f"invoice/{entity}/{n}", amount, entity=entity)
        verdicts[f"order/{entity}/{n}"] = [invoice]
    commit(pool, verdicts, at)
    triage(pool, POLICY, at)
    page = transact(pool, lambda c: list_cases(c, Filter(state="any"), within={entity}))
    return sorted(page.cases, key=lambda case: case.key)


def do(
    pool: ConnectionPool[Connection],
    id: int,
    action: Action,
    who: Actor = ANNA,
    now: dt.datetime = NOON,
    seen: int | None = None,
) -> Case:
    return transact(pool, lambda c: act_on(c, id, action, who, POLICY, now, seen))


def now_of(pool: ConnectionPool[Connection], id: int) -> Case:
    shown = transact(pool, lambda c: show_case(c, id))
    assert shown is not None
    return shown.case


def told(pool: ConnectionPool[Connection], id: int) -> list[str]:
    return [event.what for event in reversed(transact(pool, lambda c: events_of(c, id)))]


def test_a_claim_closes_nothing_and_the_next_verdict_says_fixed(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    claimed = do(pool, case.id, ClaimFixed(why="posted it by hand"), now=NOON + HOUR)
    assert (claimed.state, claimed.claim and claimed.claim.found) == ("open", "unverified")
    dirty = transact(pool, lambda c: c.execute(b"SELECT key FROM instance WHERE dirty_at IS NOT NULL").fetchall())
    assert dirty == [("order/DE01/0",)]
    commit(pool, {"order/DE01/0": []}, NOON + 2 * HOUR)
    triage(pool, POLICY, NOON + 2 * HOUR)
    healed = now_of(pool, case.id)
    assert (healed.state, healed.claim and healed.claim.found) == ("closed", "fixed")
    assert told(pool, case.id) == ["opened", "claimed fixed", "healed"]


def test_a_claim_that_the_next_verdict_does_not_bear_out_is_still_broken(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, ClaimFixed(), now=NOON + HOUR)
    later = NOON + 2 * HOUR
    tick(pool, POLICY, later)
    assert transact(pool, lambda c: read_back(c, [case.id]))[0].outcome == "unverified"
    commit(pool, {"order/DE01/0": [found(Risk.UNPOSTED_INVOICE, "invoice/DE01/0", 10_000)]}, later)
    while tick(pool, POLICY, later + HOUR):
        pass
    assert transact(pool, lambda c: read_back(c, [case.id]))[0].outcome == "still broken"
    assert told(pool, case.id)[:3] == ["opened", "claimed fixed", "still broken"]


def test_a_change_is_refused_where_the_case_is_not_as_it_was_seen(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, Assign(to="anna"), seen=case.version)
    with pytest.raises(Conflict, match="version 1, now 2"):
        do(pool, case.id, Assign(to="ben"), BEN, seen=case.version)
    assert now_of(pool, case.id).assignee == "anna"


def test_every_change_by_a_person_is_in_the_audit_trail_too(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, Note(text="period closed too early", why="spoke to the ERP team"))
    (entry,) = transact(pool, lambda c: trail.history(c, f"case/{case.id}"))
    assert (entry.who, entry.what, entry.why) == ("anna", "case.root cause noted", "spoke to the ERP team")
    assert (entry.before, entry.after) == ('{"note":""}', '{"note":"period closed too early"}')


def test_a_snoozed_case_wakes_by_itself_on_its_day(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, Snooze(until=dt.date(2026, 7, 2)))
    tick(pool, POLICY, dt.datetime(2026, 7, 1, 23, 59, tzinfo=dt.UTC))
    assert now_of(pool, case.id).state == "snoozed"
    tick(pool, POLICY, dt.datetime(2026, 7, 2, 0, 0, tzinfo=dt.UTC))
    assert now_of(pool, case.id).state == "open"
    assert told(pool, case.id) == ["opened", "snoozed", "woke"]


def test_a_snoozed_case_is_taken_up_when_much_more_is_at_risk(pool: ConnectionPool[Connection]) -> None:
    """Snoozed at 100.00; a month later the same invoice's case holds 20,000.00."""
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, Snooze(until=dt.date(2026, 9, 1)))
    (again,) = unposted(pool, 2_000_000, at=NOON + 30 * DAY)
    assert (again.id, again.state, again.severity) == (case.id, "open", "high")
    assert told(pool, case.id)[-1] == "taken up from snoozed: more is at risk"


def test_late_cases_are_escalated_step_by_step_in_business_hours(pool: ConnectionPool[Connection]) -> None:
    """1,500,000.00 is critical: four business hours. Opened on a Tuesday at 12:00, due at 16:00, the next one told a business day on."""
    (case,) = unposted(pool, 150_000_000)
    assert (case.severity, case.due_at) == ("critical", NOON + 4 * HOUR)
    tick(pool, POLICY, NOON + 3 * HOUR)
    assert now_of(pool, case.id).level == 0
    tick(pool, POLICY, NOON + 4 * HOUR)
    assert now_of(pool, case.id).level == 1
    assert tick(pool, POLICY, NOON + 5 * HOUR) == 0
    tick(pool, POLICY, NOON + 2 * DAY)
    assert now_of(pool, case.id).level == 2
    whys = [event.why for event in transact(pool, lambda c: events_of(c, case.id))][::-1]
    assert whys[1:] == ["to team lead: due 2026-06-30 16:00 UTC", "to controller: due 2026-07-01 23:59 UTC"]


def test_a_risk_is_accepted_by_two_people_until_its_day(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    do(pool, case.id, AcceptRisk(until=dt.date(2026, 9, 30), why="the customer is in dispute"))
    with pytest.raises(Forbidden, match="proposed it"):
        do(pool, case.id, Approve(), Actor(holder="Anna "))
    accepted = do(pool, case.id, Approve(), BEN)
    assert accepted.state == "accepted"
    tick(pool, POLICY, dt.datetime(2026, 9, 30, 12, tzinfo=dt.UTC))
    assert now_of(pool, case.id).state == "accepted"
    tick(pool, POLICY, dt.datetime(2026, 10, 1, 0, 0, tzinfo=dt.UTC))
    assert now_of(pool, case.id).state == "open"
    assert told(pool, case.id)[:4] == ["opened", "acceptance proposed", "acceptance approved", "acceptance ended"]


def test_two_people_do_not_approve_by_turns_what_the_other_proposes_for_a_customer(
    pool: ConnectionPool[Connection],
) -> None:
    """Anna proposes for a customer and Ben approves. Ten days later Ben proposes for the same customer: a third person approves that."""
    for n in (1, 2):
        invoice = found(Risk.UNPOSTED_INVOICE, f"invoice/b/{n}", 10_000, customer="customer/crm/7")
        commit(pool, {f"order/c/{n}": [invoice]})
    triage(pool, POLICY, NOON)
    one, two = transact(pool, lambda c: list_cases(c, Filter(customer="customer/crm/7"))).cases
    later, september = NOON + 10 * DAY, dt.date(2026, 9, 30)
    do(pool, one.id, AcceptRisk(until=september, why="in dispute"), ANNA)
    do(pool, one.id, Approve(), BEN)
    do(pool, two.id, AcceptRisk(until=september, why="in dispute"), BEN, later)
    with pytest.raises(Forbidden, match="anna proposed to accept a risk of the same customer within 30 days"):
        do(pool, two.id, Approve(), ANNA, later)
    (refused,) = act_on_many(pool, [(two.id, None)], Approve(), ANNA, POLICY, later)
    assert refused.outcome == "refused" and "ask a third person" in refused.reason
    assert do(pool, two.id, Approve(), Actor(holder="carla"), later).state == "accepted"


def test_many_cases_at_once_and_what_became_of_each(pool: ConnectionPool[Connection]) -> None:
    """Of four that are claimed fixed one has healed meanwhile, one was changed by somebody else, one does not exist."""
    gone, changed, good = unposted(pool, 100, 200, 300)
    commit(pool, {"order/DE01/0": []})
    triage(pool, POLICY, NOON)
    do(pool, changed.id, Comment(why="mine"), BEN)
    wanted = [
        (gone.id, gone.version),
        (changed.id, changed.version),
        (good.id, good.version),
        (999, None),
        (good.id, good.version),
    ]
    outcomes = list(act_on_many(pool, wanted, ClaimFixed(), ANNA, POLICY, NOON))
    assert {o.id: o.outcome for o in outcomes} == {
        gone.id: "fixed", changed.id: "refused", good.id: "unverified", 999: "refused",
    }  # fmt: skip
    assert "version 1, now 2" in next(o.reason for o in outcomes if o.id == changed.id)


def test_a_new_policy_reaches_the_cases_that_are_open(pool: ConnectionPool[Connection]) -> None:
    (case,) = unposted(pool, 10_000)
    assert (case.owner, case.severity) == ("AR", "low")
    decided = parse(
        {
            "audit": {"base_currency": "EUR"},
            "owners": {"unposted_invoice": "AR Dublin"},
            "cases": {"severity": {"medium": 100}},
        },
        "x",
    )
    assert tick(pool, decided, NOON) == 1
    moved = now_of(pool, case.id)
    assert (moved.owner, moved.severity) == ("AR Dublin", "medium")
    assert tick(pool, decided, NOON) == 0


def test_a_case_that_cannot_be_woken_stops_no_other(pool: ConnectionPool[Connection]) -> None:
    """What is kept of one of ten is not what a case is. The others wake on their day, and a new policy reaches them."""
    cases = unposted(pool, *range(1, 11))
    for case in cases:
        do(pool, case.id, Snooze(until=dt.date(2026, 7, 2)))
    broken = cases[3].id
    transact(pool, lambda c: c.execute(b"UPDATE case_ SET claim = '7' WHERE id = %s", [broken]))
    while tick(pool, POLICY, NOON + 2 * DAY):
        pass
    assert {now_of(pool, case.id).state for case in cases if case.id != broken} == {"open"}
    decided = parse({"audit": {"base_currency": "EUR"}, "owners": {"unposted_invoice": "AR Dublin"}}, "x")
    while tick(pool, decided, NOON + 2 * DAY):
        pass
    assert {now_of(pool, case.id).owner for case in cases if case.id != broken} == {"AR Dublin"}


def test_who_may_see_one_entity_sees_its_cases_and_its_share_of_others(pool: ConnectionPool[Connection]) -> None:
    """Item X9 holds 100.00 in DE01 and 900.00 in US01; DE01 has a case of 500.00 of its own, US01 one of 50.00."""
    unposted(pool, 50_000)
    unposted(pool, 5_000, entity="US01")
    commit(pool, {
        "order/x/1": [found(Risk.UNPOSTED_INVOICE, "invoice/x/1", 10_000, cause="crosswalk/item/X9")],
        "order/x/2": [found(Risk.UNPOSTED_INVOICE, "invoice/x/2", 90_000, cause="crosswalk/item/X9", entity="US01")],
    })  # fmt: skip
    triage(pool, POLICY, NOON)

    def seen(within: set[str] | None) -> list[tuple[str, int]]:
        pages, after = [], ""
        while True:
            page = transact(pool, lambda c, after=after: list_cases(c, Filter(), within=within, after=after, most=1))
            pages += [(case.key, case.exposure) for case in page.cases]
            if not (after := page.next):
                return pages

    assert seen(None) == [
        ("crosswalk/item/X9", 100_000), ("unposted_invoice/invoice/DE01/0", 50_000), ("unposted_invoice/invoice/US01/0", 5_000),
    ]  # fmt: skip
    assert seen({"DE01"}) == [("unposted_invoice/invoice/DE01/0", 50_000), ("crosswalk/item/X9", 10_000)]
    assert seen({"FR01"}) == []
    mixed = next(
        case for case in transact(pool, lambda c: list_cases(c, Filter())).cases if case.key == "crosswalk/item/X9"
    )
    theirs = transact(pool, lambda c: show_case(c, mixed.id, {"US01"}))
    assert theirs is not None and not theirs.is_whole
    assert (theirs.case.exposure, theirs.case.entities, theirs.case.amounts) == (
        90_000,
        ("US01",),
        {"stuck": {"EUR": 90_000}},
    )
    assert [row.subject for row in theirs.findings] == ["invoice/x/2"]
    assert "exposure" not in theirs.events[0].after
    assert transact(pool, lambda c: show_case(c, mixed.id, {"FR01"})) is None
    with pytest.raises(Forbidden, match="entities that you may not see"):
        do(pool, mixed.id, Assign(to="carla"), Actor(holder="carla", entities=frozenset({"US01"})))
    with pytest.raises(Unknown):
        do(pool, mixed.id, Assign(to="dora"), Actor(holder="dora", entities=frozenset({"FR01"})))


@pytest.mark.parametrize("sort", ["worth", "due", "age"])
def test_pages_have_every_case_once_in_order(pool: ConnectionPool[Connection], sort: str) -> None:
    cases = unposted(pool, *(n % 5 * 100_000 for n in range(23)))
    got: list[Case] = []
    after = ""
    while True:
        page = transact(pool, lambda c, after=after: list_cases(c, Filter(), sort, after=after, most=5))  # type: ignore[arg-type]
        got += page.cases
        if not (after := page.next):
            break
    assert sorted(case.id for case in got) == sorted(case.id for case in cases)
    keys = {
        "worth": [-case.exposure for case in got],
        "due": [case.due_at for case in got],
        "age": [case.opened_at for case in got],
    }[sort]
    assert keys == sorted(keys)


def test_a_list_is_filtered_by_anything_that_a_queue_is_cut_by(pool: ConnectionPool[Connection]) -> None:
    small, large = unposted(pool, 10_000, 5_000_000)
    do(pool, small.id, Assign(to="anna"))

    def ids(**wanted: object) -> list[int]:
        return [case.id for case in transact(pool, lambda c: list_cases(c, Filter(**wanted))).cases]  # type: ignore[arg-type]

    assert ids(least=10_001) == [large.id]
    assert ids(assignee="anna") == [small.id]
    assert ids(assignee="") == [large.id]
    assert ids(severity="high") == [large.id]
    assert ids(owner="AR", risk="unposted_invoice", group="stuck") == [large.id, small.id]
    assert ids(document="invoice/DE01/0") == [small.id]
    assert ids(late_at=NOON + 3 * DAY) == [large.id]
    assert ids(state="closed") == ids(state="snoozed") == ids(owner="tax") == ids(customer="customer/crm/9") == []
    commit(pool, {"order/c/1": [found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", holds=("invoice/DE01/0",))]})
    triage(pool, POLICY, NOON)
    (gap,) = ids(risk="master_data_gap")
    assert ids(document="invoice/DE01/0", state="any") == [gap]


def test_how_fast_each_queue_resolves_its_cases(pool: ConnectionPool[Connection]) -> None:
    """AR has four cases: one healed after 3 hours, one after 30 days, which was late; two are left, 40 days old, one of them late."""
    unposted(pool, 10_000, 10_000, 10_000, 5_000_000)
    for n, at in ((0, NOON + 3 * HOUR), (1, NOON + 30 * DAY)):
        commit(pool, {f"order/DE01/{n}": []}, at)
        triage(pool, POLICY, at)
    snoozed = transact(pool, lambda c: list_cases(c, Filter(severity="low"))).cases[0]
    do(pool, snoozed.id, Snooze(until=dt.date(2026, 12, 1)))
    now = NOON + 40 * DAY
    (times,) = transact(pool, lambda c: times_of_queues(c, NOON, now))
    assert (times.owner, times.current, times.late, times.age_p50, times.age_most) == ("AR", 2, 1, 960, 960)
    assert (times.resolved, times.resolved_in_time, times.took_p50, times.took_p90) == (2, 1, 3, 720)
    (lately,) = transact(pool, lambda c: times_of_queues(c, NOON + 39 * DAY, now))
    assert (lately.resolved, lately.took_p50) == (0, None)
    assert transact(pool, lambda c: times_of_queues(c, NOON, now, {"US01"})) == []


def test_money_at_risk_as_it_stands_in_four_totals(pool: ConnectionPool[Connection]) -> None:
    """Stuck 100.00 since 29 days and 20.00 in US01; leakage 7.00; a currency without a rate is named and in no total."""
    unposted(pool, 10_000)
    commit(pool, {"order/x/1": [
        found(Risk.UNPOSTED_INVOICE, "invoice/x/1", 2_000, entity="US01", since=dt.date(2026, 1, 1)),
        found(Risk.UNDERBILLED, "charge/x/1", 700), found(Risk.UNDERBILLED, "charge/x/2", 700, currency="KWD"),
        found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9"),
    ]})  # fmt: skip
    triage(pool, POLICY, NOON)
    risk = transact(pool, lambda c: risk_as_it_stands(c, POLICY, NOON.date()))
    assert risk.totals == {"leakage": 700, "stuck": 12_000, "overstatement": 0, "future at risk": 0, "difference": 0}
    assert risk.without_rate == {"KWD": 1}
    assert [(line.name, line.exposure) for line in risk.by_entity if line.group == "stuck"] == [
        ("DE01", 10_000),
        ("US01", 2_000),
    ]
    assert [(line.name, line.exposure) for line in risk.by_age if line.group == "stuck"] == [
        ("8 to 30 days", 10_000),
        ("91 days to a year", 2_000),
    ]
    assert transact(pool, lambda c: risk_as_it_stands(c, POLICY, NOON.date(), {"US01"})).totals["stuck"] == 2_000
