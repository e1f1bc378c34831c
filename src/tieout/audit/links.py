"""What only whole files tell: which system bare references lead to, which entities, currencies and statuses there are."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from tieout.canon.documents import TYPES
from tieout.canon.faults import InputFault
from tieout.canon.references import references

from .expressions import text_of
from .guess import Guess
from .look import Look
from .mapping import Layout
from .relation import open_file

_ASKED = 5000
"""Values of a reference that are looked for."""
_MOST = 200
"""Distinct values beyond which a column is no list of codes."""


class Files:
    """Answers questions about whole columns by reading the files."""

    def __init__(self, directory: Path) -> None:
        self.connection = duckdb.connect()
        self.directory = directory
        self._spool = tempfile.TemporaryDirectory(prefix="tieout-")
        self._ids: dict[int, str] = {}

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()
        self._spool.cleanup()

    def distinct(self, look: Look, column: str) -> list[str]:
        """Every value of a column, most frequent first; empty where there are too many to be codes."""
        rows = self.connection.execute(
            f"SELECT v FROM ({self._column(look, column)}) WHERE v IS NOT NULL GROUP BY v ORDER BY count(*) DESC, v LIMIT {_MOST + 1}"
        ).fetchall()
        return [value for (value,) in rows] if len(rows) <= _MOST else []

    def pairs(self, look: Look, first: str, second: str) -> list[tuple[str, str]]:
        """For each value of one column the most frequent of another."""
        one, other = (self._column(look, name, numbered=True) for name in (first, second))
        rows = self.connection.execute(
            f"SELECT a.v, mode(b.v) FROM ({one}) AS a JOIN ({other}) AS b USING (n) "
            "WHERE a.v IS NOT NULL AND b.v IS NOT NULL GROUP BY a.v ORDER BY a.v"
        ).fetchall()
        return [(str(a), str(b)) for a, b in rows]

    def share_in(self, values: list[str], target: Guess) -> float:
        """The share of these values that are ids of a file of documents."""
        asked = list(dict.fromkeys(values))[:_ASKED]
        if not asked or "id" not in target.columns:
            return 0.0
        table = self._ids.get(id(target))
        if table is None:
            table = self._ids[id(target)] = f"ids_{len(self._ids)}"
            column = self._column(target.look, target.columns["id"].column)
            self.connection.execute(f"CREATE TEMP TABLE {table} AS SELECT DISTINCT v FROM ({column})")
        row = self.connection.execute(
            f"SELECT count(*) FROM (SELECT unnest(?) AS v) WHERE v IN (SELECT v FROM {table})", [asked]
        ).fetchone()
        return row[0] / len(asked) if row else 0.0

    def _column(self, look: Look, column: str, *, numbered: bool = False) -> str:
        """SQL of one column of all files of a look, as trimmed text ``v``."""
        layout = Layout(encoding=look.encoding, delimiter=look.delimiter if look.format == "csv" else None)
        selects = []
        for index, path in enumerate(look.paths):
            try:
                relation = open_file(self.connection, path, layout, [column], Path(self._spool.name))
            except InputFault:
                continue
            cell = relation.cells.get(column)
            if cell is not None and cell.sql:
                number = f", {index} || ':' || _line AS n" if numbered else ""
                selects.append(
                    f"SELECT nullif(trim({text_of(cell.sql, cell.type)}), '') AS v{number} FROM ({relation.sql})"
                )
        return " UNION ALL ".join(selects) or "SELECT NULL::VARCHAR AS v, '' AS n WHERE false"


def reference_values(guess: Guess) -> dict[str, list[str]]:
    """The values of each reference field that a file has, by field (``customer``, ``lines.order``)."""
    found: dict[str, list[str]] = {}
    for field in references(TYPES[guess.type]):
        outer, _, inner = field.partition(".")
        if not inner:
            values = guess.values(field)
        elif guess.lines is not None and inner in guess.lines.columns:
            values = guess.lines.look.filled(guess.lines.columns[inner].column)
        elif inner in guess.nested:
            nested = guess.look.nested[guess.columns[outer].column]
            values = [value for value in nested[guess.nested[inner].column] if value]
        else:
            continue
        if values:
            found[field] = values
    return found


def leads_to(guess: Guess, guesses: list[Guess], files: Files) -> dict[str, tuple[str, float]]:
    """For each reference of bare ids that leads to another system: the system, and the share of its values found there."""
    systems = {other.system for other in guesses}
    found: dict[str, tuple[str, float]] = {}
    for field, values in reference_values(guess).items():
        bare = [value for value in values if value.partition("/")[0] not in systems and not value.startswith("[")]
        target = references(TYPES[guess.type])[field].__struct_config__.tag
        holders = [other for other in guesses if other.type == target]
        if not bare or not holders:
            continue
        shares = {other.system: 0.0 for other in holders}
        for other in holders:
            shares[other.system] = max(shares[other.system], files.share_in(bare, other))
        own = shares.get(guess.system)
        best = max(shares, key=lambda system: (shares[system], system == guess.system))
        if best != guess.system and (own is None or shares[best] > own):
            found[field] = (best, shares[best])
    return found
