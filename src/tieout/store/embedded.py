"""The PostgreSQL of an installation that has no other: started with Tieout, stopped with it, shared by its processes.

Whichever process of an installation holds the lock of its data folder runs the server; the others use it and stand by. The kernel
gives the lock back when a process ends, however it ends, so it is never stale, and the next one that stands by takes over: it stops
what may be left of the server and starts it again. Those who use the server see their connections break and connect again.

A killed process takes its server with it (`launch`), and a killed server is started again. Neither loses a committed row.
"""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import IO

from tieout.canon.faults import MachineFault
from tieout.settings import Settings

from . import binaries, cluster

log = logging.getLogger(__name__)

PATIENCE = 60.0
"""Seconds for a server to come up or to stop."""
GLANCE = 0.2
"""Seconds between two looks at whether the server, or the lock, is still held."""


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """How to connect to the database of an installation: to the one that it names, else to its own, which runs meanwhile."""
    if settings.database_url:
        yield settings.database_url
        return
    with running(settings.data_folder, settings.postgres_folder) as dsn:
        yield dsn


@contextmanager
def running(folder: Path, postgres_folder: Path | None = None, patience: float = PATIENCE) -> Iterator[str]:
    """Run the server of a data folder, or use the one that another process runs. Yields how to connect.

    Raises MachineFault where no server can be had.
    """
    keeper = _Keeper(folder.absolute(), binaries.find(postgres_folder), patience)
    try:
        yield keeper.dsn()
    finally:
        keeper.leave()


class _Keeper:
    """Holds or awaits the lock. The server is tied to the thread that starts it, so this one lives as long as its use does."""

    def __init__(self, folder: Path, programs: binaries.Binaries, patience: float) -> None:
        self._folder, self._programs, self._patience = folder, programs, patience
        self._cluster = cluster.Cluster(folder, programs, cluster.identity())
        self._settled, self._leaving = threading.Event(), threading.Event()
        self._is_ours = False
        self._failure: BaseException | None = None
        # A daemon: a program that ends without leaving must not wait for this thread; the server goes with it all the same.
        self._thread = threading.Thread(target=self._keep, name="tieout-postgres", daemon=True)
        self._thread.start()

    def dsn(self) -> str:
        """How to connect, once there is somebody who answers."""
        while not self._settled.wait(self._patience):
            # A start of our own ends in an answer or a fault, and may take as long as a recovery does.
            if not self._is_ours:
                raise MachineFault(
                    "another process holds the lock of this data folder, but its PostgreSQL does not answer",
                    where=str(self._folder), mend=f"see its log in {self._cluster.home / 'log'}, or end that process",
                )  # fmt: skip
        if self._failure is not None:
            raise self._failure
        return self._cluster.dsn()

    def leave(self) -> None:
        """Stop the server where it is ours, and return when it has stopped."""
        self._leaving.set()
        self._thread.join()

    def _keep(self) -> None:
        """Stand by until the lock is ours or nobody needs it here any more."""
        try:
            cluster.open_folder(self._folder, self._cluster.runs_as)
            with (self._folder / "postgres.lock").open("a") as lock:
                while not self._leaving.is_set():
                    if _take(lock):
                        self._is_ours = True
                        self._serve()
                    elif not self._settled.is_set() and self._cluster.answers():
                        self._settled.set()
                    self._leaving.wait(GLANCE)
        except BaseException as error:
            if self._settled.is_set():
                log.exception("PostgreSQL is not watched over any more")
            self._failure = error
            self._settled.set()

    def _serve(self) -> None:
        """Run the server until nobody needs it here any more."""
        prepared = cluster.prepare(self._folder, self._programs)
        server = None
        while not self._leaving.is_set():
            if server is None or server.poll() is not None:
                server = self._start(prepared)
            self._leaving.wait(GLANCE)
        if server is not None:
            cluster.stop(server, self._patience)
        if prepared.socket != prepared.home:
            prepared.socket.rmdir()

    def _start(self, prepared: cluster.Cluster) -> Popen[bytes] | None:
        """A first start that fails is told to whoever waits for it; a later one is tried again: a full disk may get room."""
        try:
            server = cluster.start(prepared, self._patience)
        except MachineFault as fault:
            if not self._settled.is_set():
                raise
            log.error("%s", fault)
            return None
        log.info("PostgreSQL %s runs as process %s", self._programs.version, server.pid)
        self._settled.set()
        return server


def _take(lock: IO[str]) -> bool:
    """Take the lock, if it is free."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
