"""The volume mix: about eight records an order, so that millions of orders can be made; a small share of everything else."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

from . import billing, ordinary, papers, rich
from .catalogue import PLATFORM, ROUTER, SENSOR, SUPPORT
from .customers import PLACES, Account, enrol
from .deal import Deal
from .leaks import LEAKS
from .lookalikes import LOOKALIKES
from .world import World

ORDERS_PER_CUSTOMER = 20
ORDERS_PER_ODDITY = 400
"""One leak, one look-alike and one ordinary rich deal for so many plain orders."""


def make(world: World) -> None:
    """Fill the shard: first a few of the rich deals, then plain ones up to its number of orders."""
    rng = world.rng("volume")
    each = world.orders // ORDERS_PER_ODDITY
    wanted = [leak for leak in LEAKS if all(world.leaks_wanted(risk) for risk in leak.risks)]
    for leak in rng.sample(wanted, min(each, len(wanted))):
        leak.spoil(world, leak.name)
    if world.shard == 0:
        rich.show(world)
    else:
        for name in rng.sample(sorted(LOOKALIKES), min(each, len(LOOKALIKES))):
            LOOKALIKES[name](world, name)
            world.shown.add(name)
    ordinary.fill(world, each)
    markets = rng.choices(tuple(PLACES), (9, 3, 1, 3, 6, 3, 6), k=1 + world.orders // ORDERS_PER_CUSTOMER)
    accounts = [enrol(world, market) for market in markets]
    for _ in range(world.orders - len(world.docs["order"])):
        _plain(world, rng, accounts)


def _plain(world: World, rng: random.Random, accounts: list[Account]) -> None:
    """One order with one charge and one invoice: a prepaid year, goods, or a year of support."""
    start = world.start + dt.timedelta(days=rng.randrange(2, 355))
    goods = rng.random() < 0.4
    deal = Deal(
        world,
        "plain",
        account=rng.choice(accounts),
        start=start,
        channel="commerce" if goods else "self_serve",
        lean=rng,
    )
    if goods:
        item = ROUTER if rng.random() < 0.4 else SENSOR
        units = Decimal(rng.randrange(1, 9))
        chain = deal.add(item, deal.price(item), kind="one_time", trigger="shipment", quantity=units)
        shipped = deal.accepted_on + dt.timedelta(days=rng.randrange(1, 4))
        chain.triggered_on = shipped if shipped <= world.as_of else None
    else:
        item, units = (PLATFORM, Decimal(1)) if rng.random() < 0.6 else (SUPPORT, Decimal(rng.randrange(6, 30)))
        deal.add(item, deal.price(item), period_months=12, quantity=units)
    billing.plan(deal)
    papers.write(deal)
