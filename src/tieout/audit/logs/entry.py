"""What ``[[logs]]`` of a mapping may say of an event log."""

from __future__ import annotations

from typing import Literal

import msgspec

LogFormat = Literal["ocel-json", "ocel-csv", "events-csv", "objects-csv"]

KNOWN_COLUMNS: dict[str, tuple[str, ...]] = {
    "case": ("case", "case id", "case_id", "caseid", "case:concept:name", "_case_key", "case key", "case_key"),
    "activity": ("activity", "concept:name", "activity name", "activity_en", "event_activity", "event", "event name"),
    "timestamp": (
        "timestamp", "complete timestamp", "time:timestamp", "event_timestamp", "eventtime", "event time", "time",
        "completion time", "end time", "end timestamp",
    ),
}  # fmt: skip
"""What tools call the columns of a classic log, in any case: read so where the mapping names none, the first that there is."""


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One event log, or the files of one glob: OCEL 1.0 (JSON or CSV), a classic CSV, or a table of the things alone."""

    path: str
    system: str = "log"
    format: LogFormat | None = None
    encoding: str = "utf-8"
    delimiter: str = ""
    quote: str = '"'
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    datetime: str | tuple[str, ...] = ()
    time_zone: str = ""
    currency: str = ""
    entity: str = ""
    id: str = ""
    case: str = ""
    activity: str = ""
    timestamp: str = ""
    kind: str = "case"
    objects: tuple[str, ...] = ()
    """Columns of a CSV that hold ids of things, one or several; each column's name is their kind."""
    currency_column: str = ""
    entity_column: str = ""
    """Attributes in which a thing's own currency and entity stand."""
