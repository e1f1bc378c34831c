"""Fiscal calendars: years that start in any month, or years of whole weeks (4-4-5), cut into accounting periods."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Literal, NamedTuple

import msgspec

from .dates import ONE_DAY, month_end

Weeks = Literal["", "4-4-5", "4-5-4", "5-4-4"]


class FiscalPeriod(NamedTuple):
    """Period ``number`` (1 to 12) of fiscal ``year``, both its days included."""

    year: int
    number: int
    first: dt.date
    last: dt.date

    @property
    def quarter(self) -> int:
        """1 to 4."""
        return (self.number + 2) // 3

    @property
    def name(self) -> str:
        """``FY2026-P03``."""
        return f"FY{self.year}-P{self.number:02d}"


class FiscalCalendar(msgspec.Struct, frozen=True, kw_only=True):
    """How an entity cuts time into fiscal years and periods; a calendar year of months, unless said otherwise."""

    first_month: int = 1
    """Month in which the fiscal year starts, 1 to 12. A year is named after the calendar year in which it ends."""
    weeks: Weeks = ""
    """Weeks of the three periods of a quarter; empty: periods are months. The last period of a year of 53 weeks has
    a week more."""
    year_end: int = 5
    """With ``weeks``: the weekday (Monday 0 to Sunday 6) whose last one in the year's last month ends the year."""

    def period(self, day: dt.date) -> FiscalPeriod:
        """The period that a day lies in."""
        return next(p for p in self.periods(self.year(day)) if p.first <= day <= p.last)

    def year(self, day: dt.date) -> int:
        """The fiscal year that a day lies in."""
        year = day.year + (self.first_month > 1 and day.month >= self.first_month)
        return year + 1 if self.weeks and day > _year_end(self, year) else year

    def periods(self, year: int) -> tuple[FiscalPeriod, ...]:
        """The twelve periods of a fiscal year, in order and without a gap."""
        return _periods(self, year)


@lru_cache(4096)
def _periods(fiscal: FiscalCalendar, year: int) -> tuple[FiscalPeriod, ...]:
    last_day = _year_end(fiscal, year)
    first = _year_end(fiscal, year - 1) + ONE_DAY
    found = []
    for number in range(1, 13):
        if number == 12:
            last = last_day
        elif fiscal.weeks:
            last = first + dt.timedelta(weeks=int(fiscal.weeks[(number - 1) % 3 * 2])) - ONE_DAY
        else:
            last = month_end(first)
        found.append(FiscalPeriod(year, number, first, last))
        first = last + ONE_DAY
    return tuple(found)


def _year_end(fiscal: FiscalCalendar, year: int) -> dt.date:
    last = dt.date(year, fiscal.first_month, 1) - ONE_DAY if fiscal.first_month > 1 else dt.date(year, 12, 31)
    if not fiscal.weeks:
        return last
    return last - dt.timedelta(days=(last.weekday() - fiscal.year_end) % 7)
