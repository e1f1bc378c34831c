"""All stages once, or until nothing is left to do: what a worker does between two looks at the clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from psycopg_pool import ConnectionPool

from tieout.telemetry.batches import batch

from .advance import Compass, evaluate_due, wake
from .connection import Connection
from .expand import expand, share
from .interpret import interpret

STAGES = ("interpret", "expand", "share", "evaluate", "wake")
"""In the order in which a delivery passes through them."""


class Stages:
    """The stages of one worker (a thread, or a turn of the simulation): each does one batch and says how much that was."""

    def __init__(self, pool: ConnectionPool[Connection], worker: str, at_once: int = 500) -> None:
        self.pool, self.worker, self.at_once = pool, worker, at_once
        self.compass = Compass()
        self.as_of: dt.date | None = None
        """Judge as of the end of this day, and not of now: for comparing with an audit."""

    def run(self, stage: str, now: dt.datetime) -> int:
        """One batch of one stage."""
        return batch(stage, lambda: self._run(stage, now), worker=self.worker)

    def _run(self, stage: str, now: dt.datetime) -> int:
        if stage == "interpret":
            return interpret(self.pool, self.worker, now, self.at_once * 4)
        if stage == "expand":
            return expand(self.pool, self.compass, now, self.at_once * 4)
        if stage == "share":
            return share(self.pool, now)
        if stage == "evaluate":
            return evaluate_due(self.pool, self.compass, now, self.at_once, self.as_of)
        return wake(self.pool, now)

    def settle(self, now: dt.datetime) -> int:
        """Every stage until none has anything to do; how many batches that took."""
        batches = 0
        while sum(self.gather(now)) + sum(self.run(stage, now) for stage in STAGES[2:]):
            batches += 1
        return batches

    def gather(self, now: dt.datetime) -> Iterator[int]:
        """Interpret and expand until nothing waits: what much has touched is then judged once, and not again and again."""
        while done := sum(self.run(stage, now) for stage in STAGES[:2]):
            yield done
