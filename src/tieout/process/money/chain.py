"""Charge chains: what one order line is to be billed, period by period, over all its price segments.

Source of the rules: docs/money.md, "Expected lines of a recurring charge".
"""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import NamedTuple

from tieout.canon.dates import ONE_DAY
from tieout.canon.documents import Amendment, Charge
from tieout.canon.money import exponent, round_half_away
from tieout.canon.rating import exact_rate
from tieout.canon.schedule import Period, periods, served, share


class Segment(NamedTuple):
    """One price segment in force: its charge, last day, grid origin, the segment it took over from, its amendment."""

    charge: Charge
    end_on: dt.date | None
    origin: dt.date
    before: Segment | None
    amendment: Amendment | None


def chains(charges: tuple[Charge, ...], amendments: dict[str, Amendment], pending: set[str]) -> list[list[Segment]]:
    """Charges linked by ``replaces`` into chains of segments, oldest first.

    ``amendments`` are those accepted by now; segments of ``pending`` ones (known but not accepted) do not count yet and
    what they would replace goes on in their place.
    """
    by_ref = {charge.ref: charge for charge in charges}
    following = {c.replaces: c for c in charges if c.replaces in by_ref}
    found: list[list[Segment]] = []
    for charge in charges:
        if charge.replaces in by_ref:
            continue
        chain: list[Segment] = []
        current: Charge | None = charge
        walked: set[str] = set()
        while current is not None and current.ref not in walked:
            walked.add(current.ref)
            _append(chain, current, amendments, pending)
            current = following.get(current.ref)
        if chain:
            found.append(chain)
    return found


def _append(chain: list[Segment], charge: Charge, amendments: dict[str, Amendment], pending: set[str]) -> None:
    before = chain[-1] if chain else None
    if charge.amendment in pending:
        if before is not None:
            chain[-1] = before._replace(end_on=charge.end_on)
        return
    origin = charge.start_on
    if before is not None:
        last = charge.start_on - ONE_DAY
        if before.end_on is None or before.end_on > last:
            chain[-1] = before = before._replace(end_on=last)
        same = before.charge.period_months == charge.period_months and before.charge.anchor_day == charge.anchor_day
        if same and charge.period_months:
            origin = before.origin
    amendment = amendments.get(charge.amendment) if charge.amendment else None
    chain.append(Segment(charge, charge.end_on, origin, before, amendment))


def grid(segment: Segment, upto: dt.date) -> tuple[Period, ...]:
    """The billing periods of a segment's grid that start on or before ``upto``."""
    charge = segment.charge
    if charge.period_months:
        return periods(segment.origin, charge.period_months, charge.anchor_day, upto)
    last = segment.end_on or charge.start_on
    return (Period(charge.start_on, last, charge.start_on),)


def full_price(charge: Charge) -> Fraction:
    """Net price of one full period in minor units, before rounding."""
    return exact_rate(charge, Fraction(charge.quantity)) * 10 ** exponent(charge.currency)


def line_amount(charge: Charge, period: Period, first: dt.date, last: dt.date) -> int:
    """Net amount of the days [first, last] of a period: the rounded price, prorated where it is a part."""
    gross = round_half_away(full_price(charge))
    if first <= period.full_first and last >= period.last:
        return gross
    part = share(charge.proration, charge.period_months, period, first, last)
    return gross if part == 1 else round_half_away(gross * part)


def price_over(segment: Segment, first: dt.date, last: dt.date, through: dt.date) -> tuple[int, int]:
    """What a segment would have cost for [first, last], had it gone on: (amount, part of it served through a day)."""
    amount = gone = 0
    for period in grid(segment._replace(end_on=last), last):
        start, end = max(period.first, first), min(period.last, last)
        if start <= end:
            part = line_amount(segment.charge, period, start, end)
            amount += part
            gone += served(part, start, end, through)
    return amount, gone


def buckets(chain: list[Segment], horizon: dt.date) -> list[tuple[Period, list[tuple[Segment, dt.date, dt.date, int]]]]:
    """Periods of a chain, each with the segments' parts: (segment, first, last, net amount).

    A segment without an end goes on to the period that starts on or before ``horizon``.
    """
    found: dict[Period, list[tuple[Segment, dt.date, dt.date, int]]] = {}
    for segment in chain:
        charge, end = segment.charge, segment.end_on
        price = None
        for period in grid(segment, end or horizon):
            first = period.first if period.first > charge.start_on else charge.start_on
            last = period.last if end is None or period.last < end else end
            if first > last:
                continue
            if first == period.full_first and last == period.last:
                if price is None:
                    price = round_half_away(full_price(charge))
                amount = price
            else:
                amount = line_amount(charge, period, first, last)
            found.setdefault(period, []).append((segment, first, last, amount))
    return sorted(found.items())
