"""An entity's calendar: which day an instant belongs to, which days are worked, when something is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from tieout.canon.dates import ONE_DAY, add_months

from .duration import Duration

WEEKEND = frozenset({5, 6})
"""Saturday and Sunday, as `datetime.date.weekday` counts."""
OFFICE_HOURS = (dt.time(9), dt.time(17))

_MIDNIGHT = dt.time.min


class Calendar:
    """Days of one time zone, with its holidays, weekend and office hours. Immutable; answers are remembered.

    An instant without an offset is UTC, as everywhere in Tieout.
    """

    __slots__ = ("_added", "_ends", "_offsets", "_starts", "_utc", "holidays", "office_hours", "weekend", "zone")

    def __init__(
        self,
        time_zone: str = "UTC",
        holidays: Iterable[dt.date] = (),
        weekend: Iterable[int] = WEEKEND,
        office_hours: tuple[dt.time, dt.time] = OFFICE_HOURS,
    ) -> None:
        self.zone = ZoneInfo(time_zone)
        self.holidays = frozenset(holidays)
        self.weekend = frozenset(weekend)
        self.office_hours = office_hours
        self._utc = time_zone == "UTC"
        self._added: dict[tuple[dt.date, int], dt.date] = {}
        self._ends: dict[dt.date, dt.datetime] = {}
        self._starts: dict[dt.date, dt.datetime] = {}
        self._offsets: dict[dt.date, dt.timedelta | None] = {}
        """Of each day in UTC, how far the clock here is ahead of it; None where that changes in the course of it."""

    def __reduce__(self) -> tuple[object, ...]:
        return Calendar, (self.zone.key, tuple(sorted(self.holidays)), tuple(self.weekend), self.office_hours)

    def day(self, instant: dt.datetime) -> dt.date:
        """The day on which an instant falls here."""
        zone = instant.tzinfo
        if self._utc and (zone is None or zone is dt.UTC):
            return instant.date()
        if zone is None:
            instant = instant.replace(tzinfo=dt.UTC)
        elif zone is not dt.UTC:
            return instant.astimezone(self.zone).date()
        day = instant.date()
        try:
            offset = self._offsets[day]
        except KeyError:
            offset = self._offsets[day] = self._offset(day)
        return (instant + offset).date() if offset is not None else instant.astimezone(self.zone).date()

    def _offset(self, day: dt.date) -> dt.timedelta | None:
        first, last = (
            dt.datetime.combine(day, time, dt.UTC).astimezone(self.zone) for time in (_MIDNIGHT, dt.time.max)
        )
        return first.utcoffset() if first.utcoffset() == last.utcoffset() else None

    def local(self, instant: dt.datetime) -> dt.datetime:
        """The instant by the entity's clock."""
        aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=dt.UTC)
        return aware.astimezone(self.zone)

    def happened(self, instant: dt.datetime | None, day: dt.date) -> bool:
        """Whether an instant lies on or before the end of ``day``; never for None."""
        return instant is not None and self.day(instant) <= day

    def is_business_day(self, day: dt.date) -> bool:
        """Whether the day is worked: no weekend, no holiday."""
        return day.weekday() not in self.weekend and day not in self.holidays

    def add_business_days(self, day: dt.date, count: int) -> dt.date:
        """The ``count``-th business day later than ``day`` (earlier for a negative count; 0 is the day itself)."""
        asked = (day, count)
        found = self._added.get(asked)
        if found is None:
            step, left, found = (ONE_DAY if count > 0 else -ONE_DAY), abs(count), day
            while left:
                found += step
                left -= self.is_business_day(found)
            self._added[asked] = found
        return found

    def due_on(self, day: dt.date, within: Duration) -> dt.date:
        """The last day that is still in time, ``within`` after ``day``. Hours and minutes leave the day itself."""
        count, unit = within.count, within.unit
        if unit == "business day":
            return self.add_business_days(day, count)
        if unit == "month":
            return add_months(day, count)
        if unit in ("day", "week"):
            return day + dt.timedelta(days=count if unit == "day" else 7 * count)
        return day

    def due_at(self, instant: dt.datetime, within: Duration) -> dt.datetime:
        """The last instant (UTC) that is still in time. Days, weeks and months end with their last day here."""
        if within.unit == "hour":
            return self._utc_of(instant) + dt.timedelta(hours=within.count)
        if within.unit == "minute":
            return self._utc_of(instant) + dt.timedelta(minutes=within.count)
        if within.unit == "business hour":
            return self._add_business_hours(instant, within.count)
        return self.end_of(self.due_on(self.day(instant), within))

    def end_of(self, day: dt.date) -> dt.datetime:
        """The last microsecond of a day here, in UTC."""
        found = self._ends.get(day)
        if found is None:
            found = self._ends[day] = self.start_of(day + ONE_DAY) - dt.timedelta(microseconds=1)
        return found

    def start_of(self, day: dt.date) -> dt.datetime:
        """The first moment of a day here, in UTC."""
        found = self._starts.get(day)
        if found is None:
            found = self._starts[day] = dt.datetime.combine(day, _MIDNIGHT, self.zone).astimezone(dt.UTC)
        return found

    def _utc_of(self, instant: dt.datetime) -> dt.datetime:
        if instant.tzinfo is dt.UTC:
            return instant
        return instant.replace(tzinfo=dt.UTC) if instant.tzinfo is None else instant.astimezone(dt.UTC)

    def _add_business_hours(self, instant: dt.datetime, hours: int) -> dt.datetime:
        """Hours counted only while the office is open, on the office's clock."""
        now, left = self._utc_of(instant), dt.timedelta(hours=hours)
        day = self.day(instant)
        while True:
            if self.is_business_day(day):
                opens, closes = (
                    dt.datetime.combine(day, time, self.zone).astimezone(dt.UTC) for time in self.office_hours
                )
                start = max(now, opens)
                if start + left <= closes:
                    return start + left
                left -= max(dt.timedelta(0), closes - start)
            day += ONE_DAY
