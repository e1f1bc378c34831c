"""Posting rules: which accounting period an invoice may be booked in."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.dates import ONE_DAY, add_months, month_of


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """What the ERP accepts. ``locks`` holds the day on which an entity's receivables locked, by period (``YYYY-MM``)."""

    month_end_to_next: bool = True
    """Whether an invoice of the last day of a month may be booked in the next period."""
    locks: dict[str, dict[str, dt.date]] = {}

    def accepts(self, issued_on: dt.date, period: str, entity: str, posted_on: dt.date | None = None) -> bool:
        """Whether an invoice issued on that day may be in that period.

        Its own month; the next one, for the last day of a month where policy allows it; or the next open period, when
        receivables of its month were locked by ``posted_on`` (default: the day of issue).
        """
        own = month_of(issued_on)
        if period == own:
            return True
        if self.month_end_to_next and period == month_of(issued_on + ONE_DAY):
            return True
        day = posted_on or issued_on
        return self.locked(own, entity, day) and period == self.open_period(issued_on, entity, day)

    def locked(self, period: str, entity: str, day: dt.date) -> bool:
        """Whether receivables of the period were locked on or before ``day``."""
        locked_on = self.locks.get(entity, {}).get(period)
        return locked_on is not None and locked_on <= day

    def open_period(self, issued_on: dt.date, entity: str, day: dt.date) -> str:
        """The first period from the month of issue on that is not locked on ``day``."""
        first = issued_on.replace(day=1)
        while self.locked(month_of(first), entity, day):
            first = add_months(first, 1)
        return month_of(first)
