"""Changes in the middle of a term that were handled as they should be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from .. import changes, papers
from ..amounts import decimals
from ..arithmetic import ONE_DAY, later
from ..catalogue import PLATFORM
from ..deal import BillLine
from ..shapes import annual, complete, metered, subscribed
from ..world import World
from .pricing import finish
from .register import early, lookalike


def days(count: int) -> dt.timedelta:
    """That many days."""
    return dt.timedelta(days=count)


@lookalike
def upgrade_charged_in_the_middle(world: World, name: str) -> None:
    """More seats in mid-month, agreed in the rush at quarter end, prorated and billed at once."""
    deal, chain = subscribed(world, name, start=early(world, 35))
    on = changes.quarter_end(deal, deal.start + days(40))
    changes.upgrade(deal, chain, on, on)
    finish(deal)


@lookalike
def upgrade_of_a_prepaid_year(world: World, name: str) -> None:
    """A year was prepaid; the upgrade is charged for the days that are left."""
    deal, chain = annual(world, name, start=early(world, 15))
    chain.scheduled = False
    on = changes.quarter_end(deal, deal.start + days(100))
    changes.dearer(deal, chain, on, on - days(2), 150)
    finish(deal)


@lookalike
def upgrade_announced_for_later(world: World, name: str) -> None:
    """Accepted in May, in effect only after the end of the company's year."""
    deal, chain = subscribed(world, name, start=early(world, 100))
    changes.upgrade(deal, chain, world.as_of + days(33), world.as_of - days(40))
    finish(deal)


@lookalike
def pause_without_invoices(world: World, name: str) -> None:
    """Two months paused: no service, no invoice, and everything goes on afterwards."""
    deal, chain = subscribed(world, name, start=early(world, 28))
    first = later(deal.start, 3)
    changes.pause(deal, chain, first, later(first, 2) - ONE_DAY, first - days(9))
    finish(deal)


@lookalike
def pause_with_invoices_of_zero(world: World, name: str) -> None:
    """Two months paused, for which billing sends invoices over nothing."""
    deal, chain = subscribed(world, name, start=early(world, 29))
    first = later(deal.start, 4)
    changes.pause(deal, chain, first, later(first, 2) - ONE_DAY, first - days(9))
    complete(deal)
    paused = chain.segments[1]
    for number in range(2):
        begin, end = later(first, number), later(first, number + 1) - ONE_DAY
        deal.bill(begin, [BillLine(paused, begin, end, 0)], pay="none")
    papers.write(deal)


@lookalike
def pause_in_mid_month_credited(world: World, name: str) -> None:
    """A pause that begins in a month already billed gives back its unused days."""
    deal, chain = subscribed(world, name, start=early(world, 45))
    first = later(deal.start, 5) + days(10)
    changes.pause(deal, chain, first, first + days(24), first)
    finish(deal)


@lookalike
def downgrade_credited(world: World, name: str) -> None:
    """Fewer seats in mid-month: the unused part comes back as a credit, once."""
    deal, chain = subscribed(world, name, start=early(world, 22))
    on = later(deal.start, 4) + days(11)
    changes.downgrade(deal, chain, on, on)
    finish(deal)


@lookalike
def backdated_amendment(world: World, name: str) -> None:
    """Agreed six weeks after it took effect; what lies between is billed in one go."""
    deal, chain = subscribed(world, name, start=early(world, 62))
    effective = later(deal.start, 2) + days(5)
    changes.upgrade(deal, chain, effective, effective + days(44))
    finish(deal)


@lookalike
def backdated_downgrade(world: World, name: str) -> None:
    """Agreed three weeks after it took effect, and credited."""
    deal, chain = subscribed(world, name, start=early(world, 63))
    effective = later(deal.start, 3) + days(20)
    changes.downgrade(deal, chain, effective, effective + days(21))
    finish(deal)


@lookalike
def line_added(world: World, name: str) -> None:
    """A further service joins half-way and has a billing day of its own."""
    deal, _ = subscribed(world, name, start=early(world, 18))
    on = later(deal.start, 5) + days(3)
    changes.add(deal, on, on - days(3))
    finish(deal)


@lookalike
def line_removed(world: World, name: str) -> None:
    """One of two lines ends and is switched off; the unused days are credited."""
    deal, chain = subscribed(world, name, start=early(world, 19))
    deal.add(PLATFORM, deal.price(PLATFORM), period_months=12)
    on = later(deal.start, 6) + days(8)
    changes.stop(deal, chain, "remove", on, on - days(1))
    finish(deal)


@lookalike
def terminated_and_switched_off(world: World, name: str) -> None:
    """The customer leaves early: credited for the rest, and switched off on the day."""
    deal, chain = annual(world, name, start=early(world, 21))
    chain.scheduled = False
    on = later(deal.start, 7) + days(4)
    changes.stop(deal, chain, "terminate", on, on - days(12))
    finish(deal)


@lookalike
def co_termed(world: World, name: str) -> None:
    """The line is cut to end with another contract; its last month is a short one."""
    deal, chain = subscribed(world, name, start=early(world, 58))
    on = later(deal.start, 4)
    changes.co_term(deal, chain, later(deal.start, 8) + days(7), on, on - days(6))
    finish(deal)


@lookalike
def cancel_and_replace(world: World, name: str) -> None:
    """The contract is cancelled, its unused part credited, and a new order takes over the next day."""
    deal, chain = annual(world, name, start=early(world, 40))
    chain.scheduled = False
    on = later(deal.start, 5) + days(2)
    changes.stop(deal, chain, "cancel_and_replace", on, on - days(3))
    finish(deal)
    replacement, _ = annual(world, name, account=deal.account, start=on)
    replacement.accepted_on = on - days(3)
    if replacement.terms:
        replacement.terms.signed_on = on - days(3)
    finish(replacement)


@lookalike
def billed_by_another_calendar(world: World, name: str) -> None:
    """From monthly to quarterly in mid-term: the new price starts a grid of its own."""
    deal, chain = subscribed(world, name, start=early(world, 25), months=13)
    on = later(deal.start, 4)
    amendment = deal.amend("price", on, on - days(4))
    price = round(chain.charge.unit_price * 3 * Decimal("0.95"), decimals(deal.currency))
    deal.change(chain, amendment, unit_price=price, period_months=3)
    finish(deal)


@lookalike
def usage_plan_renewed(world: World, name: str) -> None:
    """A metered service from the first day on, in tiers, under one contract."""
    deal, _ = metered(world, name, "graduated", start=early(world, 16), every="week", bill_day=6)
    finish(deal)
