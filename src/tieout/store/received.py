"""Deliveries as they were received, and what became of them."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from .connection import Connection
from .statements import sql

State = Literal["waiting", "interpreted", "refused"]
STATES: tuple[State, ...] = ("waiting", "interpreted", "refused")
"""In the order of their numbers in the table."""


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, without its body."""

    id: int
    connection: str
    """``api/NAME`` is what NAME handed in by the API."""
    kind: str
    """api, hook, file or broker"""
    received_at: dt.datetime
    content_type: str
    size: int
    """Bytes."""
    state: State
    """waiting: to be understood · interpreted: its documents are known, but for those in ``reason`` · refused: none of it was understood"""
    documents: int | None
    """How many were found in it, once it is interpreted."""
    reason: str
    """Why it, or some of it, was not understood."""


def find_received(
    connection: Connection, *, of: str = "", state: State | None = None, ids: list[int] | None = None, before: int | None = None,
    limit: int = 100,
) -> list[Received]:  # fmt: skip
    """The newest first: of one connection, in one state, of these numbers, older than one."""
    number = STATES.index(state) if state is not None else None
    asked = {"of": of, "state": number, "ids": ids, "before": before, "limit": limit}
    rows = connection.execute(sql("find_received"), asked).fetchall()
    return [
        Received(
            id=id, connection=name, kind=kind, received_at=received_at, content_type=content_type, size=size, state=STATES[state_],
            documents=documents, reason=reason or "",
        )
        for id, name, kind, received_at, content_type, size, state_, documents, reason in rows
    ]  # fmt: skip
