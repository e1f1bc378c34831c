"""The ordinary business between the oddities: deals drawn by weight from everything that the company sells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from . import catalogue, changes, papers
from .arithmetic import later
from .deal import Deal
from .shapes import annual, committed, complete, goods, hours, metered, project, subscribed
from .world import World

NAME = "ordinary"


def _monthly(world: World) -> Deal:
    return subscribed(world, NAME)[0]


def _seats_and_setup(world: World) -> Deal:
    deal, _ = subscribed(world, NAME, item=catalogue.SEATS)
    deal.add(catalogue.SETUP, deal.price(catalogue.SETUP), kind="one_time", end_on=None)
    return deal


def _quarterly(world: World) -> Deal:
    deal, chain = subscribed(world, NAME, item=catalogue.VAULT, period=3)
    chain.scheduled = True
    return deal


def _arrears(world: World) -> Deal:
    return subscribed(world, NAME, charge={"timing": "arrears"}, item=catalogue.SUPPORT)[0]


def _short_term(world: World) -> Deal:
    return subscribed(world, NAME, months=6)[0]


def _self_serve(world: World) -> Deal:
    return subscribed(world, NAME, months=None, channel="self_serve", quantity=1)[0]


def _metered(world: World) -> Deal:
    model = world.rng(f"model/{len(world.docs['order'])}").choice(
        ("per_unit", "flat", "graduated", "volume", "package")
    )
    return metered(world, NAME, model, bill_day=5, every="month")[0]


def _weekly_metered(world: World) -> Deal:
    return metered(world, NAME, "per_unit", bill_day=8, every="week")[0]


def _bundle(world: World) -> Deal:
    deal, _ = subscribed(world, NAME, item=catalogue.SUITE)
    deal.add(catalogue.SUPPORT, deal.price(catalogue.SUPPORT), period_months=1)
    deal.add(catalogue.SETUP, deal.price(catalogue.SETUP), kind="one_time", end_on=None)
    return deal


def _amended(world: World) -> Deal:
    """One or two changes, most of them in the rush at quarter end."""
    deal, chain = subscribed(world, NAME, item=catalogue.SEATS)
    on = changes.quarter_end(deal, deal.start + dt.timedelta(days=deal.rng.randrange(20, 120)))
    change = deal.rng.choice((changes.upgrade, changes.upgrade, changes.dearer, changes.downgrade))
    accepted = on - dt.timedelta(days=deal.rng.choice((0, 0, 1, 4)))
    if accepted <= deal.as_of and on <= (deal.terms.end_on if deal.terms and deal.terms.end_on else on):
        change(deal, chain, on, accepted)
    return deal


def _yearly_amended(world: World) -> Deal:
    deal, chain = annual(world, NAME)
    chain.scheduled = False
    on = changes.quarter_end(deal, later(deal.start, deal.rng.randrange(1, 6)))
    if on <= deal.as_of:
        changes.dearer(deal, chain, on, on, 140)
    return deal


MAKERS: tuple[tuple[int, Callable[[World], Deal]], ...] = (
    (18, _monthly), (8, _seats_and_setup), (12, lambda world: annual(world, NAME)[0]), (6, _quarterly), (5, _arrears),
    (7, _short_term), (8, _self_serve), (7, _metered), (2, _weekly_metered), (5, _bundle), (10, _amended),
    (3, _yearly_amended), (14, lambda world: goods(world, NAME)[0]), (3, lambda world: project(world, NAME)[0]),
    (4, lambda world: hours(world, NAME)[0]), (2, lambda world: committed(world, NAME)[0]),
)  # fmt: skip


def fill(world: World, orders: int) -> None:
    """So many ordinary orders."""
    rng = world.rng("ordinary mix")
    weights, makers = [weight for weight, _ in MAKERS], [make for _, make in MAKERS]
    for _ in range(orders):
        deal = rng.choices(makers, weights)[0](world)
        complete(deal)
        papers.write(deal)
