"""The DuckDB table of each canonical type, derived from the type itself.

`docs/architecture.md` ("Documents in tables") is the contract: one table ``doc_<type>``, its columns the type's fields
plus ``key`` and ``ref``, NULL for a field's default. Nothing here is written by hand: a field added to a document is a
column of its table at once.
"""

from __future__ import annotations

from functools import cache

import duckdb
import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.faults import MappingFault, nearest
from tieout.canon.shape import Kind, Shape, shapes

_SQL: dict[Kind, str] = {
    "text": "VARCHAR",
    "ref": "VARCHAR",
    "minor": "BIGINT",
    "integer": "BIGINT",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "instant": "TIMESTAMP",
    "decimal": "VARCHAR",
    "json": "VARCHAR",
    "refs": "VARCHAR[]",
}


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column: its name, DuckDB type, meaning, and whether the document cannot be without it."""

    name: str
    sql_type: str
    kind: Kind
    required: bool = False
    choices: tuple[str, ...] = ()
    """The only values allowed, where the field is a Literal."""
    nested: tuple[Column, ...] = ()
    """Columns of each element, where ``kind`` is ``structs``."""
    struct: type[msgspec.Struct] | None = None
    """The type of each element, where ``kind`` is ``structs``."""


def table_name(type_name: str) -> str:
    """``invoice`` → ``doc_invoice``. Raises MappingFault for a type that there is not."""
    struct_of(type_name)
    return f"doc_{type_name}"


@cache
def columns(type_name: str) -> tuple[Column, ...]:
    """The columns of a type's table in order: ``key``, ``ref``, then the fields as the type declares them."""
    identity = (Column(name=name, sql_type="VARCHAR", kind="text", required=True) for name in ("key", "ref"))
    return (*identity, *fields(struct_of(type_name)))


@cache
def fields(struct: type[msgspec.Struct]) -> tuple[Column, ...]:
    """The columns of any struct made of the types that documents are made of."""
    return tuple(_column(shape) for shape in shapes(struct))


def create(connection: duckdb.DuckDBPyConnection, type_name: str) -> None:
    """Create the type's empty table, unless it is there already."""
    body = ", ".join(f"{quoted(column.name)} {column.sql_type}" for column in columns(type_name))
    connection.execute(f"CREATE TABLE IF NOT EXISTS {table_name(type_name)} ({body})")


def quoted(name: str) -> str:
    """An identifier as SQL writes it safely (``order`` and ``line`` are words of SQL)."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text constant as SQL writes it safely."""
    return "'" + text.replace("'", "''") + "'"


def struct_of(type_name: str) -> type[msgspec.Struct]:
    """The document type of a name. Raises MappingFault for a type that there is not."""
    if type_name not in TYPES:
        raise MappingFault(f"there is no document type {type_name!r}", mend=nearest(type_name, TYPES))
    return TYPES[type_name]


def _column(shape: Shape) -> Column:
    nested = fields(shape.struct) if shape.struct is not None else ()
    if nested:
        sql_type = "STRUCT(" + ", ".join(f"{quoted(part.name)} {part.sql_type}" for part in nested) + ")[]"
    else:
        sql_type = _SQL[shape.kind]
    return Column(
        name=shape.name,
        sql_type=sql_type,
        kind=shape.kind,
        required=shape.required,
        choices=shape.choices,
        nested=nested,
        struct=shape.struct,
    )
