"""A folder of exports as a test writes it, and what is read from it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import duckdb

from tieout.audit.read import Loaded, load
from tieout.audit.result import FileQuality

INVOICES = """
[[files]]
path = "invoices.csv"
system = "billing"
type = "invoice"
"""


class Exports:
    """The folder, the database that it is read into, and what the last `read` gave."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.connection = duckdb.connect()
        self.loaded: Loaded | None = None

    def write(self, name: str, content: str | bytes) -> Exports:
        """Write a file; text is dedented and UTF-8."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).lstrip("\n").encode())
        return self

    def read(self, mapping: str = INVOICES) -> Exports:
        """Read the folder by a mapping."""
        self.write("audit.toml", mapping)
        self.loaded = load(self.folder, self.connection)
        return self

    def rows(self, type_name: str, *columns: str) -> list[tuple[Any, ...]]:
        """Columns of a type's table, in order of key."""
        listed = ", ".join(f'"{column}"' for column in columns) or "*"
        return self.connection.execute(f"SELECT {listed} FROM doc_{type_name} ORDER BY key").fetchall()

    def refused(self) -> list[str]:
        """Every refusal as a person reads it: ``path:line field: what (how to mend it)``."""
        assert self.loaded is not None
        return [f"{r.path}:{r.line} {r.what} ({r.mend})" for r in self.loaded.rejections]

    def file(self, path: str) -> FileQuality:
        """The quality of one file."""
        assert self.loaded is not None
        return next(file for file in self.loaded.files if file.path == path)
