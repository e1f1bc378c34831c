"""Figures computed and kept for whoever asks."""

from __future__ import annotations

import datetime as dt

from tieout.canon.dates import month_end
from tieout.canon.faults import Fault, InputFault
from tieout.engine.decided import Decided
from tieout.store import standing_figures
from tieout.store.connection import connect
from tieout.store.standing_figures import Standing

from .code_version import code_version
from .evaluation import Span
from .kept import figures_of
from .live import known
from .progress import Progress, silent
from .result import AuditResult
from .sealing import check_entity


def span_of(period: str, entity: str, today: dt.date) -> Span:
    """A month up to today, or all of them where none is named. Raises InputFault for what is no month, and one that has not begun."""
    if not period:
        return Span(as_of=today, entities=(entity,) if entity else ())
    try:
        first = dt.date.fromisoformat(f"{period}-01")
    except ValueError:
        raise InputFault(f"{period!r} is not a month", where="period", mend="write it like 2026-06") from None
    if first > today:
        raise InputFault(f"{period} has not begun", where="period", mend=f"{today:%Y-%m} is the newest")
    return Span(as_of=min(today, month_end(first)), entities=(entity,) if entity else (), period=period)


def check(decided: Decided, period: str, entity: str, today: dt.date) -> Span:
    """What such figures are of. Raises InputFault for a month or an entity that there is not."""
    check_entity(entity, decided)
    return span_of(period, entity, today)


def compute(
    dsn: str, period: str = "", entity: str = "", today: dt.date | None = None, progress: Progress = silent
) -> AuditResult:  # fmt: skip
    """Compute figures of what is known now, and keep them. Raises InputFault as `check` does."""
    with known(dsn, progress=progress) as now:
        decided = now.ruling.decided
        span = check(decided, period, entity, today or dt.datetime.now(dt.UTC).date())
        result = now.judged(span, progress=progress)
        body = figures_of(result, now.documents).encode()
        kept = Standing(
            period, entity, None, dt.datetime.now(dt.UTC), now.moment.at, span.as_of, now.ruling.version,
            code_version(decided.flows), body, None,
        )  # fmt: skip
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
