"""``tieout load DIR``: a company's exports into the live engine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .installation import Folder, by


def load(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The folder with the exports and audit.toml.")],
    keep_policy: Annotated[
        bool, typer.Option("--keep-policy", help="Leave the policy as it is; default: decide what audit.toml says.")
    ] = False,
    folder: Folder = None,
) -> None:
    """Deliver a company's exports as documents, and decide what their audit.toml says: the live engine goes on from an audit.

    Run it again with newer exports: what is the same is kept once, of what changed the newer version counts.
    """
    import datetime as dt

    from rich.console import Console

    from tieout import settings
    from tieout.app.load import deliver
    from tieout.app.policy_file import read
    from tieout.store.connection import connect
    from tieout.store.decisions import change
    from tieout.store.embedded import database
    from tieout.store.intake import GroupCommit

    from .progress import shown_progress

    with database(settings.read(os.environ, folder)) as dsn:
        if not keep_policy:
            edit = read(directory / "audit.toml")
            with connect(dsn, "tieout load") as connection:
                made = change(connection, edit, by(f"tieout load {directory.name}"), dt.datetime.now(dt.UTC))
            typer.echo(f"version {made.version} of the policy holds")
        with GroupCommit(dsn) as intake, shown_progress(Console(stderr=True)) as progress:
            delivered = deliver(directory, intake, progress)
    again = f", {delivered.repeated} of them kept before" if delivered.repeated else ""
    typer.echo(f"{delivered.documents:,} documents delivered in {delivered.deliveries:,} deliveries{again}")
    refused = sum(file.rejected for file in delivered.loaded.files)
    if refused:
        typer.echo(f"{refused:,} rows were refused; `tieout audit {directory}` lists them", err=True)
        raise typer.Exit(1)
