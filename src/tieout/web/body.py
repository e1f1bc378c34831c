"""Bodies: read up to a limit, unpacked up to a limit, and of a type that is known."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from .refusal import Refusal, later
from .route import MEGABYTE

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

PACKINGS = ("gzip", "zstd")
CHUNK = MEGABYTE
SECONDS = 60
"""In which a body has to be here."""


class Gone(Exception):
    """The caller left before all of the body was here."""


async def read(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body. Raises Refusal: 413 as soon as it is known to be larger than it may be, 408 if it takes too long; and Gone."""
    parts: list[bytes] = []
    left, is_last = limit, False
    try:
        async with asyncio.timeout(SECONDS):
            if announced(headers, limit) <= limit:
                while left >= 0 and not is_last:
                    part, is_last = await _part(receive)
                    left -= len(part)
                    parts.append(part)
                if left >= 0:
                    return parts[0] if len(parts) == 1 else b"".join(parts)
            if not is_last and "expect" not in headers:  # Who asks first sends nothing when told no.
                await _discard(receive, limit)
    except TimeoutError:
        raise Refusal(
            408, f"the body was not here within {SECONDS} seconds", headers=(("connection", "close"),)
        ) from None
    raise too_large(limit)


def announced(headers: Mapping[str, str], unknown: int) -> int:
    """How large the body says that it is."""
    said = headers.get("content-length", "")
    return int(said) if said.isdigit() else unknown


async def _part(receive: Receive) -> tuple[bytes, bool]:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Gone
    return message.get("body", b""), not message.get("more_body", False)


async def _discard(receive: Receive, most: int) -> None:
    """Hear out who sends too much, for a while: callers that are hung up on in mid-sentence do not hear why."""
    is_last = False
    while most > 0 and not is_last:
        part, is_last = await _part(receive)
        most -= len(part)


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body without its content encoding. Never more than ``limit`` bytes are unpacked.

    Raises Refusal: 415 for an encoding that we do not know, 413, and 422 for what is not what it says.
    """
    packing = encoding.strip().lower()
    if packing in ("", "identity"):
        return body
    if packing not in PACKINGS:
        raise Refusal(
            415, f"content encoding {encoding!r} is not read here", where="Content-Encoding",
            mend=f"use {' or '.join(PACKINGS)}, or none", headers=(("accept-encoding", ", ".join(PACKINGS)),),
        )  # fmt: skip
    import pyarrow as pa  # Only those who send packed bodies pay for it.

    parts: list[bytes] = []
    size = 0
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), packing) as stream:
            while part := stream.read(CHUNK):
                size += len(part)
                if size > limit:
                    raise too_large(limit, "unpacked ")
                parts.append(part)
    except OSError as error:
        raise Refusal(422, f"the body is not {packing}: {error}", where="Content-Encoding") from None
    return b"".join(parts)


def too_large(limit: int, how: str = "") -> Refusal:
    """More was sent than may be."""
    return Refusal(
        413, f"more than {limit / MEGABYTE:g} MB {how}in one request".replace("  ", " "), where="body",
        mend="send it in several", headers=(("connection", "close"),),
    )  # fmt: skip


class Room:
    """Memory for bodies that are being read or answered: beyond it callers are told to come later."""

    def __init__(self, size: int) -> None:
        self._left, self._lock = size, threading.Lock()

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Room for a body. Raises Refusal (503) where there is none."""
        with self._lock:
            if size > self._left:
                raise later("too many requests are under way")
            self._left -= size
        try:
            yield
        finally:
            with self._lock:
                self._left += size
