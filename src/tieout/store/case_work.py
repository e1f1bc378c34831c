"""Cases as people and time move them: one action, one action on many, and what is due by the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Literal

import msgspec

from tieout.cases import Action, Actor, Case, Change, Refused, Unknown, act, wake
from tieout.cases.actions import Approve, ClaimFixed
from tieout.cases.case import Verification
from tieout.cases.duties import DAYS

from .case_rows import decoded, locked, write
from .connection import Connection, Pool, transact
from .piecemeal import piecemeal
from .statements import sql
from .triage import alone_at_it, refresh_cases

if TYPE_CHECKING:
    from tieout.policy import Policy

LATER = dt.timedelta(hours=1)
"""So long what could not be done is left alone."""
CHUNK = 100
"""Cases of one transaction, where many are acted upon."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case of many."""

    id: int
    outcome: Literal["done", "fixed", "still broken", "unverified", "refused"]
    """done · of what was claimed fixed: fixed, still broken, or unverified until its next verdict · refused, and why."""
    title: str = ""
    reason: str = ""


def act_on(
    connection: Connection,
    id: int,
    action: Action,
    actor: Actor,
    policy: Policy,
    now: dt.datetime,
    seen: int | None = None,
) -> Case:
    """Do something with a case, in the transaction that is open; the case after it.

    Raises Unknown where the actor sees no such case, and what `cases.act` raises.
    """
    _ask_for_verdicts(connection, [id], action, now)
    case = _visible(locked(connection, [id]).get(id), id, actor)
    proposers = _proposers(connection, [case], action, now)
    change = act(case, action, actor, policy, now, seen, proposers.get(case.customer, ()))
    (after,) = write(connection, [(case, change)])
    return after


def act_on_many(
    pool: Pool, wanted: Iterable[tuple[int, int | None]], action: Action, actor: Actor, policy: Policy, now: dt.datetime
) -> Iterator[Outcome]:
    """Do the same with many cases, (number, version seen) each: what became of each, some hundred in a transaction."""
    left = iter(dict(wanted).items())
    while chunk := dict(islice(left, CHUNK)):
        yield from _act_on_chunk(pool, chunk, action, actor, policy, now)


def read_back(connection: Connection, ids: Sequence[int]) -> list[Outcome]:
    """What became by now of the claims that these cases are fixed; a case of which nobody claimed it is unverified."""
    cases = decoded(connection.execute(sql("find_cases"), {"ids": list(ids)}), Case)
    return [Outcome(id=case.id, outcome=_verified(case), title=case.title) for case in cases]


def _verified(case: Case) -> Verification:
    if case.state == "closed":
        return "fixed"
    return "unverified" if case.claim is None else case.claim.found


def tick(pool: Pool, policy: Policy, now: dt.datetime, limit: int = 500) -> int:
    """What time does to cases, in a batch: they wake, are late, or are read back; and those that were weighed under another policy are
    weighed anew. How many were touched; 0: nothing is due. Raises DatabaseLost.
    """
    transact(pool, lambda connection: connection.execute(sql("take_findings_up"), {"before": now - LATER}))
    return _woken(pool, policy, now, limit) + _weighed_anew(pool, policy, now, limit)


def _act_on_chunk(
    pool: Pool, chunk: dict[int, int | None], action: Action, actor: Actor, policy: Policy, now: dt.datetime
) -> list[Outcome]:
    def work(connection: Connection) -> list[Outcome]:
        _ask_for_verdicts(connection, list(chunk), action, now)
        there = locked(connection, chunk)
        proposers = _proposers(connection, there.values(), action, now)
        changes: list[tuple[Case, Change]] = []
        outcomes = []

        def doing(case: Case) -> Change:
            return act(case, action, actor, policy, now, chunk[case.id], proposers.get(case.customer, ()))

        for id in chunk:
            outcome, change = _one(there.get(id), id, action, actor, doing)
            outcomes.append(outcome)
            if change is not None:
                changes.append((there[id], change))
        write(connection, changes)
        return outcomes

    return transact(pool, work)


def _one(
    case: Case | None, id: int, action: Action, actor: Actor, doing: Callable[[Case], Change]
) -> tuple[Outcome, Change | None]:
    """What becomes of one case of many."""
    title = ""
    try:
        case = _visible(case, id, actor)
        title = case.title
        if isinstance(action, ClaimFixed) and case.state == "closed":
            return Outcome(id=id, outcome="fixed", title=title), None
        change = doing(case)
    except Refused as refused:
        reason = refused.what + (f" ({refused.mend})" if refused.mend else "")
        return Outcome(id=id, outcome="refused", title=title, reason=reason), None
    return Outcome(id=id, outcome="unverified" if isinstance(action, ClaimFixed) else "done", title=title), change


def _visible(case: Case | None, id: int, actor: Actor) -> Case:
    """The case, where the actor may know that there is one."""
    if case is None or (actor.entities is not None and actor.entities.isdisjoint(case.entities)):
        raise Unknown(f"there is no case {id}", mend="`tieout cases list` shows those that there are")
    return case


def _proposers(connection: Connection, cases: Iterable[Case], action: Action, now: dt.datetime) -> dict[str, set[str]]:
    """Customer → who proposed of late that a risk of theirs be accepted: they approve no other."""
    found: dict[str, set[str]] = {}
    if isinstance(action, Approve):
        asked = {"customers": sorted({case.customer for case in cases}), "since": now - dt.timedelta(days=DAYS)}
        for customer, who in connection.execute(sql("proposers_for_customers"), asked):
            found.setdefault(customer, set()).add(who)
    return found


def _ask_for_verdicts(connection: Connection, ids: list[int], action: Action, now: dt.datetime) -> None:
    """A claim is not believed but read back: what is held by these cases is evaluated again."""
    if isinstance(action, ClaimFixed):
        connection.execute(sql("ask_for_verdicts"), {"ids": ids, "now": now})


def _woken(pool: Pool, policy: Policy, now: dt.datetime, limit: int) -> int:
    claimed: list[int] = []

    def work(connection: Connection, most: int) -> int:
        claimed.clear()
        rows = connection.execute(sql("lock_due_cases"), {"now": now, "most": most}).fetchall()
        claimed.extend(id for id, _ in rows)
        due = decoded(((text,) for _, text in rows), Case)
        evaluated = _evaluated(connection, due, now)
        write(connection, [(case, wake(case, policy, now, case.key in evaluated)) for case in due])
        return len(due)

    def set_aside(_reason: str) -> None:
        parameters = {"ids": claimed, "later": now + LATER}
        transact(pool, lambda connection: connection.execute(sql("wake_cases_later"), parameters))

    return piecemeal(lambda most: transact(pool, lambda connection: work(connection, most)), limit, set_aside)


def _evaluated(connection: Connection, due: list[Case], now: dt.datetime) -> set[str]:
    """Of the cases that are claimed fixed, those that were evaluated since."""
    claims = {case.key: case.claim.at for case in due if case.claim is not None and case.claim.found == "unverified"}
    if not claims:
        return set()
    asked = {"key": list(claims), "at": list(claims.values()), "now": now}
    return {key for (key,) in connection.execute(sql("evaluated_since"), asked)}


def _weighed_anew(pool: Pool, policy: Policy, now: dt.datetime, limit: int) -> int:
    claimed: list[str] = []
    version = policy.casework_version

    def work(connection: Connection, most: int) -> int:
        claimed.clear()
        keys = [key for (key,) in connection.execute(sql("cases_of_other_policies"), {"policy": version, "most": most})]
        if not keys or not alone_at_it(connection):
            return 0
        claimed.extend(keys)
        refresh_cases(connection, keys, policy, now)
        return len(keys)

    def set_aside(_reason: str) -> None:
        parameters = {"keys": claimed, "policy": version}
        transact(pool, lambda connection: connection.execute(sql("leave_cases_as_weighed"), parameters))

    return piecemeal(lambda most: transact(pool, lambda connection: work(connection, most)), limit, set_aside)
