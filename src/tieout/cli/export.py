"""``tieout export``: what the live engine knows, for other tools."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated

import typer

from tieout.canon.faults import InputFault

from .installation import AsOf, Folder, day_of, dsn_of
from .machine import writing


def export(
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR",
            help="Write documents, findings and the bridge here, as Parquet, with an audit.toml: tieout audit DIR reads it.",
        ),
    ] = None,
    ocel: Annotated[
        Path | None,
        typer.Option("--ocel", metavar="FILE", help="Write documents and milestones here, as OCEL 2.0 JSON, for process mining."),
    ] = None,
    as_of: AsOf = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Write what the live engine knows for other tools: as Parquet files, as an event log, or both."""
    from rich.console import Console

    from tieout.app.export import export_events, export_tables

    from .progress import shown_progress

    if out is None and ocel is None:
        raise InputFault("nowhere to write to", mend="give --out DIR, --ocel FILE, or both")
    with dsn_of(folder) as dsn, shown_progress(Console(stderr=True)) as progress:
        if out is not None:
            with writing(out):
                documents = export_tables(dsn, out, day_of(as_of) or dt.datetime.now(dt.UTC).date(), progress)
            typer.echo(f"{sum(documents.values()):,} documents of {len(documents)} types: {out}")
        if ocel is not None:
            with writing(ocel):
                log = export_events(dsn, ocel)
            typer.echo(f"{log.objects:,} objects, {log.events:,} events: {ocel}")
            if any(log.unfinished):
                instances, deliveries = log.unfinished
                typer.echo(
                    f"not in it yet: {instances:,} instances to evaluate, {deliveries:,} deliveries to interpret"
                )
