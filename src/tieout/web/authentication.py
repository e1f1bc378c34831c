"""Who calls, by the token that they bring: ``Authorization: Bearer tieout_…``.

What the database said of a token is believed for some seconds, so that a busy sender does not cost it a question a request. So long
may a token that was revoked still be good.
"""

from __future__ import annotations

import threading
import time

from tieout.store.connection import Pool, transact
from tieout.store.people import find_bearer, fingerprint

from .caller import Caller, caller_of
from .refusal import Refusal

SECONDS = 5.0
REMEMBERED = 10_000
"""Tokens at most, good or not."""


class Tokens:
    """Answers who calls."""

    def __init__(self, pool: Pool, seconds: float = SECONDS) -> None:
        self._pool, self._seconds = pool, seconds
        self._known: dict[bytes, tuple[float, Caller | None]] = {}
        self._lock = threading.Lock()

    def remembered(self, authorization: str | None) -> Caller | None:
        """Who they are, where that was asked a moment ago: without a wait."""
        until, caller = self._known.get(fingerprint(_token(authorization)), (0.0, None))
        return caller if time.monotonic() < until else None

    def caller(self, authorization: str | None) -> Caller:
        """Who they are. Raises Refusal (401) for nobody we know, and DatabaseLost."""
        token = _token(authorization)
        mark = fingerprint(token)  # What is remembered cannot be used, should it be seen.
        until, caller = self._known.get(mark, (0.0, None))
        if time.monotonic() >= until:
            caller = self._ask(token)
            self._remember(mark, caller)
        if caller is None:
            raise _unknown("the token is not good, or not any more", "ask whoever runs Tieout for another")
        return caller

    def _ask(self, token: str) -> Caller | None:
        bearer = transact(self._pool, lambda connection: find_bearer(connection, token), patience=3)
        return None if bearer is None else caller_of(bearer)

    def _remember(self, mark: bytes, caller: Caller | None) -> None:
        with self._lock:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[mark] = (time.monotonic() + self._seconds, caller)


def _token(authorization: str | None) -> str:
    kind, _, token = (authorization or "").partition(" ")
    if not token or kind.lower() != "bearer":
        raise _unknown("no token", "send the header Authorization: Bearer TOKEN; `tieout token create` makes one")
    return token.strip()


def _unknown(detail: str, mend: str) -> Refusal:
    return Refusal(401, detail, where="Authorization", mend=mend, headers=(("www-authenticate", "Bearer"),))
