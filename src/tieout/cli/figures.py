"""``tieout figures``, ``report`` and ``asof``: the live engine's figures of the whole company."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated

import typer

from tieout.canon.faults import InputFault

from .audit import Outputs, finish, write_outputs
from .installation import AsOf, Folder, day_of, dsn_of

Period = Annotated[
    str,
    typer.Option("--period", metavar="MONTH", help="The bridge of this month (YYYY-MM); default: all months so far."),
]
Entity = Annotated[
    str, typer.Option("--entity", metavar="ENTITY", help="Only this legal entity; default: the whole company.")
]


def figures(
    period: Period = "",
    entity: Entity = "",
    as_of: AsOf = None,
    is_asked_for: Annotated[bool, typer.Option("--wanted", hidden=True)] = False,
    folder: Folder = None,
) -> None:
    """Compute totals, bridge and key figures of what is known now, show them, and keep them for the API."""
    from rich.console import Console

    from tieout.audit.report.terminal import print_summary
    from tieout.audit.standing import compute, compute_wanted

    from .progress import shown_progress

    with dsn_of(folder) as dsn:
        if is_asked_for:
            os.nice(10)  # Those who take and judge what arrives go before it.
            compute_wanted(dsn, day_of(as_of))
            return
        with shown_progress(Console(stderr=True)) as progress:
            result = compute(dsn, period, entity, day_of(as_of), progress, is_kept=as_of is None)
    print_summary(result, Console())


def report(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Write report.html, report.xlsx, report.json and parquet/ here."),
    ],
    period: Period = "",
    entity: Entity = "",
    as_of: AsOf = None,
    folder: Folder = None,
) -> None:
    """Write the audit's report of what the live engine knows now: HTML, Excel, JSON and Parquet."""
    from rich.console import Console

    from tieout.audit.standing import compute

    from .progress import shown_progress

    outputs = Outputs().under(out)
    outputs.check()
    with dsn_of(folder) as dsn, shown_progress(Console(stderr=True)) as progress:
        result = compute(dsn, period, entity, day_of(as_of), progress, is_kept=as_of is None)
        write_outputs(result, outputs, progress)
    raise typer.Exit(finish(result, outputs, [], Console()))


def asof(
    date: Annotated[
        str, typer.Argument(metavar="DATE", help="What was known at the end of this day (UTC), or at this instant.")
    ],
    day: Annotated[
        str, typer.Option("--day", metavar="DATE", help="The state at the end of this day, as it was known; default: DATE.")
    ] = "",
    period: Period = "",
    entity: Entity = "",
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="Write the report of it here, too.")
    ] = None,
    folder: Folder = None,
) -> None:  # fmt: skip
    """Show totals, bridge and key figures as they were known then: the documents of then, under the policy of then."""
    from rich.console import Console

    from tieout.audit.live import known
    from tieout.audit.span import check
    from tieout.store.snapshot import Moment

    from .progress import shown_progress

    at = _end_of(date)
    state = at.date() if not day else _end_of(day, "--day").date()
    outputs = Outputs().under(out)
    outputs.check()
    with (
        dsn_of(folder) as dsn,
        shown_progress(Console(stderr=True)) as progress,
        known(dsn, Moment(at), progress) as then,
    ):
        span = check(then.ruling.decided, period, entity, state)
        result = then.judged(span, progress=progress)
        write_outputs(result, outputs, progress)
    raise typer.Exit(finish(result, outputs, [], Console()))


def _end_of(text: str, where: str = "DATE") -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputFault(f"{text!r} is no day", where=where, mend="write it like 2026-06-30") from None
    if len(text) <= len("2026-06-30"):
        found += dt.timedelta(days=1) - dt.timedelta(microseconds=1)
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
