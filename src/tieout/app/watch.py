"""Connections that we go to, and that do not come to us: each kind of them in a thread, swept again and again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from tieout.canon.faults import Fault
from tieout.store.connection import Connection, Pool, open_pool, transact
from tieout.store.connections import Opened, list_connections, open_connection
from tieout.store.errors import StoreError
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer
from tieout.telemetry import metrics

from .running import Installation, Part

log = logging.getLogger(__name__)

ASKED = 1.0
"""Seconds between two looks at which connections there are."""
REST, MOST_REST = 1.0, 60.0
"""Seconds that a connection is left alone after it failed; again and again it doubles."""


PATIENCE = 15.0
"""Seconds for a sweep to end when we are told to stop."""


class Source(Protocol):
    """What one connection has for us."""

    def sweep(self, name: str, intake: GroupCommit) -> None:
        """Hand in what is there. Raises Fault where nothing can be had, and StoreError where nothing can be kept now."""

    def close(self) -> None:
        """Leave it to others."""


class Watch:
    """All connections of one kind. One that cannot be had is said once and tried again, and does not keep up the others."""

    def __init__(
        self, kind: str, made: Callable[[Opened], Source], pool: Pool, sealer: Sealer, intake: GroupCommit
    ) -> None:
        self._kind, self._made, self._pool, self._sealer, self._intake = kind, made, pool, sealer, intake
        self._names: list[str] = []
        self._sources: dict[str, tuple[Opened, Source]] = {}
        self._said: dict[str, str] = {}
        self._rests: dict[str, tuple[float, float]] = {}
        self._ask_at = 0.0

    def sweep(self) -> None:
        """Once through all of them. Raises StoreError where it is not known which there are."""
        is_time_to_ask = time.monotonic() >= self._ask_at
        if is_time_to_ask:
            self._names = transact(self._pool, self._listed)
            self._ask_at = time.monotonic() + ASKED
            for name in self._sources.keys() - set(self._names):
                self._sources.pop(name)[1].close()
        for name in self._names:
            self._attempt(name, is_time_to_ask)

    def close(self) -> None:
        """Leave them to others."""
        for _, source in self._sources.values():
            source.close()
        self._sources.clear()

    def _listed(self, database: Connection) -> list[str]:
        return [one.name for one in list_connections(database) if one.kind == self._kind]

    def _attempt(self, name: str, may_have_changed: bool) -> None:
        until, rest = self._rests.get(name, (0.0, REST))
        if time.monotonic() < until:
            return
        try:
            source = self._source(name, may_have_changed)
            if source is not None:
                source.sweep(name, self._intake)
        except (Fault, OSError, StoreError) as error:
            metrics.refused(f"{self._kind}: cannot be had")
            said = f"{type(error).__name__}: {error}"
            if self._said.get(name) != said:
                log.warning("nothing is taken from %s: %s", name, error)
            self._said[name] = said
            self._rests[name] = (time.monotonic() + rest, min(2 * rest, MOST_REST))
        else:
            self._rests.pop(name, None)
            if self._said.pop(name, None):
                log.info("it is taken from %s again", name)

    def _source(self, name: str, may_have_changed: bool) -> Source | None:
        """The one of a name, made anew where its connection is not what it was. None: it is gone."""
        if name in self._sources and not may_have_changed:
            return self._sources[name][1]
        opened = transact(self._pool, lambda database: open_connection(database, name, self._sealer))
        if name in self._sources and self._sources[name][0] != opened:
            self._sources.pop(name)[1].close()
        if opened is None:
            return None
        if name not in self._sources:
            self._sources[name] = (opened, self._made(opened))
        return self._sources[name][1]


def watching(kind: str, made: Callable[[Installation, Opened], Source], pause: float) -> Part:
    """Takes from every connection of a kind, with a pause in seconds between two sweeps."""

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        leaving = threading.Event()
        with open_pool(installation.dsn, f"tieout {kind}", 1) as pool, GroupCommit(installation.dsn) as intake:
            sealer = Sealer(installation.settings.keys_file)
            watch = Watch(kind, lambda opened: made(installation, opened), pool, sealer, intake)

            def work() -> None:
                try:
                    while not leaving.wait(pause if _sweep(watch) else REST):
                        pass
                except BaseException as error:
                    installation.stop.ask(error)
                finally:
                    watch.close()

            thread = threading.Thread(target=work, name=f"tieout-{kind}", daemon=True)
            thread.start()
            try:
                yield
            finally:
                leaving.set()
                thread.join(
                    PATIENCE
                )  # A file that takes longer is handed in again, when the intake takes nothing more of it.

    return part


def _sweep(watch: Watch) -> bool:
    try:
        watch.sweep()
    except StoreError as error:
        log.warning("which connections there are is not known: %s", error)
        return False
    return True
