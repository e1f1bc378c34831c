"""The legal entities of the simulated company, their days and their business days.

The holidays are worked out here from each country's law, not taken from the product's calendar, so that the two
check each other.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Entity:
    """A legal entity: where it is, in which money it keeps its books, and which clock its days follow."""

    code: str
    name: str
    country: str
    functional: str
    zone: str

    def at(self, day: dt.date, hour: int = 9, minute: int = 0, second: int = 0) -> dt.datetime:
        """The instant (UTC) of that local time."""
        return _midnight(self.zone, day) + dt.timedelta(hours=hour, minutes=minute, seconds=second)

    def day(self, instant: dt.datetime) -> dt.date:
        """The local day of an instant."""
        return instant.astimezone(ZoneInfo(self.zone)).date()

    def is_business_day(self, day: dt.date) -> bool:
        """Monday to Friday and no public holiday."""
        return day.weekday() < 5 and day not in holidays(self.country, day.year)

    def add_business_days(self, day: dt.date, count: int) -> dt.date:
        """The ``count``-th business day later than ``day``."""
        return _later_business_day(self, day, count)


ENTITIES: dict[str, Entity] = {
    "DE01": Entity("DE01", "Acme GmbH", "DE", "EUR", "Europe/Berlin"),
    "US01": Entity("US01", "Acme Inc.", "US", "USD", "America/New_York"),
    "JP01": Entity("JP01", "Acme KK", "JP", "JPY", "Asia/Tokyo"),
}


@lru_cache(65536)
def _midnight(zone: str, day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(dt.UTC)


@lru_cache(65536)
def _later_business_day(entity: Entity, day: dt.date, count: int) -> dt.date:
    while count:
        day += ONE_DAY
        count -= entity.is_business_day(day)
    return day


@lru_cache(1024)
def holidays(country: str, year: int) -> frozenset[dt.date]:
    """National public holidays of Germany, the United States (federal) or Japan (2024 to 2028)."""
    return frozenset({"DE": _german, "US": _american, "JP": _japanese}[country](year))


def _easter(year: int) -> dt.date:
    """Easter Sunday by the Gregorian computus (Meeus, Astronomical Algorithms, chapter 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    leap = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * leap) // 451
    month, day = divmod(h + leap - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


def _german(year: int) -> list[dt.date]:
    easter = _easter(year)
    moving = [easter + dt.timedelta(days=n) for n in (-2, 1, 39, 50)]
    return moving + [dt.date(year, m, d) for m, d in ((1, 1), (5, 1), (10, 3), (12, 25), (12, 26))]


def _weekday_of(year: int, month: int, weekday: int, nth: int) -> dt.date:
    """The nth such weekday of a month; nth -1 is the last one."""
    if nth < 0:
        last = dt.date(year + month // 12, month % 12 + 1, 1) - ONE_DAY
        return last - dt.timedelta(days=(last.weekday() - weekday) % 7)
    first = dt.date(year, month, 1)
    return first + dt.timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _american(year: int) -> list[dt.date]:
    """5 U.S.C. § 6103; a holiday on a Saturday is kept on the Friday before, on a Sunday on the Monday after."""
    moving = ((1, 0, 3), (2, 0, 3), (5, 0, -1), (9, 0, 1), (10, 0, 2), (11, 3, 4))
    days = [_weekday_of(year, *rule) for rule in moving]
    fixed = [dt.date(year, m, d) for m, d in ((1, 1), (6, 19), (7, 4), (11, 11), (12, 25))]
    fixed.append(dt.date(year + 1, 1, 1))
    for day in fixed:
        shift = {5: -1, 6: 1}.get(day.weekday(), 0)
        days += [day, day + dt.timedelta(days=shift)]
    return [day for day in days if day.year == year]


_JAPAN = {
    2024: "0101 0108 0211 0212 0223 0320 0429 0503 0504 0505 0506 0715 0811 0812 0916 0922 0923 1014 1103 1104 1123",
    2025: "0101 0113 0211 0223 0224 0320 0429 0503 0504 0505 0506 0721 0811 0915 0923 1013 1103 1123 1124",
    2026: "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
    2027: "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123",
    2028: "0101 0110 0211 0223 0320 0429 0503 0504 0505 0717 0811 0918 0922 1009 1103 1123",
}
"""National holidays with their substitute days, as the Cabinet Office announces or (2028) predicts them."""


def _japanese(year: int) -> list[dt.date]:
    return [dt.date(year, int(day[:2]), int(day[2:])) for day in _JAPAN[year].split()]
