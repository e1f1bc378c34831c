"""Reads the files of a mapping, one by one, into the tables of their types."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from tieout.canon.faults import InputFault, MappingFault, nearest
from tieout.policy.roles import ROLES
from tieout.setwise.tables import columns, literal, quoted, table_name

from .expressions import Reading, text_of
from .mapping import File, Layout, Lines, Mapping, nested_column
from .projection import LINES, SEPARATOR, Projection, Where, project
from .relation import Cell, Relation, lines_of, open_file, together
from .toml import Source

_NOT_THE_FILE = (
    duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.InternalException,
    duckdb.OutOfMemoryException, duckdb.InterruptException,
)  # fmt: skip
"""What DuckDB raises for our own faults or want of memory; anything else while reading is the file's."""


class ReadFile(msgspec.Struct, kw_only=True):
    """One file as it is being read. ``rejected`` None: as many as were refused (a file of lines)."""

    path: str
    system: str
    type: str
    rows: int = 0
    rejected: int | None = 0
    sha256: str = ""
    bytes: int = 0
    records: Relation | None = None
    """The file, where its lines still have to be counted."""


class Unread:
    """What was refused: by (system, type) the entities of documents that are there and that the audit does not see; ``*``: any."""

    def __init__(self) -> None:
        self.entities: dict[tuple[str, str], set[str]] = {}
        self.rows: dict[tuple[int, str, str, str], int] = {}
        """By file, system, type and entity how many rows."""

    def add(self, file: int, system: str | None, type_name: str, entity: str | None, rows: int) -> None:
        """Rows of a file that were refused; of whatever system or entity, where that cannot be read."""
        place = (file, system or "*", type_name.partition(".")[0], entity or "*")
        self.entities.setdefault(place[1:3], set()).add(place[3])
        self.rows[place] = self.rows.get(place, 0) + rows


class Reader:
    """Reads files into tables and keeps what there is to say about them.

    ``files`` are numbered in the order in which they are read; rows in tables and refusals carry that number.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, mapping: Mapping, source: Source, directory: Path, spool: Path
    ) -> None:
        self.connection, self.mapping, self.source = connection, mapping, source
        self.directory, self.spool = directory, spool
        self.files: list[ReadFile] = []
        self.notes: list[str] = []
        self.unread = Unread()
        self.known = {"entity": tuple(mapping.entities), "system": mapping.system_names}

    @property
    def types(self) -> list[str]:
        """The document type of each file, by number."""
        return [file.type for file in self.files]

    def filled(self) -> list[str]:
        """The types that files were read of."""
        return list(dict.fromkeys(file.type for file in self.mapping.files))

    def paths(self, layout: Layout) -> list[Path]:
        """The files that a path or glob of the mapping names, in order."""
        whole = self.directory / layout.path
        if whole.is_file() or not glob.has_magic(layout.path):
            return [whole]
        return sorted(path for path in map(Path, glob.glob(str(whole), recursive=True)) if path.is_file())

    def read(self, index: int) -> None:
        """Read the files of one entry of the mapping. Raises MappingFault where the entry does not fit the file."""
        file = self.mapping.files[index]

        def where(*keys: str) -> str:
            return self.source.where(("files", index, *keys))

        parts = self._read_lines(file, where) if file.lines.path else None
        numbers = self._read_files(file, self.paths(file), where, parts)
        if not numbers:
            number = self._register(file, self.directory / file.path, file.type)
            self._refuse_file(
                number, InputFault("no file has such a name", mend="mend path in audit.toml, or export it")
            )
        done = ", ".join(map(str, numbers)) or "-1"
        if parts is not None:
            self._refuse_orphans(file.type, done)
        if any(self.files[number].rejected for number in numbers):
            bad = f"FROM {table_name(file.type)} WHERE _bad AND _file IN ({done})"
            rows = self.connection.execute(f"SELECT _file, system, entity, count(*) {bad} GROUP BY ALL").fetchall()
            for number, system, entity, count in rows:
                there = entity in self.known["entity"] or not self.known["entity"]
                self.unread.add(number, system, file.type, entity if there else None, count)
            self.connection.execute(f"DELETE {bad}")

    def _read_files(self, file: File, paths: list[Path], where: Where, parts: dict[str, str] | None) -> range:
        """Read files of one entry; their numbers. What DuckDB can read as one relation, it does."""
        first = len(self.files)
        opened: dict[int, Relation] = {}
        for path in paths:
            number = self._register(file, path, file.type)
            try:
                opened[number] = open_file(self.connection, path, file, _fields(file.type), self.spool)
            except InputFault as fault:
                self._refuse_file(number, fault)
            else:
                self._opened(number, opened[number])
        numbers = range(first, len(self.files))
        whole = together(list(opened.values())) if len(opened) == len(numbers) > 1 else None
        if whole is not None:
            try:
                self._take(file, whole, numbers, where, parts)
            except InputFault:
                pass  # one of them cannot be read to its end: one by one it is seen which
            else:
                return numbers
        for number, relation in opened.items():
            try:
                self._take(file, relation, range(number, number + 1), where, parts)
            except InputFault as fault:
                self._refuse_file(number, fault)
        return numbers

    def _take(self, file: File, relation: Relation, numbers: range, where: Where, parts: dict[str, str] | None) -> None:
        projection = project(file, relation, self._reading(file, relation), where, parts)
        self._insert(file.type, projection, numbers)
        if projection.unused:
            unused = f"columns that are not used: {', '.join(projection.unused)}"
            self.notes += [f"{self.files[number].path}: {unused}" for number in numbers]

    def _insert(self, type_name: str, projection: Projection, numbers: range) -> None:
        """Add the rows of files to their type's table, the bad ones marked, and say what is wrong with them."""
        names = ", ".join(quoted(column.name) for column in columns(type_name))
        table, first = table_name(type_name), numbers.start
        try:
            self.connection.execute(
                f"INSERT INTO {table} ({names}, _file, _line, _bad) "
                f"SELECT {names}, {first} + _part, _line, _bad FROM ({projection.sql})"
            )
        except _NOT_THE_FILE:
            raise
        except duckdb.Error as wrong:
            if "write" in str(wrong):  # our own file: the disk is full
                raise
            what = f"cannot be read to its end: {str(wrong).splitlines()[0]}"
            raise InputFault(what, mend="export it again") from None
        found = self.connection.execute(
            f"SELECT _file, count(*), count(*) FILTER (_bad) FROM {table} WHERE _file >= {first} GROUP BY _file"
        ).fetchall()
        for number, rows, bad in found:
            self.files[number].rows += rows
            self.files[number].rejected = (self.files[number].rejected or 0) + bad
        if any(bad for _, _, bad in found):
            self._refuse(
                f"SELECT CASE WHEN parts[4] = '' THEN {first} + _part ELSE split_part(parts[4], ':', 1)::INTEGER END AS file, "
                "CASE WHEN parts[4] = '' THEN _line ELSE split_part(parts[4], ':', 2)::BIGINT END AS line, "
                "parts[1] AS code, parts[2] AS field, parts[3] AS value "
                f"FROM (SELECT _part, _line, string_split(_fault, {literal(SEPARATOR)}) AS parts FROM ({projection.refusals}))"
            )

    def _read_lines(self, file: File, where: Where) -> dict[str, str]:
        """Fill `LINES` from the files of lines; gives its columns."""
        nested = nested_column(file.type)
        assert nested is not None
        own = {key: getattr(file.lines, key) for key in ("encoding", "delimiter", "quote")}
        layout = msgspec.structs.replace(
            file.lines, **{key: getattr(file, key) if value is None else value for key, value in own.items()}
        )
        names = list(dict.fromkeys(layout.columns.get(part.name, part.name) for part in nested.nested))
        found: dict[str, str] = {}
        self.connection.execute("CREATE OR REPLACE TEMP TABLE line_rows (_parent VARCHAR, _file INTEGER, _line BIGINT)")
        for path in self.paths(layout):
            number = self._register(file, path, f"{file.type}.{nested.name}")
            self.files[number].rejected = None
            try:
                relation = open_file(self.connection, path, layout, [*names, layout.parent], self.spool)
            except InputFault as fault:
                self._refuse_file(number, fault)
                continue
            self._opened(number, relation)
            parent = _parent_cell(layout, relation, where)
            present = {name: cell for name in names if (cell := relation.cells.get(name)) and cell.sql}
            for name in present.keys() - found.keys():
                self.connection.execute(f"ALTER TABLE line_rows ADD COLUMN {quoted(name)} VARCHAR")
                found[name] = "VARCHAR"
            listed = ", ".join(f"{text_of(cell.sql, cell.type)} AS {quoted(name)}" for name, cell in present.items())
            (rows,) = self.connection.execute(
                f"INSERT INTO line_rows BY NAME SELECT trim({text_of(parent.sql, parent.type)}) AS _parent, "
                f"{number} AS _file, _line, {listed} FROM ({relation.sql})"
            ).fetchone() or (0,)
            self.files[number].rows += rows
        packed = ", ".join(f"{quoted(name)}: {quoted(name)}" for name in found)
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {LINES} AS SELECT _parent, "
            f"list({{{packed}{', ' if packed else ''}'_place': _file || ':' || _line}} ORDER BY _file, _line) AS _lines "
            "FROM line_rows GROUP BY _parent"
        )
        return found

    def _refuse_orphans(self, type_name: str, numbers: str) -> None:
        """Refuse lines whose document is not there (one that was refused itself is)."""
        self._refuse(
            "SELECT _file AS file, _line AS line, 'orphan' AS code, 'parent' AS field, coalesce(_parent, '') AS value "
            f"FROM line_rows WHERE _parent IS NULL OR _parent NOT IN "
            f"(SELECT id FROM {table_name(type_name)} WHERE _file IN ({numbers}) AND id IS NOT NULL)"
        )

    def refuse_contradictions(self) -> None:
        """Refuse what `versions.settle` found twice and different, naming every place of it."""
        self._number("contradicting")
        count = self._refuse(
            "SELECT file, line, 'duplicate' AS code, 'id' AS field, places AS value FROM contradicting JOIN ("
            "SELECT key, key || ', ' || string_agg(path || ' line ' || line, ' and ' ORDER BY file, line) AS places "
            "FROM contradicting JOIN read_files USING (file) GROUP BY key) USING (key)",
            numbered=True,
        )
        if count:
            for number, key, entity, rows in self.connection.execute(
                "SELECT file, any_value(key), entity, count(*) FROM contradicting GROUP BY file, split_part(key, '/', 2), entity"
            ).fetchall():
                type_name, system, _ = key.split("/", 2)
                self.unread.add(number, system, type_name, entity, rows)
                self.files[number].rejected = (self.files[number].rejected or 0) + rows

    def refuse_cycles(self, cycles: Iterable[tuple[int, int, str, str]]) -> None:
        """Refuse what `versions.cycles` found."""
        for file, line, field, way in cycles:
            self._refuse(
                f"SELECT {file} AS file, {line}::BIGINT AS line, 'cycle' AS code, {literal(field)} AS field, {literal(way)} AS value"
            )
            self.unread.add(file, self.files[file].system, self.files[file].type, None, 1)
            self.files[file].rejected = (self.files[file].rejected or 0) + 1

    def _register(self, file: File, path: Path, type_name: str) -> int:
        shown = path.relative_to(self.directory) if path.is_relative_to(self.directory) else path
        self.files.append(ReadFile(path=shown.as_posix(), system=file.system, type=type_name))
        number = len(self.files) - 1
        self.connection.execute("INSERT INTO read_files VALUES (?, ?)", [number, shown.as_posix()])
        return number

    def _opened(self, number: int, relation: Relation) -> None:
        """Note a file's hash and size, and refuse the records that cannot be read at all."""
        entry = self.files[number]
        entry.sha256, entry.bytes = relation.survey.sha256, relation.survey.bytes
        entry.rows += len(relation.bad)
        entry.records = relation if relation.counts_records else None
        if entry.rejected is not None:
            entry.rejected += len(relation.bad)
        if relation.bad:
            self.unread.add(number, entry.system, entry.type, None, len(relation.bad))
            rows = pa.table(
                {
                    "file": pa.array([number] * len(relation.bad), pa.int32()),
                    "line": pa.array([bad.line for bad in relation.bad], pa.int64()),
                    "code": [bad.code for bad in relation.bad],
                    "field": [""] * len(relation.bad),
                    "value": [bad.value for bad in relation.bad],
                }
            )
            self._insert_refused(rows)

    def _insert_refused(self, rows: pa.Table) -> None:
        self.connection.register("bad_records", rows)
        self.connection.execute("INSERT INTO refused SELECT * FROM bad_records")
        self.connection.unregister("bad_records")

    def _refuse_file(self, number: int, fault: InputFault) -> None:
        entry = self.files[number]
        self.unread.add(number, entry.system, entry.type, None, 0)
        self.connection.execute("INSERT INTO refused VALUES (?, 0, 'file', ?, ?)", [number, fault.mend, fault.what])
        self.notes.append(
            f"{entry.path} was not read: {fault.what}. Nothing counts as missing from {entry.system} {entry.type}."
        )

    def _refuse(self, sql: str, *, numbered: bool = False) -> int:
        """Add refusals that a SELECT of (file, line, code, field, value) gives; their number."""
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {sql}")
        if not numbered:
            self._number("fresh")
        (count,) = self.connection.execute("INSERT INTO refused SELECT * FROM fresh").fetchone() or (0,)
        return int(count)

    def _number(self, table: str) -> None:
        """Turn the counts of records of a table (file, line) into lines of their files, by reading those files again."""
        numbers = [n for (n,) in self.connection.execute(f"SELECT DISTINCT file FROM {table}").fetchall()]
        for number in numbers:
            relation = self.files[number].records
            if relation is None:
                continue
            wanted = {
                n
                for (n,) in self.connection.execute(
                    f"SELECT DISTINCT line FROM {table} WHERE file = {number}"
                ).fetchall()
            }
            found = lines_of(relation, wanted)
            lines = pa.table(
                {"record": pa.array(found.keys(), pa.int64()), "place": pa.array(found.values(), pa.int64())}
            )
            self.connection.register("numbered_lines", lines)
            self.connection.execute(
                f"UPDATE {table} SET line = place FROM numbered_lines WHERE file = {number} AND line = record"
            )
            self.connection.unregister("numbered_lines")

    def _reading(self, file: File, relation: Relation) -> Reading:
        """How values of a file are to be read."""
        zone = file.time_zone or self.mapping.audit.time_zone
        zones = {name: entity["time_zone"] for name, entity in self.mapping.entities.items() if "time_zone" in entity}
        day_zone = literal(zone)
        if zones and not file.time_zone:
            cases = " ".join(f"WHEN {literal(name)} THEN {literal(value)}" for name, value in zones.items())
            day_zone = f"CASE v_entity {cases} ELSE {literal(zone)} END"
        return Reading(
            decimal=file.decimal, thousands=file.thousands, date=_several(file.date), datetime=_several(file.datetime),
            zone=zone, day_zone=day_zone, minor=file.money == "minor", ref_systems=file.refs,
            systems=tuple(dict.fromkeys((*self.mapping.system_names, *ROLES))), row_systems=self.mapping.system_names,
            entities=tuple(self.mapping.entities), exact_digits=relation.format != "jsonl",
        )  # fmt: skip


def _fields(type_name: str) -> list[str]:
    return [column.name for column in columns(type_name)[2:]]


def _several(forms: str | tuple[str, ...]) -> tuple[str, ...]:
    return (forms,) if isinstance(forms, str) else tuple(forms)


def _parent_cell(layout: Lines, relation: Relation, where: Where) -> Cell:
    """The column of a file of lines that names the document."""
    cell = relation.cells.get(layout.parent)
    if cell is None or not cell.sql:
        mend = nearest(layout.parent, relation.present) or f"its columns are {', '.join(relation.present)}"
        raise MappingFault(
            f"{relation.path.name} has no one column {layout.parent!r}", where=where("lines", "parent"), mend=mend
        )
    return cell
