"""What the sources themselves state of a period: the ends that the bridge is tied to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.dates import ONE_DAY, add_months, month_end, month_of
from tieout.canon.documents import GlBalance, SourceTotal

from .bridge_rows import CONTROL_ACCOUNT, End, RowPlan

if TYPE_CHECKING:
    from tieout.policy import Policy


class BridgePeriod(NamedTuple):
    """Whole calendar months, the last perhaps still running: positions are taken the day before ``first`` and on ``last``."""

    first: dt.date
    last: dt.date

    @property
    def before(self) -> dt.date:
        """The day of the opening positions."""
        return self.first - ONE_DAY

    @property
    def name(self) -> str:
        """``2026-06``, or ``2025-07 – 2026-06``."""
        first, last = month_of(self.first), month_of(self.last)
        return first if first == last else f"{first} – {last}"

    @property
    def months(self) -> tuple[str, ...]:
        """``YYYY-MM`` of every month."""
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        return tuple(month_of(add_months(self.first.replace(day=1), index)) for index in range(count))


def months_to(as_of: dt.date, count: int = 1) -> BridgePeriod:
    """The ``count`` months that end with the month of ``as_of``; its last day is ``as_of``, or the month's end."""
    last = as_of.replace(day=1)
    return BridgePeriod(add_months(last, 1 - count), min(as_of, month_end(as_of)))


class Sources:
    """The sources' own totals, added over systems: asked by measure, entity, currency and period."""

    def __init__(self, totals: Iterable[SourceTotal], balances: Iterable[GlBalance], policy: Policy) -> None:
        self.policy = policy
        self.stated: dict[tuple[str, str, str], dict[str, dict[str, SourceTotal]]] = {}
        self.control: dict[str, dict[str, int]] = {}
        for total in totals:
            if not total.deleted:
                cell = (total.measure, total.entity, total.currency)
                self.stated.setdefault(cell, {}).setdefault(total.system, {})[total.period] = total
        for balance in balances:
            if balance.account == CONTROL_ACCOUNT and not balance.deleted:
                months = self.control.setdefault(balance.entity, {})
                months[balance.period] = months.get(balance.period, 0) + balance.closing

    def find(self, end: End, entity: str, currency: str, period: BridgePeriod, *, books: bool = False) -> int | None:
        """The total of an end in a period; None where no system states it, or one states it only for some of the months.

        ``books``: in functional currency.
        """
        months = {"opening": (month_of(period.before),), "closing": (month_of(period.last),)}.get(
            end.when, period.months
        )
        role = self.policy.role
        found = [
            stated for system, stated in self.stated.get((end.measure, entity, currency), {}).items()
            if role(system) in end.roles
        ]  # fmt: skip
        if not found:
            return None
        amounts = [_amount(stated.get(month), self.policy, books) for stated in found for month in months]
        return None if None in amounts else sum(amounts)  # type: ignore[arg-type]

    def cells(self, plan: RowPlan) -> Iterator[tuple[str, str]]:
        """(entity, currency) of every total that the row is tied to."""
        measures = {end.measure for end in (*plan.starts, plan.end)}
        for measure, entity, currency in self.stated:
            if measure in measures:
                yield entity, currency


def _amount(total: SourceTotal | None, policy: Policy, books: bool) -> int | None:
    if total is None:
        return None
    if books and total.currency != policy.functional(total.entity):
        return total.functional
    return total.amount
