"""Workers that take turns: each runs in a thread of its own and stops before every statement until it is let go.

A worker that waits for a lock cannot come to its next stop; the database tells that it waits, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

PATIENCE = 30.0
"""Seconds that one statement may take, locks apart."""


class Killed(BaseException):
    """Ends a worker where it stands, as a power cut would; not an Exception, so that nobody takes it for a fault to recover from."""


class Worker:
    """One worker: idle, stopped before a statement, or on its way to the next stop."""

    def __init__(self, name: str, waits: Callable[[str], bool]) -> None:
        self.name = name
        self.waits = waits
        """Whether the database says that this worker waits for a lock."""
        self.error: BaseException | None = None
        self._changed = threading.Condition()
        self._state = "idle"
        self._killed = False
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether it has nothing to do."""
        return self._state == "idle"

    @property
    def stopped(self) -> bool:
        """Whether it waits to be let go."""
        return self._state == "stopped"

    def begin(self, work: Callable[[], object]) -> None:
        """Start a piece of work; returns at its first stop, its end, or when it waits for a lock."""
        assert self.idle
        self._state = "running"
        self._thread = threading.Thread(target=self._run, args=(work,), name=self.name, daemon=True)
        self._thread.start()
        self.arrive()

    def go(self, *, kill: bool = False) -> None:
        """Let it go to its next stop, or kill it where it stands."""
        with self._changed:
            assert self._state == "stopped"
            self._killed, self._state = kill, "running"
            self._changed.notify_all()
        self.arrive()

    def arrive(self) -> None:
        """Return when it has stopped, ended or waits for a lock. Raises TimeoutError."""
        until = time.monotonic() + PATIENCE
        while True:
            with self._changed:
                if self._changed.wait_for(lambda: self._state != "running", timeout=0.005):
                    return
            if self.waits(self.name):
                return
            if time.monotonic() > until:
                raise TimeoutError(f"{self.name} did not come to its next statement in {PATIENCE:.0f} s")

    def pace(self, _what: str) -> None:
        """Where the worker's connection asks whether it may go on."""
        if threading.current_thread() is not self._thread:
            return
        with self._changed:
            self._state = "stopped"
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._state == "running")
            if self._killed:
                raise Killed

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        with self._changed:
            self._killed, self._state = False, "idle"
            self._changed.notify_all()
