"""Logs that are OCEL 1.0 JSON (http://www.ocel-standard.org/1.0/), as `.jsonocel` or `.json`, perhaps compressed."""

from __future__ import annotations

import codecs
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from tieout.audit.survey import open_bytes
from tieout.canon.faults import InputFault

Values = dict[str, msgspec.Raw]


class _Event(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    activity: str | None = None
    timestamp: str | int | None = None
    omap: list[str | int] | None = None
    vmap: Values | None = None


class _Object(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    type: str | None = None
    ovmap: Values | None = None


class _Ocel(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    events: dict[str, _Event]
    objects: dict[str, _Object] = {}


def stage(connection: duckdb.DuckDBPyConnection, file: int, path: Path, encoding: str) -> None:
    """Read one file into the tables of `stage`; an event's line is its position. Raises InputFault where it is no such JSON."""
    found = _decoded(path, encoding)
    map_type = pa.map_(pa.string(), pa.string())
    events, things = found.events, found.objects
    kinds = {id: thing.type or "object" for id, thing in things.items()}
    links = [(id, kinds.get(str(o), "object"), str(o)) for id, event in events.items() for o in event.omap or ()]
    _insert(
        connection, "log_event", file, len(events),
        line=pa.array(range(1, len(events) + 1), pa.int64()),
        id=pa.array([id.strip() for id in events], pa.string()),
        activity=pa.array([(event.activity or "").strip() for event in events.values()], pa.string()),
        time=pa.array([str(event.timestamp or "").strip() for event in events.values()], pa.string()),
        ext=pa.array([_words(event.vmap) for event in events.values()], map_type),
    )  # fmt: skip
    _insert(
        connection, "log_link", file, len(links),
        event=pa.array([event.strip() for event, _, _ in links], pa.string()),
        kind=pa.array([kind for _, kind, _ in links], pa.string()),
        object=pa.array([thing.strip() for _, _, thing in links], pa.string()),
    )  # fmt: skip
    _insert(
        connection, "log_object", file, len(things),
        line=pa.array(range(1, len(things) + 1), pa.int64()),
        object=pa.array([id.strip() for id in things], pa.string()),
        kind=pa.array(list(kinds.values()), pa.string()),
        ext=pa.array([_words(thing.ovmap) for thing in things.values()], map_type),
    )  # fmt: skip


def _decoded(path: Path, encoding: str) -> _Ocel:
    try:
        with open_bytes(path) as stream:
            content = stream.read()
        if codecs.lookup(encoding).name != "utf-8":
            content = content.decode(encoding).encode()
        return msgspec.json.decode(content.removeprefix(codecs.BOM_UTF8), type=_Ocel)
    except OSError as error:
        raise InputFault(f"cannot be read: {error}", where=str(path), mend="export it again") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        mend = "export it as OCEL 1.0"
        if b'"objectTypes"' in content or b'"eventTypes"' in content:
            raise InputFault("is OCEL 2.0, and OCEL 1.0 is read", where=str(path), mend=mend) from None
        raise InputFault(f"no OCEL 1.0 JSON: {error}", where=str(path), mend=mend) from None


def _words(values: Values | None) -> list[tuple[str, str]]:
    """Attribute values as text: numbers as they are written, never through a float. Null is no value."""
    found = []
    for name, raw in (values or {}).items():
        text = bytes(raw)
        if text != b"null":
            value = msgspec.json.decode(text, type=str).strip() if text.startswith(b'"') else text.decode()
            found += [(name, value)] if value else []
    return found


def _insert(connection: duckdb.DuckDBPyConnection, table: str, file: int, rows: int, **columns: pa.Array) -> None:
    found = pa.table({"file": pa.array([file] * rows, pa.int32()), **columns})
    connection.register("log_arrow", found)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM log_arrow")
    connection.unregister("log_arrow")
