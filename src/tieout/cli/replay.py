"""``tieout replay``: deliveries interpreted again from their bytes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from .installation import Folder, by, dsn_of, instant_of
from .user import Why

PATIENCE = dt.timedelta(minutes=10)
"""For what others have claimed."""


def replay(
    connection: Annotated[
        str, typer.Option("--connection", metavar="NAME", help="Only what came on this connection.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="Only what was received since then: a day or an instant.")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="TIME", help="Only what was received before then.")] = "",
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="refused, interpreted or all.")
    ] = "refused",
    delivery: Annotated[
        list[int] | None, typer.Option("--delivery", metavar="N", help="Only this one; may be given several times.")
    ] = None,
    why: Why = "",
    folder: Folder = None,
) -> None:  # fmt: skip
    """Interpret deliveries again, after what could not be understood was mended. What was understood rightly is not changed."""
    import time

    from tieout.store.connection import open_pool
    from tieout.store.interpret import interpret
    from tieout.store.replay import Wish, outcome
    from tieout.store.replay import replay as again

    wish = Wish(
        connection=connection, since=instant_of(since, "--since"), until=instant_of(until, "--until"), state=state,
        ids=tuple(delivery or ()),
    )  # fmt: skip
    with dsn_of(folder) as dsn, open_pool(dsn, "tieout replay", 2, statement_seconds=3600) as pool:
        replayed = again(pool, wish, by(why))
        end = time.monotonic() + PATIENCE.total_seconds()
        while (found := outcome(pool, replayed)).waiting and time.monotonic() < end:
            if not interpret(pool, "tieout replay", dt.datetime.now(dt.UTC)):
                time.sleep(0.2)
    typer.echo(
        f"interpreted again: {len(replayed.ids):,}; documents changed: {found.changed:,}; deliveries refused: {found.refused:,}"
        + (f"; still waiting: {found.waiting:,}" if found.waiting else "")
    )
