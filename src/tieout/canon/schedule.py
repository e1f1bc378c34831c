"""Billing periods of a charge, the price of a part of one, and how much of a service range has gone by.

Everything here depends on few distinct shapes (start, end, length, anchor), so results are cached by shape.
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from .dates import ONE_DAY, add_months, days_30_360, whole_months
from .money import round_half_away


class Period(NamedTuple):
    """A billing period [first, last]; ``full_first`` is where it would have started, were it not an initial stub."""

    first: dt.date
    last: dt.date
    full_first: dt.date


@lru_cache(65536)
def periods(start: dt.date, months: int, anchor_day: int | None, upto: dt.date) -> tuple[Period, ...]:
    """The periods that start on or before ``upto``, each ``months`` long, on the anchor day (default: the start's).

    With another anchor day than the start's the first period is a stub up to the day before the first anchor day.
    """
    found: list[Period] = []
    origin, day = start, anchor_day or start.day
    if anchor_day and add_months(start, 0, anchor_day) != start:
        origin = add_months(start, 0, anchor_day)
        if origin <= start:
            origin = add_months(start, 1, anchor_day)
        if start <= upto:
            found.append(Period(start, origin - ONE_DAY, add_months(origin, -months, day)))
    count = 0
    first = origin
    while first <= upto:
        count += 1
        following = add_months(origin, count * months, day)
        found.append(Period(first, following - ONE_DAY, first))
        first = following
    return tuple(found)


@lru_cache(65536)
def share(convention: str, months: int, period: Period, first: dt.date, last: dt.date) -> Fraction:
    """The part of a full period's price that the days [first, last] of it cost under a proration convention.

    ``none`` all · ``day`` and ``second`` by actual days · ``30/360`` by 30-day months · ``month`` by started months.
    """
    if convention == "none" or (first <= period.full_first and last >= period.last):
        return Fraction(1)
    if convention == "30/360":
        return Fraction(days_30_360(first, last), 30 * months) if months else Fraction(1)
    if convention == "month":
        started = 0
        while add_months(first, started) <= last:
            started += 1
        return Fraction(started, months) if months else Fraction(1)
    return Fraction((last - first).days + 1, (period.last - period.full_first).days + 1)


@lru_cache(262144)
def portion(first: dt.date, last: dt.date, through: dt.date) -> Fraction:
    """How much of [first, last] has gone by at the end of day ``through``: 0 to 1.

    A range of whole months goes by month for month, the started month day by day; any other range day by day.
    """
    if through >= last:
        return Fraction(1)
    if through < first:
        return Fraction(0)
    months = whole_months(first, last)
    if not months:
        return Fraction((through - first).days + 1, (last - first).days + 1)
    done, month_first, following = months_into(first, through)
    return (done + Fraction((through - month_first).days + 1, (following - month_first).days)) / months


def months_into(first: dt.date, through: dt.date) -> tuple[int, dt.date, dt.date]:
    """Whole months from ``first`` that ended before ``through``'s month of service; that month's first day and the next's."""
    done = (through.year - first.year) * 12 + through.month - first.month
    if add_months(first, done) > through:
        done -= 1
    return done, add_months(first, done), add_months(first, done + 1)


def served(amount: int, first: dt.date, last: dt.date, through: dt.date) -> int:
    """The value of a line's range that has gone by at the end of ``through``, in minor units, rounded once."""
    if through >= last:
        return amount
    if through < first:
        return 0
    return round_half_away(amount * portion(first, last, through))
