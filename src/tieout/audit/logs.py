"""The ``[[logs]]`` of a mapping: event logs read after the files, with the same honesty about what was refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

import duckdb
import msgspec

from tieout.canon.faults import Fault

from . import eventlog
from .result import FileQuality

LogFormat = Literal["ocel-json", "ocel-csv", "events-csv"]


class LogFile(msgspec.Struct, frozen=True, kw_only=True):
    """One event log: OCEL 1.0 (JSON or CSV), or a classic CSV with a case, an activity and a time."""

    path: str
    system: str = "log"
    format: LogFormat | None = None
    delimiter: str = ","
    time_zone: str = ""
    datetime: str = ""
    currency: str = ""
    entity: str = ""
    case: str = "case"
    activity: str = "activity"
    timestamp: str = "timestamp"
    kind: str = "case"


def format_of(path: Path) -> LogFormat:
    """What a log is by its name and first line: OCEL in JSON, OCEL in CSV, or a classic CSV."""
    if any(suffix in (".jsonocel", ".json") for suffix in path.suffixes):
        return "ocel-json"
    with path.open(encoding="utf-8", errors="replace") as file:
        return "ocel-csv" if "ocel:" in file.readline() else "events-csv"


def read_logs(
    connection: duckdb.DuckDBPyConnection, logs: tuple[LogFile, ...], directory: Path, time_zone: str
) -> tuple[FileQuality, ...]:
    """Read every log; what is refused goes to ``input_rejection``. A log that is none is refused whole, and the rest goes on."""
    return tuple(_read(connection, log, directory, time_zone) for log in logs)


def _read(connection: duckdb.DuckDBPyConnection, log: LogFile, directory: Path, time_zone: str) -> FileQuality:
    path = directory / log.path
    refused: list[tuple[str, int, str, str, str]] = []

    def refuse(line: int, field: str, what: str, mend: str) -> None:
        refused.append((log.path, line, field, what, mend))

    rows, size, digest = 0, 0, ""
    try:
        told = eventlog.Log(
            path=path, system=log.system, format=log.format or (format_of(path) if path.is_file() else "events-csv"),
            entity=log.entity, currency=log.currency, time_zone=log.time_zone or time_zone, delimiter=log.delimiter,
            datetime=log.datetime, case=log.case, activity=log.activity, timestamp=log.timestamp, kind=log.kind,
        )  # fmt: skip
        rows = eventlog.read(connection, told, refuse).rows
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size
    except Fault as fault:
        refuse(0, "", fault.what, fault.mend)
    if refused:
        connection.executemany("INSERT INTO input_rejection VALUES (?, ?, ?, ?, ?)", refused)
    return FileQuality(
        path=log.path, system=log.system, type="event", rows=rows, accepted=rows - min(rows, len(refused)),
        rejected=len(refused), sha256=digest, bytes=size,
    )  # fmt: skip
