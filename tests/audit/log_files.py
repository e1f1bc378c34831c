"""One log file, read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from tieout.audit.logs.entry import LogEntry
from tieout.audit.logs.read import read_logs

Refused = list[tuple[int, str, str, str]]


def load(path: Path, format: str | None = None, **more: object) -> tuple[duckdb.DuckDBPyConnection, Refused]:
    """One log, read; and what was refused of it: line, field, what, mend."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        "CREATE TABLE input_rejection (path VARCHAR, line BIGINT, field VARCHAR, what VARCHAR, mend VARCHAR)"
    )
    log = LogEntry(path=path.name, format=format, **{"currency": "EUR", **more})
    with tempfile.TemporaryDirectory() as spool:
        read_logs(connection, (log,), path.parent, "UTC", Path(spool))
    return connection, connection.execute("SELECT line, field, what, mend FROM input_rejection").fetchall()
