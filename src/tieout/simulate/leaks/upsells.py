"""Amendments in effect that billing never charged: missed_upsell."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from fractions import Fraction

from ...canon.documents import Amendment, Charge
from ...canon.finding import Risk
from .. import changes
from ..amounts import whole
from ..arithmetic import Due, Period, full_price, later, net_of, prorated, served
from ..deal import Chain, Deal
from ..shapes import annual, complete, subscribed
from ..world import World
from .register import injects, late_lines, note, received, since, started, write

RISK = Risk.MISSED_UPSELL


def before(deal: Deal, chain: Chain, due: Due) -> tuple[int, int]:
    """What the price before the amendment would give for the days of a line, and how much of it was received."""
    at = next(n for n, segment in enumerate(chain.segments) if segment is due.charge)
    if at == 0:
        return 0, 0
    old: Charge = chain.segments[at - 1]
    period = Period(due.period_first, due.period_last, due.period_first)
    price = net_of(prorated(old, due.first, due.last, period), old)
    off = min(deal.as_of, chain.deactivated_on or deal.as_of)
    return price, served(price, due.first, due.last, chain.activated_on, off)


def billed_of(deal: Deal, chain: Chain, first: dt.date, last: dt.date) -> int:
    """Net billed of the chain's period, less what was credited."""
    total = 0
    for bill in deal.bills:
        for line in bill.lines:
            if line.charge.line == chain.line and line.first and first <= line.first <= last:
                total += line.net
        for credit in bill.credits:
            total -= sum(part.net for part in credit.lines if part.first and first <= part.first <= last)
    return total


def missed(deal: Deal, chain: Chain, amendment: Amendment, name: str) -> dict[tuple[dt.date, dt.date], tuple[int, int]]:
    """Write what an uncharged amendment of the line costs by now; by period, what it takes of shortfall and of value."""
    periods: dict[tuple[dt.date, dt.date], list[Due]] = defaultdict(list)
    for due in late_lines(deal, chain):
        periods[due.period_first, due.period_last].append(due)
    total, uncharged = 0, []
    taken: dict[tuple[dt.date, dt.date], tuple[int, int]] = {}
    for (first, last), lines in sorted(periods.items()):
        mine = [due for due in lines if due.charge.amendment == amendment.ref]
        delta = sum(due.net - before(deal, chain, due)[0] for due in mine)
        short = sum(due.net for due in lines) - billed_of(deal, chain, first, last)
        if delta <= 0 or short <= 1:
            continue
        of_it = sum(received(deal, chain, due) - before(deal, chain, due)[1] for due in mine)
        share = min(short, delta)
        exposure = whole(Fraction(of_it * share, delta))
        taken[first, last] = (share, of_it)
        total += exposure
        uncharged.append(min(due.bill_on for due in mine))
    deal.leak(RISK, amendment.key, total, since(deal, min(uncharged)), note(name))
    return taken


@injects(RISK)
def upgrade_never_charged(world: World, name: str) -> None:
    """More seats from the middle of a month, agreed at quarter end: billed as if nothing had happened."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    on = changes.quarter_end(deal, later(deal.start, 2))
    changes.upgrade(deal, chain, on, on - dt.timedelta(days=3))
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def upgrade_of_a_prepaid_year_never_charged(world: World, name: str) -> None:
    """The year was prepaid at the old price; the delta counts as far as its days have gone by."""
    deal, chain = annual(world, name, start=started(world, name))
    chain.scheduled = False
    complete(deal)
    on = later(deal.start, 3) + dt.timedelta(days=deal.rng.randrange(30))
    changes.dearer(deal, chain, on, on, 150)
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def upgrade_of_a_quarter_never_charged(world: World, name: str) -> None:
    """Billed by quarter, by 30/360, upgraded in the middle of one."""
    deal, chain = subscribed(world, name, start=started(world, name), period=3, charge={"proration": "30/360"})
    complete(deal)
    on = later(deal.start, 4) + dt.timedelta(days=13)
    changes.upgrade(deal, chain, on, on + dt.timedelta(days=5))
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def added_line_never_charged(world: World, name: str) -> None:
    """A further service was agreed and switched on, and never reached billing."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    on = later(deal.start, 3) + dt.timedelta(days=2)
    _, added = changes.add(deal, on, on - dt.timedelta(days=2))
    missed(deal, added, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def price_rise_never_charged(world: World, name: str) -> None:
    """A price agreed for the next period's first day, and the old one billed ever since."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    on = later(deal.start, 4)
    changes.dearer(deal, chain, on, on - dt.timedelta(days=9), 115)
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def upgrade_forgotten_after_the_first_month(world: World, name: str) -> None:
    """The rest of the month was charged; from the next invoice on it is the old price again."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 3) + dt.timedelta(days=12)
    changes.upgrade(deal, chain, on, on)
    old = full_price(chain.segments[0])
    complete(deal)
    for bill in deal.bills:
        for line in bill.lines:
            if line.first and line.first > on:
                line.net = old
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def backdated_part_never_charged(world: World, name: str) -> None:
    """Agreed two months after it took effect; billed only from then on."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 2)
    accepted = later(on, 2) + dt.timedelta(days=4)
    changes.upgrade(deal, chain, on, accepted)
    complete(deal)
    for bill in list(deal.bills):
        bill.lines = [line for line in bill.lines if not (line.bill_on == accepted and line.last < accepted)]  # type: ignore[operator]
        if not bill.lines:
            deal.bills.remove(bill)
    missed(deal, chain, deal.amendments[0], name)
    write(deal)


@injects(RISK)
def second_upgrade_never_charged(world: World, name: str) -> None:
    """The first upgrade is billed, the second one is not."""
    deal, chain = subscribed(world, name, start=started(world, name))
    first = later(deal.start, 2) + dt.timedelta(days=6)
    changes.upgrade(deal, chain, first, first)
    complete(deal)
    second = later(deal.start, 4) + dt.timedelta(days=15)
    changes.dearer(deal, chain, second, second, 130)
    missed(deal, chain, deal.amendments[1], name)
    write(deal)
