"""Deliveries, hours and usage that are not billed, and need not be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from .. import papers
from ..arithmetic import ONE_DAY, later
from ..deal import Meter
from ..shapes import goods, hours, metered, project, subscribed
from ..world import World
from .pricing import finish
from .register import early, lookalike


@lookalike
def late_usage_within_the_limit(world: World, name: str) -> None:
    """Usage of January that arrived in March is billed in April: its clock starts when it became known."""
    deal, chain = metered(world, name, start=early(world, 40).replace(day=1), bill_day=3)
    month = later(deal.start, 4)
    chain.usage.append(Meter(month + dt.timedelta(days=9), Decimal(731), later(month, 2, 17)))
    finish(deal)


@lookalike
def late_usage_not_due_yet(world: World, name: str) -> None:
    """Usage of April that became known last week is billed on the next billing day."""
    deal, chain = metered(world, name, start=early(world, 41).replace(day=1), bill_day=3)
    known = world.as_of - dt.timedelta(days=6)
    chain.usage.append(Meter(later(known.replace(day=1), -2) + dt.timedelta(days=20), Decimal(512), known))
    finish(deal)


@lookalike
def usage_too_late_to_bill(world: World, name: str) -> None:
    """Known only after the back-bill limit: lost, and nobody's finding any more."""
    deal, chain = metered(world, name, start=early(world, 42).replace(day=1), back_bill_days=60)
    month = later(deal.start, 1)
    chain.usage.append(Meter(month + dt.timedelta(days=3), Decimal(900), later(month, 6, 12)))
    finish(deal)


@lookalike
def usage_of_this_month(world: World, name: str) -> None:
    """Metered all through the month; its billing day is the tenth of the next one."""
    finish(metered(world, name, start=early(world, 250).replace(day=1), bill_day=10, every="day")[0])


@lookalike
def hours_not_approved(world: World, name: str) -> None:
    """Hours were worked months ago and never approved: not billable."""
    deal, chain = hours(world, name, start=early(world, 110), weeks=8)
    for work in chain.work[-2:]:
        work.approved_on = None
    finish(deal)


@lookalike
def hours_of_this_month(world: World, name: str) -> None:
    """Approved this month, billed on the first of the next one."""
    finish(hours(world, name, start=world.as_of - dt.timedelta(days=40), weeks=6)[0])


@lookalike
def milestone_open(world: World, name: str) -> None:
    """Two milestones billed, the third not approved yet."""
    finish(project(world, name, (20, 60, None), start=early(world, 85))[0])


@lookalike
def not_shipped_yet(world: World, name: str) -> None:
    """Ordered months ago, still in the warehouse: nothing to bill."""
    finish(goods(world, name, shipped=None, start=early(world, 200))[0])


@lookalike
def activated_a_day_late(world: World, name: str) -> None:
    """Switched on the day after it was billed."""
    deal, chain = subscribed(world, name, start=early(world, 86))
    chain.activated_on = deal.start + ONE_DAY
    finish(deal)


@lookalike
def started_today(world: World, name: str) -> None:
    """Billed this morning and not switched on yet."""
    deal, chain = subscribed(world, name, start=world.as_of)
    chain.activated_on = None
    finish(deal)


@lookalike
def order_cancelled(world: World, name: str) -> None:
    """An order that was cancelled before anything happened."""
    deal, chain = subscribed(world, name, start=early(world, 87))
    chain.activated_on = None
    deal.status = "cancelled"
    papers.write(deal)
