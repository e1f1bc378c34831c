"""Crosswalks: what a code of one system is called in another, from which day to which.

A code is compared after spaces around it are dropped. A table that is declared with ``match = "loose"`` also ignores case and
takes runs of spaces for one; an exact table does not, but says when only that kept a code from being found.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Literal

import msgspec

from tieout.canon.dates import EARLIEST, LATEST, ONE_DAY
from tieout.canon.faults import MappingFault

from .table import Table

Match = Literal["exact", "loose"]


class CrosswalkRow(msgspec.Struct, frozen=True, kw_only=True):
    """``code`` is called ``target`` from ``from_on`` to ``to_on`` (both included), in one entity or in all."""

    code: str
    target: str
    from_on: dt.date | None = None
    to_on: dt.date | None = None
    entity: str = ""

    def covers(self, day: dt.date) -> bool:
        """Whether the row is in force on a day."""
        return (self.from_on is None or self.from_on <= day) and (self.to_on is None or day <= self.to_on)

    @property
    def span(self) -> str:
        """The row's days in words."""
        if self.from_on is None and self.to_on is None:
            return "always"
        begin = f"from {self.from_on}" if self.from_on else ""
        return f"{begin} {f'to {self.to_on}' if self.to_on else ''}".strip()


class Codes(msgspec.Struct, frozen=True):
    """A crosswalk as the policy holds it: how codes are compared, and its rows in order of code, entity and day."""

    match: Match = "exact"
    rows: tuple[CrosswalkRow, ...] = ()


class Crosswalk:
    """One table of codes. ``declared`` is False for a table that the policy does not have: then a miss is no gap."""

    __slots__ = ("_by_code", "codes", "declared", "name")

    def __init__(self, name: str, codes: Codes, *, declared: bool = True) -> None:
        self.name, self.codes, self.declared = name, codes, declared
        self._by_code: dict[str, list[CrosswalkRow]] = {}
        for row in codes.rows:
            self._by_code.setdefault(self.plain(row.code), []).append(row)

    def plain(self, code: str) -> str:
        """A code as it is compared."""
        return loosely(code) if self.codes.match == "loose" else code.strip()

    def entry(self, code: str) -> str:
        """How a verdict says that it looked this code up, found or not: ``crosswalk/item/SKU-7``."""
        return f"crosswalk/{self.name}/{self.plain(code)}"

    def find(self, code: str, day: dt.date, entity: str = "") -> str | None:
        """What ``code`` is called on ``day``: the entity's own row before one of all entities; None where no row is."""
        found = None
        for row in self._by_code.get(self.plain(code), ()):
            if row.covers(day):
                if row.entity == entity:
                    return row.target
                if not row.entity:
                    found = row.target
        return found

    def rows_of(self, code: str, entity: str = "") -> tuple[CrosswalkRow, ...]:
        """Every row of a code that counts in an entity, those of all entities included, whatever its days."""
        return tuple(row for row in self._by_code.get(self.plain(code), ()) if row.entity in ("", entity))

    def lookalike(self, code: str) -> str | None:
        """A code of the table that differs from an unknown one only in case or spaces."""
        loose = loosely(code)
        return next((known for known in self._by_code if loosely(known) == loose and known != self.plain(code)), None)


def loosely(code: str) -> str:
    """A code without regard to case and to runs of spaces."""
    return " ".join(code.split()).casefold()


def read_rows(rows: Iterable[CrosswalkRow | Mapping[str, Any]], where: str, table: str) -> list[CrosswalkRow]:
    """Rows as written (``code, target, from, to, entity``; days as such or as text). Raises MappingFault by row."""
    found = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, CrosswalkRow):
            found.append(row)
            continue
        values = Table(row, where, f"crosswalk {table} row {number}")
        read = CrosswalkRow(
            code=values.text("code", None).strip(), target=values.text("target", None).strip(),
            from_on=values.day("from"), to_on=values.day("to"), entity=values.text("entity"),
        )  # fmt: skip
        values.finish()
        if read.from_on and read.to_on and read.to_on < read.from_on:
            values.fault(
                "to", f"{read.code!r} ends on {read.to_on}, before it starts on {read.from_on}", "swap the days"
            )
        found.append(read)
    return found


def laid_over(table: str, codes: Codes, rows: Iterable[CrosswalkRow]) -> Codes:
    """The table in which these rows hold on their days; what was said of their codes before holds on the other days.

    A code of one entity and the same of another, or of all, are apart. Raises MappingFault where the new rows contradict one another.
    """
    plain = Crosswalk(table, Codes(codes.match)).plain
    new = joined(table, Codes(codes.match), rows).rows
    laid: dict[tuple[str, str], list[CrosswalkRow]] = {}
    for row in new:
        laid.setdefault((plain(row.code), row.entity), []).append(row)
    kept: list[CrosswalkRow] = []
    for known in codes.rows:
        left = [known]
        for row in laid.get((plain(known.code), known.entity), ()):
            left = [part for each in left for part in _outside(each, row)]
        kept += left
    return joined(table, Codes(codes.match, tuple(kept)), new)


def _outside(known: CrosswalkRow, row: CrosswalkRow) -> Iterator[CrosswalkRow]:
    """What is left of a row on the days before and after another one."""
    first, last = known.from_on or EARLIEST, known.to_on or LATEST
    if row.from_on is not None and first < row.from_on:
        yield msgspec.structs.replace(known, to_on=row.from_on - ONE_DAY if last >= row.from_on else known.to_on)
    if row.to_on is not None and last > row.to_on:
        yield msgspec.structs.replace(known, from_on=row.to_on + ONE_DAY if first <= row.to_on else known.from_on)


def joined(table: str, codes: Codes, more: Iterable[CrosswalkRow], where: str = "") -> Codes:
    """The table with further rows, in order. Raises MappingFault where two rows of one code hold on the same day."""
    plain = Crosswalk(table, Codes(codes.match)).plain
    rows = sorted((*codes.rows, *more), key=lambda r: (plain(r.code), r.entity, r.from_on or EARLIEST))
    for row, following in pairwise(rows):
        if (plain(row.code), row.entity) != (plain(following.code), following.entity):
            continue
        if (row.to_on or LATEST) >= (following.from_on or EARLIEST):
            begin = following.from_on
            mend = f"end the first on {begin - ONE_DAY}" if begin and begin != row.from_on else "keep one of them"
            place = f" in {row.entity}" if row.entity else ""
            raise MappingFault(
                f"{row.code!r}{place} is {row.target!r} ({row.span}) and {following.target!r} ({following.span}) on the"
                " same days", where=f"{where} crosswalk {table}".strip(), mend=mend,
            )  # fmt: skip
    return Codes(codes.match, tuple(rows))
