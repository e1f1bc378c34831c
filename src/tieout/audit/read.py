"""Exports in, canonical tables out: everything that ``audit.toml`` names, read set-based, checked row by row.

`load` is the entry. It reads each file straight into its type's ``doc_<type>`` table with three columns more (``_file``, ``_line``,
``_bad``), moves what is refused to ``input_rejection``, leaves one row a document, and takes the three columns away.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import msgspec

from tieout import policy as policy_room
from tieout.canon.documents import TYPES
from tieout.policy import Policy
from tieout.process.coverage import Coverage
from tieout.setwise import tables

from . import quality, refusals, versions
from .logs.read import read_logs
from .mapping import NAME, Mapping, policy_tables
from .mapping import load as load_mapping
from .policy_files import with_files, with_periods
from .presence import coverage_of
from .progress import Progress, silent
from .reading import Reader
from .result import FileQuality, Rejection

SHOWN = 1000
"""Refusals that are listed; all of them are in the table ``input_rejection``, and the counts are exact."""
_EXTRA = {"_file": "INTEGER", "_line": "BIGINT", "_bad": "BOOLEAN"}


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, besides the tables: how it is to be understood, and how good it is."""

    mapping: Mapping
    policy: Policy
    coverage: Coverage
    files: tuple[FileQuality, ...]
    rejections: tuple[Rejection, ...]
    notes: tuple[str, ...]


def load(directory: Path | str, connection: duckdb.DuckDBPyConnection, progress: Progress = silent) -> Loaded:
    """Read the exports of a directory into the ``doc_<type>`` tables of ``connection`` (all types, empty ones too).

    Raises MappingFault for a mapping that is wrong; files and rows that are wrong are refused one by one and named in
    the result. Leaves a table ``input_rejection`` (path, line, field, what, mend) of all of them.
    """
    directory = Path(directory)
    mapping, source = load_mapping(directory)
    policy = policy_room.parse(policy_tables(source.tables), NAME)
    connection.execute("SET TimeZone = 'UTC'")
    refusals.create_tables(connection)
    types = tuple(dict.fromkeys(file.type for file in mapping.files))
    _create(connection, types)
    with tempfile.TemporaryDirectory(prefix="tieout-") as spool:
        policy = with_files(policy, mapping, directory, connection, Path(spool))
        reader = Reader(connection, mapping, source, directory, Path(spool))
        for index, file in enumerate(mapping.files):
            progress(f"reading {file.path}", index, len(mapping.files))
            reader.read(index)
        progress("checking what was read", 0, 0)
        notes = [*reader.notes, *_settle(connection, reader)]
        refusals.render(connection, reader.types, reader.known)
        files, joined = _qualities(connection, reader)
        logs, told = read_logs(connection, mapping.logs, directory, mapping.audit.time_zone, Path(spool))
    coverage, doubts = coverage_of(connection, mapping, policy, reader)
    policy = with_periods(policy, connection)
    _strip(connection, types)
    return Loaded(
        mapping=mapping, policy=policy, coverage=coverage, files=(*files, *logs), rejections=_rejections(connection),
        notes=(*doubts, *notes, *joined, *told),
    )  # fmt: skip


def _create(connection: duckdb.DuckDBPyConnection, read: tuple[str, ...]) -> None:
    """A table for every type; those that files are read into carry the extra columns meanwhile."""
    for name in TYPES:
        connection.execute(f"DROP TABLE IF EXISTS {tables.table_name(name)}")
        tables.create(connection, name)
    for name in read:
        for column, sql_type in _EXTRA.items():
            connection.execute(f"ALTER TABLE {tables.table_name(name)} ADD COLUMN {column} {sql_type}")


def _strip(connection: duckdb.DuckDBPyConnection, read: tuple[str, ...]) -> None:
    for name in read:
        for column in _EXTRA:
            connection.execute(f"ALTER TABLE {tables.table_name(name)} DROP COLUMN {column}")


def _settle(connection: duckdb.DuckDBPyConnection, reader: Reader) -> list[str]:
    """One row a document; what contradicts itself is refused. Says what was left out without being wrong."""
    notes = []
    for name in reader.filled():
        settled = versions.settle(connection, name)
        reader.refuse_contradictions()
        reader.refuse_cycles(versions.cycles(connection, name))
        for count, what in (
            (settled.superseded, "older versions left out"),
            (settled.identical, "repetitions counted once"),
            (settled.deleted, "deleted at the source and left out"),
        ):
            if count:
                notes.append(f"{name}, {what}: {count:,}")
    return notes


def _qualities(connection: duckdb.DuckDBPyConnection, reader: Reader) -> tuple[tuple[FileQuality, ...], list[str]]:
    """The quality of every file, and in words which references lead nowhere."""
    filled = reader.filled()
    totals: dict[int, dict[str, str]] = {}
    dangling: dict[int, int] = {}
    notes = []
    for name in filled:
        totals |= quality.control_totals(connection, name)
        documents, by_field = quality.unjoined(connection, name, set(filled))
        dangling |= documents
        for file, fields in sorted(by_field.items()):
            for field, count in fields.items():
                notes.append(f"{reader.files[file].path}: {count:,} × {field} leads to no document that we have")
    rows = dict(connection.execute("SELECT file, count(*) FROM refused GROUP BY file").fetchall())
    reasons = refusals.reasons(connection)
    return tuple(
        FileQuality(
            path=file.path,
            system=file.system,
            type=file.type,
            rows=file.rows,
            accepted=file.rows - (rejected := file.rejected if file.rejected is not None else rows.get(number, 0)),
            rejected=rejected,
            reasons=reasons.get(file.path, ()),
            unjoined=dangling.get(number, 0),
            totals=totals.get(number, {}),
            sha256=file.sha256,
            bytes=file.bytes,
        )
        for number, file in enumerate(reader.files)
    ), notes


def _rejections(connection: duckdb.DuckDBPyConnection) -> tuple[Rejection, ...]:
    rows = connection.execute(f"SELECT path, line, field, what, mend FROM input_rejection LIMIT {SHOWN}").fetchall()
    return tuple(
        Rejection(path=path, line=line, field=field, what=what, mend=mend) for path, line, field, what, mend in rows
    )
