"""Terms that end, go on, or are still being talked about, as they should."""

from __future__ import annotations

import datetime as dt

from .. import catalogue, papers, renewals
from ..arithmetic import ONE_DAY, later
from ..billing import plan
from ..deal import Chain, Deal
from ..shapes import complete, subscribed
from ..world import World
from .pricing import finish
from .register import early, lookalike


@lookalike
def evergreen_past_its_first_term(world: World, name: str) -> None:
    """No end: it goes on from month to month, long after the first quarter."""
    finish(subscribed(world, name, months=None, start=early(world, 9), channel="self_serve")[0])


@lookalike
def renewed_by_itself(world: World, name: str) -> None:
    """The term ended and, as nobody gave notice, goes on; nobody needs a new signature."""
    deal, _ = subscribed(
        world, name, start=early(world, 14), months=6, terms={"auto_renew": True}, charge={"end_on": None}
    )
    finish(deal)


def renewed(world: World, name: str, start: dt.date, uplift: str = "1.04") -> tuple[Deal, Chain]:
    """Six months, renewed for twelve in time and at another price; not billed yet."""
    deal, chain = subscribed(world, name, start=start, months=6)
    deal.renewal_left_to_chance = False
    notice = renewals.notice_on(deal)
    agreed = notice - dt.timedelta(days=12)
    assert deal.terms and deal.terms.end_on
    until = later(deal.terms.end_on + ONE_DAY, 12) - ONE_DAY
    deal.renewal = {
        "status": "won", "opened": notice - dt.timedelta(days=58), "quoted": notice - dt.timedelta(days=35),
        "agreed": agreed, "signed": agreed, "extended_to": until,
    }  # fmt: skip
    renewals.extend(deal, until, uplift)
    return deal, chain


@lookalike
def renewed_in_time(world: World, name: str) -> None:
    """Opened, quoted, agreed and extended, each in time; the new price from the new term on."""
    deal, _ = renewed(world, name, early(world, 13))
    plan(deal)
    papers.write(deal)


@lookalike
def lost_and_switched_off(world: World, name: str) -> None:
    """The customer gave notice; the service was switched off on the last day."""
    deal, _ = subscribed(world, name, start=early(world, 17), months=7)
    deal.renewal_left_to_chance = False
    notice = renewals.notice_on(deal)
    deal.renewal = {
        "status": "lost",
        "opened": notice - dt.timedelta(days=57),
        "quoted": notice - dt.timedelta(days=41),
    }
    assert deal.terms and deal.terms.end_on
    deal.switch_off(deal.terms.end_on)
    plan(deal)
    papers.write(deal)


@lookalike
def window_just_opened(world: World, name: str) -> None:
    """The window opened two days ago; there are five business days to open the renewal."""
    end = world.as_of + dt.timedelta(days=88)
    deal, _ = subscribed(world, name, start=end - dt.timedelta(days=364), months=12)
    deal.renewal_left_to_chance = False
    deal.end_with(end)
    plan(deal)
    papers.write(deal)


@lookalike
def opened_late_but_opened(world: World, name: str) -> None:
    """Opened three weeks late: late then, no risk now."""
    end = world.as_of + dt.timedelta(days=66)
    deal, _ = subscribed(world, name, start=end - dt.timedelta(days=300), months=12)
    deal.renewal_left_to_chance = False
    deal.end_with(end)
    deal.renewal = {"status": "open", "opened": world.as_of - dt.timedelta(days=2)}
    plan(deal)
    papers.write(deal)


@lookalike
def code_retired_after_the_order(world: World, name: str) -> None:
    """The product's ERP item was retired later; it was valid on the day that counts."""
    deal, _ = subscribed(world, name, item=catalogue.EDGE, start=early(world, 31))
    complete(deal)
    papers.write(deal)


@lookalike
def off_the_day_after(world: World, name: str) -> None:
    """Switched off on the business day after the contract ended."""
    deal, chain = subscribed(world, name, start=early(world, 34), months=8)
    deal.renewal_left_to_chance = False
    notice = renewals.notice_on(deal)
    deal.renewal = {
        "status": "lost",
        "opened": notice - dt.timedelta(days=57),
        "quoted": notice - dt.timedelta(days=40),
    }
    assert deal.terms and deal.terms.end_on
    chain.deactivated_on = deal.entity.add_business_days(deal.terms.end_on, 1)
    plan(deal)
    papers.write(deal)
