"""``tieout backup`` and ``tieout restore``: the whole database in one file, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .installation import Folder, by

Why = Annotated[str, typer.Option("--why", metavar="WHY", help="A reason, for the audit trail.")]


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, which must not be there yet.")],
    why: Why = "",
    folder: Folder = None,
) -> None:
    """Write the whole database, as it is now, to one file. Everything goes on meanwhile."""
    from tieout import settings
    from tieout.store.backup import backup as write
    from tieout.store.embedded import database

    installation = settings.read(os.environ, folder)
    with database(installation) as dsn:
        manifest = write(dsn, installation.data_folder, file, by(why), installation.postgres_folder)
    typer.echo(
        f"{file}: {sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables, {file.stat().st_size / 2**20:,.1f} MB, "
        f"as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC"
    )


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `tieout backup` wrote.")],
    why: Why = "",
    folder: Folder = None,
) -> None:
    """Put a backup into a database with nothing in it, check it, and begin a new epoch. Exit code 1 if its trail was tampered with."""
    from tieout import settings
    from tieout.store.backup import restore as read
    from tieout.store.embedded import database

    installation = settings.read(os.environ, folder)
    with database(installation) as dsn:
        manifest, verified = read(dsn, installation.data_folder, file, by(why), installation.postgres_folder)
    typer.echo(
        f"{sum(manifest.rows.values()):,} rows in {len(manifest.rows)} tables are as they were on "
        f"{manifest.made_at:%Y-%m-%d %H:%M:%S} UTC; {verified.entries:,} entries of the trail recomputed."
    )
    if manifest.rows.get("connection_secret") and not installation.keys_file.exists():
        typer.echo(
            f"The secrets of connections are sealed by keys that no backup holds: put them into {installation.keys_file}"
        )
    for flaw in verified.flaws:
        typer.echo(f" ! {flaw.kind:<10} {flaw.found}")
    raise typer.Exit(1 if verified.flaws else 0)
