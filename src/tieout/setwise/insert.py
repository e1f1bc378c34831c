"""Documents into their tables: the way back of `hydrate`, for documents that are made rather than read from files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from tieout.canon.documents import Document

from .tables import Column, columns, create, table_name

_ARROW: dict[str, pa.DataType] = {
    "minor": pa.int64(),
    "integer": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "instant": pa.timestamp("us"),
    "refs": pa.list_(pa.string()),
}


def insert(connection: duckdb.DuckDBPyConnection, documents: Iterable[Document]) -> None:
    """Add documents to their tables, which are made where they are missing."""
    by_type: dict[str, list[Document]] = {}
    for document in documents:
        by_type.setdefault(document.type, []).append(document)
    for name, found in by_type.items():
        create(connection, name)
        made = columns(name)
        arrays = [pa.array([_value(c, getattr(d, c.name)) for d in found], _arrow(c)) for c in made]
        table = pa.Table.from_arrays(arrays, names=[c.name for c in made])
        connection.register("documents_to_insert", table)
        connection.execute(f"INSERT INTO {table_name(name)} SELECT * FROM documents_to_insert")
        connection.unregister("documents_to_insert")


def _arrow(column: Column) -> pa.DataType:
    if column.kind == "structs":
        return pa.list_(pa.struct([(inner.name, _arrow(inner)) for inner in column.nested]))
    return _ARROW.get(column.kind, pa.string())


def _value(column: Column, value: Any) -> Any:
    if value is None:
        return None
    if column.kind == "structs":
        return [{inner.name: _value(inner, getattr(part, inner.name)) for inner in column.nested} for part in value]
    if column.kind == "refs":
        return list(value)
    if column.kind == "json":
        return msgspec.json.encode(value, order="sorted").decode()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return value.astimezone(dt.UTC).replace(tzinfo=None)
    return value
