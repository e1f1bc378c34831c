"""A folder of exports: each system's documents of each type go to a file of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from ...canon.documents import TYPES, Document
from ..world import Mix
from .layouts import Layout, layout
from .parquet_file import ParquetExport
from .text_files import CsvExport, JsonExport


class Export(Protocol):
    """One file being written."""

    def write(self, docs: list[Any]) -> None:
        """Append documents."""

    def close(self) -> tuple[set[str], set[str]]:
        """Finish; which fields the file has, and which its file of lines."""


EXPORTS: dict[str, Any] = {"csv": CsvExport, "jsonl": JsonExport, "parquet": ParquetExport}


class Written(NamedTuple):
    """One file that was written, as ``audit.toml`` describes it."""

    system: str
    type: str
    layout: Layout
    fields: frozenset[str]
    line_fields: frozenset[str]


class Folder:
    """The files of one company, or of one part of it. A file appears with its first document."""

    def __init__(self, root: Path, mix: Mix, part: int | None = None) -> None:
        """Nothing is written yet."""
        self.root, self.mix, self.part = root, mix, part
        self.open: dict[tuple[str, str], tuple[Layout, Export]] = {}

    def write(self, docs: Mapping[str, Iterable[Any]]) -> None:
        """Append documents, given by type."""
        for type_, all_of_type in docs.items():
            by_system: dict[str, list[Document]] = defaultdict(list)
            for doc in all_of_type:
                by_system[doc.system].append(doc)
            for system, own in by_system.items():
                self._export(system, type_).write(own)

    def _export(self, system: str, type_: str) -> Export:
        if (system, type_) not in self.open:
            how = layout(self.mix, system, type_, self.part)
            self.open[system, type_] = (how, EXPORTS[how.format](self.root, how, TYPES[type_]))
        return self.open[system, type_][1]

    def close(self) -> list[Written]:
        """Finish every file."""
        written = []
        for (system, type_), (how, export) in sorted(self.open.items()):
            fields, line_fields = export.close()
            written.append(Written(system, type_, how, frozenset(fields), frozenset(line_fields)))
        return written
