"""One-time charges, milestones and hours: due when something happens, not by the calendar."""

from __future__ import annotations

import datetime as dt

from tieout.canon.dates import add_months, month_of
from tieout.canon.documents import Charge
from tieout.canon.money import price, round_half_away

from ..verdict import Slice
from .chain import Segment, full_price
from .emit import happened, on, unknown
from .recurring import mark_surplus
from .tally import Tally
from .view import Billed, OrderView


def judge_once(view: OrderView, chain: list[Segment], tally: Tally) -> None:
    """A charge of kind ``one_time`` or ``milestone``: whole when its trigger happens, billed then."""
    charge = chain[-1].charge
    lines = view.lines.get(chain[0].charge.ref, [])
    amount = round_half_away(full_price(charge))
    fulfilled_on = _fulfilled_on(view, charge)
    tally.add(charge, "contracted", amount)
    if fulfilled_on is None and not _knows_trigger(view, charge):
        unknown(view.outcome, "whether it was fulfilled", charge, amount)
        tally.unjudged(charge, lines)
        return
    due_on = None
    if fulfilled_on is not None:
        due_on = view.due(max(fulfilled_on, view.accepted_on) if view.accepted_on else fulfilled_on)
    _settle(view, charge, amount, amount if fulfilled_on else 0, due_on, lines, tally)


def _fulfilled_on(view: OrderView, charge: Charge) -> dt.date | None:
    """The day on which a one-time charge was fulfilled; None: not yet."""
    if charge.kind == "milestone" or charge.trigger == "approval":
        approvals = (
            m.approved_at
            for project in view.instance.get("projects")
            for m in project.milestones
            if m.charge == charge.ref and happened(m.approved_at, view.day)
        )
        return min((on(a) for a in approvals), default=None)  # type: ignore[type-var]
    if charge.trigger == "shipment":
        shipped = (
            s.shipped_at
            for s in view.instance.get("shipments")
            if s.line == charge.line and not s.deleted and happened(s.shipped_at, view.day)
        )
        return min((on(s) for s in shipped), default=None)  # type: ignore[type-var]
    if charge.trigger in ("activation", "acceptance"):
        return view.service(charge.line).activated_on
    return charge.start_on if charge.start_on <= view.day else None


def _knows_trigger(view: OrderView, charge: Charge) -> bool:
    if charge.kind == "milestone" or charge.trigger == "approval":
        return view.knows("psa", "project")
    if charge.trigger == "shipment":
        return view.knows("commerce", "shipment")
    if charge.trigger in ("activation", "acceptance"):
        return view.knows("provisioning", "entitlement")
    return True


def judge_time(view: OrderView, chain: list[Segment], tally: Tally) -> None:
    """Hours of a time-and-material charge: approved entries by the month worked, billed the month after approval."""
    charge = chain[-1].charge
    by_month: dict[str, list[tuple[int, dt.date]]] = {}
    for entry in view.instance.get("time_entries"):
        if entry.charge in view.root and view.root[entry.charge] == chain[0].charge.ref and not entry.deleted:
            approved_on = on(entry.approved_at)
            if approved_on is not None and approved_on <= view.day:
                worth = price(entry.hours, charge.unit_price, charge.currency)
                by_month.setdefault(month_of(entry.worked_on), []).append((worth, approved_on))
    lines = view.lines.get(chain[0].charge.ref, [])
    by_line: dict[str, list[Billed]] = {}
    for line in lines:
        day = line.line.service_from or on(line.invoice.issued_at)
        by_line.setdefault(month_of(day), []).append(line)  # type: ignore[arg-type]
    for month in sorted({*by_month, *by_line}):
        entries = by_month.get(month, [])
        worth = sum(amount for amount, _ in entries)
        due_on = None
        if entries:
            latest = max(approved for _, approved in entries)
            due_on = view.due(add_months(latest.replace(day=1), 1))
        tally.add(charge, "contracted", worth)
        _settle(view, charge, worth, worth, due_on, by_line.get(month, []), tally)


def _settle(
    view: OrderView, charge: Charge, amount: int, fulfilled: int, due_on: dt.date | None, lines: list[Billed],
    tally: Tally,
) -> None:  # fmt: skip
    """Compare one obligation with its invoice lines."""
    tolerance = view.tolerance * max(1, len(lines))
    mark_surplus(lines, amount, tolerance)
    billed = sum(b.net for b in lines if not b.surplus)
    tally.add(charge, "fulfilled", fulfilled)
    explained = 0
    late = fulfilled if due_on is not None and due_on < view.day else 0
    if late and not lines:
        if view.knows("billing", "invoice"):
            tally.unbilled(charge, late, late, due_on)  # type: ignore[arg-type]
            explained -= late
        else:
            unknown(view.outcome, "whether it was invoiced", charge, late)
    elif lines:
        explained += _compare(charge, amount, late, billed, tolerance, lines, tally)
    rest = billed - fulfilled - explained
    settled = bool(lines) and abs(rest) <= tolerance and fulfilled > 0
    tally.add(charge, "rounding" if settled else "in advance" if rest > 0 else "not due", rest)
    if view.outcome.detail:
        state = "billed" if lines else "late" if late else "not due"
        first = charge.start_on
        view.outcome.slices.append(
            Slice(
                charge=charge.key, from_on=first, to_on=charge.end_on or first, due_on=due_on, expected=amount,
                fulfilled=fulfilled, billed=billed, state=state, documents=tuple(b.invoice.key for b in lines),
            )
        )  # fmt: skip


def _compare(
    charge: Charge, amount: int, late: int, billed: int, tolerance: int, lines: list[Billed], tally: Tally
) -> int:
    """Money of an invoiced obligation that is short (negative) or over (positive)."""
    if late - billed > tolerance:
        short = late - billed
        excess = min(short, sum(b.credited for b in lines))
        if excess > 0:
            tally.credit_too_large(lines, excess)
        if short - excess > tolerance:
            tally.underbilled(charge, short - excess, lines)
        return -short
    if billed - amount > tolerance:
        tally.overbilled(charge, billed - amount, lines)
        return billed - amount
    return 0
