"""Figures of the whole company, computed beside everything else: in a process of their own, when somebody waits for them."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from tieout.store import standing_figures
from tieout.store.connection import open_pool, transact
from tieout.store.errors import DatabaseLost

from .running import Installation, Part

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks at whether somebody waits."""
REST = 15.0
"""Seconds after a failure."""


def figures(as_of: dt.date | None = None) -> Part:
    """Computes the figures that are asked for. The thread only waits: the work is another process's, and slows nobody.

    ``as_of``: as of the end of this day, and not of today.
    """

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        stopping = threading.Event()
        thread = threading.Thread(target=_watch, args=(installation, as_of, stopping), name="tieout-figures")
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join()

    return part


def _watch(installation: Installation, as_of: dt.date | None, stopping: threading.Event) -> None:
    command = [sys.executable, "-m", "tieout", "figures", "--wanted", "--data", str(installation.settings.data_folder)]
    command += ["--as-of", as_of.isoformat()] if as_of is not None else []
    with open_pool(installation.dsn, "tieout figures", 1) as pool:
        pause = EVERY
        while not stopping.wait(pause):
            pause = EVERY
            try:
                if transact(pool, standing_figures.next_wanted) is not None and (code := _run(command, stopping)):
                    log.error("figures were not computed", exit_code=code)
                    pause = REST
            except DatabaseLost as lost:
                log.warning("the database is lost", stage="figures", reason=str(lost))
                pause = REST


def _run(command: list[str], stopping: threading.Event) -> int:
    """The exit code of a process that is ended when everything stops; 0 then."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ))
    while process.poll() is None:
        if stopping.wait(EVERY / 4):
            process.terminate()
            process.wait()
            return 0
    return process.returncode
