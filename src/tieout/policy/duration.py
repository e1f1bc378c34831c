"""How long something may take: ``4 hours``, ``2 business days``, ``1 month``."""

from __future__ import annotations

import re

import msgspec

from tieout.canon.faults import MappingFault, nearest

UNITS: dict[str, str] = {
    "minute": "from instant to instant",
    "hour": "from instant to instant",
    "business hour": "only while the office is open (`office_hours`)",
    "day": "the end of that day",
    "business day": "the end of the N-th day later that is worked",
    "week": "the end of the same weekday",
    "month": "the end of the same day of the month, or of its last day",
}
"""Unit, in the singular → when it ends."""

_SHAPE = re.compile(r"\s*(\d{1,6})\s+(business\s+)?([a-z]+?)s?\s*", re.IGNORECASE)


class Duration(msgspec.Struct, frozen=True):
    """A whole number of one unit. `Calendar.due_on` and `Calendar.due_at` add it to a day or an instant."""

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str, where: str = "") -> Duration:
        """Read ``2 business days``. Raises MappingFault that names the nearest unit for anything else."""
        matched = _SHAPE.fullmatch(text) if isinstance(text, str) else None
        if matched is None:
            raise MappingFault(f"{text!r} is not a duration", where=where, mend="write it like '2 business days'")
        unit = ("business " if matched[2] else "") + matched[3].lower()
        if unit not in UNITS:
            mend = nearest(unit, UNITS) or f"units are {', '.join(UNITS)}"
            raise MappingFault(f"{unit!r} is not a unit of time", where=where, mend=mend)
        return cls(int(matched[1]), unit)

    def __str__(self) -> str:
        return f"{self.count} {self.unit}{'' if self.count == 1 else 's'}"
