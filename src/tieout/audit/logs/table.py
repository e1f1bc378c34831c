"""Logs that are CSV, in the forms that other tools write: OCEL 1.0, one event a row, or one thing a row.

The file is read as any other CSV is (encoding, quotes, delimiter, lines that cannot be read); a delimiter that nobody
named is the one that gives the header most columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from tieout.audit.expressions import Reading
from tieout.audit.lines import header
from tieout.audit.mapping import Layout
from tieout.audit.relation import Relation, open_file
from tieout.canon.faults import InputFault, nearest
from tieout.setwise.tables import literal

from .entry import KNOWN_COLUMNS, LogEntry, LogFormat

_OBJECTS = "ocel:type:"
_TOKENS = literal(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s,;'"\[\](){}][^,;\[\](){}]*""")
_NOTHING = "('', '[]', '{}', '()', 'set()', 'nan', 'none', 'null', 'frozenset()')"


def delimiter_of(path: Path, encoding: str) -> str:
    """The delimiter that splits the header into most columns; a comma where none does."""
    return max(",;\t|", key=lambda delimiter: len(header(path, encoding, delimiter, '"')))


def columns_of(path: Path, encoding: str) -> list[str]:
    """The names in the header."""
    return header(path, encoding, delimiter_of(path, encoding), '"')


def format_by(columns: Iterable[str]) -> LogFormat:
    """Which form of CSV has such columns."""
    names = [column.casefold() for column in columns]
    if "ocel:eid" in names:
        return "ocel-csv"
    return "objects-csv" if "ocel:oid" in names else "events-csv"


def stage(connection: duckdb.DuckDBPyConnection, file: int, path: Path, entry: LogEntry, spool: Path) -> Relation:
    """Read one file into the tables of `stage`. Raises InputFault where a column is missing or the file is no such CSV."""
    layout = Layout(
        format="csv", encoding=entry.encoding, quote=entry.quote,
        delimiter=entry.delimiter or delimiter_of(path, entry.encoding),
    )  # fmt: skip
    relation = open_file(connection, path, layout, (), spool)
    columns = _Columns(relation, entry)
    form = entry.format or format_by(relation.present)
    {"ocel-csv": _ocel, "events-csv": _events, "objects-csv": _things}[form](connection, file, columns)
    return relation


class _Columns:
    """The columns of one file, and how SQL reads them."""

    def __init__(self, relation: Relation, entry: LogEntry) -> None:
        self.relation, self.entry = relation, entry
        self.reading = Reading(decimal=entry.decimal, thousands=entry.thousands)
        self.taken: set[str] = set()

    def find(self, *wanted: str, needed: bool = True) -> str:
        """SQL of the first of these columns that there is, as trimmed text; the column is no attribute then."""
        by_name = {name.casefold(): name for name in reversed(self.relation.present)}
        for name in wanted:
            found = name if name in self.relation.cells else by_name.get(name.casefold())
            if found is not None:
                return self._take(found)
        if not needed:
            return ""
        present = self.relation.present
        raise InputFault(
            f"there is no column {wanted[0]!r}", where=str(self.relation.path),
            mend=nearest(wanted[0], present) or f"its columns are {', '.join(present[:12])}",
        )  # fmt: skip

    def said(self, key: str) -> str:
        """SQL of the column that a key of the entry names, else of the one that tools usually call so."""
        named = getattr(self.entry, key)
        return self.find(*([named] if named else KNOWN_COLUMNS[key]))

    def starting(self, prefix: str) -> list[str]:
        """The columns whose names begin so."""
        return [name for name in self.relation.present if name.casefold().startswith(prefix)]

    def _take(self, name: str) -> str:
        self.taken.add(name)
        cell = self.relation.cells[name]
        if not cell.sql:
            raise InputFault(
                f"there is more than one column {name!r}", where=str(self.relation.path), mend="give each its own name"
            )
        return f"nullif(trim({cell.sql}), '')"

    def attributes(self) -> str:
        """SQL of a map of all columns that nothing else was made of, where they have a value."""
        entries = []
        for name, cell in self.relation.cells.items():
            if name and cell.sql and name not in self.taken and not name.casefold().startswith("ocel:"):
                value = f"nullif(trim({cell.sql}), '')"
                if self.entry.decimal != "." or self.entry.thousands:
                    value = f"coalesce({self.reading.number(value)}, {value})"
                entries.append(f"{{'key': {literal(name)}, 'value': {value}}}")
        if not entries:
            return "MAP {}::MAP(VARCHAR, VARCHAR)"
        return f"map_from_entries(list_filter([{', '.join(entries)}], lambda e: e.value IS NOT NULL))"


def _ocel(connection: duckdb.DuckDBPyConnection, file: int, columns: _Columns) -> None:
    id, activity, time = (columns.find(f"ocel:{name}") for name in ("eid", "activity", "timestamp"))
    kinds = columns.starting(_OBJECTS)
    if not kinds:
        raise InputFault(
            "there is no column ocel:type:…", where=str(columns.relation.path), mend="is it an OCEL 1.0 CSV?"
        )
    for name in kinds:
        _link(connection, file, columns, id, name[len(_OBJECTS) :], columns.find(name))
    _insert_events(connection, file, columns, id, activity, time)


def _events(connection: duckdb.DuckDBPyConnection, file: int, columns: _Columns) -> None:
    entry = columns.entry
    case = columns.said("case") if entry.case or not entry.objects else ""
    activity, time = columns.said("activity"), columns.said("timestamp")
    place = literal(entry.path if not _is_pattern(entry.path) else columns.relation.path.name)
    place = f"{place} || ':' || (_line{' + 1' if columns.relation.counts_records else ''})"
    id = columns.find(entry.id) if entry.id else place
    things = [(name, columns.find(name)) for name in entry.objects]
    if case:
        connection.execute(
            f"INSERT INTO log_link SELECT {file}, {id}, {literal(entry.kind)}, {case} FROM ({columns.relation.sql}) "
            f"WHERE {case} IS NOT NULL"
        )
    for name, cell in things:
        _link(connection, file, columns, id, name, cell)
    id = f"CASE WHEN {case} IS NOT NULL THEN {id} END" if case else id
    _insert_events(connection, file, columns, id, activity, time)


def _is_pattern(path: str) -> bool:
    return any(sign in path for sign in "*?[")


def _insert_events(
    connection: duckdb.DuckDBPyConnection, file: int, columns: _Columns, id: str, activity: str, time: str
) -> None:
    connection.execute(
        "INSERT INTO log_event BY NAME "
        f"SELECT {file} AS file, _line AS line, {id} AS id, {activity} AS activity, {time} AS time, "
        f"{columns.attributes()} AS ext FROM ({columns.relation.sql})"
    )


def _link(
    connection: duckdb.DuckDBPyConnection, file: int, columns: _Columns, event: str, kind: str, cell: str
) -> None:
    connection.execute(
        f"INSERT INTO log_link SELECT {file}, event, {literal(kind)}, thing FROM ("
        f"SELECT {event} AS event, unnest({listed(cell)}) AS thing FROM ({columns.relation.sql})) WHERE thing <> ''"
    )


def listed(cell: str) -> str:
    """SQL of the ids in a cell: a JSON array, a list or set as Python prints it, ids between ``;`` ``,`` ``|``, or one id."""
    unquoted = (
        "CASE WHEN t[1] IN ('''', '\"') THEN trim(regexp_replace(t[2:-2], '\\\\(.)', '\\1', 'g')) ELSE trim(t) END"
    )
    several = f"list_filter(regexp_extract_all({cell}, {_TOKENS}), lambda t: lower(t) NOT IN ('none', 'nan', 'set', 'frozenset'))"
    printed = f"list_transform({several}, lambda t: {unquoted})"
    json = f"CASE WHEN json_valid({cell}) THEN json_transform({cell}, '[\"VARCHAR\"]') END"
    bracket = f"regexp_matches({cell}, '^(frozenset\\(|set\\()?[\\[({{]')"
    return (
        f"CASE WHEN {cell} IS NULL OR lower({cell}) IN {_NOTHING} THEN [] "
        f"WHEN {bracket} THEN coalesce({json}, {printed}) "
        f"ELSE list_transform(regexp_split_to_array({cell}, '\\s*[;|,]\\s*'), lambda t: trim(t)) END"
    )


def _things(connection: duckdb.DuckDBPyConnection, file: int, columns: _Columns) -> None:
    entry = columns.entry
    id = columns.find(*([entry.case] if entry.case else ("ocel:oid", *KNOWN_COLUMNS["case"])))
    kind = columns.find("ocel:type", needed=False) or literal(entry.kind)
    connection.execute(
        "INSERT INTO log_object BY NAME "
        f"SELECT {file} AS file, _line AS line, coalesce({kind}, {literal(entry.kind)}) AS kind, {id} AS object, "
        f"{columns.attributes()} AS ext FROM ({columns.relation.sql})"
    )
