"""``tieout verify``: whether the audit trail is as it was written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from .installation import Folder

SHOWN = 20


def verify(
    heads: Annotated[
        list[Path] | None,
        typer.Option(
            "--heads", metavar="FILE",
            help="A copy of trail.heads, kept where the database's administrator cannot write. May be given several times; "
            "the data folder's own is always read.",
        ),
    ] = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Recompute the chain of the audit trail, and name what was changed, removed or put in. Exit code 1 if anything was."""
    from tieout import settings
    from tieout.store import trail, trail_heads
    from tieout.store.backup import restores
    from tieout.store.connection import connect
    from tieout.store.embedded import database

    installation = settings.read(os.environ, folder)
    own = installation.data_folder / trail_heads.NAME
    published = trail_heads.read([*([own] if own.exists() else []), *(heads or [])])
    with database(installation) as dsn, connect(dsn, "tieout verify", statement_seconds=3600) as connection:
        verified = trail.verify(connection, published)
        restored = restores(connection)
    for flaw in verified.flaws[:SHOWN]:
        typer.echo(f" ! {flaw.kind:<10} {flaw.found}")
    if len(verified.flaws) > SHOWN:
        typer.echo(f"   and {len(verified.flaws) - SHOWN} more")
    waiting = f"; {verified.unsealed} more wait to be sealed" if verified.unsealed else ""
    typer.echo(
        f"{verified.entries:,} entries in {verified.batches:,} batches recomputed, {len(published):,} heads held against them{waiting}."
    )
    for reason, at in restored:
        typer.echo(
            f"{at:%Y-%m-%d %H:%M:%S} UTC: {reason}. Heads that were published in between are of a chain that is gone."
        )
    typer.echo("The trail is NOT as it was written." if verified.flaws else "The trail is as it was written.")
    raise typer.Exit(1 if verified.flaws else 0)
