"""``/v1/streams``: what comes in over each connection, and what is expected to."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.process.liveness import declared
from tieout.store import streams
from tieout.store.connection import transact
from tieout.store.streams import Listed
from tieout.store.trail import By

from .caller import Caller
from .means import Means
from .refusal import Refusal


class StreamView(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of one type and entity that come over one connection."""

    key: str
    """stream/connection/type/entity, which is what a finding of class stream_silent is about"""
    connection: str
    type: str
    entity: str
    documents: int
    """All that ever came."""
    last_document: str
    """Its key."""
    last_document_at: dt.datetime | None
    at_least: int
    """Documents that are expected within `every`; 0: none are."""
    every: str
    retention: str
    """How long the source keeps what has changed."""
    cursor_at: dt.datetime | None
    """Up to which instant the source was read."""
    silent_since: dt.datetime | None
    """null: it is alive, or nothing is expected."""


class Streams(msgspec.Struct, frozen=True):
    """All that the caller may see."""

    streams: tuple[StreamView, ...]


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is normal for a stream from now on."""

    connection: str
    type: str
    entity: str = ""
    at_least: int = 0
    """Documents within `every`; 0 withdraws it."""
    every: str = ""
    """15 minutes, 1 business day"""
    retention: str = ""
    """How long the source keeps what has changed: 72 hours"""
    why: str = ""
    """Goes into the audit trail."""


def list_streams(means: Means, caller: Caller) -> Streams:
    """What comes in over each connection, what is expected to, and what is silent."""
    found = transact(means.pool, streams.listed)
    return Streams(tuple(_view(one) for one in found if caller.may(caller.scope, one.stream.entity)))


def expect_of_stream(means: Means, caller: Caller, body: Expectation) -> None:
    """Declare what is normal for a stream: less than that becomes a finding of class stream_silent, and a case."""
    if not caller.may(caller.scope, body.entity):
        raise Refusal(403, f"{caller.holder} decides nothing for {body.entity or 'all entities'}", where="entity")
    stream = declared(body.connection, body.type, body.entity, body.at_least, body.every, body.retention)
    by = By(caller.holder, caller.kind, body.why)  # type: ignore[arg-type]  # a caller is a person or a service
    now = dt.datetime.now(dt.UTC)
    transact(means.pool, lambda connection: streams.expect(connection, stream, by, now))


def _view(one: Listed) -> StreamView:
    stream = one.stream
    return StreamView(
        key=stream.key, connection=stream.connection, type=stream.type, entity=stream.entity, documents=one.documents,
        last_document=stream.last_document, last_document_at=stream.last_document_at, at_least=stream.at_least,
        every=str(stream.every or ""), retention=str(stream.retention or ""), cursor_at=stream.cursor_at,
        silent_since=stream.silent_since,
    )  # fmt: skip
