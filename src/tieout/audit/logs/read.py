"""The ``[[logs]]`` of a mapping, read after its files, with the same honesty about what was refused."""

from __future__ import annotations

import glob
from pathlib import Path

import duckdb
import msgspec

from tieout.audit import refusals
from tieout.audit.relation import Relation, lines_of
from tieout.audit.result import FileQuality
from tieout.audit.survey import survey_binary
from tieout.canon.faults import Fault, InputFault
from tieout.setwise.tables import create

from . import ocel, settle, stage, table
from .entry import LogEntry, LogFormat


def read_logs(
    connection: duckdb.DuckDBPyConnection, logs: tuple[LogEntry, ...], directory: Path, time_zone: str, spool: Path
) -> tuple[tuple[FileQuality, ...], list[str]]:
    """Read every log; what is refused goes to ``input_rejection``. The quality of each file, and notes in words.

    A file that is no such log is refused whole, and the rest goes on. ``time_zone`` is that of times without offset.
    """
    if not logs:
        return (), []
    stage.create(connection)
    create(connection, "event")
    create(connection, "object")
    reader = _Reader(connection, directory, time_zone, spool)
    for log in logs:
        for path in _paths(directory, log.path):
            reader.read(log, path)
    notes = settle.settle(connection, reader.refuse)
    return reader.close(), notes


def format_of(path: Path, encoding: str = "utf-8") -> LogFormat:
    """What a log is by its name and first line."""
    if any(suffix.lower() in (".jsonocel", ".json") for suffix in path.suffixes):
        return "ocel-json"
    return table.format_by(table.columns_of(path, encoding))


def _paths(directory: Path, path: str) -> list[Path]:
    whole = directory / path
    if whole.is_file() or not glob.has_magic(path):
        return [whole]
    return sorted(found for found in map(Path, glob.glob(str(whole), recursive=True)) if found.is_file()) or [whole]


class _Reader:
    """Reads files one by one and keeps what there is to say about them, by number."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, directory: Path, time_zone: str, spool: Path) -> None:
        self.connection, self.directory, self.time_zone, self.spool = connection, directory, time_zone, spool
        self.files: list[FileQuality] = []
        self.relations: dict[int, Relation] = {}
        self.refused: list[tuple[int, int, str, str, str]] = []

    def refuse(self, file: int, line: int, field: str, what: str, mend: str) -> None:
        """Note a refusal; a line of 0 is the whole file, or no line of its own."""
        self.refused.append((file, line, field, what, mend))

    def read(self, log: LogEntry, path: Path) -> None:
        """Stage one file."""
        file = len(self.files)
        shown = (path.relative_to(self.directory) if path.is_relative_to(self.directory) else path).as_posix()
        rows, digest, size = 0, "", 0
        self.connection.execute(
            "INSERT INTO log_file VALUES (?, ?, ?, ?, ?, ?, ?)",
            [file, shown, log.system, log.entity, log.currency, log.entity_column, log.currency_column],
        )
        try:
            if not path.is_file():
                raise InputFault("there is no such file", mend="mend path in audit.toml, or export it")
            survey = survey_binary(path)
            digest, size = survey.sha256, survey.bytes
            self._stage(file, log, path)
            datetime = (log.datetime,) if isinstance(log.datetime, str) else log.datetime
            settle.read_times(self.connection, file, datetime, log.time_zone or self.time_zone)
            rows = self._rows(file)
        except Fault as fault:
            self.refuse(file, 0, "", fault.what, fault.mend)
        except OSError as error:
            self.refuse(file, 0, "", f"cannot be read: {error.strerror or error}", "give it the right to be read")
        self.files.append(
            FileQuality(
                path=shown,
                system=log.system,
                type="event",
                rows=rows,
                accepted=rows,
                rejected=0,
                sha256=digest,
                bytes=size,
            )
        )

    def _stage(self, file: int, log: LogEntry, path: Path) -> None:
        if (log.format or format_of(path, log.encoding)) == "ocel-json":
            ocel.stage(self.connection, file, path, log.encoding)
            return
        relation = self.relations[file] = table.stage(self.connection, file, path, log, self.spool)
        for bad in relation.bad:
            self.refuse(file, bad.line, "", *refusals.in_words(bad.code, bad.value))

    def _rows(self, file: int) -> int:
        counts = self.connection.execute(
            f"SELECT count(*) FROM log_event WHERE file = {file} UNION ALL SELECT count(*) FROM log_object WHERE file = {file} "
            f"AND NOT EXISTS (SELECT 1 FROM log_event WHERE file = {file})"
        ).fetchall()
        bad = len(self.relations[file].bad) if file in self.relations else 0
        return sum(count for (count,) in counts) + bad

    def close(self) -> tuple[FileQuality, ...]:
        """Write the refusals with the lines of their files; the quality of every file."""
        places = {file: self._lines(file) for file in {file for file, *_ in self.refused} & self.relations.keys()}
        words = [
            (self.files[file].path, places.get(file, {}).get(line, line), field, what, mend)
            for file, line, field, what, mend in self.refused
        ]
        if words:
            self.connection.executemany("INSERT INTO input_rejection VALUES (?, ?, ?, ?, ?)", words)
        return tuple(self._quality(file, places.get(file, {})) for file in range(len(self.files)))

    def _lines(self, file: int) -> dict[int, int]:
        """The line of each refused record, where the fast reader counted records."""
        relation = self.relations[file]
        bad = {record.line for record in relation.bad}
        if not relation.counts_records:
            return {}
        return lines_of(relation, {line for number, line, *_ in self.refused if number == file and line} - bad)

    def _quality(self, file: int, places: dict[int, int]) -> FileQuality:
        quality = self.files[file]
        rejected = len({line for number, line, *_ in self.refused if number == file and line})
        whole = any(number == file and not line for number, line, *_ in self.refused) and quality.rows == 0
        return msgspec.structs.replace(
            quality,
            accepted=quality.rows - rejected,
            rejected=rejected or int(whole),
            reasons=self._reasons(file, places),
        )

    def _reasons(self, file: int, places: dict[int, int]) -> tuple[str, ...]:
        """Why rows were refused, most frequent first, in the words of the first."""
        found: dict[str, list[tuple[int, str, str]]] = {}
        for number, line, field, what, mend in self.refused:
            if number == file:
                found.setdefault(field, []).append((places.get(line, line), what, mend))
        reasons = []
        for rows in sorted(found.values(), key=lambda rows: -len(rows)):
            line, what, mend = min(rows)
            reasons.append(refusals.reason(len(rows), what, line, mend))
        return tuple(reasons[: refusals.REASONS])
