"""Crosswalks, exchange rates and accounting periods: files and documents that belong to policy."""

from __future__ import annotations

from pathlib import Path

import duckdb

from tieout.canon.documents import AccountingPeriod
from tieout.canon.faults import InputFault
from tieout.policy import Policy
from tieout.setwise.hydrate import hydrate
from tieout.setwise.tables import quoted, table_name

from .expressions import text_of
from .mapping import NAME, CrosswalkFile, Layout, Mapping
from .projection import found_cell
from .refusals import in_words
from .relation import open_file

_CROSSWALK = ("code", "target", "from", "to", "entity")
_RATES = ("currency", "to", "rate", "on", "source")


def with_files(
    policy: Policy, mapping: Mapping, directory: Path, connection: duckdb.DuckDBPyConnection, spool: Path
) -> Policy:
    """The policy with the crosswalks and rates that stand in files of their own. Raises a Fault for one that cannot be read:

    without it every code would look unmapped, and every amount unconvertible.
    """
    for entry in mapping.crosswalks:
        if entry.path:
            rows = crosswalk_rows(connection, directory, entry, spool)
            policy = policy.with_crosswalk(entry.table, rows, entry.path)
    if mapping.fx.path:
        rows = _rows(connection, directory, mapping.fx, _RATES, "fx", spool)
        policy = policy.with_rates(rows, mapping.fx.path, mapping.fx.source)
    return policy


def crosswalk_rows(
    connection: duckdb.DuckDBPyConnection, directory: Path, entry: CrosswalkFile, spool: Path
) -> list[dict[str, str]]:
    """The rows of a crosswalk's file as texts: code, target, from, to, entity. Raises a Fault for one that cannot be read."""
    return _rows(connection, directory, entry, _CROSSWALK, "crosswalks", spool)


def with_periods(policy: Policy, connection: duckdb.DuckDBPyConnection) -> Policy:
    """The policy with the accounting periods that were read."""
    rows = connection.sql(f"SELECT * FROM {table_name('accounting_period')}").to_arrow_table()
    return policy.with_periods(hydrate(AccountingPeriod, rows)) if rows.num_rows else policy


def _rows(
    connection: duckdb.DuckDBPyConnection,
    directory: Path,
    layout: Layout,
    fields: tuple[str, ...],
    place: str,
    spool: Path,
) -> list[dict[str, str]]:
    """The rows of a small table as texts by field."""
    relation = open_file(connection, directory / layout.path, layout, fields, spool)
    for bad in relation.bad[:1]:
        what, mend = in_words(bad.code, bad.value)
        raise InputFault(what, where=f"{layout.path}, line {bad.line}", mend=mend)

    def where(*keys: str) -> str:
        return f"{NAME}, {'.'.join((place, *keys))}"

    cells = {field: found_cell(layout, relation, field, where) for field in fields}
    listed = ", ".join(
        f"coalesce({text_of(cell.sql, cell.type)}, '') AS {quoted(field)}" for field, cell in cells.items() if cell
    )
    if not listed:
        mend = f"its columns are {', '.join(fields)}; others are named under [{place}.columns]"
        raise InputFault(f"has none of the columns {', '.join(fields)}", where=layout.path, mend=mend)
    found = connection.execute(f"SELECT {listed} FROM ({relation.sql}) ORDER BY _line")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
