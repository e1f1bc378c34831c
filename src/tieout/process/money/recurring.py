"""Recurring charges: every period of every chain, what is late, short, double or in advance, in money.

Source: docs/money.md, "Expected lines", "Billed" and "Leakage". A period's shortfall goes first to the amendment that
nobody charged, then to billing; what was billed twice is set apart before anything else is compared.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from fractions import Fraction as _F
from typing import NamedTuple

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import Charge
from tieout.canon.finding import Risk
from tieout.canon.money import round_half_away
from tieout.canon.schedule import Period, portion, served

from ..verdict import Slice
from .chain import Segment, buckets, price_over
from .emit import finding, on, position, unknown
from .tally import Tally
from .view import Billed, OrderView, Service

Part = tuple[Segment, dt.date, dt.date, int]


class Sum(NamedTuple):
    """What one period's parts come to: all in minor units, net."""

    amount: int
    """Every part, due or not."""
    ceiling: int
    """The most that may be billed: an amendment still within its time may be charged or not."""
    late: int
    """Parts past their due date."""
    fulfilled: int
    late_fulfilled: int
    delta: int
    """Of the late parts, what amendments added."""
    delta_fulfilled: int
    due_on: dt.date | None
    """Due date of the first late part."""


def judge_recurring(view: OrderView, chain: list[Segment], tally: Tally) -> None:
    """All periods of a chain of kind ``recurring`` or ``commitment``."""
    charge = chain[0].charge
    billed = view.lines.get(charge.ref, [])
    service = view.service(charge.line)
    if not service.entitlements and not view.knows("provisioning", "entitlement"):
        known_amount = sum(b.line.net for b in billed)
        unknown(view.outcome, "whether the service is switched on", charge, known_amount)
        tally.unjudged(charge, billed)
        return
    horizon = max([view.day, *(b.line.service_from for b in billed if b.line.service_from)])
    found = buckets(chain, horizon)
    placed, outside = _place(billed, [period for period, _ in found])
    for index, (period, parts) in enumerate(found):
        _judge_period(view, chain, period, parts, placed.get(index, []), service, tally)
    tally.outside(charge, outside)
    if not service.activated_on and billed:
        _unentitled(view, charge, billed, tally)


def _place(billed: list[Billed], found: list[Period]) -> tuple[dict[int, list[Billed]], list[Billed]]:
    """Invoice lines by the index of their period; and the lines that lie outside every period."""
    placed: dict[int, list[Billed]] = {}
    outside: list[Billed] = []
    if not found:
        return placed, list(billed)
    firsts = [period.first for period in found]
    undated: list[Billed] = []
    for line in billed:
        day = line.line.service_from
        if day is None:
            undated.append(line)
            continue
        index = bisect_right(firsts, day) - 1
        if index < 0 or day > found[index].last:
            outside.append(line)
        else:
            placed.setdefault(index, []).append(line)
    free = (index for index in range(len(found)) if index not in placed)
    for line in undated:
        placed.setdefault(next(free, len(found) - 1), []).append(line)
    return placed, outside


def _bill_on(view: OrderView, part: Part, period: Period, service: Service) -> dt.date | None:
    """When billing should make the line; None while its trigger has not happened."""
    segment, first, last, _ = part
    charge = segment.charge
    if charge.trigger == "activation" and service.activated_on is None:
        return None
    if charge.timing == "arrears":
        if charge.bill_day:
            return add_months(last.replace(day=1), 1, charge.bill_day)
        return last + ONE_DAY
    day = first
    if view.accepted_on and view.accepted_on > day:
        day = view.accepted_on
    if charge.trigger == "activation" and service.activated_on and service.activated_on > day:
        day = service.activated_on
    if segment.amendment is not None:
        accepted_on = on(segment.amendment.accepted_at)
        if accepted_on and accepted_on > day:
            day = accepted_on
    return day


def _fulfilled(view: OrderView, amount: int, first: dt.date, last: dt.date, service: Service) -> int:
    """Value of a line's days that were served: from the activation to the last served day, up to the day asked."""
    if amount == 0 or service.activated_on is None:
        return 0
    through = view.day if service.served_to is None or service.served_to > view.day else service.served_to
    value = served(amount, first, last, through)
    if service.activated_on > first:
        value -= served(amount, first, last, service.activated_on - ONE_DAY)
    return max(value, 0)


def _sum(view: OrderView, period: Period, parts: list[Part], service: Service, tally: Tally) -> Sum:
    amount = ceiling = late = fulfilled = late_fulfilled = delta = delta_fulfilled = 0
    first_due: dt.date | None = None
    for part in parts:
        segment, first, last, net = part
        done = _fulfilled(view, net, first, last, service)
        amount += net
        fulfilled += done
        old = (0, 0)
        if segment.amendment is not None and segment.before is not None:
            full, _ = price_over(segment.before, first, last, view.day)
            old = (full, _fulfilled(view, full, first, last, service))
        bill_on = _bill_on(view, part, period, service)
        due_on = view.due(bill_on) if bill_on is not None and bill_on <= view.day else None
        if due_on is not None and due_on < view.day:
            late += net
            late_fulfilled += done
            ceiling += net
            if first_due is None or due_on < first_due:
                first_due = due_on
            if segment.amendment is not None and net > old[0]:
                delta += net - old[0]
                delta_fulfilled += done - old[1]
                tally.candidate(segment.amendment, net - old[0], done - old[1], due_on)
        else:
            ceiling += max(net, old[0])
            if due_on is not None:
                view.outcome.wake(due_on + ONE_DAY)
    return Sum(amount, ceiling, late, fulfilled, late_fulfilled, delta, delta_fulfilled, first_due)


def _judge_period(
    view: OrderView, chain: list[Segment], period: Period, parts: list[Part], lines: list[Billed],
    service: Service, tally: Tally,
) -> None:  # fmt: skip
    tally.candidates.clear()
    total = _sum(view, period, parts, service, tally)
    tolerance = view.tolerance * max(1, len(lines))
    mark_surplus(lines, total.ceiling, tolerance)
    billed = sum(b.net for b in lines if not b.surplus)
    started = period.first <= view.day
    if started or chain[-1].end_on is not None:
        tally.add(chain[0].charge, "contracted", total.amount)
    tally.add(chain[0].charge, "fulfilled", total.fulfilled)
    charge = _charge_of(parts)
    explained = 0
    if view.unsigned:
        short = max(0, total.fulfilled - billed)
        tally.unauthorised(charge, short, service)
        explained -= short
    elif not lines:
        explained -= _untouched(view, parts, total, service, tally)
    else:
        short = total.late - billed
        over = billed - total.ceiling
        if short > tolerance:
            explained -= _short(view, charge, short, total, lines, tally)
        elif over > tolerance:
            tally.overbilled(charge, over, lines)
            explained += over
    if lines or total.fulfilled:
        rest = billed - total.fulfilled - explained
        gone = lines and period.last <= view.day and abs(rest) <= tolerance
        tally.add(chain[0].charge, "rounding" if gone else "in advance" if rest > 0 else "not due", rest)
    if view.outcome.detail:
        _slice(view, charge, period, total, billed, lines)


def mark_surplus(lines: list[Billed], contracted: int, tolerance: int) -> None:
    """Mark lines that bill a range a second time: contracted was reached by earlier lines, one for the same range."""
    seen: set[tuple[dt.date | None, dt.date | None]] = set()
    running = 0
    for billed in lines:
        key = (billed.line.service_from, billed.line.service_to)
        if key in seen and billed.net > 0 and running >= contracted - tolerance and contracted > 0:
            billed.surplus = True
            continue
        if billed.net > 0:
            seen.add(key)
        running += billed.net


def _charge_of(parts: list[Part]) -> Charge:
    """The charge that a period's findings are about: the first with a price."""
    return next((segment.charge for segment, _, _, net in parts if net), parts[0][0].charge)


def _untouched(view: OrderView, parts: list[Part], total: Sum, service: Service, tally: Tally) -> int:
    """No invoice line: first the amendments' delta, then each late segment's fulfilled part. Returns what is late."""
    if total.late_fulfilled <= 0 or total.due_on is None:
        return 0
    if not view.knows("billing", "invoice"):
        unknown(view.outcome, "whether it was invoiced", parts[0][0].charge, total.late_fulfilled)
        return 0
    missed = min(total.late_fulfilled, total.delta_fulfilled)
    if missed > 0:
        tally.missed(missed, total.delta, total.delta)
    rest = total.late_fulfilled - missed
    if rest > 0:
        tally.unbilled(_charge_of(parts), rest, total.late - total.delta, total.due_on)
    return missed + rest


def _short(view: OrderView, charge: Charge, short: int, total: Sum, lines: list[Billed], tally: Tally) -> int:
    """Billed below contracted: the credits that went too far, then the amendments' delta, then underbilling."""
    credited = sum(b.credited for b in lines)
    excess = min(short, credited)
    if excess > 0:
        tally.credit_too_large(lines, excess)
        short -= excess
    taken = min(short, total.delta)
    missed = 0
    if taken > 0:
        part = total.delta_fulfilled
        missed = part if taken == total.delta else round_half_away(taken * part / _F(total.delta))
        tally.missed(missed, taken, total.delta)
        short -= taken
    if short > view.tolerance * len(lines):
        tally.underbilled(charge, short, lines)
    else:
        short = 0
    return excess + missed + short


def _unentitled(view: OrderView, charge: Charge, billed: list[Billed], tally: Tally) -> None:
    """Billed past service start and never activated: the part of each line whose days have gone by."""
    start = charge.start_on
    if charge.trigger == "activation" or view.calendar.add_business_days(start, 1) >= view.day:
        return
    exposure = 0
    for line in billed:
        first, last = line.line.service_from, line.line.service_to
        if first and last and not line.surplus:
            exposure += round_half_away(line.net * portion(first, last, view.day))
    if exposure > 0:
        documents = (charge.key, *dict.fromkeys(b.invoice.key for b in billed))
        finding(
            view.outcome, view.policy, Risk.UNENTITLED_BILLING, charge, exposure,
            f"billed since {start} and never switched on", since=start, documents=documents, customer=view.order.customer,
        )  # fmt: skip
        tally.add(charge, "in advance", -exposure)
        position(view.outcome, "R2", "unentitled", charge, exposure)


def _slice(view: OrderView, charge: Charge, period: Period, total: Sum, billed: int, lines: list[Billed]) -> None:
    if total.amount == 0:
        state = "free"
    elif billed >= total.amount:
        state = "billed" if total.fulfilled >= total.amount else "billed, partly in advance"
    elif total.late > billed:
        state = "late"
    else:
        state = "not due"
    view.outcome.slices.append(
        Slice(
            charge=charge.key, from_on=period.first, to_on=period.last, due_on=total.due_on, expected=total.amount,
            fulfilled=total.fulfilled, billed=billed, state=state, documents=tuple(b.invoice.key for b in lines),
        )
    )  # fmt: skip
