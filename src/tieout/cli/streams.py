"""``tieout streams``: what comes in, and what is expected to."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from .installation import Folder, by, opened

app = typer.Typer(help="What comes in over each connection, and what is expected to.", no_args_is_help=True)


@app.command("list")
def list_streams(
    connection: Annotated[str | None, typer.Argument(help="Only those of one connection.", show_default=False)] = None,
    folder: Folder = None,
) -> None:
    """List the streams, what is expected of them, and which are silent. Exit code 1 if any is."""
    from tieout.process.liveness import Stream
    from tieout.store import streams

    def row(stream: Stream, documents: int) -> tuple[str, ...]:
        expected = f"at least {stream.at_least} every {stream.every}" if stream.every else "nothing"
        expected += f"; read within {stream.retention}" if stream.retention else ""
        last = f"{stream.last_document_at:%Y-%m-%d %H:%M}" if stream.last_document_at else "never"
        state = f"! since {stream.silent_since:%Y-%m-%d %H:%M}" if stream.silent_since else "ok" if stream.every else ""
        return stream.key.removeprefix("stream/"), f"{documents:,}", last, expected, state

    with opened(folder, "tieout streams") as database:
        listed = streams.listed(database, connection)
    rows = [("stream", "documents", "last (UTC)", "expected", ""), *(row(one.stream, one.documents) for one in listed)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for cells in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    raise typer.Exit(int(any(one.stream.silent_since for one in listed)))


@app.command("suggest")
def suggest(folder: Folder = None) -> None:
    """Suggest what to expect of the streams of which nothing is, from what came in the last four weeks."""
    from tieout.store import streams
    from tieout.store.decisions import current

    now = dt.datetime.now(dt.UTC)
    with opened(folder, "tieout streams") as database:
        _, decided = current(database)
        found = streams.suggestions(database, decided.policy, now)
    for stream, one in found:
        entity = f" --entity {stream.entity}" if stream.entity else ""
        typer.echo(f"# {one.because}")
        typer.echo(
            f'tieout streams expect {stream.connection} {stream.type}{entity} --at-least {one.at_least} --every "{one.every}"'
        )
    if not found:
        typer.echo("Nothing to suggest: two weeks of a stream must be known, and something must come in each.")


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
    from tieout.process.liveness import declared
    from tieout.store import streams

    stream = declared(connection, type_, entity, at_least, every, retention)
    with opened(folder, "tieout streams") as database:
        streams.expect(database, stream, by(why), dt.datetime.now(dt.UTC))
    typer.echo(
        f"{stream.key}: " + (f"at least {at_least} every {stream.every}" if stream.every else "nothing is expected")
    )
