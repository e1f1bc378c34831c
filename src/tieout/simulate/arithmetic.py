"""The company's own arithmetic: what a charge costs, when it is billed, and how much of it was received.

Written from docs/money.md alone and sharing no formula with the product: where the two disagree, one of them is wrong.
Amounts are integer minor units; everything on the way to them is an exact fraction.
"""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from ..canon.documents import Charge, Tier
from .amounts import decimals, whole

ONE_DAY = dt.timedelta(days=1)
FOREVER = dt.date(9999, 12, 31)


def in_minor(major: Decimal | Fraction, currency: str) -> Fraction:
    """An amount in major units as exact minor units of the currency, not yet rounded."""
    return Fraction(major) * 10 ** decimals(currency)


def later(day: dt.date, months: int, keep: int = 0) -> dt.date:
    """The day so many months later, on day ``keep`` of the month (default its own), or the month's last."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return dt.date(year, month, min(keep or day.day, monthrange(year, month)[1]))


def length(first: dt.date, last: dt.date) -> int:
    """Days from first to last, both counted."""
    return (last - first).days + 1


# --- prices ---------------------------------------------------------------------------------------------------------


def rated(model: str, unit_price: Decimal, tiers: Sequence[Tier], quantity: Decimal) -> Fraction:
    """The price of a quantity in major units under a tier model, exact."""
    amount = Fraction(quantity)
    if amount <= 0:
        return Fraction(0)
    if model == "flat":
        return Fraction(unit_price)
    if model == "package":
        return -(-amount // Fraction(tiers[0].up_to or 1)) * Fraction(unit_price)
    if model == "volume":
        tier = next(t for t in tiers if t.up_to is None or amount <= Fraction(t.up_to))
        return amount * Fraction(tier.unit_price) + Fraction(tier.flat)
    if model == "graduated":
        total, below = Fraction(0), Fraction(0)
        for tier in tiers:
            if amount <= below:
                break
            top = amount if tier.up_to is None else min(amount, Fraction(tier.up_to))
            total += (top - below) * Fraction(tier.unit_price) + Fraction(tier.flat)
            below = top if tier.up_to is None else Fraction(tier.up_to)
        return total
    return amount * Fraction(unit_price)


def usage_price(charge: Charge, quantity: Decimal) -> int:
    """What a metered quantity of one month costs, minor units."""
    price = rated(charge.tier_model, charge.unit_price, charge.tiers, quantity)
    return whole(in_minor(price, charge.currency))


def exact_price(charge: Charge) -> Fraction:
    """What a whole period (or the whole one-time charge) costs, minor units, not yet rounded."""
    if charge.tier_model in ("flat", "per_unit"):
        price = Fraction(charge.quantity) * Fraction(charge.unit_price)
    else:
        price = rated(charge.tier_model, charge.unit_price, charge.tiers, charge.quantity)
    return in_minor(price, charge.currency)


def full_price(charge: Charge) -> int:
    """The same, rounded to a minor unit."""
    return whole(exact_price(charge))


def net_of(price: Fraction, charge: Charge) -> int:
    """The price as it stands on the line: rounded, and without the tax that an inclusive price contains."""
    if charge.tax_behaviour == "inclusive":
        price /= 1 + Fraction(charge.tax_rate)
    return whole(price)


# --- periods --------------------------------------------------------------------------------------------------------


class Due(NamedTuple):
    """A line that the contract asks for: one segment in one period."""

    charge: Charge
    first: dt.date
    last: dt.date
    period_first: dt.date
    """First and last day of the grid's period that it lies in; of an initial stub, the stub itself."""
    period_last: dt.date
    net: int
    bill_on: dt.date


class Period(NamedTuple):
    """One period of a grid, and the whole period that prices refer to (longer than an initial stub)."""

    first: dt.date
    last: dt.date
    full_first: dt.date


def grid(start: dt.date, anchor: int | None, months: int) -> Iterator[Period]:
    """The periods from ``start`` on, without end."""
    keep = anchor or start.day
    origin = start
    if keep != start.day:
        origin = next(d for d in (later(start, n, keep) for n in (0, 1)) if d > start)
        yield Period(start, origin - ONE_DAY, later(origin, -months, keep))
    count = 0
    while True:
        first, after = later(origin, count * months, keep), later(origin, (count + 1) * months, keep)
        yield Period(first, after - ONE_DAY, first)
        count += 1


def prorated(charge: Charge, first: dt.date, last: dt.date, period: Period) -> Fraction:
    """The price of the days [first, last] of a period, minor units, not yet rounded."""
    price = exact_price(charge)
    if first == period.full_first and last == period.last:
        return price
    if charge.proration == "none":
        return price
    if charge.proration == "30/360":
        thirty = (last.year - first.year) * 360 + (last.month - first.month) * 30
        thirty += min(last.day, 30) - min(first.day, 30) + 1
        return price * Fraction(thirty, 30 * charge.period_months)
    if charge.proration == "month":
        started = next(n for n in range(1, 1200) if later(first, n) > last)
        return price * Fraction(started, charge.period_months)
    return price * Fraction(length(first, last), length(period.full_first, period.last))


def runs(segments: Sequence[Charge]) -> Iterator[list[tuple[Charge, dt.date]]]:
    """Neighbouring segments that share one grid, each with its last day (FOREVER without an end)."""
    run: list[tuple[Charge, dt.date]] = []
    for segment, successor in zip(segments, [*segments[1:], None], strict=True):
        last = segment.end_on or FOREVER
        if successor is not None:
            last = min(last, successor.start_on - ONE_DAY)
        if run and (run[0][0].period_months, run[0][0].anchor_day) != (segment.period_months, segment.anchor_day):
            yield run
            run = []
        run.append((segment, last))
    yield run


def slots(segments: Sequence[Charge], until: dt.date) -> Iterator[tuple[Charge, dt.date, dt.date, Period]]:
    """Every segment in every period that starts by ``until``: the segment, its first and last day there, the period."""
    for run in runs(segments):
        head, end = run[0][0], run[-1][1]
        if head.period_months:
            periods = grid(head.start_on, head.anchor_day, head.period_months)
        else:
            last_day = head.end_on or end
            periods = iter([Period(head.start_on, last_day, head.start_on)])
        for period in periods:
            if period.first > min(until, end):
                break
            for segment, last in run:
                a, b = max(segment.start_on, period.first), min(last, period.last)
                if a <= b:
                    yield segment, a, b, period


# --- what was received ----------------------------------------------------------------------------------------------


def portion(first: dt.date, last: dt.date, through: dt.date) -> Fraction:
    """How much of the range has gone by at the end of ``through``: by months where it is whole months, else by days."""
    if through < first:
        return Fraction(0)
    if through >= last:
        return Fraction(1)
    after = last + ONE_DAY
    months = (after.year - first.year) * 12 + after.month - first.month
    if months < 1 or later(first, months) != after:
        return Fraction(length(first, through), length(first, last))
    gone = max(n for n in range(months) if later(first, n) <= through + ONE_DAY)
    begun, ends = later(first, gone), later(first, gone + 1)
    return (gone + Fraction((through - begun).days + 1, (ends - begun).days)) / months


def value(amount: int, first: dt.date, last: dt.date, through: dt.date) -> int:
    """What of a line's amount was received by the end of ``through``, minor units."""
    return whole(amount * portion(first, last, through))


def served(amount: int, first: dt.date, last: dt.date, since: dt.date | None, through: dt.date) -> int:
    """What of a line's amount was received by a service that runs from ``since`` (None: never) through ``through``."""
    if since is None:
        return 0
    return max(0, value(amount, first, last, through) - value(amount, first, last, since - ONE_DAY))


def months_between(first: dt.date, last: dt.date) -> Fraction:
    """The range in months from its first day: the whole ones, and the started one by its days."""
    if last < first:
        return Fraction(0)
    full = 0
    while later(first, full + 1) <= last + ONE_DAY:
        full += 1
    begun, ends = later(first, full), later(first, full + 1)
    return full + Fraction((last - begun).days + 1, (ends - begun).days)
