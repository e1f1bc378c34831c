"""Has a process and those that it starts counted as one: they share a folder of counters, which the first one tells when it is scraped.

The folder goes with the process. What a killed one left is removed by the next: its lock is free.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""By which prometheus-client, here and in processes that are started, is told of the folder."""
PREFIX = "tieout-metrics-"

_held: list[IO[str]] = []


def count_together() -> None:
    """From here on. Before anything is imported that counts. A folder that is named already stays in use."""
    if VARIABLE in os.environ:
        return
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _hold(left) is not None:
            shutil.rmtree(left, ignore_errors=True)
    own = Path(tempfile.mkdtemp(prefix=PREFIX))
    lock = _hold(own)
    assert lock is not None
    _held.append(lock)
    os.environ[VARIABLE] = str(own)
    atexit.register(shutil.rmtree, own, ignore_errors=True)


def _hold(folder: Path) -> IO[str] | None:
    """Its lock, as long as that is open; None where somebody has it, or it is not ours."""
    try:
        lock = (folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    except OSError:
        return None
