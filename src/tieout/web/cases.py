"""``/v1/cases``: what people work. ``/v1/risk``: what it comes to."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

import msgspec

from tieout.cases import Actor, AnyAction, Case, Conflict, Forbidden, Unknown
from tieout.cases.actions import Approve
from tieout.store.case_views import (
    Filter,
    Page,
    QueueTimes,
    RiskFigures,
    Shown,
    list_cases,
    risk_as_it_stands,
    show_case,
    times_of_queues,
)  # fmt: skip
from tieout.store.case_work import Outcome, act_on, act_on_many, read_back
from tieout.store.connection import Connection, transact

from .caller import Caller, Entities
from .means import Means

MOST = 10_000
"""Cases that are acted upon at once."""
PATIENCE = 5.0


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases; what is not given does not matter."""

    state: Literal["current", "open", "snoozed", "accepted", "closed", "any"] = "current"
    """current: all that are not closed."""
    owner: str | None = None
    """The queue."""
    assignee: str | None = None
    """Empty: nobody's."""
    risk: str | None = None
    """The risk class: unposted_invoice."""
    group: str | None = None
    """leakage, stuck, overstatement, future at risk, overlay or difference"""
    severity: str | None = None
    """low, medium, high or critical"""
    customer: str | None = None
    document: str | None = None
    """The key of a document that is wrong or held up: invoice/billing/INV-7."""
    entity: tuple[str, ...] = ()
    """Legal entities: of cases of several, what is shown is their share. May be given several times."""
    min_exposure: int | None = None
    """Minor units of the base currency."""
    late: bool = False
    """Only what is past its due time."""


class Listing(Wanted, frozen=True, kw_only=True):
    """Which cases, in which order, and which page of them."""

    sort: Literal["worth", "due", "age"] = "worth"
    """worth: dearest first · due: the one that is due first · age: oldest first. Closed ones come with the last closed first."""
    after: str = ""
    """`next` of the page before."""
    limit: int = 50
    """Cases of a page; at most 500."""


class CaseList(msgspec.Struct, frozen=True):
    """A page of cases."""

    cases: tuple[Case, ...]
    next: str
    """What to give as `after` for the next page; empty on the last one."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """Which part of a case."""

    findings_from: int = 0
    """How many of its findings to leave out, the dearest first."""
    events_before: int | None = None
    """Only events with a smaller `n`."""
    limit: int = 100
    """Findings and events; at most 500 of each."""


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do with a case."""

    action: AnyAction
    version: int | None = None
    """The version that was seen. If the case has another by now, nothing is done (409)."""


class Chosen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One case of many."""

    id: int
    version: int | None = None
    """The version that was seen."""


class ActOnMany(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing to do with many cases: those that are named, or all that are wanted."""

    action: AnyAction
    cases: tuple[Chosen, ...] = ()
    wanted: Wanted | None = None
    expected: int | None = None
    """With `wanted`: how many the caller saw. If there are others by now, nothing is done (409)."""


class Outcomes(msgspec.Struct, frozen=True):
    """What became of each."""

    outcomes: tuple[Outcome, ...]


class Ids(msgspec.Struct, frozen=True):
    """Which cases, by number."""

    id: tuple[int, ...] = ()
    """May be given several times."""


class Period(msgspec.Struct, frozen=True):
    """How far back, and of which legal entities; none: all that the caller may see."""

    days: Annotated[int, msgspec.Meta(ge=1, le=3660)] = 30
    entity: tuple[str, ...] = ()
    """Cases that also hold findings of other entities are not counted."""


class QueueList(msgspec.Struct, frozen=True):
    """Queues, by name."""

    queues: tuple[QueueTimes, ...]


class Where(msgspec.Struct, frozen=True):
    """Of which legal entities; none: all that the caller may see."""

    entity: tuple[str, ...] = ()


def list_of_cases(means: Means, caller: Caller, query: Listing) -> CaseList:
    """Cases, the dearest first: one for each root cause.

    A case holds every finding that has its cause, and follows them: it closes by itself when nothing of it is found any more. Who may
    not see every entity in a case is shown the share of those that they may see.
    """
    within = _within(caller, query.entity)
    page = transact(
        means.pool,
        lambda c: list_cases(c, _filter(query), query.sort, within, query.after, query.limit),
        patience=PATIENCE,
    )
    return CaseList(page.cases, page.next)


def read_case(means: Means, caller: Caller, id: str, query: Reading) -> Shown:
    """One case with its findings and everything that happened to it."""
    number = _number(id)
    shown = transact(
        means.pool,
        lambda c: show_case(c, number, caller.entities, max(0, query.findings_from), query.events_before, query.limit),
        patience=PATIENCE,
    )
    if shown is None:
        raise _unknown(id)
    return shown


def act_on_case(means: Means, caller: Caller, id: str, body: Act) -> Case:
    """Do something with a case; the case after it.

    Who does it has to see every entity in it. To approve an accepted risk needs the scope `approve`, and another person than who
    proposed it. To claim that it is fixed closes nothing: the next verdict says whether it is.
    """
    number = _number(id)
    actor = _actor(caller, body.action)

    def work(connection: Connection) -> Case:
        policy = means.compass.look(connection).policy
        return act_on(connection, number, body.action, actor, policy, _now(), body.version)

    return transact(means.pool, work, patience=PATIENCE)


def act_on_cases(means: Means, caller: Caller, body: ActOnMany) -> Outcomes:
    """Do the same with many cases: what became of each, and why one was refused.

    What is claimed fixed is unverified until its next verdict; `/v1/cases/outcomes` says what that was.
    """
    actor = _actor(caller, body.action)
    policy = transact(means.pool, lambda c: means.compass.look(c).policy, patience=PATIENCE)
    wanted = [(chosen.id, chosen.version) for chosen in body.cases]
    if body.wanted is not None:
        wanted += _all(means, caller, body.wanted)
        if body.expected is not None and body.expected != len(wanted):
            raise Conflict(f"{len(wanted)} cases fit by now, {body.expected} were expected", mend="look again")
    if len(wanted) > MOST:
        raise Conflict(f"{len(wanted)} cases at once", mend=f"at most {MOST}: narrow it down")
    return Outcomes(tuple(act_on_many(means.pool, wanted, body.action, actor, policy, _now())))


def outcomes_of_cases(means: Means, caller: Caller, query: Ids) -> Outcomes:
    """What became of the claims that these cases are fixed: fixed, still broken, or unverified because nothing was evaluated since."""
    ids = tuple(query.id[:MOST])
    seen = transact(
        means.pool,
        lambda c: list_cases(c, Filter(state="any", ids=ids), within=caller.entities, most=len(ids)),
        patience=PATIENCE,
    )
    return Outcomes(
        tuple(transact(means.pool, lambda c: read_back(c, [case.id for case in seen.cases]), patience=PATIENCE))
    )


def money_at_risk(means: Means, caller: Caller, query: Where) -> RiskFigures:
    """Money at risk as the findings stand: four totals that are never added together, by class, owner, entity and age."""
    within = _within(caller, query.entity)

    def work(connection: Connection) -> RiskFigures:
        return risk_as_it_stands(connection, means.compass.look(connection).policy, _now().date(), within)

    return transact(means.pool, work, patience=PATIENCE)


def times_of_cases(means: Means, caller: Caller, query: Period) -> QueueList:
    """How fast each queue resolves its cases: the age of those that are not closed, and what those took that healed lately."""
    within, now = _within(caller, query.entity), _now()
    since = now - dt.timedelta(days=query.days)
    return QueueList(tuple(transact(means.pool, lambda c: times_of_queues(c, since, now, within), patience=PATIENCE)))


def _all(means: Means, caller: Caller, wanted: Wanted) -> list[tuple[int, int | None]]:
    """The numbers of all cases that are wanted, and their versions."""
    within = _within(caller, wanted.entity)
    found: list[tuple[int, int | None]] = []
    after = ""

    def page(connection: Connection) -> Page:
        return list_cases(connection, _filter(wanted), "worth", within, after, 500)

    while len(found) <= MOST:
        read = transact(means.pool, page, patience=PATIENCE)
        found += [(case.id, case.version) for case in read.cases]
        after = read.next
        if not after:
            break
    return found


def _filter(wanted: Wanted) -> Filter:
    return Filter(
        state=wanted.state, owner=wanted.owner, risk=wanted.risk, group=wanted.group, severity=wanted.severity,
        assignee=wanted.assignee, customer=wanted.customer, document=wanted.document, least=wanted.min_exposure,
        late_at=_now() if wanted.late else None,
    )  # fmt: skip


def _within(caller: Caller, asked: tuple[str, ...]) -> Entities:
    """The entities that are asked for, of those that the caller may see."""
    if not asked:
        return caller.entities
    return frozenset(asked) if caller.entities is None else caller.entities & frozenset(asked)


def _actor(caller: Caller, action: AnyAction) -> Actor:
    scope = "approve" if isinstance(action, Approve) else caller.scope
    if not caller.may(scope):
        raise Forbidden(f"{caller.holder} may not approve", mend="ask somebody who has the role approver")
    kind: Literal["person", "service"] = "person" if caller.kind == "person" else "service"
    return Actor(holder=caller.holder, kind=kind, entities=caller.reach[scope])


def _number(id: str) -> int:
    if not id.isascii() or not id.isdigit() or len(id) > 18:
        raise _unknown(id)
    return int(id)


def _unknown(id: str) -> Unknown:
    return Unknown(f"there is no case {id}", mend="/v1/cases has those that there are")


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
