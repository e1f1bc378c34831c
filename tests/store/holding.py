"""A Tieout of its own process, for tests that end one: runs the server of a data folder until its input ends, and says how to connect."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg

SECONDS = 20.0


class Holder:
    """A process that runs, or uses, the server of a folder."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def dsn(self) -> str:
        """Once there is a server."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def leave(self) -> None:
        """As after Ctrl-C: in order."""
        self.process.communicate()

    def kill(self) -> None:
        """As the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()


def postmaster(folder: Path) -> psutil.Process:
    """The server's first process."""
    return psutil.Process(int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0]))


def answers(dsn: str) -> bool:
    """Whether there is a server that takes connections."""
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def comes_true(question: Callable[[], bool]) -> bool:
    """Whether it does within `SECONDS`."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if question():
            return True
        time.sleep(0.05)
    return False


if __name__ == "__main__":
    from tieout.store.embedded import running

    with running(Path(sys.argv[1])) as dsn:
        print(dsn, flush=True)
        sys.stdin.read()
