"""Charge chains: what one order line is to be billed, period by period, over all its price segments.

Source of the rules: docs/money.md, "Expected lines of a recurring charge". Few distinct shapes of charges occur, so a
segment's lines are worked out once per shape.
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.dates import ONE_DAY, whole_months
from tieout.canon.documents import Amendment, Charge
from tieout.canon.money import exponent, round_half_away
from tieout.canon.rating import exact_rate
from tieout.canon.schedule import Period, months_into, periods, served, share

if TYPE_CHECKING:
    from .view import Billed

_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
"""Wide enough that no product of a quantity and a price is ever rounded."""

Price = Decimal | Fraction
"""An exact amount in minor units, not rounded yet."""


class Segment(NamedTuple):
    """One price segment in force: its charge, last day, grid origin, the segment it took over from, its amendment."""

    charge: Charge
    end_on: dt.date | None
    origin: dt.date
    before: Segment | None
    amendment: Amendment | None


class Part(NamedTuple):
    """The days [first, last] of one period that one segment covers, and their net price in minor units."""

    segment: Segment
    first: dt.date
    last: dt.date
    net: int


class Row(NamedTuple):
    """A segment's line in one period of its grid."""

    period: Period
    first: dt.date
    last: dt.date
    net: int


class Chain:
    """One order line's segments in force, oldest first, with what is billed for them and what was found so far.

    ``root`` is the reference of the first charge and stands for the chain; ``key`` is that charge's key. The sums are in
    minor units of the charge's currency, cumulative as of the day.
    """

    __slots__ = (
        "before_termination", "billed", "charge", "contracted", "elsewhere", "events", "fulfilled", "key", "kind", "line",
        "lines", "moves", "refs", "root", "segments",
    )  # fmt: skip

    def __init__(self, segments: list[Segment], root: Charge, refs: tuple[str, ...]) -> None:
        self.segments = segments
        self.refs = refs
        """References of all charges that belong to it, those of amendments not accepted too."""
        self.charge = root
        self.root = root.ref
        self.key = f"charge/{self.root}"
        self.kind = root.kind
        self.line = root.line
        self.lines: list[Billed] = []
        self.before_termination: list[Segment] | None = None
        """The segments as they were agreed, where a termination cut them short."""
        self.contracted = self.fulfilled = self.billed = 0
        self.elsewhere: list[Billed] = []
        """Lines of invoices in another currency or entity."""
        self.moves: dict[str, int] = {}
        """Lines of R1 and R2 between contracted, fulfilled and billed."""
        self.events: list[tuple[str, dt.date, int]] = []
        """Where fulfilment is no service over time: charge, day (of usage and hours the month's last) and value."""

    def move(self, line: str, amount: int) -> None:
        """Add to a line of R1 or R2."""
        if amount:
            self.moves[line] = self.moves.get(line, 0) + amount

    @property
    def end_on(self) -> dt.date | None:
        """The last day of the last segment; None for an evergreen chain."""
        return self.segments[-1].end_on if self.segments else None

    def cut(self, last_on: dt.date) -> None:
        """End what has a price on ``last_on``, where it would go on for longer. Free segments expect nothing: they stay."""
        if not self.segments or (self.end_on is not None and self.end_on <= last_on):
            return
        self.segments = [
            s if (s.end_on is not None and s.end_on <= last_on) or is_free(s.charge) else s._replace(end_on=last_on)
            for s in self.segments
            if s.charge.start_on <= last_on or is_free(s.charge)
        ]

    def terminate(self, last_on: dt.date) -> None:
        """`cut`, and remember what was agreed without the termination."""
        agreed = [s for s in self.segments if s.amendment is None or s.amendment.kind != "terminate"]
        if agreed:
            last, written = agreed[-1], agreed[-1].charge.end_on
            if len(agreed) < len(self.segments) and (written is None or written > last_on):
                agreed[-1] = last._replace(end_on=written)
            if agreed[-1].end_on is None or agreed[-1].end_on > last_on:
                self.before_termination = agreed
        self.cut(last_on)

    def periods(self, horizon: dt.date) -> list[tuple[Period, tuple[Part, ...]]]:
        """The periods of the chain, each with its segments' parts; without an end up to the one that ``horizon`` is in."""
        found: dict[Period, list[Part]] = {}
        for segment in self.segments:
            for row in rows(segment, horizon):
                found.setdefault(row.period, []).append(Part(segment, *row[1:]))
        return [(period, tuple(parts)) for period, parts in sorted(found.items(), key=lambda item: item[0])]


def link(charges: list[Charge], amendments: dict[str, Amendment], pending: set[str]) -> list[Chain]:
    """Charges linked by ``replaces`` into chains of segments, oldest first.

    ``amendments`` are those accepted by now; segments of ``pending`` ones (not accepted, or cancelled) do not count and
    what they would replace goes on in their place.
    """
    if len(charges) == 1 and charges[0].amendment is None:
        charge = charges[0]
        return [Chain([Segment(charge, charge.end_on, charge.start_on, None, None)], charge, (charge.ref,))]
    by_ref = {charge.ref: charge for charge in charges}
    following = {c.replaces: c for c in charges if c.replaces in by_ref}
    found: list[Chain] = []
    for charge in charges:
        if charge.replaces in by_ref:
            continue
        segments: list[Segment] = []
        current: Charge | None = charge
        walked: dict[str, None] = {}
        while current is not None and current.ref not in walked:
            walked[current.ref] = None
            _append(segments, current, amendments, pending)
            current = following.get(current.ref)
        found.append(Chain(segments, charge, tuple(walked)))
    return found


def _append(segments: list[Segment], charge: Charge, amendments: dict[str, Amendment], pending: set[str]) -> None:
    before = segments[-1] if segments else None
    if charge.amendment in pending:
        if before is not None and before.end_on is not None and charge.start_on == before.end_on + ONE_DAY:
            segments[-1] = before._replace(end_on=charge.end_on)
        return
    origin = charge.start_on
    if before is not None:
        last = charge.start_on - ONE_DAY
        if before.end_on is None or before.end_on > last:
            segments[-1] = before = before._replace(end_on=last)
        same = before.charge.period_months == charge.period_months and before.charge.anchor_day == charge.anchor_day
        if same and charge.period_months:
            origin = before.origin
    amendment = amendments.get(charge.amendment) if charge.amendment else None
    segments.append(Segment(charge, charge.end_on, origin, before, amendment))


def is_free(charge: Charge) -> bool:
    """Whether a segment has no price: trial, free months, pause, or nothing after a termination."""
    return not charge.unit_price and not charge.tiers


def full_price(charge: Charge) -> Price:
    """Net price of one full period (or of the whole one-time charge), exact: quantity × unit price, or the tiers'."""
    if charge.tier_model in ("per_unit", "flat"):
        gross = _EXACT.scaleb(_EXACT.multiply(charge.quantity, charge.unit_price), exponent(charge.currency))
        if charge.tax_behaviour == "inclusive":
            return Fraction(gross) / (1 + Fraction(charge.tax_rate))
        return gross
    return exact_rate(charge, Fraction(charge.quantity)) * 10 ** exponent(charge.currency)


def rounded(price: Price) -> int:
    """An exact amount as whole minor units, halves away from zero."""
    if isinstance(price, Decimal):
        return int(price.to_integral_value(ROUND_HALF_UP))
    return round_half_away(price)


def rows(segment: Segment, horizon: dt.date) -> tuple[Row, ...]:
    """A segment's lines, period by period; without an end up to the period that ``horizon`` lies in."""
    charge = segment.charge
    return _rows(
        charge.start_on, segment.end_on, segment.origin, charge.period_months, charge.anchor_day, charge.proration,
        full_price(charge), horizon if segment.end_on is None else segment.end_on, charge.end_on,
    )  # fmt: skip


@lru_cache(65536)
def _rows(
    start: dt.date, end: dt.date | None, origin: dt.date, months: int, anchor_day: int | None, proration: str,
    price: Price, upto: dt.date, written_end: dt.date | None,
) -> tuple[Row, ...]:  # fmt: skip
    if months:
        grid = periods(origin, months, anchor_day, upto)
    else:
        grid = (Period(start, max(end or start, written_end or start), start),)
    found = []
    for period in grid:
        first = max(period.first, start)
        last = period.last if end is None else min(period.last, end)
        if first <= last:
            found.append(Row(period, first, last, _net(price, proration, months, period, first, last)))
    return tuple(found)


def _net(price: Price, proration: str, months: int, period: Period, first: dt.date, last: dt.date) -> int:
    if first <= period.full_first and last >= period.last:
        return rounded(price)
    part = share(proration, months, period, first, last)
    return rounded(price if part == 1 else Fraction(price) * part)


def price_between(segment: Segment, first: dt.date, last: dt.date) -> list[Row]:
    """What a segment would have cost for [first, last], had it gone on: its lines, each cut to those days."""
    charge = segment.charge
    price = full_price(charge)
    if charge.period_months:
        grid = periods(segment.origin, charge.period_months, charge.anchor_day, last)
    else:
        grid = (Period(charge.start_on, max(last, charge.end_on or last), charge.start_on),)
    found = []
    for period in grid:
        start, end = max(period.first, first), min(period.last, last)
        if start <= end:
            net = _net(price, charge.proration, charge.period_months, period, start, end)
            found.append(Row(period, start, end, net))
    return found


def value_between(amount: int, first: dt.date, last: dt.date, begin: dt.date, through: dt.date) -> int:
    """The value of a line's range [first, last] that was served from ``begin`` to ``through``, in minor units."""
    value = served(amount, first, last, through)
    if begin > first:
        value -= served(amount, first, last, begin - ONE_DAY)
    return value if value > 0 else 0


def hold_over(segment: Segment, begin: dt.date, through: dt.date) -> Fraction:
    """Exact price of service after a segment's end: whole months from ``begin``, the started one by days."""
    charge = segment.charge
    if charge.hold_over_price is not None:
        price = _EXACT.scaleb(_EXACT.multiply(charge.quantity, charge.hold_over_price), exponent(charge.currency))
        exact = Fraction(price)
        if charge.tax_behaviour == "inclusive":
            exact /= 1 + Fraction(charge.tax_rate)
    else:
        exact = Fraction(full_price(charge))
    done, first, following = months_into(begin, through)
    elapsed = done + Fraction((through - first).days + 1, (following - first).days)
    return exact * elapsed / _months_of(segment)


def _months_of(segment: Segment) -> Fraction:
    charge = segment.charge
    if charge.period_months:
        return Fraction(charge.period_months)
    last = charge.end_on or charge.start_on
    whole = whole_months(charge.start_on, last)
    return Fraction(whole) if whole else Fraction((last - charge.start_on).days + 1, 30)
