"""The tables into which every form of log is read: what happened, to which things, and what is said of the things.

``log_event`` (file, line, id, activity, time, ext) · ``log_link`` (file, event, kind, object) · ``log_object``
(file, kind, object, ext) · ``log_file`` (file, path, system, entity, currency, …). Values are still text.
"""

from __future__ import annotations

import duckdb

EXT = "MAP(VARCHAR, VARCHAR)"
_TABLES = {
    "log_file": "file INTEGER, path VARCHAR, system VARCHAR, entity VARCHAR, currency VARCHAR, "
    "entity_column VARCHAR, currency_column VARCHAR",
    "log_event": "file INTEGER, line BIGINT, id VARCHAR, activity VARCHAR, time VARCHAR, moment TIMESTAMP, "
    f"flaw VARCHAR, ext {EXT}",
    "log_link": "file INTEGER, event VARCHAR, kind VARCHAR, object VARCHAR",
    "log_object": f"file INTEGER, line BIGINT, kind VARCHAR, object VARCHAR, ext {EXT}",
}


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables, empty."""
    for name, columns in _TABLES.items():
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({columns})")
