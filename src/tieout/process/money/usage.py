"""Metered usage: rated by reset month under the tier model and any commitment, compared with what was invoiced.

Source: docs/money.md, "Usage": rate(total due) − rate(billed quantity); inside a prepaid commitment the due amount − billed.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tieout.canon.dates import ONE_DAY, add_months, month_end, month_of
from tieout.canon.documents import Charge, Commitment, Usage
from tieout.canon.rating import rate

from ..verdict import Slice
from .chain import Chain
from .emit import unknown
from .settle import book, excess_credit, mark_surplus
from .tally import Tally
from .view import Billed, OrderView

MOST_DOCUMENTS = 20
"""Meter readings named by one finding."""


class Month:
    """One reset month of one charge: readings in order of when they fall due, quantities, and the lines that bill it."""

    __slots__ = ("charge", "due", "known", "lines", "lost", "name", "readings")

    def __init__(self, name: str, charge: Charge) -> None:
        self.name, self.charge = name, charge
        self.known = self.due = self.lost = Decimal(0)
        self.readings: list[tuple[dt.date, str, Decimal]] = []
        self.lines: list[Billed] = []

    @property
    def billed_quantity(self) -> Decimal | None:
        """Units that the lines bill; None where a line does not say, or where a credit left a part of it."""
        total = Decimal(0)
        for billed in self.lines:
            if billed.surplus is not None or (billed.credits and billed.net == 0):
                continue
            if billed.line.quantity is None or billed.credits:
                return None
            total += billed.line.quantity
        return total

    def first_unbilled(self, quantity: Decimal) -> dt.date | None:
        """Due date of the first reading beyond ``quantity`` units."""
        running = Decimal(0)
        for due_on, _, units in sorted(self.readings):
            running += units
            if running > quantity:
                return due_on
        return min((due_on for due_on, _, _ in self.readings), default=None)


def judge_usage(view: OrderView, chain: Chain, tally: Tally) -> None:
    """A usage charge: every reset month's metered value against what is billed for it."""
    charge = chain.segments[-1].charge
    commitments = [c for c in view.instance.get("commitments") if c.charge in chain.refs and not c.deleted]
    true_ups = [c for c in commitments if c.billed == "true_up"]
    months, true_up_lines = _months(view, chain, bool(true_ups))
    if not months and not view.proves("provisioning", "usage"):
        unknown(view.outcome, "what was used", charge, 0)
        return
    meter = _Meter([c for c in commitments if c.billed == "prepaid"])
    for key in sorted(months):
        _judge_month(view, chain, months[key], meter, tally)
    for commitment in true_ups:
        _true_up(view, chain, charge, commitment, meter, true_up_lines, tally)
    chain.contracted = chain.fulfilled
    book(chain, chain.lines)


def _months(view: OrderView, chain: Chain, true_up: bool) -> tuple[dict[tuple[str, str], Month], list[Billed]]:
    """Reset months by name and charge; and the lines that bill a commitment's shortfall."""
    months: dict[tuple[str, str], Month] = {}
    charges = {segment.charge.ref: segment.charge for segment in chain.segments}
    last = chain.segments[-1].charge

    def month(day: dt.date, reference: str | None) -> Month:
        charge = charges.get(reference or "", last)
        key = (month_of(day), charge.ref)
        if key not in months:
            months[key] = Month(key[0], charge)
        return months[key]

    for usage in view.instance.get("usage"):
        if usage.deleted or usage.mirrors is not None or usage.charge not in chain.refs:
            continue
        known_on = view.day_of(usage.known_at) if usage.known_at else usage.used_on
        if known_on <= view.day:
            _read(view, month(usage.used_on, usage.charge), usage, known_on)
    astray = []
    for billed in chain.lines:
        if true_up and billed.line.quantity is None:
            astray.append(billed)
            continue
        day = billed.line.service_from or billed.issued_on
        month(day, billed.line.charge).lines.append(billed)
    return months, astray


def _read(view: OrderView, month: Month, usage: Usage, known_on: dt.date) -> None:
    if known_on > month_end(usage.used_on) + dt.timedelta(days=month.charge.back_bill_days):
        month.lost += usage.quantity
        return
    month.known += usage.quantity
    due_on = view.due(_bill_on(month.charge, usage.used_on, known_on))
    month.readings.append((due_on, usage.key, usage.quantity))
    if due_on < view.day:
        month.due += usage.quantity
    else:
        view.outcome.wake(due_on + ONE_DAY)


def _bill_on(charge: Charge, used_on: dt.date, known_on: dt.date) -> dt.date:
    """``bill_day`` of the following month; usage known later is billed on the next bill day after it was known."""
    day = charge.bill_day or 1
    regular = add_months(used_on.replace(day=1), 1, day)
    if known_on <= regular:
        return regular
    this_month = add_months(known_on.replace(day=1), 0, day)
    return this_month if this_month > known_on else add_months(known_on.replace(day=1), 1, day)


class _Meter:
    """Running consumption against prepaid commitments, in rated money."""

    def __init__(self, prepaid: list[Commitment]) -> None:
        self.prepaid = prepaid
        self.rated: dict[str, int] = {}
        """Month → rated value, of all charges of the chain."""
        self.used = [0] * len(prepaid)

    def owed(self, month: str, rated: int, *, keep: bool) -> int:
        """What a month's rated amount leaves to pay once the commitment is drawn down; ``keep`` draws it down."""
        for index, commitment in enumerate(self.prepaid):
            if month_of(commitment.start_on) <= month <= month_of(commitment.end_on):
                before = max(0, self.used[index] - commitment.amount)
                after = max(0, self.used[index] + rated - commitment.amount)
                if keep:
                    self.used[index] += rated
                return after - before
        return rated

    def covers(self, month: str) -> bool:
        """Whether a prepaid commitment runs in the month."""
        return any(month_of(c.start_on) <= month <= month_of(c.end_on) for c in self.prepaid)


def _judge_month(view: OrderView, chain: Chain, month: Month, meter: _Meter, tally: Tally) -> None:
    charge, name, lines = month.charge, month.name, month.lines
    rated = rate(charge, month.known)
    meter.rated[name] = meter.rated.get(name, 0) + rated
    due = meter.owed(name, rate(charge, month.due), keep=False)
    total = meter.owed(name, rated, keep=True)
    lost = rate(charge, month.known + month.lost) - rated if month.lost else 0
    tolerance = view.tolerance * max(1, len(lines))
    if len(lines) > 1:
        mark_surplus(view, lines, total, tolerance, charge)
    billed = sum(b.net for b in lines if b.surplus is None)
    excess = excess_credit(lines, total - billed, tolerance, tally)
    billed += excess
    chain.fulfilled += total + lost
    chain.move("lost", -lost)
    chain.events.append((charge.ref, month_end(dt.date.fromisoformat(f"{name}-01")), total))
    chain.move("credit leakage", -excess)
    priced = _priced(month, billed, max(total, due), meter.covers(name))
    explained = _short(view, chain, month, due - priced, priced - max(billed, 0), tolerance, tally)
    explained += _over(view, chain, month, billed - priced, tolerance, tally)
    rest = billed - total - explained
    if rest:
        chain.move("rounding" if lines and abs(rest) <= tolerance else "in advance" if rest > 0 else "not due", rest)
    if view.outcome.detail:
        first = dt.date.fromisoformat(f"{name}-01")
        late = due - billed > tolerance
        state = "inside the commitment" if rated and not total else "late" if late else "billed" if lines else "not due"
        view.outcome.slices.append(
            Slice(
                charge=charge.key, from_on=first, to_on=month_end(first),
                due_on=min((due_on for due_on, _, _ in month.readings), default=None), expected=total, fulfilled=total,
                billed=billed, state=state, documents=tuple(b.invoice.key for b in lines),
            )
        )  # fmt: skip


def _priced(month: Month, billed: int, ceiling: int, prepaid: bool) -> int:
    """What the billed quantity should have cost; the billed amount itself where no quantity tells. At most ``ceiling``.

    Fewer units than were metered are never too much, even where more units lower the price.
    """
    quantity = None if prepaid else month.billed_quantity
    if quantity is None:
        return min(max(billed, 0), ceiling)
    return ceiling if quantity > month.known else rate(month.charge, quantity)


def _short(view: OrderView, chain: Chain, month: Month, missing: int, low: int, tolerance: int, tally: Tally) -> int:
    """``missing`` was not billed at all, ``low`` was billed at too low an amount; returns what is explained (≤ 0)."""
    explained = 0
    if missing > tolerance:
        if month.lines or view.proves("billing", "invoice"):
            since = month.first_unbilled(month.billed_quantity or Decimal(0))
            documents = tuple(key for _, key, _ in month.readings[:MOST_DOCUMENTS])
            tally.usage(chain, month.charge, missing, since, month.name, documents)
        else:
            unknown(view.outcome, "whether the usage was invoiced", month.charge, missing)
            chain.move("not judged", -missing)
        explained -= missing
    if low > tolerance:
        tally.underbilled(chain, month.charge, low, month.lines)
        explained -= low
    return explained


def _over(view: OrderView, chain: Chain, month: Month, over: int, tolerance: int, tally: Tally) -> int:
    """Billed at too high an amount, or for more than was metered; returns what is explained."""
    if over <= tolerance:
        return 0
    if view.proves("provisioning", "usage"):
        tally.overbilled(chain, month.charge, over, month.lines)
    else:
        unknown(view.outcome, "how much was used", month.charge, over)
        chain.move("not judged", over)
    return over


def _true_up(
    view: OrderView, chain: Chain, charge: Charge, commitment: Commitment, meter: _Meter, lines: list[Billed],
    tally: Tally,
) -> None:  # fmt: skip
    """At the end of a commitment billed by true-up: max(0, commitment − Σ rated − billed for the shortfall)."""
    first, last = month_of(commitment.start_on), month_of(commitment.end_on)
    mine = [b for b in lines if commitment.start_on <= (b.line.service_from or commitment.end_on)]
    billed = sum(b.net for b in mine)
    if commitment.end_on > view.day:
        chain.move("in advance", billed)
        return
    rated = sum(amount for month, amount in meter.rated.items() if first <= month <= last)
    shortfall = max(0, commitment.amount - rated)
    due_on = view.due(_bill_on(charge, commitment.end_on, commitment.end_on))
    chain.fulfilled += shortfall
    chain.events.append((charge.ref, commitment.end_on, shortfall))
    owed = shortfall - billed
    if owed > view.tolerance and due_on < view.day and view.proves("billing", "invoice"):
        tally.usage(chain, charge, owed, due_on, last, (commitment.key,))
    elif -owed > view.tolerance * max(1, len(mine)):
        tally.overbilled(chain, charge, -owed, mine)
    else:
        chain.move("not due" if owed > 0 else "rounding", -owed)
