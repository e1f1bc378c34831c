"""Coverage of a crosswalk: which codes of a set have a target on which days, and what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec

from tieout.canon.dates import EARLIEST, LATEST, ONE_DAY
from tieout.canon.faults import nearest

from .crosswalk import Crosswalk, CrosswalkRow


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Days, both included, on which a code has no target, and why."""

    code: str
    from_on: dt.date
    to_on: dt.date
    why: str

    def __str__(self) -> str:
        days = str(self.from_on) if self.from_on == self.to_on else f"{self.from_on} to {self.to_on}"
        return f"{self.code}: no target on {days}, {self.why}"


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What a crosswalk covers of the codes that are in use between two days, both included."""

    table: str
    entity: str
    from_on: dt.date
    to_on: dt.date
    covered: tuple[str, ...]
    """Codes with a target on every day."""
    gaps: tuple[Gap, ...]
    unused: tuple[str, ...]
    """Codes of the table that are not in use."""

    @property
    def complete(self) -> bool:
        """Whether every code is covered on every day."""
        return not self.gaps


def coverage(crosswalk: Crosswalk, codes: Iterable[str], first: dt.date, last: dt.date, entity: str = "") -> Coverage:
    """Which of ``codes`` have a target on every day of [first, last] in an entity, and the gaps of the others."""
    asked = sorted(set(codes))
    gaps = [gap for code in asked for gap in _gaps(crosswalk, code, first, last, entity)]
    missing = {gap.code for gap in gaps}
    in_use = {crosswalk.plain(code) for code in asked}
    known = {row.code for row in crosswalk.codes.rows if row.entity in ("", entity)}
    return Coverage(
        table=crosswalk.name, entity=entity, from_on=first, to_on=last,
        covered=tuple(code for code in asked if code not in missing), gaps=tuple(gaps),
        unused=tuple(sorted(code for code in known if crosswalk.plain(code) not in in_use)),
    )  # fmt: skip


def _gaps(crosswalk: Crosswalk, code: str, first: dt.date, last: dt.date, entity: str) -> list[Gap]:
    rows = sorted(crosswalk.rows_of(code, entity), key=lambda r: r.from_on or EARLIEST)
    if not rows:
        return [Gap(code=code, from_on=first, to_on=last, why=_never(crosswalk, code))]
    found: list[Gap] = []
    free, before = first, None
    for row in rows:
        begin, end = row.from_on or EARLIEST, row.to_on or LATEST
        if free < begin and free <= last:
            found.append(Gap(code=code, from_on=free, to_on=min(last, begin - ONE_DAY), why=_why(before, row)))
        if end >= free:
            free, before = end + ONE_DAY, row
    if free <= last:
        found.append(Gap(code=code, from_on=free, to_on=last, why=_why(before or rows[-1], None)))
    return found


def _why(before: CrosswalkRow | None, after: CrosswalkRow | None) -> str:
    if before is None or before.to_on is None:
        return f"its first row starts on {after.from_on}" if after else "never mapped"
    if after is None:
        return f"{before.target!r} ended on {before.to_on}"
    return f"between {before.target!r}, which ended on {before.to_on}, and {after.target!r} from {after.from_on}"


def _never(crosswalk: Crosswalk, code: str) -> str:
    alike = crosswalk.lookalike(code)
    if alike is not None:
        return f"{alike!r} differs only in case or spaces"
    hint = nearest(code, (row.code for row in crosswalk.codes.rows))
    return f"never mapped; {hint}" if hint else "never mapped"
