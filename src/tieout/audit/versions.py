"""One row a document: the newest version wins, the same twice counts once, what contradicts itself is refused.

Works on tables that still carry ``_file`` and ``_line``.
"""

from __future__ import annotations

import duckdb
import msgspec

from tieout.canon.documents import TYPES
from tieout.setwise.tables import columns, quoted, table_name

_CHAINS = ("replaces", "parent")
"""References from a type to itself that order its documents."""


class Settled(msgspec.Struct, frozen=True):
    """What was left out of one type's table without being wrong."""

    superseded: int = 0
    identical: int = 0
    deleted: int = 0


def settle(connection: duckdb.DuckDBPyConnection, type_name: str) -> Settled:
    """Leave one row a document in the type's table. What contradicts itself is deleted and left in ``contradicting``."""
    table = table_name(type_name)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE contradicting (file INTEGER, line BIGINT, key VARCHAR, entity VARCHAR)"
    )
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT hash(key) AS h FROM {table} GROUP BY h HAVING count(*) > 1"
    )
    superseded = identical = 0
    if _count(connection, "SELECT count(*) FROM repeated"):
        superseded, identical = _resolve(connection, type_name)
    deleted = _count(connection, f"DELETE FROM {table} WHERE deleted")
    return Settled(superseded, identical, deleted)


def _resolve(connection: duckdb.DuckDBPyConnection, type_name: str) -> tuple[int, int]:
    """Of every document that is there more than once, keep the first row of the newest version."""
    table = table_name(type_name)
    content = ", ".join(quoted(column.name) for column in columns(type_name))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE ranked AS
        SELECT *, count(DISTINCT CASE WHEN newest THEN content END) OVER (PARTITION BY key) AS contents,
            row_number() OVER (PARTITION BY key, newest ORDER BY _file, _line) AS place
        FROM (
            SELECT rowid AS row, key, entity, _file, _line, hash({content}) AS content,
                coalesce(version, 0) = max(coalesce(version, 0)) OVER (PARTITION BY key) AS newest
            FROM {table} WHERE hash(key) IN (SELECT h FROM repeated)
        )
    """)
    connection.execute(
        "INSERT INTO contradicting SELECT _file, _line, key, entity FROM ranked WHERE newest AND contents > 1"
    )
    superseded = _count(connection, "SELECT count(*) FROM ranked WHERE NOT newest")
    identical = _count(connection, "SELECT count(*) FROM ranked WHERE newest AND contents = 1 AND place > 1")
    connection.execute(
        f"DELETE FROM {table} WHERE rowid IN (SELECT row FROM ranked WHERE NOT newest OR contents > 1 OR place > 1)"
    )
    return superseded, identical


def cycles(connection: duckdb.DuckDBPyConnection, type_name: str) -> list[tuple[int, int, str, str]]:
    """Documents that replace (or are the parent of) themselves in the end, deleted: (file, line, field, the way round)."""
    found: list[tuple[int, int, str, str]] = []
    for field in _CHAINS:
        if field not in TYPES[type_name].__struct_fields__:
            continue
        rows = connection.execute(
            f"SELECT ref, {field}, _file, _line FROM {table_name(type_name)} WHERE {field} IS NOT NULL"
        ).fetchall()
        next_of = {ref: following for ref, following, _, _ in rows}
        places = {ref: (file, line) for ref, _, file, line in rows}
        for ring in _rings(next_of):
            for index, ref in enumerate(ring):
                way = " → ".join((*ring[index:], *ring[:index], ref))
                found.append((*places[ref], field, way))
            connection.execute(f"DELETE FROM {table_name(type_name)} WHERE ref IN (SELECT unnest(?))", [ring])
    return found


def _rings(next_of: dict[str, str]) -> list[list[str]]:
    """Every cycle of a graph in which each node leads to one other at most."""
    rings: list[list[str]] = []
    done: set[str] = set()
    for start in next_of:
        path: dict[str, int] = {}
        node = start
        while node in next_of and node not in done:
            path[node] = len(path)
            done.add(node)
            node = next_of[node]
        if node in path:
            rings.append(list(path)[path[node] :])
    return rings


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
