"""``tieout whatif POLICY.toml``: what another policy would change, in money, before anybody decides it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .installation import AsOf, Folder, day_of, dsn_of

if TYPE_CHECKING:
    from tieout.process.whatif import Change

MOST = 20


def whatif(
    policy: Annotated[
        Path, typer.Argument(metavar="POLICY.toml", help="What would be decided, laid over what is: as for tieout policy apply.")
    ],
    since: Annotated[
        dt.datetime | None,
        typer.Option(
            "--since", metavar="DATE", formats=["%Y-%m-%d"], show_default=False,
            help="Only findings that began on this day or later; default: all.",
        ),
    ] = None,
    entity: Annotated[str, typer.Option("--entity", metavar="ENTITY", help="Only of this legal entity.")] = "",
    as_of: AsOf = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Judge what is known now under another policy, and say what would differ, by class, entity and cause. Decides nothing."""
    from rich.console import Console

    from tieout.app.policy_file import read
    from tieout.audit.live import known
    from tieout.audit.supposing import suppose

    from .progress import shown_progress

    edit = read(policy)
    today = day_of(as_of) or dt.datetime.now(dt.UTC).date()
    with dsn_of(folder) as dsn, shown_progress(Console(stderr=True)) as progress, known(dsn, progress=progress) as now:
        found = suppose(now, edit(now.ruling.decided), today, entity, day_of(since), progress)
    if not found.changes:
        typer.echo("Nothing would differ.")
        return
    for total in found.totals:
        typer.echo(str(total))
    for title, sums in (("By class and entity", found.by_class), ("By cause", found.by_cause)):
        typer.echo(f"\n{title}")
        for name, changed in sums.items():
            typer.echo(f"  {changed}  {name}")
    typer.echo("\nThe dearest")
    _tell(found.changes[:MOST])
    if len(found.changes) > MOST:
        typer.echo(f"  and {len(found.changes) - MOST:,} more")


def _tell(changes: tuple[Change, ...]) -> None:
    for change in changes:
        typer.echo(f"  {change}")
