"""Recurring charges: every period of every chain, what is late, short, double or in advance, in money.

Source: docs/money.md, "Expected lines", "Billed" and "Sharing a period's shortfall". A period's shortfall goes first to
the amendment that nobody charged, then to billing; what was billed twice is set apart before anything is compared.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from fractions import Fraction

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import Amendment, Charge
from tieout.canon.money import round_half_away
from tieout.canon.schedule import Period, portion

from ..verdict import Slice
from .chain import Chain, Part, Segment, price_between, rows, value_between
from .emit import unknown
from .settle import book, excess_credit, mark_surplus
from .tally import Tally
from .view import Billed, OrderView, Service

_END = dt.date.max


class _Sum:
    """What one period's parts come to, in minor units, net."""

    __slots__ = (
        "amount", "ceiling", "charge", "claims", "delta", "delta_fulfilled", "due", "due_fulfilled", "due_on", "fulfilled",
    )  # fmt: skip

    def __init__(self) -> None:
        self.amount = self.fulfilled = 0
        """All parts, due or not."""
        self.ceiling = 0
        """The most that may be billed: while an amendment is within its time the old price is right, too."""
        self.due = self.due_fulfilled = 0
        """Parts past their due date."""
        self.delta = self.delta_fulfilled = 0
        """Of the due parts, what amendments added."""
        self.claims: list[tuple[Amendment, int, int, dt.date]] = []
        """Per due part of an amendment: the amendment, what it added, how much of that was served, its due date."""
        self.due_on: dt.date | None = None
        """Due date of the first due part."""
        self.charge: Charge | None = None
        """Charge of the last due part."""


def judge_recurring(view: OrderView, chain: Chain, tally: Tally) -> None:
    """All periods of a chain of kind ``recurring`` or ``commitment``."""
    service = view.service(chain.line)
    billed, day = chain.lines, view.day
    if not service.entitlements and not view.proves("provisioning", "entitlement"):
        unknown(view.outcome, "whether the service is switched on", chain.charge, sum(b.net for b in billed))
        book(chain, chain.lines)
        chain.move("not judged", chain.billed)
        return
    horizon = day
    for line in billed:
        begin = line.line.service_from
        if begin is not None and begin > horizon:
            horizon = begin
    fixed = chain.end_on is not None
    if len(chain.segments) == 1:
        outside = _judge_one(view, chain, chain.segments[0], horizon, fixed, service, tally)
    else:
        outside = _judge_many(view, chain, chain.periods(horizon), fixed, service, tally)
    if outside:
        _judge_outside(view, chain, outside, service, tally)
    book(chain, billed)
    if chain.fulfilled != chain.contracted:
        chain.move("not yet fulfilled", chain.fulfilled - chain.contracted)
    if chain.before_termination is not None:
        _terminated(view, chain)
    if service.activated_on is None and billed:
        _unentitled(view, chain, tally)


def _judge_one(
    view: OrderView, chain: Chain, segment: Segment, horizon: dt.date, fixed: bool, service: Service, tally: Tally
) -> list[Billed]:
    """The periods of a chain of one segment; those billed exactly as contracted are done with at once."""
    found = rows(segment, horizon)
    placed, outside = place(chain.lines, [row.period for row in found]) if chain.lines else ({}, [])
    day, begin = view.day, service.activated_on
    through = day if service.served_to is None or service.served_to > day else service.served_to
    detail = view.outcome.detail
    contracted = fulfilled = advance = 0
    asleep = True
    for index, (period, first, last, net) in enumerate(found):
        lines = placed.get(index)
        if not detail:
            if lines is None:
                if first > day:
                    if asleep and net:
                        view.outcome.wake(view.due(first) + ONE_DAY)
                        asleep = False
                    if fixed:
                        contracted += net
                    continue
            elif len(lines) == 1 and lines[0].net == net:
                done = 0 if begin is None else _part_served(net, first, last, begin, through)
                if fixed or first <= day:
                    contracted += net
                fulfilled += done
                advance += net - done
                continue
        _judge_period(view, chain, period, (Part(segment, first, last, net),), lines or [], fixed, service, tally)
    chain.contracted += contracted
    chain.fulfilled += fulfilled
    chain.move("in advance", advance)
    return outside


def _part_served(net: int, first: dt.date, last: dt.date, begin: dt.date, through: dt.date) -> int:
    if begin <= first and through >= last:
        return net
    return value_between(net, first, last, begin, through)


def _judge_many(
    view: OrderView, chain: Chain, found: list[tuple[Period, tuple[Part, ...]]], fixed: bool, service: Service,
    tally: Tally,
) -> list[Billed]:  # fmt: skip
    placed, outside = place(chain.lines, [period for period, _ in found])
    for index, (period, parts) in enumerate(found):
        _judge_period(view, chain, period, parts, placed.get(index, []), fixed, service, tally)
    return outside


def place(billed: list[Billed], found: list[Period]) -> tuple[dict[int, list[Billed]], list[Billed]]:
    """Invoice lines by the index of the period that their service starts in; and those outside every period.

    A line without a service date takes the first period that has none.
    """
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
    if undated:
        free = iter([index for index in range(len(found)) if index not in placed])
        for line in undated:
            placed.setdefault(next(free, len(found) - 1), []).append(line)
    return placed, outside


def _bill_on(view: OrderView, part: Part, period_end: dt.date, service: Service) -> dt.date | None:
    """When billing should make the line; None while its trigger has not happened."""
    charge = part.segment.charge
    if charge.timing == "arrears":
        if charge.bill_day:
            day = add_months(period_end.replace(day=1), 1, charge.bill_day)
        else:
            day = period_end + ONE_DAY
    else:
        day = part.first
    if view.accepted_on is not None and view.accepted_on > day:
        day = view.accepted_on
    if charge.trigger == "activation":
        if service.activated_on is None:
            return None
        day = max(day, service.activated_on)
    if part.segment.amendment is not None and part.segment.amendment.accepted_at is not None:
        day = max(day, view.day_of(part.segment.amendment.accepted_at))
    return day


def _sum(view: OrderView, parts: tuple[Part, ...], service: Service) -> _Sum:
    total = _Sum()
    day = view.day
    through = day if service.served_to is None or service.served_to > day else service.served_to
    begin = service.activated_on or _END
    end = parts[-1].last
    for part in parts:
        segment, first, last, net = part
        done = _part_served(net, first, last, begin, through) if begin <= through else 0
        total.amount += net
        total.fulfilled += done
        old = old_done = 0
        amendment = segment.amendment
        if amendment is not None and segment.before is not None:
            for row in price_between(segment.before, first, last):
                old += row.net
                if begin <= through:
                    old_done += _part_served(row.net, row.first, row.last, begin, through)
        total.ceiling += max(net, old) if amendment is not None and _within_time(view, amendment) else net
        bill_on = _bill_on(view, part, end, service)
        if bill_on is None:
            continue
        due_on = view.due(bill_on)
        if due_on >= day:
            view.outcome.wake(due_on + ONE_DAY)
            continue
        total.due += net
        total.due_fulfilled += done
        total.charge = segment.charge
        if total.due_on is None or due_on < total.due_on:
            total.due_on = due_on
        if amendment is not None and net > old:
            total.delta += net - old
            total.delta_fulfilled += done - old_done
            total.claims.append((amendment, net - old, done - old_done, due_on))
    return total


def _within_time(view: OrderView, amendment: Amendment) -> bool:
    accepted_on = view.day_of(amendment.accepted_at) if amendment.accepted_at else amendment.effective_on
    return view.due(max(accepted_on, amendment.effective_on)) >= view.day


def _judge_period(
    view: OrderView, chain: Chain, period: Period, parts: tuple[Part, ...], lines: list[Billed], fixed: bool,
    service: Service, tally: Tally,
) -> None:  # fmt: skip
    total = _sum(view, parts, service)
    tolerance = view.tolerance * max(1, len(lines), len(parts))
    charge = parts[-1].segment.charge
    if len(lines) > 1:
        mark_surplus(view, lines, total.ceiling, tolerance, charge)
    billed = sum(b.net for b in lines if b.surplus is None)
    excess = excess_credit(lines, total.amount - billed, tolerance, tally)
    billed += excess
    if period.first <= view.day or fixed:
        chain.contracted += total.amount
    chain.fulfilled += total.fulfilled
    explained = _compare(view, chain, total, billed, lines, tolerance, service, tally)
    chain.move("credit leakage", -excess)
    explained += _over(view, chain, charge, billed - total.ceiling, lines, tolerance, service, tally)
    rest = billed - total.fulfilled - explained
    if rest:
        gone = lines and period.last <= view.day and abs(rest) <= tolerance
        chain.move("rounding" if gone else "in advance" if rest > 0 else "not due", rest)
    if view.outcome.detail:
        _slice(view, charge, period, total, billed, lines)


def _compare(
    view: OrderView, chain: Chain, total: _Sum, billed: int, lines: list[Billed], tolerance: int, service: Service,
    tally: Tally,
) -> int:  # fmt: skip
    """Share a period's shortfall between the classes of leakage; returns what that explains (never above 0)."""
    if view.unsigned:
        short = total.fulfilled - max(billed, 0)
        if short <= 0 or not service.entitlements:
            return 0
        entitlement = service.entitlements[0]
        tally.unauthorised(chain, entitlement, short, service.activated_on, "contract never signed")
        return -short
    short = total.due - max(billed, 0)
    if short <= tolerance or total.charge is None:
        return 0
    if not lines and not view.proves("billing", "invoice"):
        unknown(view.outcome, "whether it was invoiced", chain.charge, total.due_fulfilled)
        chain.move("not judged", -total.due_fulfilled)
        return -total.due_fulfilled
    taken = min(short, total.delta)
    explained = _missed(chain, total, taken, tolerance, tally) if taken else 0
    left = short - taken
    if left <= tolerance:
        return -explained
    if lines:
        tally.underbilled(chain, total.charge, left, lines)
        return -explained - left
    fulfilled = total.due_fulfilled - total.delta_fulfilled
    tally.unbilled(chain, total.charge, fulfilled, left, total.due_on)
    return -explained - fulfilled


def _missed(chain: Chain, total: _Sum, taken: int, tolerance: int, tally: Tally) -> int:
    """Money of the period's amendments that nobody charged, the latest first; a rest within the tolerance is nobody's."""
    found, left = 0, taken
    for amendment, delta, served_delta, due_on in reversed(total.claims):
        share = min(left, delta)
        if share <= (tolerance if left < taken else 0):
            break
        amount = served_delta if share == delta else round_half_away(Fraction(served_delta * share, delta))
        tally.missed(chain, amendment, amount, share, due_on)
        found += amount
        left -= share
    return found


def _over(
    view: OrderView, chain: Chain, charge: Charge, over: int, lines: list[Billed], tolerance: int, service: Service,
    tally: Tally,
) -> int:  # fmt: skip
    """What a period is billed too much; returns what that explains (never below 0)."""
    if over <= tolerance or service.activated_on is None:
        return 0
    return _set_against(view, chain, charge, over, lines, service, tally)


def _set_against(
    view: OrderView, chain: Chain, charge: Charge, over: int, lines: list[Billed], service: Service, tally: Tally
) -> int:
    """Billed beyond the contract: for service past its end, within a termination's time, or overbilled."""
    last_on = authorised_to(view, chain)
    if last_on is not None and service.runs_past(last_on, view.day) and _reaches_past(lines, last_on):
        tally.held_over[chain.line] = tally.held_over.get(chain.line, 0) + over
        return over
    if view.cut_grace and chain.before_termination is not None:
        return 0
    tally.overbilled(chain, charge, over, lines)
    return over


def authorised_to(view: OrderView, chain: Chain) -> dt.date | None:
    """The last day that a chain's service is authorised: the contract's, or without one the last segment's."""
    if view.authorised_to is not None or view.contract is not None:
        return view.authorised_to
    return chain.end_on


def _reaches_past(lines: list[Billed], last_on: dt.date) -> bool:
    return any((b.line.service_to or b.line.service_from or last_on) > last_on for b in lines)


def _judge_outside(view: OrderView, chain: Chain, outside: list[Billed], service: Service, tally: Tally) -> None:
    """Lines for days that no period covers, where nothing is expected."""
    over = sum(b.net for b in outside)
    explained = 0
    if over > view.tolerance * len(outside) and service.activated_on is not None:
        charge = chain.segments[-1].charge
        explained = _set_against(view, chain, charge, over, outside, service, tally)
    chain.move("in advance" if over > 0 else "not due", over - explained)


def _terminated(view: OrderView, chain: Chain) -> None:
    """R1: the contracted value that a termination took away."""
    agreed = 0
    for segment in chain.before_termination or ():
        agreed += sum(row.net for row in rows(segment, view.authorised_to or view.day))
    chain.move("terminated", chain.contracted - agreed)
    chain.contracted = agreed


def _unentitled(view: OrderView, chain: Chain, tally: Tally) -> None:
    """Billed past service start and never activated: the part of each line whose days have gone by."""
    start = chain.charge.start_on
    if view.calendar.add_business_days(start, 1) >= view.day:
        return
    exposure = 0
    lines = [b for b in chain.lines if b.surplus is None and b.net > 0]
    for billed in lines:
        first, last = billed.line.service_from, billed.line.service_to
        if first is None or last is None:
            exposure += billed.net
        else:
            exposure += round_half_away(billed.net * portion(first, last, view.day))
    if exposure > 0:
        tally.unentitled(chain, exposure, start, lines)
        chain.move("in advance", -exposure)


def _slice(view: OrderView, charge: Charge, period: Period, total: _Sum, billed: int, lines: list[Billed]) -> None:
    if total.amount == 0:
        state = "free"
    elif billed >= total.amount:
        state = "billed" if total.fulfilled >= total.amount else "billed, partly in advance"
    elif total.due > billed:
        state = "late"
    else:
        state = "not due"
    view.outcome.slices.append(
        Slice(
            charge=charge.key, from_on=period.first, to_on=period.last, due_on=total.due_on, expected=total.amount,
            fulfilled=total.fulfilled, billed=billed, state=state, documents=tuple(b.invoice.key for b in lines),
        )
    )  # fmt: skip
