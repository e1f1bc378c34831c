"""Exports as text: CSV in a system's own words, and JSON lines."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import msgspec

from ...canon.documents import Document
from ...canon.shape import Shape, shapes
from .layouts import Layout, LinesFile
from .values import as_json, as_text

NOT_WRITTEN = frozenset({"system"})
"""The mapping says of which system a file is."""


class CsvTable:
    """One CSV file, written with every column and, on closing, copied without those that nobody filled."""

    def __init__(self, path: Path, names: Sequence[str], layout: Layout) -> None:
        """``names`` are the columns' headings."""
        self.path, self.names, self.layout = path, names, layout
        self.filled = [False] * len(names)
        self.raw = path.with_suffix(".part")
        path.parent.mkdir(parents=True, exist_ok=True)
        self.file: IO[str] = self.raw.open("w", encoding="utf-8", newline="")
        self.out = csv.writer(self.file, lineterminator="\n")

    def row(self, cells: list[str]) -> None:
        """One row, a cell for each column."""
        self.out.writerow(cells)
        for at, cell in enumerate(cells):
            if cell:
                self.filled[at] = True

    def close(self) -> list[bool]:
        """Write the file itself; which columns it has."""
        self.file.close()
        kept = [at for at, filled in enumerate(self.filled) if filled]
        with (
            self.raw.open(encoding="utf-8", newline="") as source,
            self.path.open("w", encoding=self.layout.encoding, newline="") as target,
        ):
            out = csv.writer(target, delimiter=self.layout.delimiter, lineterminator="\n")
            out.writerow([self.names[at] for at in kept])
            out.writerows([row[at] for at in kept] for row in csv.reader(source))
        self.raw.unlink()
        return self.filled


class CsvExport:
    """Documents of one type in a CSV file, their lines in the same file as JSON text or in one of their own."""

    def __init__(self, folder: Path, layout: Layout, type_: type[Document]) -> None:
        """Files under ``folder``, as the layout says."""
        self.layout = layout
        apart = layout.lines
        self.shapes = [s for s in shapes(type_) if s.name not in NOT_WRITTEN and not (apart and s.name == "lines")]
        names = [layout.columns.get(shape.name, shape.name) for shape in self.shapes]
        self.table = CsvTable(folder / layout.path, names, layout)
        self.lines = _Lines(folder, layout, apart, type_) if apart else None

    def write(self, docs: Sequence[Document]) -> None:
        """Append documents."""
        for doc in docs:
            cells = [as_text(doc, shape, doc.currency, self.layout) for shape in self.shapes]
            self.table.row(cells)
            if self.lines:
                self.lines.write(doc)

    def close(self) -> tuple[set[str], set[str]]:
        """Finish; the fields that the file has, and those that the file of lines has."""
        fields = {shape.name for shape, filled in zip(self.shapes, self.table.close(), strict=True) if filled}
        return fields, self.lines.close() if self.lines else set()


class _Lines:
    """The file of lines of a `CsvExport`."""

    def __init__(self, folder: Path, layout: Layout, lines: LinesFile, type_: type[Document]) -> None:
        (nested,) = (shape.struct for shape in shapes(type_) if shape.name == "lines")
        assert nested is not None
        self.layout, self.bare = layout, lines.bare
        self.shapes: tuple[Shape, ...] = shapes(nested)
        names = [lines.parent, *(lines.columns.get(shape.name, shape.name) for shape in self.shapes)]
        self.table = CsvTable(folder / lines.path, names, layout)

    def write(self, doc: Any) -> None:
        for line in doc.lines:
            cells = [as_text(line, shape, doc.currency, self.layout) for shape in self.shapes]
            for at, shape in enumerate(self.shapes):
                system = self.bare.get(shape.name)
                if system:
                    cells[at] = cells[at].removeprefix(f"{system}/")
            self.table.row([doc.id, *cells])

    def close(self) -> set[str]:
        filled = self.table.close()[1:]
        return {shape.name for shape, has in zip(self.shapes, filled, strict=True) if has}


class JsonExport:
    """Documents of one type as JSON lines under canonical names, gzipped where the path says so."""

    def __init__(self, folder: Path, layout: Layout, _type: type[Document]) -> None:
        """The file under ``folder``. Its bytes depend on the documents alone, so gzip states no time and no name."""
        path = folder / layout.path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.raw = path.open("wb")
        zipped = path.suffix == ".gz"
        self.file: Any = gzip.GzipFile("", "wb", 6, self.raw, mtime=0) if zipped else self.raw
        self.encoder = msgspec.json.Encoder()

    def write(self, docs: Sequence[Document]) -> None:
        """Append documents."""
        self.file.write(self.encoder.encode_lines([as_json(doc, doc.currency, NOT_WRITTEN) for doc in docs]))

    def close(self) -> tuple[set[str], set[str]]:
        """Finish. JSON names its own fields, so the mapping need not."""
        self.file.close()
        self.raw.close()
        return set(), set()
