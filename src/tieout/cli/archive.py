"""``tieout archive``: old months of history go to files."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tieout.canon.faults import InputFault

from .installation import Folder, by

if TYPE_CHECKING:
    from tieout.store.history import Archived


def archive(
    before: Annotated[
        str,
        typer.Option("--before", metavar="YYYY-MM", help="Every month before this one, which is over itself or runs."),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder for the Parquet files, one a month.")],
    deliveries: Annotated[
        bool, typer.Option("--deliveries", help="Deliveries too, as they came; they cannot be replayed any more.")
    ] = False,
    why: Annotated[str, typer.Option("--why", metavar="WHY", help="A reason, for the audit trail.")] = "",
    folder: Folder = None,
) -> None:
    """Write old months of history to Parquet, read each back, and take it out of the database. Everything goes on meanwhile."""
    from tieout import settings
    from tieout.store import archive as months
    from tieout.store.embedded import database

    try:
        month = dt.date.fromisoformat(f"{before}-01")
    except ValueError:
        raise InputFault(f"{before!r} is not a month", where="--before", mend="write it like 2026-03") from None

    def tell(one: Archived) -> None:
        typer.echo(f"{one.month:%Y-%m}  {one.rows:>12,} {one.what:<12}  {one.file}")

    with database(settings.read(os.environ, folder)) as dsn:
        done = months.archive(dsn, month, out, by(why), dt.datetime.now(dt.UTC), tell)
        if deliveries:
            done += months.archive_deliveries(dsn, month, out, by(why), dt.datetime.now(dt.UTC), tell)
    if not done:
        typer.echo(f"No month before {before} is in the database.")
