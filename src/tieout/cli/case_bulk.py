"""``tieout cases bulk``: the same done with many cases, and what became of each."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING, Annotated

import typer

from tieout.canon.faults import InputFault, nearest

from .case_actions import actor, day_of
from .case_filter import (
    Assignee,
    Customer,
    Document,
    Entities,
    Late,
    Least,
    Owner,
    RiskClass,
    Severity,
    State,
    wanted_of,
)  # fmt: skip
from .installation import Folder
from .user import Why

if TYPE_CHECKING:
    from tieout.cases import Action, Case
    from tieout.store.case_views import Filter
    from tieout.store.case_work import Outcome
    from tieout.store.connection import Connection, Pool

ACTIONS = ("assign", "comment", "snooze", "wake", "accept-risk", "approve", "revoke", "claim-fixed")
POLL = 1.0
"""Seconds between two looks at what is unverified."""


def bulk(
    action: Annotated[str, typer.Argument(metavar="ACTION", help=f"{', '.join(ACTIONS)}.")],
    owner: Owner = None, assignee: Assignee = None, risk: RiskClass = None, entity: Entities = None,
    state: State = "current", severity: Severity = None, document: Document = None,
    customer: Customer = None, least: Least = None, late: Late = False,
    to: Annotated[str, typer.Option("--to", metavar="NAME", help="assign: to whom.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DATE", help="snooze and accept-risk: until when.")] = "",
    why: Why = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    wait: Annotated[
        int, typer.Option("--wait", metavar="SECONDS", min=0, help="claim-fixed: how long to wait for the verdicts.")
    ] = 0,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Do the same with every case that the options name: done, fixed, still broken, unverified, or refused and why.

    Exit code 1 if one was refused or is still broken.
    """
    import os

    from tieout import settings
    from tieout.store.connection import open_pool, transact
    from tieout.store.embedded import database

    wish = _action(action, to, until, why)
    with database(settings.read(os.environ, folder)) as dsn, open_pool(dsn, "tieout cases", 2) as pool:

        def chosen(connection: Connection) -> list[Case]:
            wanted = wanted_of(connection, owner, assignee, risk, state, severity, document, customer, least, late)
            return _all(connection, wanted, entity)

        found = transact(pool, chosen)
        typer.echo(f"{action}: {_scope(found)}")
        if not found or not (yes or typer.confirm("do it?")):
            return
        outcomes = _outcomes(pool, found, wish, wait)
    counts: dict[str, int] = {}
    for outcome in outcomes:
        counts[outcome.outcome] = counts.get(outcome.outcome, 0) + 1
        typer.echo(
            f"{outcome.id:>6}  {outcome.outcome:<12} {outcome.title}{f': {outcome.reason}' if outcome.reason else ''}"
        )
    typer.echo(" · ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    raise typer.Exit(1 if counts.keys() & {"refused", "still broken"} else 0)


def _action(name: str, to: str, until: str, why: str) -> Action:
    from tieout.cases import actions

    plain: dict[str, type[Action]] = {
        "comment": actions.Comment, "wake": actions.Wake, "approve": actions.Approve, "revoke": actions.Revoke,
        "claim-fixed": actions.ClaimFixed,
    }  # fmt: skip
    if name in plain:
        return plain[name](why=why)
    if name == "assign":
        return actions.Assign(to=to, why=why)
    if name == "snooze":
        return actions.Snooze(until=day_of(until), why=why)
    if name == "accept-risk":
        return actions.AcceptRisk(until=day_of(until), why=why)
    raise InputFault(
        f"there is no action {name!r} for many", mend=nearest(name, ACTIONS) or f"one of {', '.join(ACTIONS)}"
    )


def _all(connection: Connection, wanted: Filter, entity: list[str] | None) -> list[Case]:
    from tieout.store.case_views import list_cases

    found: list[Case] = []
    after = ""
    while True:
        page = list_cases(connection, wanted, "worth", entity, after, 500)
        found += page.cases
        after = page.next
        if not after:
            return found


def _scope(found: list[Case]) -> str:
    """How many, and what they hold: what is acted upon is what was shown."""
    from tieout.canon.money import format_amount

    sums: dict[str, int] = {}
    for case in found:
        if case.currency:
            sums[case.currency] = sums.get(case.currency, 0) + case.exposure
    money = " and ".join(f"{format_amount(amount, currency)} {currency}" for currency, amount in sorted(sums.items()))
    return f"{len(found)} case{'' if len(found) == 1 else 's'}{f', {money} at risk' if money else ''}"


def _outcomes(pool: Pool, found: list[Case], action: Action, wait: int) -> list[Outcome]:
    from tieout.store.case_work import act_on_many, read_back
    from tieout.store.connection import transact
    from tieout.store.decisions import current

    policy = transact(pool, lambda connection: current(connection)[1].policy)
    wanted = [(case.id, case.version) for case in found]
    by_id = {o.id: o for o in act_on_many(pool, wanted, action, actor(), policy, dt.datetime.now(dt.UTC))}
    until = time.monotonic() + wait
    while (open_ := [o.id for o in by_id.values() if o.outcome == "unverified"]) and time.monotonic() < until:
        time.sleep(POLL)
        by_id |= {o.id: o for o in transact(pool, lambda connection, ids=open_: read_back(connection, ids))}  # type: ignore[misc]
    return list(by_id.values())
