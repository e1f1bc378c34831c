"""Bills at less, or at more, than the contract says: underbilled and overbilled."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from ...canon.finding import Risk
from .. import billing, catalogue, changes
from ..amounts import whole
from ..arithmetic import exact_price, later
from ..deal import Bill, BillLine, Deal
from ..lookalikes.pricing import split
from ..lookalikes.renewing import renewed
from ..shapes import complete, goods, hours, metered, subscribed
from ..world import World
from .register import injects, note, off_the_rush, ripe, started, write

UNDER, OVER = Risk.UNDERBILLED, Risk.OVERBILLED
Reprice = Callable[[BillLine], int]


def reprice(deal: Deal, bills: list[Bill], net: Reprice, name: str) -> None:
    """Bill these single-line bills at another net, and write what that is too little or too much."""
    for bill in bills:
        (line,) = bill.lines
        right, line.net = line.net, net(line)
        if line.net < right:
            deal.leak(UNDER, line.charge.key, right - line.net, bill.on, note(name))
        elif line.net > right:
            deal.leak(OVER, line.charge.key, line.net - right, bill.on, note(name))


def times(percent: int) -> Reprice:
    """So many percent of what is right."""
    return lambda line: whole(Fraction(line.net * percent, 100))


@injects(UNDER)
def discount_nobody_agreed_to(world: World, name: str) -> None:
    """Every invoice is a tenth lower than the contract."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    reprice(deal, ripe(deal), times(90), name)
    write(deal)


@injects(UNDER)
def fewer_units_billed(world: World, name: str) -> None:
    """One invoice counts fewer seats than were sold."""
    deal, _ = subscribed(world, name, start=started(world, name), quantity=20, item=catalogue.SEATS)
    complete(deal)
    reprice(deal, [deal.bills[3]], times(85), name)
    write(deal)


@injects(UNDER)
def ramp_step_missed(world: World, name: str) -> None:
    """The price rose as agreed; billing went on with the old one."""
    deal, chain = subscribed(world, name, start=started(world, name), item=catalogue.SUPPORT)
    split(deal, chain, later(deal.start, 4), chain.charge.unit_price / 2, "ramp")
    complete(deal)
    old = deal.bills[0].net
    reprice(deal, [b for b in ripe(deal) if b.lines[0].charge is chain.charge], lambda _line: old, name)
    write(deal)


@injects(UNDER)
def uplift_of_the_new_term_missed(world: World, name: str) -> None:
    """Renewed at a higher price, billed at the old one."""
    deal, chain = renewed(world, name, started(world, name, 10, 60), "1.08")
    billing.plan(deal)
    old = deal.bills[0].net
    reprice(deal, [b for b in ripe(deal) if b.lines[0].charge is chain.charge], lambda _line: old, name)
    write(deal)


@injects(UNDER)
def goods_one_unit_short(world: World, name: str) -> None:
    """Shipped complete, and billed short."""
    deal, _ = goods(world, name, start=started(world, name, 20, 280))
    complete(deal)
    reprice(deal, deal.bills, times(75), name)
    write(deal)


@injects(UNDER)
def hours_at_an_old_rate(world: World, name: str) -> None:
    """One month's hours at the rate of last year."""
    deal, _ = hours(world, name, start=off_the_rush(started(world, name)), weeks=12)
    complete(deal)
    reprice(deal, [ripe(deal)[1]], times(92), name)
    write(deal)


@injects(UNDER)
def usage_at_too_low_a_price(world: World, name: str) -> None:
    """The quantity is right, the amount is not."""
    deal, _ = metered(world, name, "graduated", start=started(world, name).replace(day=1))
    complete(deal)
    reprice(deal, [deal.bills[2]], times(60), name)
    write(deal)


@injects(UNDER)
def half_of_a_stub(world: World, name: str) -> None:
    """The first, short period was prorated twice."""
    start = started(world, name).replace(day=9)
    deal, _ = subscribed(world, name, start=start, months=None, charge={"anchor_day": 1})
    complete(deal)
    reprice(deal, [deal.bills[0]], times(50), name)
    write(deal)


@injects(OVER)
def price_too_high(world: World, name: str) -> None:
    """Three invoices above the contract."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    reprice(deal, deal.bills[1:4], times(112), name)
    write(deal)


@injects(OVER)
def net_and_gross_confused(world: World, name: str) -> None:
    """The price contains the tax; billing adds it once more."""
    deal = Deal(world, name, market="DE", start=started(world, name), channel="self_serve")
    deal.tax = "inclusive"
    deal.add(catalogue.SUPPORT, deal.price(catalogue.SUPPORT), period_months=1, end_on=None)
    complete(deal)
    gross = exact_price(deal.chains[0].charge)
    reprice(deal, deal.bills[2:4], lambda _line: whole(gross), name)
    write(deal)


@injects(OVER)
def usage_at_too_high_a_price(world: World, name: str) -> None:
    """The first tier's price for all units."""
    deal, _ = metered(world, name, "graduated", start=started(world, name).replace(day=1))
    complete(deal)
    reprice(deal, [deal.bills[1]], times(130), name)
    write(deal)


@injects(OVER)
def goods_billed_in_excess(world: World, name: str) -> None:
    """More units on the invoice than on the order."""
    deal, _ = goods(world, name, start=started(world, name, 20, 280))
    complete(deal)
    reprice(deal, deal.bills, times(150), name)
    write(deal)


@injects(OVER)
def free_month_billed(world: World, name: str) -> None:
    """Two months were free, and one of them was billed."""
    deal, chain = subscribed(world, name, start=started(world, name))
    split(deal, chain, later(deal.start, 2), Decimal(0), "free")
    complete(deal)
    free, on = chain.segments[0], later(deal.start, 1)
    net = deal.bills[0].net
    deal.bill(on, [BillLine(free, on, later(deal.start, 2) - dt.timedelta(days=1), net)])
    deal.leak(OVER, free.key, net, on, note(name))
    write(deal)


@injects(OVER)
def downgrade_not_credited(world: World, name: str) -> None:
    """Fewer seats from the middle of a billed month on; the months after are right, that one is not."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 3) + dt.timedelta(days=10)
    changes.downgrade(deal, chain, on, on)
    complete(deal)
    _forget_credits(deal, chain.charge.key, name)
    write(deal)


@injects(OVER)
def removed_line_not_credited(world: World, name: str) -> None:
    """A line ended in mid-quarter; what was prepaid for the rest was never given back."""
    deal, chain = subscribed(world, name, start=started(world, name, 10, 60), period=3)
    deal.add(catalogue.SEATS, deal.price(catalogue.SEATS), period_months=1)
    on = later(deal.start, 4) + dt.timedelta(days=3)
    changes.stop(deal, chain, "remove", on, on - dt.timedelta(days=2))
    complete(deal)
    _forget_credits(deal, chain.charge.key, name)
    write(deal)


def _forget_credits(deal: Deal, subject: str, name: str) -> None:
    for bill in deal.bills:
        for credit in bill.credits:
            deal.leak(OVER, subject, credit.net, bill.on, note(name))
        bill.credits.clear()


@injects(OVER)
def terminated_and_billed_on(world: World, name: str) -> None:
    """The customer left and was switched off; two more months were billed."""
    deal, chain = subscribed(world, name, start=started(world, name, 10, 90))
    changes.stop(deal, chain, "terminate", later(deal.start, 4), later(deal.start, 4) - dt.timedelta(days=20))
    complete(deal)
    price = deal.bills[0].net
    for month in (4, 5):
        first, last = later(deal.start, month), later(deal.start, month + 1) - dt.timedelta(days=1)
        deal.bill(first, [BillLine(chain.segments[0], first, last, price)])
        deal.leak(OVER, chain.charge.key, price, first, note(name))
    write(deal)


@injects(OVER)
def paused_and_billed(world: World, name: str) -> None:
    """A month of a pause was billed like any other."""
    deal, chain = subscribed(world, name, start=started(world, name))
    first = later(deal.start, 3)
    changes.pause(deal, chain, first, later(deal.start, 5) - dt.timedelta(days=1), first - dt.timedelta(days=10))
    complete(deal)
    price, last = deal.bills[0].net, later(deal.start, 4) - dt.timedelta(days=1)
    deal.bill(first, [BillLine(chain.segments[0], first, last, price)])
    deal.leak(OVER, chain.segments[1].key, price, first, note(name))
    write(deal)
