"""What handlers work with."""

from __future__ import annotations

import msgspec

from tieout.store.advance import Compass
from tieout.store.connection import Pool
from tieout.store.intake import GroupCommit

from .awaiting import Answers
from .doors import Doors


class Means(msgspec.Struct, frozen=True):
    """The parts of an installation that a request may need."""

    pool: Pool
    """Of connections to the database, for `store.connection.transact`."""
    intake: GroupCommit
    doors: Doors
    """The connections that webhooks come in by."""
    answers: Answers = msgspec.field(default_factory=Answers)
    """For coroutines that await a commit."""
    compass: Compass = msgspec.field(default_factory=Compass)
    """By what to evaluate what is only asked, and not kept."""
