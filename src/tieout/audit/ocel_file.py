"""An event log as OCEL 2.0 JSON, for process mining: objects are documents, events are milestones that were reached.

The standard: OCEL 2.0 Specification (ocel-standard.org, 2023), section 5, "JSON". Written as it is read: never all in memory.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.shape import Kind, shapes
from tieout.store.event_log import Happened, Related, Thing

_OCEL: dict[Kind, str] = {
    "text": "string", "minor": "integer", "integer": "integer", "boolean": "boolean", "decimal": "float", "date": "time",
    "instant": "time",
}  # fmt: skip
"""Kind of field → type of attribute. References are relations; lists and objects are left out."""
_ALWAYS = "1970-01-01T00:00:00Z"
"""When an attribute has its value that never had another one."""


def write_ocel(things: Iterable[Thing], happened: Iterable[Happened], path: Path) -> tuple[int, int]:
    """Write the log; how many objects and events. Relations lead only to documents that are in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    types: dict[str, None] = {}
    events: dict[str, None] = {}
    counts = [0, 0]
    with path.open("wb", buffering=2**20) as file:
        file.write(b'{"objects":[')
        known: set[str] = set()
        for thing in things:
            file.write(b"," if counts[0] else b"")
            file.write(msgspec.json.encode(_object(thing)))
            types[thing.type] = None
            known.add(thing.key)
            counts[0] += 1
        file.write(b'],"events":[')
        for one in happened:
            file.write(b"," if counts[1] else b"")
            file.write(msgspec.json.encode(_event(one, counts[1] + 1, known)))
            events[_name(one)] = None
            counts[1] += 1
        file.write(b'],"objectTypes":' + msgspec.json.encode([_type(name) for name in sorted(types)]))
        file.write(
            b',"eventTypes":' + msgspec.json.encode([{"name": name, "attributes": []} for name in sorted(events)])
        )
        file.write(b"}\n")
    return counts[0], counts[1]


def _object(thing: Thing) -> dict[str, Any]:
    attributes = _attributes(thing.type)
    return {
        "id": thing.key,
        "type": thing.type,
        "attributes": [
            {"name": name, "time": _ALWAYS, "value": _value(attributes[name], value)}
            for name, value in thing.fields.items()
            if name in attributes and value is not None
        ],
        "relationships": _related(thing.related),
    }


def _event(one: Happened, n: int, known: set[str]) -> dict[str, Any]:
    return {
        "id": f"e{n}",
        "type": _name(one),
        "time": _instant(one.at),
        "attributes": [],
        "relationships": _related([related for related in one.related if related[0] in known]),
    }


def _related(related: Related) -> list[dict[str, str]]:
    return [{"objectId": key, "qualifier": how} for key, how in dict.fromkeys(related)]


def _name(one: Happened) -> str:
    return f"{one.flow}: {one.milestone}"


def _type(name: str) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": n, "type": t} for n, t in _attributes(name).items()]}


def _attributes(type_name: str) -> dict[str, str]:
    return {
        s.name: _OCEL[s.kind] for s in shapes(TYPES[type_name]) if s.kind in _OCEL and s.name not in ("id", "deleted")
    }


def _value(kind: str, value: Any) -> Any:
    """As the attribute's type has it: days are instants, decimals numbers."""
    if kind == "time":
        return _instant(dt.datetime.fromisoformat(value))
    return msgspec.Raw(value.encode()) if kind == "float" else value


def _instant(at: dt.datetime) -> str:
    at = at if at.tzinfo is not None else at.replace(tzinfo=dt.UTC)
    return at.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
