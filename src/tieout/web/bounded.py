"""uvicorn's protocol, with an end to what a caller may keep it waiting for: a head that is too long, or comes too slowly."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 64 * 2**10
"""Bytes of a request's first line and headers."""
SECONDS = 30.0
"""For a head to be here: from when a connection is made, or from its first byte on one that is kept."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *positional: Any, seconds: float = SECONDS, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._seconds = seconds
        self._is_in_head, self._head = True, 0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A caller is there."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, piece: bytes) -> None:
        """A piece of a head, or of a body, or both."""
        if self._is_in_head:
            self._head += len(piece)
        super().data_received(piece)
        if self._is_in_head and self._head and not self.transport.is_closing():
            if self._head > LONGEST_HEAD:
                self.send_400_response(f"A request's head is at most {LONGEST_HEAD} bytes.")
            elif self._timer is None:
                self._wait()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._is_in_head, self._head = False, 0
        self._wait_no_more()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body, too: what follows is the next head."""
        self._is_in_head = True
        super().on_message_complete()

    def _wait(self) -> None:
        self._timer = self.loop.call_later(self._seconds, self.transport.abort)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
