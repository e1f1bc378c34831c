"""The worker as a part of a process: the stages in a thread of their own, and what is to be done now and then."""

from __future__ import annotations

import datetime as dt
import gc
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

import structlog

from tieout.policy import Policy
from tieout.store.case_work import tick as keep_time_of_cases
from tieout.store.connection import Pool, open_pool, transact
from tieout.store.errors import DatabaseLost
from tieout.store.history import tick as make_partitions
from tieout.store.stages import STAGES, Stages
from tieout.store.streams import tick as watch_streams
from tieout.store.trail_heads import seal_and_publish
from tieout.store.triage import triage

from .running import Installation, Part

log = structlog.get_logger()

ALERT, DOZE = 0.03, 0.2
"""Seconds between two looks at the queues: soon after something was done, and otherwise."""
SOON = 3.0
"""Seconds for which a worker is alert after it had something to do."""
GATHERING = 1.0
"""Seconds for which what waits is interpreted before any of it is judged."""
MUCH = 1_000
"""Deliveries or documents of one batch that say that more waits."""
COLLECTING = 10.0
"""Seconds between two collections of objects that hold each other."""
MOST_PAUSE = 30.0
"""Seconds that a stage rests at most after it failed again and again; it doubles from a quarter of one."""

Chore = Callable[[Pool, Policy, dt.datetime], object]


class Often(NamedTuple):
    """Something that is done every so many seconds, by whichever worker comes to it."""

    name: str
    seconds: float
    chore: Chore


def chores(installation: Installation) -> tuple[Often, ...]:
    """What is done now and then."""
    folder = installation.settings.data_folder
    return (
        Often("keep the time of cases", 1.0, _keep_time),
        Often("watch streams", 5.0, watch_streams),
        Often("seal the trail", 10.0, lambda pool, _policy, _now: seal_and_publish(pool, folder)),
        Often("make partitions", 3600.0, lambda pool, _policy, now: make_partitions(pool, now)),
    )


def _keep_time(pool: Pool, policy: Policy, now: dt.datetime) -> None:
    """All cases that are due; in part where they are very many, so that a change of policy does not hold up the stages."""
    for _ in range(10):
        if not keep_time_of_cases(pool, policy, now):
            break


@contextmanager
def _collected_apart() -> Iterator[Callable[[], None]]:
    """The cycle collector waits for the end of a turn: a batch makes hundreds of thousands of objects that die together without it, and
    it would walk them again and again in vain, for nearly half of a worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    last = time.monotonic()

    def collect() -> None:
        nonlocal last
        if time.monotonic() - last > COLLECTING:
            gc.collect()
            last = time.monotonic()

    try:
        yield collect
    finally:
        gc.enable()
        gc.unfreeze()


class Worker:
    """Runs the stages until it is told to stop. What fails rests for a while, and everything else goes on."""

    def __init__(
        self,
        pool: Pool,
        now: Callable[[], dt.datetime],
        chores: tuple[Often, ...] = (),
        durable: Pool | None = None,
        as_of: dt.date | None = None,
    ) -> None:
        self.pool, self.now, self.chores = pool, now, chores
        self.durable = durable or pool
        """For chores, whose commits may have told somebody outside of the database."""
        self.stages = Stages(pool, f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}")
        self.stages.as_of = as_of
        self._stopping = threading.Event()
        self._rests: dict[str, tuple[float, float]] = {}
        """What failed → until when it rests, and how long that is."""
        self._due: dict[str, float] = {}

    def run(self) -> None:
        """Work until `stop`."""
        busy = time.monotonic()
        with _collected_apart() as collect:
            while not self._stopping.is_set():
                if self.turn():
                    busy = time.monotonic()
                else:
                    self._stopping.wait(ALERT if time.monotonic() - busy < SOON else DOZE)
                collect()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()

    def turn(self) -> int:
        """Each stage, the cases and what is due of the chores once; how much was done."""
        done = self._gather()
        done += sum(self._try(stage, partial(self.stages.run, stage, self.now())) for stage in STAGES[2:])
        done += self._try("triage", lambda: triage(self.pool, self._policy(), self.now()))
        for often in self.chores:
            if time.monotonic() >= self._due.get(often.name, 0.0):
                self._due[often.name] = time.monotonic() + often.seconds
                self._try(often.name, partial(self._do, often))
        return done

    def _gather(self) -> int:
        """Interpret and expand; again and again while much waits, so that an instance that much of it touches is judged once.

        What trickles in is judged at once: waiting for more of it would only make everybody wait.
        """
        began, done = time.monotonic(), 0
        while True:
            counts = [self._try(stage, partial(self.stages.run, stage, self.now())) for stage in STAGES[:2]]
            done += sum(counts)
            if max(counts) < MUCH or time.monotonic() - began > GATHERING:
                return done

    def _do(self, often: Often) -> int:
        often.chore(self.durable, self._policy(), self.now())
        return 0

    def _policy(self) -> Policy:
        return transact(self.pool, self.stages.compass.hold).policy

    def _try(self, name: str, work: Callable[[], int]) -> int:
        """Do it, unless it rests. A fault is told, and makes it rest."""
        until, pause = self._rests.get(name, (0.0, 0.125))
        if time.monotonic() < until or self._stopping.is_set():
            return 0
        try:
            done = work()
        except Exception as error:
            pause = min(pause * 2, MOST_PAUSE)
            self._rests[name] = (time.monotonic() + pause, pause)
            if isinstance(error, DatabaseLost):
                log.warning("the database is lost", stage=name, reason=str(error), again_in_seconds=pause)
            else:
                log.exception("a stage failed", stage=name, again_in_seconds=pause)
            return 0
        self._rests.pop(name, None)
        return done


def worker(as_of: dt.date | None = None) -> Part:
    """One worker, in a thread. ``as_of``: it judges as of the end of this day, and not of now."""

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        dsn = installation.dsn
        with open_pool(dsn, "tieout worker", 4, derived=True) as pool, open_pool(dsn, "tieout chores", 2) as durable:
            working = Worker(pool, lambda: dt.datetime.now(dt.UTC), chores(installation), durable, as_of)
            thread = threading.Thread(target=_working, args=(working, installation), name="tieout-worker")
            thread.start()
            installation.say("working")
            try:
                yield
            finally:
                working.stop()
                thread.join()

    return part


def _working(working: Worker, installation: Installation) -> None:
    try:
        working.run()
    except BaseException as error:
        installation.stop.ask(error)
        raise
