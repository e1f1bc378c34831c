"""What happened, as one event log: documents, what they name, and the milestones that instances have reached; of one moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import msgspec

from tieout.process.verdict import Verdict

from .connection import Connection, connect
from .snapshot import AT_ONCE, HOURS
from .statements import sql

Related = list[tuple[str, str]]
"""(key of a document, how it is related)."""


class Thing(NamedTuple):
    """A document."""

    key: str
    type: str
    fields: dict[str, Any]
    """As its canonical JSON has them."""
    related: Related


class Happened(NamedTuple):
    """A milestone that an instance has reached."""

    flow: str
    key: str
    """Of the instance's anchor."""
    milestone: str
    at: dt.datetime
    related: Related


class EventLog:
    """One moment, while its transaction is open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def things(self) -> Iterator[Thing]:
        """Every document, by key."""
        for key, type_, body, mirrors, named in self._rows("ocel_objects"):
            related = [(to_key, field) for to_key, field in named]
            if mirrors is not None and (mirrors, "mirrors") not in related:
                related.append((mirrors, "mirrors"))
            yield Thing(key, type_, msgspec.json.decode(body), related)

    def happened(self) -> Iterator[Happened]:
        """Every milestone that was reached, instance by instance."""
        decode = msgspec.json.Decoder(Verdict).decode
        for flow, key, verdict, members in self._rows("ocel_events"):
            related = [(member, relation) for member, relation in members]
            for state in decode(verdict).milestones:
                if state.reached_at is not None:
                    yield Happened(flow, key, state.name, state.reached_at, related)

    def unfinished(self) -> tuple[int, int]:
        """How many instances are still to be evaluated, and deliveries to be interpreted: what follows from them is not in it."""
        row = self._connection.execute(sql("ocel_unfinished")).fetchone()
        assert row is not None
        return row[0], row[1]

    def _rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        with self._connection.cursor(name=statement) as cursor:
            cursor.itersize = AT_ONCE
            yield from cursor.execute(sql(statement))


@contextmanager
def event_log(dsn: str) -> Iterator[EventLog]:
    """The log of what is known now. Raises DatabaseLost."""
    with connect(dsn, "tieout export", statement_seconds=HOURS) as connection, connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield EventLog(connection)
