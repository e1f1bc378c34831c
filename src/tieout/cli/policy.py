"""``tieout policy``: what is decided, since when, by whom; and deciding it otherwise while everything runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .installation import Folder, by, opened

if TYPE_CHECKING:
    from tieout.engine.decided import Decided
    from tieout.policy import Change

app = typer.Typer(
    help="What is decided, since when and by whom; and deciding it otherwise while everything runs.",
    no_args_is_help=True,
)

SHOWN = 40
"""Changes that are listed."""

Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason; kept with the version and in the audit trail.")
]
Number = Annotated[
    int | None, typer.Argument(metavar="VERSION", help="Its number; default: the one that holds.", show_default=False)
]


@app.command()
def show(
    number: Number = None,
    toml: Annotated[bool, typer.Option("--toml", help="As the file that `tieout policy apply` reads.")] = False,
    folder: Folder = None,
) -> None:
    """Everything that is decided, in words."""
    from tieout.app.policy_file import toml as written
    from tieout.engine.decided import told
    from tieout.policy import decisions
    from tieout.store.decisions import current, version

    with opened(folder, "tieout policy") as connection:
        id, decided = current(connection)
        made = None
        if number is not None or id:
            made, decided = version(connection, id if number is None else number)
    if toml:
        typer.echo(written(decided.tables()), nl=False)
        return
    typer.echo(
        f"version {made.id} of {made.at:%Y-%m-%d %H:%M} UTC by {made.who}: {made.why}"
        if made
        else "nothing is decided yet"
    )
    for about, words in sorted({**decisions(decided.policy), **dict(told(decided))}.items()):
        typer.echo(f"{about}: {words}")


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An audit.toml, or the part of one that decides.")],
    why: Why,
    expected: Annotated[
        int | None, typer.Option("--expected", metavar="VERSION", help="Refuse if another version holds by now.")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say what would change.")] = False,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Decide what a file says. A table that it has replaces the one that there was; tables that it does not have stay.

    Exactly what depends on what changes is evaluated again.
    """
    from tieout.app.policy_file import read
    from tieout.engine.touched import differences
    from tieout.store.decisions import current

    edit = read(file)
    if not check:
        decide(edit, why, folder, expected)
        return
    with opened(folder, "tieout policy") as connection:
        _, before = current(connection)
    tell(differences(before, edit(before)))


@app.command()
def complete(
    system: Annotated[str, typer.Argument(metavar="SYSTEM", help="The system, or '*' for all.")],
    why: Why,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="The type of its documents, or '*' for all.")] = "*",
    entity: Annotated[str, typer.Option("--entity", metavar="ENTITY", help="Only this legal entity.")] = "*",
    from_on: Annotated[str, typer.Option("--from", metavar="DATE", help="The first such day.")] = "",
    to_on: Annotated[str, typer.Option("--to", metavar="DATE", help="The last such day.")] = "",
    remove: Annotated[bool, typer.Option("--remove", help="It is not, or not any more.")] = False,
    folder: Folder = None,
) -> None:
    """A system tells everything of a type: what it does not tell of, there is not. Without this, nothing is ever late."""
    from tieout.engine.decided import Complete
    from tieout.engine.deciding import with_entry, without_entry

    entry = Complete(system=system, type=type_, entity=entity, from_on=day(from_on, "--from"), to_on=day(to_on, "--to"))
    decide(lambda decided: (without_entry if remove else with_entry)(decided, entry), why, folder)


@app.command()
def history(
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="So many of them.")] = 20,
    folder: Folder = None,
) -> None:
    """The versions, the newest first: since when, by whom, why."""
    from tieout.store.decisions import history as listed

    with opened(folder, "tieout policy") as connection:
        versions = listed(connection, most)
    for version in versions:
        typer.echo(f"{version.id:>5}  {version.at:%Y-%m-%d %H:%M}  {version.who:<16} {version.hash}  {version.why}")


@app.command()
def diff(
    one: Annotated[int, typer.Argument(metavar="A", help="Number of a version.")],
    other: Annotated[int | None, typer.Argument(metavar="B", help="Of another; default: what holds.", show_default=False)] = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """What differs between two versions, in words. Exit code 1 if anything does."""
    from tieout.engine.touched import differences
    from tieout.store.decisions import current, version

    with opened(folder, "tieout policy") as connection:
        before = version(connection, one)[1]
        after = current(connection)[1] if other is None else version(connection, other)[1]
    changes = differences(before, after)
    for change in changes:
        typer.echo(str(change))
    raise typer.Exit(int(bool(changes)))


def decide(edit: Callable[[Decided], Decided], why: str, folder: Path | None, expected: int | None = None) -> None:
    """Make a change, and say what came of it."""
    from tieout.canon.faults import InputFault
    from tieout.store.decisions import change
    from tieout.store.errors import Outdated

    with opened(folder, "tieout policy") as connection:
        try:
            changed = change(connection, edit, by(why), dt.datetime.now(dt.UTC), expected)
        except Outdated as outdated:
            raise InputFault(str(outdated), mend="tieout policy diff shows what is new in it") from None
    tell(changed.changes)
    if changed.changes:
        many = "1 instance is" if changed.instances == 1 else f"{changed.instances:,} instances are"
        typer.echo(f"version {changed.version} holds now; {many} evaluated again")


def tell(changes: tuple[Change, ...]) -> None:
    """Print what is decided otherwise."""
    for change in changes[:SHOWN]:
        typer.echo(str(change))
    if len(changes) > SHOWN:
        typer.echo(f"and {len(changes) - SHOWN:,} more")
    if not changes:
        typer.echo("nothing is decided otherwise by it")


def day(text: str, option: str) -> dt.date | None:
    """The day of an option; None where it is not given. Raises InputFault."""
    from tieout.canon.faults import InputFault

    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError:
        raise InputFault(f"{text!r} is not a day", where=option, mend="write it like 2026-06-30") from None
