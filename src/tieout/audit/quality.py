"""What can be said of the data before anything is judged: control totals, and references that lead nowhere."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import duckdb

from tieout.canon.documents import TYPES
from tieout.canon.money import format_minor
from tieout.canon.references import references
from tieout.setwise.tables import Column, columns, quoted, table_name


def control_totals(
    connection: duckdb.DuckDBPyConnection, type_name: str, by: str = "_file"
) -> dict[Any, dict[str, str]]:
    """Sum of each money column by file and currency, ``net EUR`` → decimal text, of the documents that count.

    ``by``: the column that says which file, or what stands in its place.
    """
    sums = {name: sql for column in columns(type_name) for name, sql in _money(column)}
    if not sums:
        return {}
    listed = ", ".join(f"sum({sql})" for sql in sums.values())
    rows = connection.execute(
        f"SELECT {by}, currency, {listed} FROM {table_name(type_name)} WHERE currency IS NOT NULL GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    totals: dict[Any, dict[str, str]] = defaultdict(dict)
    for file, currency, *amounts in rows:
        for name, amount in zip(sums, amounts, strict=True):
            if amount is not None:
                totals[file][f"{name} {currency}"] = format_minor(int(amount), currency)
    return totals


def _money(column: Column) -> list[tuple[str, str]]:
    if column.kind == "minor":
        return [(column.name, quoted(column.name))]
    return [
        (
            f"{column.name}.{part.name}",
            f"list_sum(list_transform({quoted(column.name)}, lambda item: item.{quoted(part.name)}))",
        )
        for part in column.nested
        if part.kind == "minor"
    ]


def unjoined(
    connection: duckdb.DuckDBPyConnection, type_name: str, filled: set[str], by: str = "_file"
) -> tuple[dict[Any, int], dict[Any, dict[str, int]]]:
    """By file: documents with a reference that leads to no document, and the same by field.

    Only references to types that there are documents of (``filled``) can be judged.
    """
    fields = {name: target for name, target in _references(type_name).items() if target in filled}
    if not fields:
        return {}, {}
    marks = ", ".join(
        f"{_dangling(type_name, name, target)} AS m{i}" for i, (name, target) in enumerate(fields.items())
    )
    counts = ", ".join(f"count(*) FILTER (m{i})" for i in range(len(fields)))
    any_mark = " OR ".join(f"m{i}" for i in range(len(fields)))
    rows = connection.execute(
        f"SELECT {by}, count(*) FILTER ({any_mark}), {counts} FROM (SELECT {by}, {marks} FROM {table_name(type_name)}) GROUP BY {by}"
    ).fetchall()
    documents = {file: whole for file, whole, *_ in rows}
    by_field = {file: {name: n for name, n in zip(fields, each, strict=True) if n} for file, _, *each in rows}
    return documents, by_field


def _references(type_name: str) -> dict[str, str]:
    return {
        name: target.__struct_config__.tag
        for name, target in references(TYPES[type_name]).items()
        if target.__struct_config__.tag in TYPES
    }


def _dangling(type_name: str, field: str, target: str) -> str:
    """Whether a row has a reference that is not there. Hashes are joined: eight bytes a document, whatever its id."""
    known = f"(SELECT hash(ref) FROM {table_name(target)})"
    outer, _, inner = field.partition(".")
    (column,) = (column for column in columns(type_name) if column.name == outer)
    if not inner and column.kind != "refs":
        return f"coalesce({quoted(field)} IS NOT NULL AND hash({quoted(field)}) NOT IN {known}, false)"
    item = f"unnest({quoted(outer)}).{quoted(inner)}" if inner else f"unnest({quoted(outer)})"
    rows = f"SELECT rowid AS row, {item} AS reference FROM {table_name(type_name)}"
    return f"rowid IN (SELECT row FROM ({rows}) WHERE reference IS NOT NULL AND hash(reference) NOT IN {known})"
