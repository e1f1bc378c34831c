"""``tieout streams``: what comes in, and what is expected to."""

from __future__ import annotations

import datetime as dt
import getpass
import os
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="What comes in over each connection, and what is expected to.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder; default: TIEOUT_DATA, or the usual one.")
]


@app.command("list")
def list_streams(
    connection: Annotated[str | None, typer.Argument(help="Only those of one connection.", show_default=False)] = None,
    folder: Folder = None,
) -> None:
    """List the streams, what is expected of them, and which are silent. Exit code 1 if any is."""
    from tieout import settings
    from tieout.process.liveness import Stream
    from tieout.store import streams
    from tieout.store.connection import connect
    from tieout.store.embedded import database

    def row(stream: Stream, documents: int) -> tuple[str, ...]:
        expected = f"at least {stream.at_least} every {stream.every}" if stream.every else "nothing"
        expected += f"; read within {stream.retention}" if stream.retention else ""
        last = f"{stream.last_document_at:%Y-%m-%d %H:%M}" if stream.last_document_at else "never"
        state = f"! since {stream.silent_since:%Y-%m-%d %H:%M}" if stream.silent_since else "ok" if stream.every else ""
        return stream.key.removeprefix("stream/"), f"{documents:,}", last, expected, state

    with database(settings.read(os.environ, folder)) as dsn, connect(dsn, "tieout streams") as opened:
        listed = streams.listed(opened, connection)
    rows = [("stream", "documents", "last (UTC)", "expected", ""), *(row(one.stream, one.documents) for one in listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    raise typer.Exit(int(any(one.stream.silent_since for one in listed)))


@app.command("expect")
def expect(
    connection: Annotated[str, typer.Argument(help="The connection, as in POST /hooks/CONNECTION.")],
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Type of the documents, such as invoice.")],
    entity: Annotated[str, typer.Option(metavar="ENTITY", help="Only documents of this legal entity.")] = "",
    at_least: Annotated[
        int, typer.Option(metavar="N", min=0, help="So many documents; 0: none are expected any more.")
    ] = 0,
    every: Annotated[
        str, typer.Option(metavar="TIME", help="Within this time, such as '15 minutes' or '1 business day'.")
    ] = "",
    retention: Annotated[
        str, typer.Option(metavar="TIME", help="How long the source keeps what has changed, such as '72 hours'.")
    ] = "",
    why: Annotated[str, typer.Option(metavar="WHY", help="A reason, for the audit trail.")] = "",
    folder: Folder = None,
) -> None:
    """Declare what is normal for a stream. Less than that becomes a finding of class stream_silent, and a case."""
    from tieout import settings
    from tieout.process.liveness import declared
    from tieout.store import streams
    from tieout.store.connection import connect
    from tieout.store.embedded import database

    stream = declared(connection, type_, entity, at_least, every, retention)
    with database(settings.read(os.environ, folder)) as dsn, connect(dsn, "tieout streams") as opened:
        streams.expect(opened, stream, who=getpass.getuser(), kind="person", why=why, now=dt.datetime.now(dt.UTC))
    typer.echo(
        f"{stream.key}: " + (f"at least {at_least} every {stream.every}" if stream.every else "nothing is expected")
    )
