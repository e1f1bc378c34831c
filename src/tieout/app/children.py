"""Workers as processes of their own, so that what they compute does not keep the web waiting; started again when they end."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from .running import Installation, Part

log = structlog.get_logger()

PAUSE = 1.0
"""Seconds before a worker that ended is started again."""
PATIENCE = 30.0
"""Seconds for a worker to end the batch at hand."""


class Child:
    """A worker's process. It ends with ours, however ours ends: it watches its standard input."""

    def __init__(self, installation: Installation, as_of: dt.date | None) -> None:
        self._command = [sys.executable, "-m", "tieout", "worker", "--with-parent"]
        self._command += ["--data", str(installation.settings.data_folder)]
        self._command += ["--as-of", as_of.isoformat()] if as_of is not None else []
        self._stopping = threading.Event()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, name="tieout-child", daemon=True)
        self._keeper.start()

    def stop(self) -> None:
        """Return when it has ended, in order."""
        self._stopping.set()
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._keeper.join()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=dict(os.environ))

    def _keep(self) -> None:
        while True:
            code = self._process.wait()
            if self._stopping.wait(PAUSE):
                return
            log.error("a worker ended and is started again", exit_code=code)
            self._process = self._start()


def children(count: int, as_of: dt.date | None = None) -> Part:
    """So many workers, each a process. ``as_of``: they judge as of the end of this day, and not of now."""

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        started = [Child(installation, as_of) for _ in range(count)]
        installation.say(f"{count} worker{'s' if count > 1 else ''} started" if count else "no workers here")
        try:
            yield
        finally:
            for child in started:
                child.stop()

    return part


def with_parent() -> Part:
    """Ends the process when whoever started it has ended: when its standard input ends."""

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        def watch() -> None:
            sys.stdin.buffer.read()
            installation.stop.ask()

        threading.Thread(target=watch, name="tieout-parent", daemon=True).start()
        yield

    return part
