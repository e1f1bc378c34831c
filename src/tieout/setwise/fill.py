"""Documents as canonical JSON, one a line, into their table: what `insert` does for documents in memory, for files of millions."""

from __future__ import annotations

from pathlib import Path

import duckdb

from .tables import Column, create, fields, literal, quoted, struct_of, table_name

LONGEST = 16 * 2**20
"""Bytes of a document that DuckDB reads unasked."""


def fill(connection: duckdb.DuckDBPyConnection, type_name: str, path: Path, longest: int = LONGEST) -> None:
    """Add the documents of a file to their type's table, which is made where it is missing; those that are deleted are left out.

    ``longest``: bytes of the longest of them. The session's time zone has to be UTC.
    """
    create(connection, type_name)
    found = fields(struct_of(type_name))
    read = ", ".join(f"{literal(column.name)}: {literal(_as_read(column))}" for column in found)
    values = ", ".join(f"CAST({quoted(column.name)} AS {column.sql_type})" for column in found)
    connection.execute(
        f"INSERT INTO {table_name(type_name)} "
        f"SELECT {literal(type_name)} || '/' || system || '/' || id, system || '/' || id, {values} "
        f"FROM read_json({literal(str(path))}, format = 'newline_delimited', columns = {{{read}}}, "
        f"maximum_object_size = {max(longest, LONGEST)}) WHERE deleted IS NOT TRUE"
    )


def _as_read(column: Column) -> str:
    """The type to read a field as: instants with their offset, which their table no longer has."""
    if column.nested:
        return "STRUCT(" + ", ".join(f"{quoted(inner.name)} {_as_read(inner)}" for inner in column.nested) + ")[]"
    return "TIMESTAMPTZ" if column.kind == "instant" else column.sql_type
