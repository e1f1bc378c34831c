"""Figures computed and kept for whoever asks."""

from __future__ import annotations

import datetime as dt

from tieout.canon.faults import Fault
from tieout.store import standing_figures
from tieout.store.connection import connect
from tieout.store.standing_figures import Standing

from .code_version import code_version
from .kept import figures_of
from .live import known
from .progress import Progress, silent
from .result import AuditResult
from .span import check


def compute(
    dsn: str, period: str = "", entity: str = "", today: dt.date | None = None, progress: Progress = silent,
    *, is_kept: bool = True,
) -> AuditResult:  # fmt: skip
    """Compute figures of what is known now, and keep them for whoever asks. ``today``: another day than it is.

    Raises InputFault as `check` does.
    """
    with known(dsn, progress=progress) as now:
        decided = now.ruling.decided
        span = check(decided, period, entity, today or dt.datetime.now(dt.UTC).date())
        result = now.judged(span, progress=progress)
        body = figures_of(result, now.documents).encode()
        kept = Standing(
            period, entity, None, dt.datetime.now(dt.UTC), now.moment.at, span.as_of, now.ruling.version,
            code_version(decided.flows), body, None,
        )  # fmt: skip
    if is_kept:
        with connect(dsn, "tieout figures") as connection:
            standing_figures.keep(connection, kept)
    return result


def compute_wanted(dsn: str, today: dt.date | None = None) -> int:
    """Compute what was asked for, one after the other, unless somebody is at it; how many."""
    done = 0
    with standing_figures.alone(dsn) as connection:
        while connection is not None and (wanted := standing_figures.next_wanted(connection)) is not None:
            try:
                compute(dsn, *wanted, today)
            except Fault as fault:
                standing_figures.failed(connection, *wanted, str(fault))
            done += 1
    return done
