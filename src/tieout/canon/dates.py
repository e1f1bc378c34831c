"""Days and months: month arithmetic that keeps its anchor day, and the conventions that count days."""

from __future__ import annotations

import calendar
import datetime as dt
from functools import lru_cache

ONE_DAY = dt.timedelta(days=1)
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(2200, 12, 31)
"""Days outside this range are slips of the pen and refused."""


def days_in_month(year: int, month: int) -> int:
    """28 to 31."""
    return calendar.monthrange(year, month)[1]


@lru_cache(65536)
def add_months(day: dt.date, months: int, anchor_day: int | None = None) -> dt.date:
    """The day ``months`` later, on ``anchor_day`` (default: the day's own) or the month's last day where it is shorter."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    return dt.date(year, month, min(anchor_day or day.day, days_in_month(year, month)))


def month_end(day: dt.date) -> dt.date:
    """The last day of the day's calendar month."""
    return day.replace(day=days_in_month(day.year, day.month))


@lru_cache(65536)
def month_of(day: dt.date) -> str:
    """``YYYY-MM``."""
    return f"{day.year:04d}-{day.month:02d}"


@lru_cache(65536)
def whole_months(first: dt.date, last: dt.date) -> int:
    """How many months the range [first, last] is, both ends included; 0 where it is not a whole number of months."""
    after = last + ONE_DAY
    months = (after.year - first.year) * 12 + after.month - first.month
    return months if months > 0 and add_months(first, months) == after else 0


def days_30_360(first: dt.date, last: dt.date) -> int:
    """Days of [first, last], both included, with every month counted as 30 days (day 31 counts as 30)."""
    months = (last.year - first.year) * 12 + last.month - first.month
    return months * 30 + min(last.day, 30) - min(first.day, 30) + 1
