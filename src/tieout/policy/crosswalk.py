"""Crosswalks: what a code of one system is called in another, from which day to which."""

from __future__ import annotations

import datetime as dt

import msgspec


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


class Crosswalk:
    """One table of codes. ``declared`` is False for a table that the policy does not have: then a miss is no gap."""

    __slots__ = ("_by_code", "declared", "name", "rows")

    def __init__(self, name: str, rows: tuple[CrosswalkRow, ...] = (), *, declared: bool = True) -> None:
        self.name, self.rows, self.declared = name, rows, declared
        self._by_code: dict[tuple[str, str], list[CrosswalkRow]] = {}
        for row in rows:
            self._by_code.setdefault((row.code, row.entity), []).append(row)

    def find(self, code: str, day: dt.date, entity: str = "") -> str | None:
        """What ``code`` is called on ``day``: the entity's own row before one of all entities; None where no row is."""
        for place in (entity, "") if entity else ("",):
            for row in self._by_code.get((code, place), ()):
                if row.covers(day):
                    return row.target
        return None
