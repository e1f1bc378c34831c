"""One-time charges, milestones and hours: due when something happens, not by the calendar."""

from __future__ import annotations

import datetime as dt

from tieout.canon.dates import add_months, month_end, month_of
from tieout.canon.documents import Charge
from tieout.canon.money import price

from ..verdict import Slice
from .chain import Chain, full_price, rounded
from .emit import unknown
from .settle import book, excess_credit, mark_surplus
from .tally import Tally
from .view import Billed, OrderView


class Claim:
    """What one obligation comes to, in minor units: its value, the part that is due, when it fell due."""

    __slots__ = ("amount", "due", "due_on", "first_on", "last_on")

    def __init__(self, amount: int, due: int, due_on: dt.date | None, first_on: dt.date, last_on: dt.date) -> None:
        self.amount, self.due, self.due_on, self.first_on, self.last_on = amount, due, due_on, first_on, last_on


def judge_once(view: OrderView, chain: Chain, tally: Tally) -> None:
    """A charge of kind ``one_time`` or ``milestone``: whole when its trigger happens, billed then."""
    charge = chain.segments[-1].charge
    amount = rounded(full_price(charge))
    on = fulfilled_on(view, charge)
    chain.contracted += amount
    if on is None and not _knows_trigger(view, charge):
        unknown(view.outcome, "whether it was fulfilled", charge, amount)
        book(chain, chain.lines)
        chain.move("not judged", chain.billed)
        chain.move("not yet fulfilled", -amount)
        return
    due_on = None
    if on is not None:
        chain.fulfilled += amount
        chain.events.append((charge.ref, on, amount))
        due_on = view.due(max(on, view.accepted_on) if view.accepted_on else on)
    due = amount if due_on is not None and due_on < view.day else 0
    claim = Claim(amount, due, due_on, charge.start_on, charge.end_on or charge.start_on)
    _settle(view, chain, charge, claim, amount if on else 0, chain.lines, tally)
    book(chain, chain.lines)
    if chain.fulfilled != chain.contracted:
        chain.move("not yet fulfilled", chain.fulfilled - chain.contracted)


def fulfilled_on(view: OrderView, charge: Charge) -> dt.date | None:
    """The day on which a one-time charge was fulfilled, as of the day asked about; None: not yet."""
    if charge.kind == "milestone" or charge.trigger == "approval":
        happened = [
            m.approved_at
            for project in view.instance.get("projects")
            if project.mirrors is None and not project.deleted
            for m in project.milestones
            if m.charge == charge.ref and view.happened(m.approved_at)
        ]
    elif charge.trigger == "shipment":
        happened = [
            s.shipped_at
            for s in view.instance.get("shipments")
            if s.line == charge.line and s.mirrors is None and not s.deleted and view.happened(s.shipped_at)
        ]
    elif charge.trigger in ("activation", "acceptance"):
        return view.service(charge.line).activated_on
    else:
        return charge.start_on if charge.start_on <= view.day else None
    return min((view.day_of(instant) for instant in happened), default=None)


def _knows_trigger(view: OrderView, charge: Charge) -> bool:
    if charge.kind == "milestone" or charge.trigger == "approval":
        return view.proves("psa", "project")
    if charge.trigger == "shipment":
        return view.proves("commerce", "shipment")
    if charge.trigger in ("activation", "acceptance"):
        return view.proves("provisioning", "entitlement")
    return True


def judge_time(view: OrderView, chain: Chain, tally: Tally) -> None:
    """Hours of a time-and-material charge: entries by the month of approval, billed on the first of the next."""
    charge = chain.segments[-1].charge
    worth = month_worth(view, chain)
    if not worth and not chain.lines and not view.proves("psa", "time_entry"):
        unknown(view.outcome, "what was worked", charge, 0)
        return
    by_line: dict[str, list[Billed]] = {}
    for billed in chain.lines:
        day = billed.line.service_from or billed.issued_on
        by_line.setdefault(month_of(day), []).append(billed)
    for month in sorted({*worth, *by_line}):
        amount = worth.get(month, 0)
        first = dt.date.fromisoformat(f"{month}-01")
        due_on = view.due(add_months(first, 1))
        due = amount if due_on < view.day else 0
        chain.contracted += amount
        chain.fulfilled += amount
        chain.events.append((charge.ref, month_end(first), amount))
        claim = Claim(amount, due, due_on, first, month_end(first))
        _settle(view, chain, charge, claim, amount, by_line.get(month, []), tally)
    book(chain, chain.lines)


def month_worth(view: OrderView, chain: Chain) -> dict[str, int]:
    """Value of the approved hours of a chain by month of approval, each entry at the price of the charge it names."""
    found: dict[str, int] = {}
    charges = {segment.charge.ref: segment.charge for segment in chain.segments}
    for entry in view.instance.get("time_entries"):
        if entry.mirrors is not None or entry.deleted or entry.charge not in chain.refs:
            continue
        if view.happened(entry.approved_at):
            month = month_of(view.day_of(entry.approved_at))
            charge = charges.get(entry.charge, chain.segments[-1].charge)
            found[month] = found.get(month, 0) + price(entry.hours, charge.unit_price, charge.currency)
    return found


def _settle(
    view: OrderView, chain: Chain, charge: Charge, claim: Claim, fulfilled: int, lines: list[Billed], tally: Tally
) -> None:
    """Compare one obligation with its invoice lines; what is left is in advance or not due."""
    tolerance = view.tolerance * max(1, len(lines))
    if len(lines) > 1:
        mark_surplus(view, lines, claim.amount, tolerance, charge)
    billed = sum(b.net for b in lines if b.surplus is None)
    excess = excess_credit(lines, claim.amount - billed, tolerance, tally)
    chain.move("credit leakage", -excess)
    billed += excess
    explained = 0
    short = claim.due - max(billed, 0)
    if short > tolerance:
        explained = -_short(view, chain, charge, claim, short, lines, tally)
    elif billed - claim.amount > tolerance:
        explained = billed - claim.amount
        tally.overbilled(chain, charge, explained, lines)
    rest = billed - fulfilled - explained
    if rest:
        settled = bool(lines) and abs(rest) <= tolerance and fulfilled > 0
        chain.move("rounding" if settled else "in advance" if rest > 0 else "not due", rest)
    if claim.due_on is not None and not lines and claim.due_on >= view.day:
        view.outcome.wake(claim.due_on + dt.timedelta(days=1))
    if view.outcome.detail:
        state = "billed" if lines else "late" if claim.due else "not due"
        view.outcome.slices.append(
            Slice(
                charge=charge.key, from_on=claim.first_on, to_on=claim.last_on, due_on=claim.due_on,
                expected=claim.amount, fulfilled=fulfilled, billed=billed, state=state,
                documents=tuple(b.invoice.key for b in lines),
            )
        )  # fmt: skip


def _short(
    view: OrderView, chain: Chain, charge: Charge, claim: Claim, short: int, lines: list[Billed], tally: Tally
) -> int:
    """Due and not billed in full: reported by class, or counted as not judged; returns the amount."""
    last = chain.segments[-1]
    if not lines and not view.proves("billing", "invoice"):
        unknown(view.outcome, "whether it was invoiced", charge, short)
        chain.move("not judged", -short)
        return short
    left = short
    if last.amendment is not None and claim.due_on is not None:
        replaced = rounded(full_price(last.before.charge)) if last.before is not None else 0
        missed = min(short, max(0, claim.amount - replaced))
        tally.missed(chain, last.amendment, missed, missed, claim.due_on)
        left -= missed
    if left and lines:
        tally.underbilled(chain, charge, left, lines)
    elif left:
        tally.unbilled(chain, charge, left, left, claim.due_on)
    return short
