"""The rich mix: every look-alike, leaks of every wanted class, and ordinary business around them."""

from __future__ import annotations

from . import ordinary
from .lookalikes import LOOKALIKES
from .world import World

SHOW_FROM = 150
"""From so many orders on, every look-alike is in the company."""


def make(world: World) -> None:
    """Fill the shard with its orders."""
    first = world.shard == 0
    for name, lookalike in LOOKALIKES.items():
        if first and world.orders >= SHOW_FROM:
            lookalike(world, name)
            world.shown.add(name)
    ordinary.fill(world, max(0, world.orders - len(world.docs["order"])))
