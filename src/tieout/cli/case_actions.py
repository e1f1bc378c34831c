"""What ``tieout cases`` does with one case. Who does it is whoever runs the command, by their name on this machine."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Annotated

import typer

from tieout.canon.faults import InputFault

from .installation import Folder, by, opened
from .user import Why

if TYPE_CHECKING:
    from pathlib import Path

    from tieout.cases import Action, Actor, Case

Id = Annotated[int, typer.Argument(metavar="NUMBER", help="As `tieout cases list` shows it.")]
Version = Annotated[
    int | None,
    typer.Option("--version", metavar="N", help="The version that you saw; if it has another by now, nothing is done."),
]
Until = Annotated[str, typer.Option("--until", metavar="DATE", help="Until this day, within a year: 2026-09-30.")]


def assign(
    id: Id, person: Annotated[str, typer.Argument(metavar="NAME", help="Who works it from now on; '' for nobody.")], why: Why = "",
    seen: Version = None, folder: Folder = None,
) -> None:  # fmt: skip
    """Give a case to a person."""
    from tieout.cases.actions import Assign

    _do(id, Assign(to=person, why=why), seen, folder)


def comment(
    id: Id, text: Annotated[str, typer.Argument(metavar="TEXT", help="What there is to say.")], folder: Folder = None
) -> None:
    """Say something about a case."""
    from tieout.cases.actions import Comment

    _do(id, Comment(why=text), None, folder)


def note(
    id: Id, text: Annotated[str, typer.Argument(metavar="TEXT", help="The root cause, in your words.")], why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Say what the root cause of a case is."""
    from tieout.cases.actions import Note

    _do(id, Note(text=text, why=why), None, folder)


def snooze(id: Id, until: Until, why: Why = "", seen: Version = None, folder: Folder = None) -> None:
    """Put a case away until a day. It wakes by itself then, or when more is at risk."""
    from tieout.cases.actions import Snooze

    _do(id, Snooze(until=day_of(until), why=why), seen, folder)


def wake(id: Id, why: Why = "", folder: Folder = None) -> None:
    """Take up a case that was snoozed."""
    from tieout.cases.actions import Wake

    _do(id, Wake(why=why), None, folder)


def accept_risk(id: Id, until: Until, why: Why, seen: Version = None, folder: Folder = None) -> None:
    """Propose that the risk be borne until a day, and say why. Another person approves it."""
    from tieout.cases.actions import AcceptRisk

    _do(id, AcceptRisk(until=day_of(until), why=why), seen, folder)


def approve(id: Id, why: Why = "", seen: Version = None, folder: Folder = None) -> None:
    """Approve what somebody else proposed. The case is put away until its day, or until more is at risk."""
    from tieout.cases.actions import Approve

    _do(id, Approve(why=why), seen, folder)


def revoke(id: Id, why: Why, folder: Folder = None) -> None:
    """Refuse that a risk be accepted, or end that it is; and say why."""
    from tieout.cases.actions import Revoke

    _do(id, Revoke(why=why), None, folder)


def claim_fixed(id: Id, why: Why = "", seen: Version = None, folder: Folder = None) -> None:
    """Say that a case is mended. That closes nothing: it is evaluated again, and the verdict says whether it is."""
    from tieout.cases.actions import ClaimFixed

    _do(id, ClaimFixed(why=why), seen, folder)


def link(
    id: Id, target: Annotated[str, typer.Argument(metavar="TARGET", help="A ticket, a page or another case.")], why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Point from a case at something else."""
    from tieout.cases.actions import Link

    _do(id, Link(target=target, why=why), None, folder)


def unlink(
    id: Id, target: Annotated[str, typer.Argument(metavar="TARGET", help="As `tieout cases show` shows it.")], why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Take a link away."""
    from tieout.cases.actions import Unlink

    _do(id, Unlink(target=target, why=why), None, folder)


def actor() -> Actor:
    """Whoever runs the command."""
    from tieout.cases import Actor

    return Actor(holder=by().who)


def day_of(text: str) -> dt.date:
    """The day of an option. Raises InputFault."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputFault(f"{text!r} is not a day", where="--until", mend="write it like 2026-09-30") from None


def _do(id: int, action: Action, seen: int | None, folder: Path | None) -> None:
    from tieout.store.case_work import act_on
    from tieout.store.decisions import current

    with opened(folder, "tieout cases") as connection:
        policy = current(connection)[1].policy
        case = act_on(connection, id, action, actor(), policy, dt.datetime.now(dt.UTC), seen)
    typer.echo(_said(case))


def _said(case: Case) -> str:
    words = f"case {case.id}, version {case.version}: {case.state}"
    if case.claim is not None and case.state != "closed":
        words += f", claimed fixed: {case.claim.found}"
    if case.acceptance is not None and not case.acceptance.approved_by:
        words += ", to be approved by somebody else"
    return words
