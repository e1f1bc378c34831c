"""Instances, assembled set-based: the plan's steps run in DuckDB, then ranges of anchors are read as documents.

`prepare` makes one table a relation, sorted by anchor (`part_<flow>_<relation>`); `read` turns a range of anchors into instances.
A document that serves several anchors comes with the lines that are each anchor's own, and belongs to one of them as a whole.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import duckdb
import msgspec

from tieout.canon.documents import TYPES, Document
from tieout.process.definition import Flow
from tieout.process.instance import Instance, Known

from . import quiet
from .gather import Gathered
from .hydrate import hydrate
from .plan import Plan, Select, plan, types_of
from .quiet import Days
from .tables import create, table_name


class Prepared(msgspec.Struct, frozen=True):
    """A flow's tables, ready to be read: its plan and the first anchor of every range."""

    plan: Plan
    filled: frozenset[str]
    """The relations, and tables of unclaimed documents, that have any."""
    bounds: tuple[int, ...]
    """Anchor rows at which ranges begin, and one past the last."""
    stray_bounds: tuple[tuple[int, ...], ...]
    """The same for each kind of unclaimed document."""
    anchors: int
    settled: Gathered | None = None
    """What the quiet instances add up to, where they were judged at once."""


class Range(msgspec.Struct, frozen=True):
    """One piece of work: anchors in [first, end) of a flow, or of its unclaimed documents (``stray`` ≥ 0)."""

    flow: int
    first: int
    end: int
    stray: int = -1


def prepare(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], roles: dict[str, str], entities: tuple[str, ...],
    at_once: int, days: Days | None = None,
) -> Prepared:  # fmt: skip
    """Run a flow's plan on the documents in ``connection``; ranges of ``at_once`` anchors.

    With ``days`` quiet instances are judged at once (`quiet`), and only the others are left to be read.
    """
    types = types_of(flow)
    for name in types:
        create(connection, name)
    mirrored = frozenset(name for name in types if _mirrored(connection, name))
    steps = plan(flow, roles, mirrored, entities)
    for source in steps.sources:
        connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {source.table} AS {source.sql}")
    counts = {step.table: _fill(connection, step) for step in steps.selects}
    settled = quiet.settle(connection, flow, steps, days) if days is not None and flow.quiet else None
    types_by_relation = dict(steps.relations)
    parts = [(f"in_{relation}", relation, type_name, settled is not None) for relation, type_name in steps.relations]
    parts += [(table, table, types_by_relation[relation], False) for table, relation in steps.strays]
    filled = [part for part in parts if counts[part[0]]]
    for members, name, type_name, less_quiet in filled:
        _part(connection, members, f"part_{flow.name}_{name}", type_name, less_quiet=less_quiet)
    names = frozenset(name for _, name, _, _ in filled)

    def bounds(name: str) -> tuple[tuple[int, ...], int]:
        return _bounds(connection, f"part_{flow.name}_{name}", at_once) if name in names else ((), 0)

    ranges, anchors = bounds(flow.anchor._name)
    stray_ranges = tuple(bounds(table)[0] for table, _ in steps.strays)
    for step in steps.selects:
        connection.execute(f"DROP TABLE {step.table}")
    return Prepared(steps, names, ranges, stray_ranges, anchors, settled)


def _fill(connection: duckdb.DuckDBPyConnection, step: Select) -> int:
    """Run one step of the plan; how many rows it gave."""
    ((count,),) = connection.execute(f"CREATE OR REPLACE TEMP TABLE {step.table} AS {step.sql}").fetchall()
    return int(count)


def _mirrored(connection: duckdb.DuckDBPyConnection, type_name: str) -> bool:
    sql = f"SELECT 1 FROM {table_name(type_name)} WHERE mirrors IS NOT NULL LIMIT 1"
    return bool(connection.execute(sql).fetchall())


def _part(
    connection: duckdb.DuckDBPyConnection, members: str, part: str, type_name: str, *, less_quiet: bool = False
) -> None:
    rest = f"WHERE m.anchor NOT IN (SELECT anchor FROM {quiet.TABLE})" if less_quiet else ""
    connection.execute(
        f"""CREATE OR REPLACE TABLE {part} AS
        WITH shared AS (
            SELECT doc, arg_min(anchor, (first, anchor)) AS owner FROM {members} GROUP BY doc HAVING count(*) > 1
        )
        SELECT m.anchor AS "__anchor", m.doc AS "__doc", coalesce(s.owner <> m.anchor, false) AS "__foreign",
            CASE WHEN s.owner IS NOT NULL THEN m.lines END AS "__lines", m.whole AS "__whole", d.* EXCLUDE (key, ref)
        FROM {members} AS m JOIN {table_name(type_name)} AS d ON d.rowid = m.doc LEFT JOIN shared AS s ON s.doc = m.doc
        {rest} ORDER BY m.anchor, d.key"""
    )


def _bounds(connection: duckdb.DuckDBPyConnection, part: str, at_once: int) -> tuple[tuple[int, ...], int]:
    rows = connection.execute(
        f"""SELECT first, count FROM (
            SELECT "__anchor" AS first, row_number() OVER (ORDER BY "__anchor") - 1 AS n, count(*) OVER () AS count,
            FROM (SELECT DISTINCT "__anchor" FROM {part})
        ) WHERE n % {at_once} = 0 ORDER BY first"""
    ).fetchall()
    if not rows:
        return (), 0
    ((end,),) = connection.execute(f'SELECT max("__anchor") + 1 FROM {part}').fetchall()
    return (*(first for first, _ in rows), end), rows[0][1]


def ranges(flow: int, prepared: Prepared) -> Iterator[Range]:
    """The pieces of work of a prepared flow."""
    for first, end in pairwise(prepared.bounds):
        yield Range(flow, first, end)
    for stray, bounds in enumerate(prepared.stray_bounds):
        for first, end in pairwise(bounds):
            yield Range(flow, first, end, stray)


def pieces_of(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], prepared: Prepared, keys: list[str]
) -> Iterator[Range]:
    """Ranges of one anchor each: of the instances that hold any of these documents."""
    steps = prepared.plan
    anchors: set[int] = set()
    for relation, type_name in steps.relations:
        if relation in prepared.filled:
            anchors.update(_holding(connection, f"part_{flow.name}_{relation}", type_name, keys))
    for anchor in sorted(anchors):
        yield Range(0, anchor, anchor + 1)
    for stray, (table, relation) in enumerate(steps.strays):
        type_name = dict(steps.relations)[relation]
        if table in prepared.filled:
            for anchor in sorted(_holding(connection, f"part_{flow.name}_{table}", type_name, keys)):
                yield Range(0, anchor, anchor + 1, stray)


def _holding(connection: duckdb.DuckDBPyConnection, part: str, type_name: str, keys: list[str]) -> set[int]:
    prefix = f"{type_name}/"
    refs = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
    if not refs:
        return set()
    sql = f"""SELECT DISTINCT "__anchor" FROM {part} WHERE system || '/' || id IN (SELECT unnest(?))"""
    return {anchor for (anchor,) in connection.execute(sql, [refs]).fetchall()}


def read(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], ready: Prepared, piece: Range, known: Known, *,
    whole: bool = False,
) -> Iterator[Instance]:  # fmt: skip
    """The instances of a range, in the order of their anchors; relations that are seldom looked at too, if ``whole``."""
    steps = ready.plan
    if piece.stray >= 0:
        table, relation = steps.strays[piece.stray]
        type_name = dict(steps.relations)[relation]
        for documents in _grouped(_rows(connection, flow, table, piece), type_name)[0].values():
            yield Instance(documents[0].key, None, {relation: documents}, known=known)
        return
    anchor_name, anchor_type = steps.relations[0]
    anchors, _ = _grouped(_rows(connection, flow, anchor_name, piece), anchor_type)
    members: dict[int, dict[str, tuple[Any, ...]]] = {row: {anchor_name: found} for row, found in anchors.items()}
    foreign: dict[int, frozenset[str]] = {}
    seldom: dict[str, str] = {}
    for relation, type_name in steps.relations[1:]:
        if relation not in ready.filled:
            continue
        if flow.relations[relation]._seldom and not whole:
            seldom[relation] = type_name
            continue
        grouped, others = _grouped(_rows(connection, flow, relation, piece), type_name)
        for row, documents in grouped.items():
            members[row][relation] = documents
        for row, keys in others.items():
            foreign[row] = foreign[row] | keys if row in foreign else keys
    later = _Later(connection, flow, piece, seldom) if seldom else None
    for row, (document,) in anchors.items():
        yield Instance(
            document.key, document, members[row], foreign=foreign.get(row, _NONE), known=known, later=later, row=row
        )


_NONE: frozenset[str] = frozenset()


class _Later:
    """The relations of a range that few of its instances look at: read at the first question, made documents one instance at a time."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, flow: type[Flow], piece: Range, types: dict[str, str]
    ) -> None:
        self.connection, self.flow, self.piece, self.relations = connection, flow, piece, types
        self.tables: dict[str, tuple[list[int], Any]] = {}

    def read(self, row: int, relation: str) -> tuple[tuple[Any, ...], frozenset[str]]:
        """What an instance has of a relation."""
        if relation not in self.tables:
            table = _rows(self.connection, self.flow, relation, self.piece).combine_chunks()
            self.tables[relation] = (table.column("__anchor").to_pylist(), table)
        rows, table = self.tables[relation]
        first = bisect.bisect_left(rows, row)
        count = bisect.bisect_right(rows, row) - first
        if not count:
            return (), _NONE
        grouped, others = _grouped(table.slice(first, count), self.relations[relation])
        return grouped[row], others.get(row, _NONE)


def _rows(connection: duckdb.DuckDBPyConnection, flow: type[Flow], relation: str, piece: Range) -> Any:
    return connection.sql(
        f'SELECT * FROM part_{flow.name}_{relation} WHERE "__anchor" >= {piece.first} AND "__anchor" < {piece.end}'
    ).to_arrow_table()


def _grouped(table: Any, type_name: str) -> tuple[dict[int, tuple[Any, ...]], dict[int, frozenset[str]]]:
    """Documents by anchor row; and by anchor row the keys of those that belong to another anchor as a whole."""
    documents = _documents(table, type_name)
    rows = table.column("__anchor").to_pylist()
    if table.column("__lines").null_count < len(rows):
        _slice(documents, table)
    others = _others(rows, documents, table) if documents and _any_true(table.column("__foreign")) else {}
    grouped: dict[int, tuple[Any, ...]] = dict(zip(rows, zip(documents, strict=False), strict=True))
    if len(grouped) == len(rows):
        return grouped, others
    lists: dict[int, list[Any]] = {}
    for row, document in zip(rows, documents, strict=True):
        found = lists.get(row)
        if found is None:
            lists[row] = [document]
        else:
            found.append(document)
    return {row: tuple(found) for row, found in lists.items()}, others


def _documents(table: Any, type_name: str) -> list[Any]:
    """A document a row; one that stands in several rows (what all the orders sell) is made once."""
    numbers = table.column("__doc").to_pylist()
    if len(numbers) < _FEW or len(set(numbers)) * 2 > len(numbers):
        return hydrate(TYPES[type_name], table)
    first = {number: i for i, number in zip(range(len(numbers) - 1, -1, -1), reversed(numbers), strict=True)}
    made = dict(zip(first, hydrate(TYPES[type_name], table.take(list(first.values()))), strict=True))
    return [made[number] for number in numbers]


_FEW = 16


def _others(rows: list[int], documents: list[Any], table: Any) -> dict[int, frozenset[str]]:
    """By anchor row the keys of documents that are foreign there. Rows often have the same, which are kept once."""
    keys: dict[int, str] = {}
    foreign: dict[int, tuple[str, ...]] = {}
    for row, document, flag in zip(rows, documents, table.column("__foreign").to_pylist(), strict=True):
        if flag:
            key = keys.get(id(document))
            if key is None:
                key = keys[id(document)] = document.key
            foreign[row] = (*foreign.get(row, ()), key)
    sets = {found: frozenset(found) for found in set(foreign.values())}
    return {row: sets[found] for row, found in foreign.items()}


def _any_true(flags: Any) -> bool:
    return any(flags.chunk(i).true_count for i in range(flags.num_chunks))


def _slice(documents: list[Document], table: Any) -> None:
    """Leave a shared document only the lines that are this anchor's; lines that name nothing stay with its header."""
    lines, whole = table.column("__lines").to_pylist(), table.column("__whole").to_pylist()
    for i, numbers in enumerate(lines):
        if numbers is not None:
            document: Any = documents[i]
            kept = tuple(
                line
                for n, line in enumerate(document.lines, 1)
                if _within(numbers, n) or (whole[i] and line.order is None and line.charge is None)
            )
            documents[i] = msgspec.structs.replace(document, lines=kept)


def _within(numbers: list[int], n: int) -> bool:
    i = bisect.bisect_left(numbers, n)
    return i < len(numbers) and numbers[i] == n
