"""The careful reader: text that a fast reader would stumble over, line by line, each bad record refused by name.

It is slower than DuckDB's, needs memory for one record, and gives every record its line in the file.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from .survey import CONTROL, MAX_LINE, open_bytes


class BadRecord(NamedTuple):
    """A record that cannot be read: the line it starts on, which refusal it is, and the words that show it."""

    line: int
    code: str
    value: str = ""


class Record(NamedTuple):
    """The fields of one record and the line that it starts on."""

    line: int
    fields: list[str]


def text_lines(path: Path, encoding: str) -> Iterator[tuple[int, str] | BadRecord]:
    """Lines with their ends and numbers. A line that is too long is passed over without being held in memory."""
    with open_bytes(path) as binary:
        wide = encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
        text = io.TextIOWrapper(binary, encoding, errors="replace" if wide else "surrogateescape", newline="")
        number = 0
        while line := text.readline(MAX_LINE + 1):
            number += 1
            if number == 1:
                line = line.removeprefix("\ufeff")
            if len(line) > MAX_LINE:
                while line and not line.endswith(("\n", "\r")):
                    line = text.readline(MAX_LINE)
                yield BadRecord(number, "long line", f"{MAX_LINE:,}")
            else:
                yield _damage(number, line) or (number, line)


def csv_records(path: Path, encoding: str, delimiter: str, quote: str, width: int) -> Iterator[Record | BadRecord]:
    """The records of a CSV file below its header, each with exactly ``width`` fields.

    A quote that never closes costs its own line only: reading goes on with the next one.
    """
    source = text_lines(path, encoding)
    waiting: list[tuple[int, str] | BadRecord] = []
    at_header = True
    while True:
        first = waiting.pop(0) if waiting else next(source, None)
        if first is None:
            return
        if isinstance(first, BadRecord):
            at_header = False
            yield first
            continue
        number, line = first
        if not line.strip("\r\n"):
            continue
        fields, taken = _record(line, source, waiting, delimiter, quote)
        if fields is None:
            waiting[:0] = taken
            yield BadRecord(number, "quotes", line.strip()[:60])
            continue
        if at_header:
            at_header = False
            continue
        if len(fields) == width + 1 and not fields[-1]:
            fields.pop()
        if len(fields) != width:
            yield BadRecord(number, "ragged", f"{len(fields)} of {width}")
        else:
            yield Record(number, fields)


def header(path: Path, encoding: str, delimiter: str, quote: str) -> list[str]:
    """The names in a CSV file's first record; empty where there is none that can be read."""
    source = text_lines(path, encoding)
    for first in source:
        if isinstance(first, BadRecord):
            return []
        if first[1].strip("\r\n"):
            fields, _ = _record(first[1], source, [], delimiter, quote)
            return [name.strip() for name in fields or []]
    return []


def _record(
    line: str,
    source: Iterator[tuple[int, str] | BadRecord],
    waiting: list[tuple[int, str] | BadRecord],
    delimiter: str,
    quote: str,
) -> tuple[list[str] | None, list[tuple[int, str] | BadRecord]]:
    """One record that begins with ``line``, taking further lines while a quote is open.

    None where its quotes are wrong; then the further lines are given back, to be read as records of their own.
    """
    taken: list[tuple[int, str] | BadRecord] = []

    def lines() -> Iterator[str]:
        yield line
        size = len(line)
        while size <= MAX_LINE:
            following = waiting.pop(0) if waiting else next(source, None)
            if following is not None:
                taken.append(following)
            if following is None or isinstance(following, BadRecord):
                return
            size += len(following[1])
            yield following[1]

    csv.field_size_limit(MAX_LINE + 1)
    try:
        if quote:
            fields = next(csv.reader(lines(), delimiter=delimiter, quotechar=quote, strict=True))
        else:
            fields = next(csv.reader(lines(), delimiter=delimiter, quoting=csv.QUOTE_NONE, strict=True))
    except csv.Error:
        return None, taken
    return fields, taken


def _damage(number: int, line: str) -> BadRecord | None:
    """Why a line of text cannot be what was meant: bytes of another encoding, or control characters."""
    if line.isascii() and line.isprintable():
        return None
    wrong = next((char for char in line if "\udc80" <= char <= "\udcff" or char == "\ufffd"), None)
    if wrong is not None:
        shown = f"byte 0x{ord(wrong) - 0xDC00:02X}" if wrong != "\ufffd" else "a replacement character"
        return BadRecord(number, "encoding", shown)
    control = CONTROL.search(line)
    if control:
        return BadRecord(number, "control", f"U+{ord(control[0]):04X}")
    return None
