"""A look at a file that nobody has described: its format, encoding and delimiter, its columns and some of their values."""

from __future__ import annotations

import csv
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import msgspec

from tieout.setwise.tables import literal

from .expressions import text_of
from .lines import Record, csv_records, header
from .mapping import Format, Layout
from .survey import BLOCK, open_bytes

SAMPLE = 2000
"""Rows that are looked at."""
_OCEL = ".jsonocel"
_DELIMITERS = (",", ";", "\t", "|")
_SKIPPED = {"truth.json", "report.json", "findings.json"}


class Look(msgspec.Struct, kw_only=True):
    """What a file looks like. ``columns`` holds the values of the first rows, empty ones too."""

    paths: tuple[Path, ...]
    format: Format
    encoding: str = "utf-8"
    ascii: bool = False
    """Whether no letter that was seen tells one encoding from another."""
    delimiter: str = ","
    columns: dict[str, list[str]]
    nested: dict[str, dict[str, list[str]]] = {}
    """Columns that hold lists of objects, with the values of their keys."""

    def filled(self, name: str) -> list[str]:
        """The values of a column that are not empty."""
        return [value for value in self.columns[name] if value]


def find_files(directory: Path) -> list[Path]:
    """Every file of a directory that may be an export, in order."""
    layout = Layout()
    return sorted(
        path
        for path in directory.rglob("*")
        if path.is_file()
        and (layout.format_of(path) is not None or _OCEL in path.suffixes)
        and path.name not in _SKIPPED
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    )


def look_at(path: Path) -> Look | str:
    """The file, or in words why nothing can be seen in it."""
    format_ = "jsonl" if _OCEL in path.suffixes else Layout().format_of(path)
    try:
        if format_ == "parquet":
            return _parquet(path)
        with open_bytes(path) as stream:
            start = stream.read(BLOCK)
        if not start.strip():
            return "it is empty"
        encoding = _encoding(start)
        if format_ == "jsonl":
            return _json(path, start.decode(encoding, "replace"))
        found = _csv(path, start.decode(encoding, "replace"), encoding)
        return found if isinstance(found, str) else msgspec.structs.replace(found, ascii=start.isascii())
    except (OSError, duckdb.Error) as wrong:
        return f"it cannot be read: {str(wrong).splitlines()[0]}"


def one_family(looks: list[Look]) -> list[Look]:
    """Files of one folder whose names differ in digits only and whose columns are the same, as one."""
    families: dict[tuple[object, ...], list[Look]] = {}
    for look in looks:
        (path,) = look.paths
        name = re.sub(r"\d+", "*", path.name)
        families.setdefault((path.parent, name, tuple(look.columns), look.encoding, look.delimiter), []).append(look)
    merged = []
    for family in families.values():
        columns = {name: [value for look in family for value in look.columns[name]] for name in family[0].columns}
        paths = tuple(path for look in family for path in look.paths)
        merged.append(msgspec.structs.replace(family[0], paths=paths, columns=columns))
    return merged


def _encoding(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        start[: start.rfind(b"\n") + 1 or None].decode("utf-8-sig")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _csv(path: Path, start: str, encoding: str) -> Look | str:
    delimiter = _delimiter(start)
    names = header(path, encoding, delimiter, '"')
    if not names or len(set(names)) < len(names):
        return "two of its columns have one name" if names else "its header cannot be read"
    records = csv_records(path, encoding, delimiter, '"', len(names))
    rows = itertools.islice((record.fields for record in records if isinstance(record, Record)), SAMPLE)
    columns: dict[str, list[str]] = {name: [] for name in names}
    for row in rows:
        for name, value in zip(names, row, strict=True):
            columns[name].append(value.strip())
    look = Look(paths=(path,), format="csv", encoding=encoding, delimiter=delimiter, columns=columns)
    look.nested = _nested(columns)
    return look


def _delimiter(start: str) -> str:
    """The one that splits most lines into the most fields, and the same number of them."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = list(_rows(start, delimiter))
        width = len(rows[0]) if rows else 0
        same = sum(len(row) == width for row in rows)
        return (same / len(rows) if width > 1 else 0.0, width)

    best = max(_DELIMITERS, key=score)
    return best if score(best)[0] > 0 else ","


def _rows(start: str, delimiter: str) -> Iterator[list[str]]:
    try:
        yield from itertools.islice(csv.reader(start.lstrip("\ufeff").splitlines()[:100], delimiter=delimiter), 100)
    except csv.Error:
        return


def _json(path: Path, start: str) -> Look | str:
    if '"ocel:' in start:
        return _ocel(path, start)
    if start.lstrip("\ufeff \r\n").startswith("["):
        return f"it is one JSON array; write one document a line: jq -c '.[]' {path.name}"
    columns: dict[str, list[str]] = {}
    count = 0
    for line in start.splitlines()[:SAMPLE]:
        try:
            row = json.loads(line, parse_float=str, parse_int=str)
        except json.JSONDecodeError:
            continue
        if not isinstance(row, dict):
            continue
        for name, value in row.items():
            columns.setdefault(name, [""] * count).append(_shown(value))
        count += 1
        for values in columns.values():
            if len(values) < count:
                values.append("")
    if not columns:
        return "no line of it is a JSON object"
    return Look(paths=(path,), format="jsonl", columns=columns, nested=_nested(columns))


def _ocel(path: Path, start: str) -> Look:
    """A log of OCEL 1.0, by as much of it as was read: the same columns as its CSV form has."""
    columns = {
        name: re.findall(rf'"{name}"\s*:\s*"([^"]*)"', start)[:SAMPLE] for name in ("ocel:activity", "ocel:timestamp")
    }
    for values in re.findall(r'"ocel:o?vmap"\s*:\s*(\{[^{}]*\})', start)[:SAMPLE]:
        try:
            row = json.loads(values, parse_float=str, parse_int=str)
        except json.JSONDecodeError:
            continue
        for name, value in row.items():
            columns.setdefault(name, []).append(_shown(value))
    return Look(paths=(path,), format="jsonl", columns={"ocel:eid": [], **columns})


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parquet(path: Path) -> Look:
    connection = duckdb.connect()
    scan = f"read_parquet({literal(str(path))})"
    found = connection.sql(f"SELECT * FROM {scan} LIMIT 0")
    listed = ", ".join(f"coalesce({text_of(f'c{index}', str(type_))}, '')" for index, type_ in enumerate(found.types))
    names = ", ".join(f"c{index}" for index in range(len(found.columns)))
    rows = connection.execute(f"SELECT {listed} FROM {scan} AS t({names}) LIMIT {SAMPLE}").fetchall()
    columns = {name: [row[index] for row in rows] for index, name in enumerate(found.columns)}
    return Look(paths=(path,), format="parquet", columns=columns, nested=_nested(columns))


def _nested(columns: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    """Columns whose values are JSON lists of objects, taken apart."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, values in columns.items():
        filled = [value for value in values[:200] if value]
        if not filled or not all(value.startswith("[{") or value == "[]" for value in filled):
            continue
        parts: dict[str, list[str]] = {}
        for value in filled:
            try:
                items = json.loads(value, parse_float=str, parse_int=str)
            except json.JSONDecodeError:
                continue
            for item in items:
                for key, part in item.items():
                    parts.setdefault(key, []).append(_shown(part))
        if parts:
            found[name] = parts
    return found
