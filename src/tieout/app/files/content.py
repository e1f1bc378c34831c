"""The documents of a file: JSON or one a line, packed or not, however large, a part at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from tieout.canon import batch
from tieout.canon.decode import decode
from tieout.canon.faults import InputFault, nearest

DOCUMENTS, BYTES = 5_000, 8 * 2**20
"""Of one part, at most, or one document."""
LONGEST_LINE = 16 * 2**20
LARGEST_WHOLE = 256 * 2**20
"""Of a file that is one JSON text, unpacked."""

PACKED = {".gz": "gzip", ".zst": "zstd"}
LINES = {".ndjson", ".jsonl"}
WHOLE = {".json"}


class Wrong(msgspec.Struct, frozen=True):
    """A document that was not accepted, as it stands in the file, and why."""

    n: int
    """The line, or which one of an array, counted from 1."""
    raw: bytes
    fault: InputFault


class Part(msgspec.Struct, frozen=True):
    """Some of a file's documents."""

    good: list[bytes]
    """As they stand in the file, each on one line."""
    wrong: list[Wrong]


def parts(path: Path, name: str) -> Iterator[Part]:
    """All documents of a file, in order. Raises InputFault where it cannot be read, perhaps after some parts of it."""
    form, packing = form_of(name)
    try:
        with _opened(path, packing) as file:
            yield from _gathered(_lines(file) if form == "lines" else _whole(file))
    except OSError as error:
        if packing and error.errno is None:  # of the packing; the disk's have a number
            raise InputFault(f"is not {packing}: {error}", where=name) from None
        raise


def form_of(name: str) -> tuple[str, str]:
    """Whether a file of that name holds ``lines`` or one JSON text (``whole``), and how it is packed. Raises InputFault."""
    suffixes = Path(name).suffixes
    packing = PACKED.get(suffixes[-1].lower(), "") if suffixes else ""
    suffix = (suffixes[:-1] if packing else suffixes)[-1:]
    kind = suffix[0].lower() if suffix else ""
    if kind not in LINES | WHOLE:
        known = sorted(LINES | WHOLE)
        mend = nearest(kind, known) or f"name it so that it ends in {', '.join(known)}, packed with .gz or .zst"
        raise InputFault(f"{kind or 'a name without an ending'!r} is not read here", where=name, mend=mend)
    return ("lines" if kind in LINES else "whole"), packing


def _opened(path: Path, packing: str) -> BinaryIO:
    if not packing:
        return path.open("rb")
    import pyarrow as pa

    return io.BufferedReader(pa.input_stream(str(path), compression=packing))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    n = 0
    while line := file.readline(LONGEST_LINE):
        n += 1
        if len(line) == LONGEST_LINE:
            raise InputFault(
                f"is longer than {LONGEST_LINE // 2**20} MB", where=f"line {n}", mend="one document a line is expected"
            )
        if line.strip():
            yield n, line.strip()


def _whole(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    content = file.read(LARGEST_WHOLE + 1)
    if len(content) > LARGEST_WHOLE:
        raise InputFault(
            f"is larger than {LARGEST_WHOLE // 2**20} MB",
            mend="write one document a line, and let its name end in .ndjson",
        )
    return enumerate(batch.split(content), 1)


def _gathered(documents: Iterator[tuple[int, bytes]]) -> Iterator[Part]:
    part, size = Part([], []), 0
    for n, raw in documents:
        try:
            decode(raw)
        except InputFault as fault:
            part.wrong.append(Wrong(n, raw, fault))
        else:
            part.good.append(raw)
        size += len(raw)
        if len(part.good) + len(part.wrong) == DOCUMENTS or size >= BYTES:
            yield part
            part, size = Part([], []), 0
    if part.good or part.wrong:
        yield part
