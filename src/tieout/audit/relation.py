"""A file as a relation: SQL that yields its rows with their place in the file, and the columns that there are.

What only a careful reader can handle goes through `lines` into a clean copy first; DuckDB reads the rest as it is.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from duckdb.sqltypes import DuckDBPyType

from tieout.canon.faults import InputFault
from tieout.setwise.tables import literal, quoted

from .lines import BadRecord, Record, csv_records, header, text_lines
from .mapping import Format, Layout
from .survey import MAX_LINE, Survey, open_bytes, survey_binary, survey_text

_SEPARATOR = "\x01"
"""Splits nothing: a control character, which a clean text does not have."""


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One column of a file: how SQL names it, its type, and the parts of its elements where it is a list of structs."""

    sql: str
    type: str = "VARCHAR"
    parts: dict[str, str] = {}
    empty: bool = False
    """Whether the file says that it is NULL throughout; then nobody need read it."""
    empty_parts: frozenset[str] = frozenset()
    """The same of the parts."""


class Relation(msgspec.Struct, kw_only=True):
    """The rows of one file. ``sql`` selects ``_line`` (see ``counts_records``) and everything that the cells name."""

    path: Path
    format: Format
    sql: str
    cells: dict[str, Cell]
    survey: Survey
    bad: list[BadRecord] = []
    counts_records: bool = False
    """Whether ``_line`` counts records below the header (CSV with quotes that DuckDB reads itself) rather than lines or rows."""
    layout: Layout
    document: str = ""
    """SQL of the JSON text of the whole row, for JSON lines."""
    present: tuple[str, ...] = ()
    """The names of the columns as they stand, a name twice where two columns have it."""
    part: str = "0"
    """SQL of the number of the file within ``sql``, from 0, where it reads several files as one (`together`)."""


def open_file(
    connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout, wanted: Iterable[str], spool: Path
) -> Relation:
    """The relation of a file. Raises InputFault for one that cannot be read at all.

    ``wanted`` are the field names to look for in JSON lines; ``spool`` is a directory for clean copies.
    """
    format_ = layout.format_of(path)
    if format_ is None:
        raise InputFault("its format is not clear from its name", where=str(path), mend='declare format = "csv"')
    if not path.is_file():
        raise InputFault("there is no such file", where=str(path), mend="mend path in audit.toml, or export it")
    if format_ == "parquet":
        return _parquet(connection, path, layout)
    encoding, _, quote = layout.dialect(path)
    try:
        survey = survey_text(path, encoding, quote)
    except OSError as wrong:
        raise InputFault(f"cannot be decompressed: {wrong}", where=str(path), mend="export it again") from None
    if survey.empty:
        raise InputFault("is empty, without even a header", where=str(path), mend="export it again")
    if format_ == "jsonl":
        return _jsonl(connection, path, layout, survey, tuple(wanted), spool)
    return _csv(connection, path, layout, survey, spool)


def _parquet(connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout) -> Relation:
    survey = survey_binary(path)
    if survey.empty:
        raise InputFault("is empty", where=str(path), mend="export it again")
    try:
        found = connection.sql(f"SELECT * FROM read_parquet({literal(str(path))})")
    except duckdb.Error as wrong:
        first = str(wrong).splitlines()[0]
        raise InputFault(f"is not Parquet: {first}", where=str(path), mend="export it again") from None
    empty = _empty_columns(path)
    cells = {}
    for name, type_ in zip(found.columns, found.types, strict=True):
        parts = _parts(type_)
        hollow = frozenset(part for part in parts if (name, part) in empty)
        cells[name] = Cell(
            sql=quoted(name), type=str(type_), parts=parts, empty=(name,) in empty,
            empty_parts=hollow if len(hollow) < len(parts) else frozenset(),
        )  # fmt: skip
    return Relation(
        path=path, format="parquet", sql=_parquet_sql([path]), cells=cells, survey=survey, layout=layout,
        present=tuple(cells), part="_part",
    )  # fmt: skip


def _parquet_sql(paths: list[Path]) -> str:
    listed = ", ".join(literal(str(path)) for path in paths)
    return f"SELECT file_index AS _part, file_row_number + 1 AS _line, * FROM read_parquet([{listed}])"


def _empty_columns(path: Path) -> set[tuple[str, ...]]:
    """Columns, and parts of lists of structs as (column, part), of which the file's own statistics say that all is NULL."""
    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return set()
    groups = [found.row_group(i) for i in range(found.num_row_groups)]
    empty = set()
    for index in range(found.num_columns):
        column, *inner = found.schema.column(index).path.split(".")
        chunks = [group.column(index) for group in groups]
        nothing = all(
            chunk.statistics is not None and chunk.statistics.has_null_count
            and chunk.statistics.null_count == chunk.num_values
            for chunk in chunks
        )  # fmt: skip
        if nothing:
            empty.add((column, *inner[-1:]))
    return empty


def together(relations: list[Relation]) -> Relation | None:
    """One relation of several Parquet files that have the same columns; None for other files.

    It is one statement for DuckDB, which then reads the files on all cores. ``part`` says which of them a row is of.
    """
    first = relations[0]
    shape = [(name, cell.type) for name, cell in first.cells.items()]
    if any(r.format != "parquet" or [(n, c.type) for n, c in r.cells.items()] != shape for r in relations):
        return None
    cells = {
        name: msgspec.structs.replace(
            cell, empty=all(r.cells[name].empty for r in relations),
            empty_parts=frozenset.intersection(*(r.cells[name].empty_parts for r in relations)),
        )
        for name, cell in first.cells.items()
    }  # fmt: skip
    return msgspec.structs.replace(first, sql=_parquet_sql([r.path for r in relations]), cells=cells)


def _parts(type_: DuckDBPyType) -> dict[str, str]:
    if type_.id != "list":
        return {}
    ((_, element),) = cast(list[tuple[str, DuckDBPyType]], type_.children)
    if element.id != "struct":
        return {}
    return {name: str(part) for name, part in cast(list[tuple[str, DuckDBPyType]], element.children)}


def _csv(connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout, survey: Survey, spool: Path) -> Relation:
    encoding, delimiter, quote = layout.dialect(path)
    names = header(path, encoding, delimiter, quote)
    if not names:
        raise InputFault("has no header that can be read", where=str(path), mend="the first line names the columns")
    cells = {}
    for index, name in enumerate(names):
        if name in cells:
            cells[name] = Cell(sql="", type="")
        else:
            cells[name] = Cell(sql=f"c{index}")
    columns = [f"c{index}" for index in range(len(names))]
    relation = Relation(
        path=path, format="csv", sql="", cells=cells, survey=survey, layout=layout, present=tuple(names)
    )
    fast = _scan(path, columns, delimiter, quote, header_line=True)
    if survey.clean and _reads(connection, fast):
        relation.sql = f"SELECT row_number() OVER (){' + 1' if survey.plain else ''} AS _line, * FROM {fast}"
        relation.counts_records = not survey.plain
        return relation
    copy = spool / f"{survey.sha256[:16]}.csv"
    records = csv_records(path, encoding, delimiter, quote, len(names))
    with copy.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
        writer.writerows([record.line, *record.fields] for record in _good(records, relation.bad))
    scan = _scan(copy, ["_line", *columns], ",", '"', header_line=False, line_end="\\n")
    relation.sql = f"SELECT CAST(_line AS BIGINT) AS _line, {', '.join(columns)} FROM {scan}"
    return relation


def lines_of(relation: Relation, wanted: set[int]) -> dict[int, int]:
    """The line on which each wanted record (counted from 1 below the header) starts."""
    encoding, delimiter, quote = relation.layout.dialect(relation.path)
    records = csv_records(relation.path, encoding, delimiter, quote, len(relation.present))
    found: dict[int, int] = {}
    count, last = 0, max(wanted, default=0)
    for record in records:
        if isinstance(record, Record):
            count += 1
            if count in wanted:
                found[count] = record.line
            if count >= last:
                break
    return found


def _good(records: Iterator, bad: list[BadRecord]) -> Iterator:
    """The records that can be read; the others go to ``bad``."""
    for record in records:
        if isinstance(record, BadRecord):
            bad.append(record)
        else:
            yield record


def _scan(path: Path, columns: list[str], delimiter: str, quote: str, *, header_line: bool, line_end: str = "") -> str:
    """``line_end``, where it is known: values may hold another, and DuckDB takes the first that it sees."""
    types = ", ".join(f"'{column}': 'VARCHAR'" for column in columns)
    return (
        f"read_csv({literal(str(path))}, auto_detect=false, strict_mode=true, header={str(header_line).lower()}, "
        f"delim={literal(delimiter)}, quote={literal(quote)}, escape={literal(quote)}, max_line_size={MAX_LINE}, "
        f"{f'new_line={literal(line_end)}, ' if line_end else ''}columns={{{types}}})"
    )


def _reads(connection: duckdb.DuckDBPyConnection, scan: str) -> bool:
    """Whether DuckDB reads all of it without objection."""
    try:
        connection.execute(f"SELECT count(c0) FROM {scan}")
    except duckdb.Error:
        return False
    return True


def _jsonl(
    connection: duckdb.DuckDBPyConnection, path: Path, layout: Layout, survey: Survey, wanted: tuple[str, ...],
    spool: Path,
) -> Relation:  # fmt: skip
    _refuse_array(path)
    bad: list[BadRecord] = []
    source = path
    if not survey.clean:
        source = spool / f"{survey.sha256[:16]}.jsonl"
        with source.open("w", encoding="utf-8", newline="") as out:
            for line in text_lines(path, layout.encoding or "utf-8"):
                if isinstance(line, BadRecord):
                    bad.append(line)
                out.write("\n" if isinstance(line, BadRecord) else line[1].rstrip("\r\n") + "\n")
    scan = (
        f"read_csv({literal(str(source))}, auto_detect=false, header=false, delim={literal(_SEPARATOR)}, quote='', "
        f"escape='', max_line_size={MAX_LINE}, columns={{'_text': 'VARCHAR'}})"
    )
    present = _keys(connection, scan)
    names = [name for name in present if name in wanted or name in layout.columns.values()]
    shape = msgspec.json.encode(dict.fromkeys(names or ["id"], "VARCHAR")).decode()
    numbered = f"SELECT row_number() OVER () AS _line, _text FROM {scan}"
    sql = (
        f"SELECT _line, _text, CASE WHEN json_valid(_text) THEN json_transform(_text, {literal(shape)}) END AS _row "
        f"FROM ({numbered}) WHERE trim(_text) <> ''"
    )
    cells = {name: Cell(sql=f"_row.{quoted(name)}") for name in names}
    return Relation(
        path=path, format="jsonl", sql=sql, cells=cells, survey=survey, bad=bad, layout=layout, document="_text",
        present=present,
    )  # fmt: skip


def _keys(connection: duckdb.DuckDBPyConnection, scan: str) -> tuple[str, ...]:
    """Every key that some row has."""
    rows = f"SELECT unnest(CASE WHEN json_valid(_text) THEN json_keys(_text) END) FROM {scan}"
    return tuple(sorted(key for (key,) in connection.execute(f"SELECT DISTINCT * FROM ({rows})").fetchall()))


def _refuse_array(path: Path) -> None:
    with open_bytes(path) as stream:
        if stream.read(64).removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
            mend = f"write one document a line: jq -c '.[]' {path.name}"
            raise InputFault("is one JSON array, not JSON lines", where=str(path), mend=mend)
