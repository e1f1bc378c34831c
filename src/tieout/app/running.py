"""Parts that run together in one process: started in order, stopped together and in reverse, by a signal or by one that fails.

    run(settings, [web("127.0.0.1", 8080), worker(4)])

A part is a function from an `Installation` to a context manager: entered to start, left to stop, with everything in order by then.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import msgspec

from tieout import telemetry
from tieout.canon.faults import MachineFault
from tieout.settings import Settings
from tieout.store.connection import open_pool
from tieout.store.embedded import database
from tieout.store.errors import DatabaseLost
from tieout.store.migrate import migrate, status
from tieout.store.queues import Queues
from tieout.telemetry import metrics, traces

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds for a database to come up."""


class Stop:
    """Asked for by whoever knows that the process should end: a signal, or a part that cannot go on."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.reason: BaseException | None = None

    def ask(self, reason: BaseException | None = None) -> None:
        """End, in order. The first reason that is given is what the process ends with."""
        if self.reason is None:
            self.reason = reason
        self._asked.set()

    def wait(self) -> None:
        """Return when somebody asked."""
        while not self.is_asked(1.0):  # Not for ever at once: a signal is only seen in between.
            pass

    def is_asked(self, seconds: float = 0.0) -> bool:
        """Whether somebody asked, within so many seconds."""
        return self._asked.wait(seconds)


class Installation(msgspec.Struct, frozen=True):
    """What every part works with."""

    settings: Settings
    dsn: str
    """How to connect to its database, which is up to date."""
    stop: Stop
    say: Callable[[str], None]
    """Tells the person who started it."""


Part = Callable[[Installation], AbstractContextManager[object]]


def run(settings: Settings, parts: Iterable[Part], say: Callable[[str], None]) -> None:
    """Run the parts until SIGTERM, SIGINT or one of them asks to stop. Of the main thread. Raises what a part stopped for."""
    telemetry.configure(settings, os.environ, "server")
    stop = Stop()
    with database(settings) as dsn, ExitStack() as running:
        running.callback(traces.stop)
        running.enter_context(_signals(stop))
        if not _comes_up(settings, dsn, stop, say):
            return
        running.callback(metrics.ask(Queues(running.enter_context(open_pool(dsn, "tieout metrics", 1)))))
        installation = Installation(settings, dsn, stop, say)
        for part in parts:
            running.enter_context(part(installation))
        stop.wait()
        say("stopping")
    if stop.reason is not None:
        raise stop.reason


def _comes_up(settings: Settings, dsn: str, stop: Stop, say: Callable[[str], None]) -> bool:
    """Whether the database is there, and up to date, before somebody asks to stop. One that is just being started is waited for."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            _up_to_date(settings, dsn, say)
            return True
        except DatabaseLost as lost:
            if time.monotonic() > deadline:
                raise
            log.warning("waiting for the database: %s", lost)
        if stop.is_asked(1.0):
            return False


def _up_to_date(settings: Settings, dsn: str, say: Callable[[str], None]) -> None:
    """Our own database is brought up to date; somebody else's is not changed unasked."""
    if not settings.database_url:
        migrate(dsn, lambda name: say(f"applied {name}"))
    elif pending := status(dsn).pending:
        raise MachineFault(f"the database is not up to date: {', '.join(pending)} to apply", mend="tieout migrate")


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """SIGTERM and SIGINT ask to stop; a second one ends the process at once."""

    def ask(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop.ask()

    before = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
