"""The rich mix: every look-alike, leaks of every wanted class, and ordinary business around them."""

from __future__ import annotations

from . import ordinary
from .journals import by_hand
from .leaks import LEAKS
from .lookalikes import LOOKALIKES
from .world import World

SHOW_FROM = 150
"""From so many orders on, every look-alike is in the company."""


def make(world: World) -> None:
    """Fill the shard with its orders."""
    if world.shard == 0:
        by_hand(world)
        show(world)
    _spoil(world)
    ordinary.fill(world, max(0, world.orders - len(world.docs["order"])))


def show(world: World) -> None:
    """Every look-alike once, where the company is large enough for them."""
    if world.orders >= SHOW_FROM:
        for name, lookalike in LOOKALIKES.items():
            lookalike(world, name)
            world.shown.add(name)


def _spoil(world: World) -> None:
    """Inject what is wanted, in an order drawn for the company, until a third of its orders are spoilt."""
    wanted = [leak for leak in LEAKS if all(world.leaks_wanted(risk) for risk in leak.risks)]
    world.rng("leaks").shuffle(wanted)
    room = min(len(wanted), max(1, (world.orders - len(world.docs["order"])) // 2))
    for leak in wanted[:room]:
        leak.spoil(world, leak.name)
