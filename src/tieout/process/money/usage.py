"""Metered usage: rated by reset month under the tier model and any commitment, compared with what was invoiced.

Source: docs/money.md, "Usage": rate(total due) − rate(billed quantity); inside a prepaid commitment 0.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from tieout.canon.dates import ONE_DAY, add_months, month_end, month_of
from tieout.canon.documents import Charge, Commitment, Usage
from tieout.canon.rating import rate

from ..verdict import Slice
from .chain import Segment
from .emit import on, unknown
from .recurring import mark_surplus
from .tally import Tally
from .view import Billed, OrderView


class Month:
    """One reset month: quantities by when they are due, and the lines that bill it."""

    __slots__ = ("due_quantity", "first_due", "known_quantity", "lines", "lost_quantity", "usage")

    def __init__(self) -> None:
        self.known_quantity = self.due_quantity = self.lost_quantity = Decimal(0)
        self.first_due: dt.date | None = None
        self.usage: list[Usage] = []
        self.lines: list[Billed] = []


def judge_usage(view: OrderView, chain: list[Segment], tally: Tally) -> None:
    """A usage charge: every reset month's metered value against what is billed for it."""
    charge = chain[-1].charge
    months = _months(view, chain)
    if not months and not view.knows("provisioning", "usage"):
        unknown(view.outcome, "what was used", charge, 0)
        return
    commitments = [c for c in view.instance.get("commitments") if view.root.get(c.charge) == chain[0].charge.ref]
    meter = _Meter(commitments)
    for month in sorted(months):
        _judge_month(view, charge, month, months[month], meter, tally)
    _true_up(view, charge, commitments, meter, tally)


def _months(view: OrderView, chain: list[Segment]) -> dict[str, Month]:
    root = chain[0].charge.ref
    months: dict[str, Month] = {}
    charge = chain[-1].charge
    for usage in view.instance.get("usage"):
        if usage.deleted or view.root.get(usage.charge) != root:
            continue
        known_on = on(usage.known_at) or usage.used_on
        if known_on > view.day:
            continue
        month = months.setdefault(month_of(usage.used_on), Month())
        month.usage.append(usage)
        if known_on > month_end(usage.used_on) + dt.timedelta(days=charge.back_bill_days):
            month.lost_quantity += usage.quantity
            continue
        month.known_quantity += usage.quantity
        due_on = view.due(_bill_on(charge, usage.used_on, known_on))
        if due_on < view.day:
            month.due_quantity += usage.quantity
            if month.first_due is None or due_on < month.first_due:
                month.first_due = due_on
    for line in view.lines.get(root, []):
        day = line.line.service_from or on(line.invoice.issued_at)
        months.setdefault(month_of(day), Month()).lines.append(line)  # type: ignore[arg-type]
    return months


def _bill_on(charge: Charge, used_on: dt.date, known_on: dt.date) -> dt.date:
    """``bill_day`` of the following month; usage known later is billed on the next bill day after it was known."""
    day = charge.bill_day or 1
    regular = add_months(used_on.replace(day=1), 1, day)
    if known_on <= regular:
        return regular
    this_month = add_months(known_on.replace(day=1), 0, day)
    return this_month if this_month > known_on else add_months(this_month, 1, day)


class _Meter:
    """Running consumption against a prepaid commitment, in rated money."""

    def __init__(self, commitments: list[Commitment]) -> None:
        self.prepaid = [c for c in commitments if c.billed == "prepaid" and not c.deleted]
        self.rated: dict[str, int] = {}
        self.used = [0] * len(self.prepaid)

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


def _judge_month(view: OrderView, charge: Charge, name: str, month: Month, meter: _Meter, tally: Tally) -> None:
    rated = rate(charge, month.known_quantity)
    meter.rated[name] = rated
    due = meter.owed(name, rate(charge, month.due_quantity), keep=False)
    total = meter.owed(name, rated, keep=True)
    lost = rate(charge, month.known_quantity + month.lost_quantity) - rated if month.lost_quantity else 0
    tolerance = view.tolerance * max(1, len(month.lines))
    mark_surplus(month.lines, total, tolerance)
    billed = sum(b.net for b in month.lines if not b.surplus)
    tally.add(charge, "contracted", total + lost)
    tally.add(charge, "fulfilled", total + lost)
    tally.add(charge, "lost", -lost)
    explained = -lost
    if due - billed > tolerance:
        if view.knows("billing", "invoice"):
            documents = tuple(u.key for u in month.usage[:20])
            tally.usage(charge, due - billed, month.first_due, name, documents)  # type: ignore[arg-type]
            explained -= due - billed
        else:
            unknown(view.outcome, "whether the usage was invoiced", charge, due - billed)
    elif billed - total > tolerance:
        tally.overbilled(charge, billed - total, month.lines)
        explained += billed - total
    rest = billed - (total + lost) - explained
    tally.add(
        charge, "rounding" if month.lines and abs(rest) <= tolerance else "in advance" if rest > 0 else "not due", rest
    )
    if view.outcome.detail:
        first = dt.date.fromisoformat(f"{name}-01")
        state = "inside the commitment" if rated and not total else "late" if due - billed > tolerance else "billed"
        view.outcome.slices.append(
            Slice(
                charge=charge.key, from_on=first, to_on=month_end(first), due_on=month.first_due, expected=total,
                fulfilled=total, billed=billed, state=state, documents=tuple(b.invoice.key for b in month.lines),
            )
        )  # fmt: skip


def _true_up(view: OrderView, charge: Charge, commitments: list[Commitment], meter: _Meter, tally: Tally) -> None:
    """At the end of a commitment billed by true-up: max(0, commitment − Σ rated − billed for the shortfall)."""
    for commitment in commitments:
        if commitment.billed != "true_up" or commitment.deleted or commitment.end_on >= view.day:
            continue
        first, last = month_of(commitment.start_on), month_of(commitment.end_on)
        rated = sum(amount for month, amount in meter.rated.items() if first <= month <= last)
        shortfall = max(0, commitment.amount - rated)
        billed = sum(b.net for b in view.true_ups.get(commitment.ref, []))
        due_on = view.due(_bill_on(charge, commitment.end_on, commitment.end_on + ONE_DAY))
        tally.add(charge, "contracted", shortfall)
        tally.add(charge, "fulfilled", shortfall)
        owed = shortfall - billed
        if owed > view.tolerance and due_on < view.day and view.knows("billing", "invoice"):
            tally.usage(charge, owed, due_on, f"true-up {last}", (commitment.key,))
        elif owed:
            tally.add(charge, "not due" if owed > 0 else "in advance", -owed)
