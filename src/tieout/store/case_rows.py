"""Cases and their events as rows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from tieout.cases import Case, Change, Event

from . import trail
from .connection import Connection
from .statements import sql

T = TypeVar("T")


def decoded(rows: Iterable[tuple[str]], of: type[T]) -> list[T]:
    """Rows that come as JSON, by the fields of a struct."""
    decoder = msgspec.json.Decoder(of)
    return [decoder.decode(text) for (text,) in rows]


def encoded(rows: Iterable[Any]) -> str:
    """Structs or mappings as the one parameter of ``json_populate_recordset``."""
    return msgspec.json.encode(list(rows)).decode()


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event of a case as it is kept."""

    case_id: int
    n: int
    """The case's version after it."""
    at: dt.datetime
    who: str
    kind: str
    what: str
    why: str
    before: dict[str, Any]
    after: dict[str, Any]


def locked(connection: Connection, ids: Iterable[int]) -> dict[int, Case]:
    """Cases by number, locked in the transaction that is open; who is not there is left out."""
    rows = connection.execute(sql("lock_cases"), {"ids": list(ids)})
    return {case.id: case for case in decoded(rows, Case)}


def write(connection: Connection, changes: Iterable[tuple[Case | None, Change]]) -> list[Case]:
    """Store what changed of cases that are locked, or new (None before), with their events. Answers with the cases as stored."""
    changed = [
        (before, _counted(change), change.events)
        for before, change in changes
        if change.events or change.case != before
    ]
    stored = [case for before, case, _ in changed if before is not None]
    new = [case for before, case, _ in changed if before is None]
    if stored:
        connection.execute(sql("update_cases"), {"rows": encoded(stored)})
    ids: dict[str, int] = {}
    if new:
        ids = {key: id for id, key in connection.execute(sql("insert_cases"), {"rows": encoded(new)})}
    numbered = [(msgspec.structs.replace(case, id=ids.get(case.key, case.id)), events) for _, case, events in changed]
    events = [row for case, happened in numbered for row in _event_rows(case, happened)]
    if events:
        connection.execute(sql("insert_case_events"), {"rows": encoded(events)})
        decisions = [row for row in events if row.kind != "tieout"]
        if decisions:
            trail.append(connection, *(_entry(row) for row in decisions))
    return [case for case, _ in numbered]


def _counted(change: Change) -> Case:
    return msgspec.structs.replace(change.case, version=change.case.version + len(change.events))


def _event_rows(case: Case, events: tuple[Event, ...]) -> list[EventRow]:
    first = case.version - len(events) + 1
    return [
        EventRow(case_id=case.id, n=n, **{field: getattr(event, field) for field in event.__struct_fields__})
        for n, event in enumerate(events, first)
    ]


def _entry(row: EventRow) -> trail.Entry:
    return trail.Entry(
        who=row.who, kind="person" if row.kind == "person" else "service", what=f"case.{row.what}", subject=f"case/{row.case_id}",
        why=row.why, before=row.before or None, after=row.after or None,
    )  # fmt: skip
