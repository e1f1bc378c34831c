"""Periods sealed, and what has moved their figures since: late observations, another policy, other code; each its own line.

From the sealed figures to today's it is three steps. The same documents and policy judged by today's code: the difference is the
code's. Then under today's policy: the policy's. Then with today's documents: theirs. So the three add up to the whole by construction.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tieout.canon.faults import InputFault
from tieout.engine.decided import Decided
from tieout.store import sealed_figures
from tieout.store.connection import connect
from tieout.store.sealed_figures import Seal
from tieout.store.snapshot import Ruling, heard_since, snapshot
from tieout.store.trail import By

from .code_version import code_version
from .kept import Difference, Figures, difference, figures_of
from .live import Known, known
from .progress import Progress, silent
from .span import Span, check_entity, month_span


class Sealed(msgspec.Struct, frozen=True):
    """What was sealed just now."""

    seal: Seal
    figures: Figures
    lacks: tuple[str, ...]
    """What had come in and is not in it, in words."""


class Moved(msgspec.Struct, frozen=True):
    """What one cause has moved."""

    cause: Literal["changed code", "changed policy", "late observations"]
    what: str
    """What of it there is, in words; empty where there is nothing."""
    amounts: Difference


class Recomputed(msgspec.Struct, frozen=True, kw_only=True):
    """Sealed figures beside today's."""

    seal: Seal
    sealed: Figures
    now: Figures
    whole: Difference
    moved: tuple[Moved, ...]
    """Each cause's part of the whole, which they add up to."""


def seal(
    dsn: str, period: str, entity: str, by: By, now: dt.datetime, *, again: bool = False, progress: Progress = silent
) -> Sealed:  # fmt: skip
    """Compute the figures of a month that is over, of an entity or the whole company, and seal them.

    Raises InputFault for a month that is not over, one that is sealed already (unless ``again``), and an entity that there is not.
    """
    span = month_span(period, entity)
    if span.as_of >= now.date():
        raise InputFault(f"{period} is not over", where="PERIOD", mend=f"seal it after {span.as_of}")
    with connect(dsn, "tieout seal") as connection:
        before = sealed_figures.find(connection, period, entity)
    if before is not None and not again:
        mend = "tieout seal recompute says what has moved since; --again seals it anew, beside the seal that there is"
        raise InputFault(f"{before.name} was sealed by {before.who} on {before.sealed_at:%Y-%m-%d}", mend=mend)
    with known(dsn, progress=progress) as then:
        check_entity(entity, then.ruling.decided)
        figures = _judged(then, span, then.ruling.decided, progress)
        made_of = then.moment, then.ruling, code_version(then.ruling.decided.flows)
        with connect(dsn, "tieout seal") as connection:
            kept = sealed_figures.keep(
                connection, period, entity, span.as_of, made_of, figures.encode(), by, now
            )  # fmt: skip
    return Sealed(kept, figures, then.lacks)


def recompute(dsn: str, period: str, entity: str = "", progress: Progress = silent) -> Recomputed:
    """Compute the figures of a seal again, and what has moved them by cause. Raises InputFault where there is no such seal."""
    with connect(dsn, "tieout seal") as connection:
        kept = sealed_figures.found(connection, period, entity)
        sealed = Figures.decode(sealed_figures.figures_of(connection, kept))
    with snapshot(dsn) as taken:
        today, then_ruled = taken.ruling(), taken.ruling(kept.policy)
    late, span = heard_since(dsn, kept.moment), month_span(period, entity)
    with known(dsn, kept.moment, progress) as then:
        coded = _judged(then, span, then_ruled.decided, progress)
        ruled = coded if today.version == kept.policy else _judged(then, span, today.decided, progress)
    now = ruled
    if late:
        with known(dsn, progress=progress) as present:
            now = _judged(present, span, today.decided, progress)
    moved = (
        Moved("changed code", _code(kept, today.decided), difference(sealed, coded)),
        Moved("changed policy", _policy(kept, today), difference(coded, ruled)),
        Moved("late observations", _late(late), difference(ruled, now)),
    )
    return Recomputed(seal=kept, sealed=sealed, now=now, whole=difference(sealed, now), moved=moved)


def _judged(documents: Known, span: Span, decided: Decided, progress: Progress) -> Figures:
    return figures_of(documents.judged(span, decided, progress), documents.documents)


def _code(kept: Seal, decided: Decided) -> str:
    code = code_version(decided.flows)
    return "" if code == kept.code else f"sealed by {kept.code}, this is {code}"


def _policy(kept: Seal, today: Ruling) -> str:
    return "" if today.version == kept.policy else f"sealed under version {kept.policy}, {today.version} holds now"


def _late(late: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(late.items()))
