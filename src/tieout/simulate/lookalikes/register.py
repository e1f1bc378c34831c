"""The look-alikes by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ..world import World

Maker = Callable[[World, str], None]

LOOKALIKES: dict[str, Maker] = {}
"""Name → function that puts one deal of that kind into a world."""


def lookalike(make: Maker) -> Maker:
    """Register a look-alike under its function's name."""
    LOOKALIKES[make.__name__] = make
    return make


def early(world: World, days: int = 20) -> dt.date:
    """A start so many days into the company's year, so that everything has happened by as_of."""
    return world.start + dt.timedelta(days=days)
