"""The connections that webhooks come in by, with their schemes and secrets: remembered for some seconds, as tokens are.

While the database is away a door that is known stays open: whether a delivery can be kept is not decided here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

import msgspec

from tieout.connect.signing import Scheme, scheme_of
from tieout.store.connection import Pool, transact
from tieout.store.connections import open_connection
from tieout.store.errors import DatabaseLost
from tieout.store.sealing import Sealer

SECONDS = 5.0
REMEMBERED = 10_000
"""Names at most, of connections or not."""
WEBHOOK = "webhook"


class Door(msgspec.Struct, frozen=True):
    """Lets in what its connection's secrets vouch for."""

    name: str
    scheme: Scheme
    secrets: tuple[str, ...]

    def check(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raise Forged for anything else."""
        self.scheme.check(headers, body, self.secrets, time.time())

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Door({self.name!r}, {self.scheme!r})"


class Doors:
    """Answers which connection a name is."""

    def __init__(self, pool: Pool, sealer: Sealer, seconds: float = SECONDS) -> None:
        self._pool, self._sealer, self._seconds = pool, sealer, seconds
        self._known: dict[str, tuple[float, Door | None]] = {}
        self._lock = threading.Lock()

    def remembered(self, name: str) -> Door | None:
        """The one of a name, where that was asked a moment ago: without a wait."""
        until, door = self._known.get(name, (0.0, None))
        return door if time.monotonic() < until else None

    def find(self, name: str) -> Door | None:
        """The one of a name; None where there is none. Raises DatabaseLost, and MachineFault for secrets that cannot be opened."""
        until, door = self._known.get(name, (0.0, None))
        if time.monotonic() < until:
            return door
        try:
            door = self._ask(name)
        except DatabaseLost:
            if door is None:
                raise
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[name] = (time.monotonic() + self._seconds, door)
        return door

    def _ask(self, name: str) -> Door | None:
        opened = transact(self._pool, lambda database: open_connection(database, name, self._sealer), patience=3)
        if opened is None or opened.connection.kind != WEBHOOK:
            return None
        return Door(name, scheme_of(opened.connection.scheme, opened.connection.options), opened.secrets)
