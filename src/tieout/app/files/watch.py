"""The connections of kind `folder` and `sftp`, each swept every few seconds by the thread of its kind."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import msgspec

from tieout.canon.faults import Fault
from tieout.store.connection import Connection, Pool, open_pool, transact
from tieout.store.connections import Opened, list_connections, open_connection
from tieout.store.errors import StoreError
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer

from ..running import Installation, Part
from .dropped import DroppedFiles, Options
from .folder import Folder
from .sftp import FetchedFiles

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between two sweeps."""


class Source(Protocol):
    """Where the files of one connection come from."""

    def sweep(self, name: str, intake: GroupCommit) -> None:
        """Hand in what is there. Raises Fault where nothing can be had, and StoreError where nothing can be kept now."""

    def close(self) -> None:
        """Leave it to others."""


class Watch:
    """All connections of one kind. A connection that cannot be had is said once, and tried again."""

    def __init__(
        self, kind: str, made: Callable[[Opened], Source], pool: Pool, sealer: Sealer, intake: GroupCommit
    ) -> None:
        self._kind, self._made, self._pool, self._sealer, self._intake = kind, made, pool, sealer, intake
        self._sources: dict[str, tuple[Opened, Source]] = {}
        self._said: dict[str, str] = {}

    def sweep(self) -> None:
        """Once through all of them."""
        opened = self._opened()
        for name in self._sources.keys() - opened.keys():
            self._sources.pop(name)[1].close()
        for name, one in opened.items():
            if name in self._sources and self._sources[name][0] != one:
                self._sources.pop(name)[1].close()
            if name not in self._sources:
                self._sources[name] = (one, self._made(one))
            self._attempt(name, self._sources[name][1])

    def close(self) -> None:
        """Leave them to others."""
        for _, source in self._sources.values():
            source.close()

    def _opened(self) -> dict[str, Opened]:
        def ask(database: Connection) -> dict[str, Opened]:
            names = [one.name for one in list_connections(database) if one.kind == self._kind]
            opened = {name: open_connection(database, name, self._sealer) for name in names}
            return {name: one for name, one in opened.items() if one is not None}

        return transact(self._pool, ask)

    def _attempt(self, name: str, source: Source) -> None:
        try:
            source.sweep(name, self._intake)
        except (Fault, OSError, StoreError) as error:
            said = f"{type(error).__name__}: {error}"
            if self._said.get(name) != said:
                log.warning("nothing is taken from %s: %s", name, error)
            self._said[name] = said
        else:
            if self._said.pop(name, None):
                log.info("files are taken from %s again", name)


def watching(kind: str, made: Callable[[Installation, Opened], Source]) -> Part:
    """Takes the files of every connection of a kind."""

    @contextmanager
    def part(installation: Installation) -> Iterator[None]:
        leaving = threading.Event()
        with open_pool(installation.dsn, f"tieout {kind}", 1) as pool, GroupCommit(installation.dsn) as intake:
            sealer = Sealer(installation.settings.keys_file)
            watch = Watch(kind, lambda opened: made(installation, opened), pool, sealer, intake)

            def work() -> None:
                try:
                    while not leaving.is_set():
                        _sweep(watch)
                        leaving.wait(PAUSE)
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
                thread.join()

    return part


def _sweep(watch: Watch) -> None:
    try:
        watch.sweep()
    except StoreError as error:
        log.warning("the connections cannot be asked for: %s", error)
        time.sleep(PAUSE)


def dropped_files(opened: Opened) -> DroppedFiles:
    """The files that are dropped into the folder of a connection."""
    options = msgspec.convert(opened.connection.options, Options)
    return DroppedFiles(Folder(Path(options.path), options.settle))


def folders() -> Part:
    """Takes the files of every connection of kind `folder`."""
    return watching("folder", lambda _, opened: dropped_files(opened))


def places() -> Part:
    """Takes the files of every connection of kind `sftp`."""
    return watching(
        "sftp", lambda installation, opened: FetchedFiles(opened, installation.settings.data_folder / "sftp")
    )
