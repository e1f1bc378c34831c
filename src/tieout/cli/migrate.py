"""``tieout migrate``: bring the tables of the database up to date."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def migrate(
    folder: Annotated[
        Path | None,
        typer.Option("--data", metavar="DIR", help="The data folder; default: TIEOUT_DATA, or the usual one."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say what there is to do. Exit code 1 if there is anything.")
    ] = False,
) -> None:
    """Bring the tables of the database up to date. Workers of the release before may go on meanwhile."""
    from tieout import settings
    from tieout.store.embedded import database
    from tieout.store.migrate import migrate as bring_up_to_date
    from tieout.store.migrate import status

    with database(settings.read(os.environ, folder)) as dsn:
        before = status(dsn) if check else bring_up_to_date(dsn, lambda name: typer.echo(f"applied {name}"))
    for name in before.unknown:
        typer.echo(f"a newer version of Tieout applied {name}; this one works with it, if it is of the release before")
    if check:
        for name in before.pending:
            typer.echo(f"to apply: {name}")
    if not before.pending:
        typer.echo("The database is up to date.")
    raise typer.Exit(1 if check and before.pending else 0)
