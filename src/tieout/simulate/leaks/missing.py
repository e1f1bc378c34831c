"""Charges that are due and that no invoice ever billed: unbilled_service."""

from __future__ import annotations

import datetime as dt

from ...canon.finding import Risk
from .. import billing, catalogue
from ..arithmetic import later
from ..deal import Bill, Chain, Deal
from ..lookalikes.renewing import renewed
from ..shapes import annual, complete, goods, hours, project, subscribed
from ..world import World
from .register import (
    drop,
    drop_line,
    injects,
    late_lines,
    lines_of,
    note,
    off_the_rush,
    received,
    ripe,
    since,
    started,
    write,
)

RISK = Risk.UNBILLED_SERVICE


def never_billed(deal: Deal, chain: Chain, name: str) -> None:
    """Nothing of a recurring line was billed: all that was received of its due lines leaks."""
    lines = late_lines(deal, chain)
    for bill in list(deal.bills):
        bill.lines = [line for line in bill.lines if line.charge not in chain.segments]
        if not bill.lines:
            drop(deal, bill)
    for segment in chain.segments:
        mine = [due for due in lines if due.charge is segment]
        if mine:
            amount = sum(received(deal, chain, due) for due in mine)
            deal.leak(RISK, segment.key, amount, since(deal, min(due.bill_on for due in mine)), note(name))


def skip(deal: Deal, chain: Chain, bill: Bill, name: str) -> None:
    """One bill of a single-line recurring deal was never made."""
    (line,) = bill.lines
    due = next(due for due in late_lines(deal, chain) if (due.first, due.last) == (line.first, line.last))
    drop(deal, bill)
    deal.leak(RISK, line.charge.key, received(deal, chain, due), since(deal, line.bill_on), note(name))


@injects(RISK)
def whole_order_never_billed(world: World, name: str) -> None:
    """Live from the first day, and billing never heard of it."""
    deal, chain = subscribed(world, name, start=started(world, name, 60, 250))
    complete(deal)
    never_billed(deal, chain, name)
    write(deal)


@injects(RISK)
def one_month_skipped(world: World, name: str) -> None:
    """A billing run left one customer out."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    skip(deal, chain, deal.bills[deal.rng.randrange(1, 5)], name)
    write(deal)


@injects(RISK)
def two_months_skipped(world: World, name: str) -> None:
    """Two billing runs left one customer out."""
    deal, chain = subscribed(world, name, start=started(world, name), item=catalogue.SEATS)
    complete(deal)
    for bill in deal.bills[2:4]:
        skip(deal, chain, bill, name)
    write(deal)


@injects(RISK)
def latest_month_skipped(world: World, name: str) -> None:
    """The newest period is missing, and only part of it has been received."""
    day = world.as_of - dt.timedelta(days=12)
    deal, chain = subscribed(world, name, start=later(day, -4))
    complete(deal, slow=False)
    skip(deal, chain, deal.bills[-1], name)
    write(deal)


@injects(RISK)
def prepaid_year_never_billed(world: World, name: str) -> None:
    """A year was to be billed in advance: what was received so far leaks, the rest is only late."""
    deal, chain = annual(world, name, start=started(world, name, 30, 280))
    chain.scheduled = False
    complete(deal)
    never_billed(deal, chain, name)
    write(deal)


@injects(RISK)
def quarter_in_arrears_skipped(world: World, name: str) -> None:
    """A quarter that was to be billed on the tenth of the month after it."""
    start = started(world, name, 20, 60).replace(day=1)
    deal, chain = subscribed(world, name, period=3, start=start, charge={"timing": "arrears", "bill_day": 10})
    complete(deal)
    skip(deal, chain, deal.bills[1], name)
    write(deal)


@injects(RISK)
def activated_later_never_billed(world: World, name: str) -> None:
    """Billed from activation, which billing was never told of."""
    deal, chain = subscribed(world, name, start=started(world, name, 90, 200), charge={"trigger": "activation"})
    chain.activated_on = deal.start + dt.timedelta(days=9)
    complete(deal)
    never_billed(deal, chain, name)
    write(deal)


@injects(RISK)
def one_line_of_two_never_billed(world: World, name: str) -> None:
    """The main service is billed, the support that was sold with it is not."""
    deal, _ = subscribed(world, name, start=started(world, name))
    second = deal.add(catalogue.SUPPORT, deal.price(catalogue.SUPPORT), period_months=1)
    complete(deal)
    never_billed(deal, second, name)
    write(deal)


@injects(RISK)
def renewed_term_never_billed(world: World, name: str) -> None:
    """The contract was renewed; billing stopped with the old term."""
    deal, chain = renewed(world, name, started(world, name, 10, 60))
    billing.plan(deal)
    segment = chain.charge
    lines = [due for due in late_lines(deal, chain) if due.charge is segment]
    for bill in list(deal.bills):
        if bill.lines[0].charge is segment:
            drop(deal, bill)
    amount = sum(received(deal, chain, due) for due in lines)
    deal.leak(RISK, segment.key, amount, since(deal, lines[0].bill_on), note(name))
    write(deal)


def _once(deal: Deal, bill: Bill, name: str) -> None:
    (line,) = bill.lines
    drop(deal, bill)
    deal.leak(RISK, line.charge.key, line.net, since(deal, line.bill_on), note(name))


@injects(RISK)
def milestone_forgotten(world: World, name: str) -> None:
    """Approved, and never billed."""
    deal, _ = project(world, name, (20, 60, None), start=started(world, name))
    complete(deal)
    _once(deal, deal.bills[1], name)
    write(deal)


@injects(RISK)
def shipment_never_billed(world: World, name: str) -> None:
    """The goods left the warehouse; no invoice followed."""
    deal, _ = goods(world, name, start=started(world, name, 20, 300))
    complete(deal)
    _once(deal, deal.bills[0], name)
    write(deal)


@injects(RISK)
def hours_of_a_month_never_billed(world: World, name: str) -> None:
    """Approved hours of one month were left out."""
    deal, _ = hours(world, name, start=off_the_rush(started(world, name)), weeks=12)
    complete(deal)
    _once(deal, ripe(deal)[1], name)
    write(deal)


@injects(RISK)
def set_up_fee_forgotten(world: World, name: str) -> None:
    """The fee of the first day was never billed, all months were."""
    deal, _ = subscribed(world, name, start=started(world, name))
    fee = deal.add(catalogue.SETUP, deal.price(catalogue.SETUP), kind="one_time", end_on=None)
    complete(deal)
    line = next(line for line in lines_of(deal) if line.charge is fee.charge)
    drop_line(deal, line)
    deal.leak(RISK, line.charge.key, line.net, since(deal, line.bill_on), note(name))
    write(deal)
