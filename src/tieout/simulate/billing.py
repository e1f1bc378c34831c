"""What has to be billed when: the plan of bills that a correct billing system would follow.

It walks through the life of a deal as billing learned of it. At every moment at which something falls due or is
amended, it bills what the contract as known then asks for and was not billed before, or credits what is too much.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal

from ..canon.documents import Charge
from .amounts import whole
from .arithmetic import FOREVER, ONE_DAY, Due, exact_price, in_minor, later, net_of, prorated, slots, usage_price
from .deal import BillLine, Chain, Deal, Meter

GRACE = 2
"""Business days between the day on which something is to be billed and the day on which it is late."""


def plan(deal: Deal, slow: bool = True) -> None:
    """Fill in the bills and credits of a deal up to as_of; ``slow`` bills some a day or two later, within the grace."""
    wanted: dict[dt.date, list[BillLine]] = defaultdict(list)
    credits: list[tuple[dt.date, BillLine, int, Charge]] = []
    for chain in deal.chains:
        if chain.charge.kind in ("recurring", "commitment"):
            _recurring(deal, chain, wanted, credits)
        elif chain.charge.kind == "usage":
            for line in usage_lines(deal, chain):
                wanted[line.bill_on].append(line)  # type: ignore[index]
        elif chain.charge.kind == "time":
            for line in time_lines(chain):
                wanted[line.bill_on].append(line)  # type: ignore[index]
        else:
            for line in once(deal, chain):
                wanted[line.bill_on].append(line)  # type: ignore[index]
    for on in sorted(day for day in wanted if day <= deal.as_of):
        lag = deal.rng.choice((0, 0, 0, 0, 0, 1, 2)) if slow else 0
        issued = deal.entity.add_business_days(on, lag)
        if issued <= deal.as_of:
            deal.bill(issued, wanted[on])
    _give_back(deal, credits)


def _give_back(deal: Deal, credits: list[tuple[dt.date, BillLine, int, Charge]]) -> None:
    for on, line, net, segment in credits:
        bill = next((b for b in deal.bills if any(line is other for other in b.lines)), None)
        if bill and on <= deal.as_of:
            part = BillLine(line.charge, max(segment.start_on, line.first or on), line.last, net)
            deal.credit(bill, max(on, bill.on), [part], cause=segment.amendment)


# --- recurring ------------------------------------------------------------------------------------------------------


def due_lines(
    deal: Deal, chain: Chain, segments: Sequence[Charge] | None = None, until: dt.date = FOREVER
) -> list[Due]:
    """Every line that these segments ask for in periods that begin by ``until`` (default as_of)."""
    lines = []
    accepted = {a.ref: deal.entity.day(a.accepted_at) for a in deal.amendments if a.accepted_at}
    for charge, first, last, period in slots(segments or chain.segments, min(until, deal.as_of)):
        if charge.unit_price == 0 and not charge.tiers:
            continue
        net = net_of(prorated(charge, first, last, period), charge)
        if charge.timing == "arrears":
            end = last if last == (chain.charge.end_on or FOREVER) else period.last
            on = end + ONE_DAY
            if charge.bill_day:
                on = later(end.replace(day=1), 1, charge.bill_day)
        else:
            on = first
        on = max(on, deal.accepted_on)
        if charge.amendment:
            on = max(on, accepted[charge.amendment])
        if charge.trigger == "activation":
            if chain.activated_on is None:
                continue
            on = max(on, chain.activated_on)
        lines.append(Due(charge, first, last, period.first, period.last, net, on))
    return lines


def is_late(deal: Deal, bill_on: dt.date) -> bool:
    """Whether something to be billed on that day and still not billed is late at as_of."""
    return due_on(deal, bill_on) < deal.as_of


def due_on(deal: Deal, bill_on: dt.date) -> dt.date:
    """The last day of grace."""
    return deal.entity.add_business_days(bill_on, GRACE)


def _stages(deal: Deal, chain: Chain) -> Iterator[tuple[dt.date, dt.date, list[Charge], Charge]]:
    """What billing knew of the chain: from when, until when (not included), which segments, and the first new one."""
    known = {a.ref: deal.entity.day(a.accepted_at) for a in deal.amendments if a.accepted_at}
    when = [known.get(segment.amendment or "", dt.date.min) for segment in chain.segments]
    moments = sorted(set(when))
    for moment, following in zip(moments, [*moments[1:], FOREVER], strict=True):
        segments = [segment for segment, day in zip(chain.segments, when, strict=True) if day <= moment]
        yield moment, following, segments, chain.segments[when.index(moment)]


def _recurring(
    deal: Deal,
    chain: Chain,
    wanted: dict[dt.date, list[BillLine]],
    credits: list[tuple[dt.date, BillLine, int, Charge]],
) -> None:
    billed: dict[tuple[dt.date, dt.date], list[BillLine]] = defaultdict(list)
    given: dict[tuple[dt.date, dt.date], int] = defaultdict(int)
    for moment, following, segments, news in _stages(deal, chain):
        periods: dict[tuple[dt.date, dt.date], list[Due]] = defaultdict(list)
        for due in due_lines(deal, chain, segments):
            periods[due.period_first, due.period_last].append(due)
        for period in billed:
            periods.setdefault(period, [])
        for period, dues in sorted(periods.items()):
            days = {max(due.bill_on, moment) for due in dues} | ({moment} if moment > dt.date.min else set())
            for day in sorted(day for day in days if day < following and day <= deal.as_of):
                have = sum(line.net for line in billed[period]) - given[period]
                ripe = [due for due in dues if max(due.bill_on, moment) <= day]
                if sum(due.net for due in ripe) > have:
                    for line in _missing(ripe, billed[period], given[period], have, day):
                        line.period = period
                        billed[period].append(line)
                        wanted[day].append(line)
                elif (too_much := have - sum(due.net for due in dues)) > 0:
                    _take_back(billed[period], too_much, day, news, credits)
                    given[period] += too_much


def _missing(ripe: list[Due], billed: list[BillLine], given: int, have: int, day: dt.date) -> Iterator[BillLine]:
    """Line by line what is not billed yet; one line for the difference where an earlier line was of another amount."""
    done = {(line.charge.id, line.first, line.last, line.net) for line in billed}
    open_ = [due for due in ripe if (due.charge.id, due.first, due.last, due.net) not in done]
    exact = sum(due.net for due in ripe) - sum(due.net for due in open_) == have and not given
    if exact:
        for due in open_:
            quantity = due.charge.quantity
            yield BillLine(due.charge, due.first, due.last, due.net, quantity=quantity, bill_on=day)
    else:
        last = ripe[-1]
        yield BillLine(last.charge, last.first, last.last, sum(due.net for due in ripe) - have, bill_on=day)


def _take_back(
    billed: list[BillLine],
    amount: int,
    day: dt.date,
    segment: Charge,
    credits: list[tuple[dt.date, BillLine, int, Charge]],
) -> None:
    for line in reversed(billed):
        part = min(amount, line.net)
        credits.append((day, line, part, segment))
        amount -= part
        if not amount:
            return


# --- everything else ------------------------------------------------------------------------------------------------


def once(deal: Deal, chain: Chain) -> list[BillLine]:
    """The one line of a one-time charge or milestone, once what triggers it has happened."""
    charge = chain.charge
    day = {"contract_effective": charge.start_on, "activation": chain.activated_on}.get(
        charge.trigger, chain.triggered_on
    )
    if day is None or day > deal.as_of:
        return []
    net = net_of(exact_price(charge), charge)
    return [BillLine(charge, day, day, net, quantity=charge.quantity, bill_on=max(day, deal.accepted_on))]


def time_lines(chain: Chain) -> list[BillLine]:
    """One line a month of approval: every entry rounded for itself, billed on the first of the following month."""
    months: dict[dt.date, list[tuple[Decimal, int]]] = defaultdict(list)
    for work in chain.work:
        if work.approved_on:
            worth = whole(in_minor(work.hours * chain.charge.unit_price, chain.charge.currency))
            months[work.approved_on.replace(day=1)].append((work.hours, worth))
    lines = []
    for first, entries in sorted(months.items()):
        after = later(first, 1)
        hours, net = sum(e[0] for e in entries), sum(e[1] for e in entries)
        lines.append(BillLine(chain.charge, first, after - ONE_DAY, net, quantity=Decimal(hours), bill_on=after))
    return lines


def usage_bill_day(charge: Charge, meter: Meter) -> dt.date | None:
    """When a metered quantity is to be billed; None where it came too late to be billed at all."""
    month = meter.used_on.replace(day=1)
    if meter.known_on > later(month, 1) - ONE_DAY + dt.timedelta(days=charge.back_bill_days):
        return None
    on = later(month, 1, charge.bill_day or 1)
    while on < meter.known_on:
        on = later(on, 1, charge.bill_day or 1)
    return on


def usage_batches(deal: Deal, chain: Chain) -> dict[dt.date, dict[dt.date, Decimal]]:
    """Quantity by month of use and, within it, by the day on which it is to be billed; what is lost left out."""
    months: dict[dt.date, dict[dt.date, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for meter in chain.usage:
        on = usage_bill_day(chain.charge, meter)
        if on is not None and meter.known_on <= deal.as_of:
            months[meter.used_on.replace(day=1)][on] += meter.quantity
    return months


def usage_lines(deal: Deal, chain: Chain) -> list[BillLine]:
    """The lines of a usage charge: month by month at its marginal price, less a prepaid commitment, with its true-up."""
    charge, commitment = chain.charge, chain.commitment
    lines: list[BillLine] = []
    consumed = 0
    for month, batches in sorted(usage_batches(deal, chain).items()):
        quantity = Decimal(0)
        for on, more in sorted(batches.items()):
            net = usage_price(charge, quantity + more) - usage_price(charge, quantity)
            if commitment and commitment.billed == "prepaid":
                over = max(0, consumed - commitment.amount)
                net, growth = max(0, consumed + net - commitment.amount) - over, net
                consumed += growth
            else:
                consumed += net
            quantity += more
            lines.append(BillLine(charge, month, later(month, 1) - ONE_DAY, net, quantity=more, bill_on=on))
    if commitment and commitment.billed == "true_up" and commitment.end_on < deal.as_of:
        on = later(commitment.end_on.replace(day=1), 1, charge.bill_day or 1)
        rest = commitment.amount - consumed
        if rest > 0:
            lines.append(BillLine(charge, commitment.start_on, commitment.end_on, rest, bill_on=on))
    return lines
