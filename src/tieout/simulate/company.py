"""The whole company, shard by shard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from ..canon.finding import Risk
from . import catalogue, rich, volume
from .cash import settle
from .world import Mix, World


def build(
    seed: int,
    shard: int = 0,
    orders: int = 400,
    mix: Mix = "rich",
    clean: bool = False,
    only: Iterable[Risk] = (),
    as_of: dt.date = dt.date(2026, 6, 30),
) -> World:
    """One shard: `orders` of its own, and in shard 0 the master data of all."""
    world = World(seed, shard, orders=orders, mix=mix, clean=clean, only=only, as_of=as_of)
    catalogue.load(world)
    (rich if mix == "rich" else volume).make(world)
    settle(world)
    return world
