"""Every reason to refuse a row or a file, in words: what is wrong and how to mend it.

``{value}`` and ``{field}`` are the row's own; the table of a read is rendered by DuckDB, so that eight million refusals
cost no more than eight million rows.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from tieout.canon.documents import TYPES
from tieout.canon.faults import nearest
from tieout.canon.money import EXPONENTS
from tieout.setwise.tables import columns, literal

REFUSALS: dict[str, tuple[str, str]] = {
    "missing": ("has no {field}", "map a column to {field} in audit.toml, or fill it at its source"),
    "amount": ("{value} is not an amount", "write it like 1234.56; grouped digits need thousands = \",\" in audit.toml"),
    "number": ("{value} is not a number", "write it like 1234.56"),
    "decimal comma": (
        "{value} has a decimal comma where a point was declared", 'declare decimal = "," for this file in audit.toml',
    ),
    "decimal point": (
        "{value} has a decimal point where a comma was declared", 'declare decimal = "." for this file in audit.toml',
    ),
    "decimals": ("{value} has more decimals than its currency has", "round it at its source, or mend the currency"),
    "digits": (
        "{value} has more digits than a number in JSON keeps exactly", "export it as CSV or Parquet",
    ),
    "whole": ("{value} is not a whole number of minor units", 'declare money = "major" for this file in audit.toml'),
    "large": ("{value} is too large for an amount", "mend it at its source"),
    "no currency": ("{value} is an amount without a currency", 'map the currency column, or declare currency = "EUR"'),
    "currency": ("unknown currency {value}", "use an ISO 4217 code such as EUR"),
    "entity": ("unknown entity {value}", "add it under [entities] in audit.toml"),
    "system": ("unknown system {value}", "add it under [systems] in audit.toml"),
    "choice": ("{field} cannot be {value}", "say what it means under [files.values.{field}] in audit.toml"),
    "date": ("{value} is not a date", 'write it like 2026-06-30, or declare date = "%d.%m.%Y" in audit.toml'),
    "instant": (
        "{value} is not an instant", 'write it like 2026-06-30T08:15:00Z, or declare datetime = "%d.%m.%Y %H:%M" in audit.toml',
    ),
    "early": ("{value} is before 1900", "mend it at its source, or map it to \"\" under [files.values.{field}]"),
    "far": ("{value} is after 2199", "leave it empty for no end: map it to \"\" under [files.values.{field}]"),
    "boolean": ("{value} is neither true nor false", "write true or false, or map it under [files.values.{field}]"),
    "integer": ("{value} is not a whole number", "write it like 12"),
    "json": ("{value} is not a JSON object", 'write it like {"key": "value"}'),
    "list": ("{value} is not a JSON list", 'write it like [{"id": "1"}]'),
    "refs": ("{value} is not a list of references", 'write it like ["billing/INV-1", "billing/INV-2"]'),
    "element": ("is empty or no JSON object", 'write it like {"id": "1"}'),
    "json line": ("{value} is not a JSON object", "write one document on each line"),
    "control": ("has a control character {value}", "take it out at its source"),
    "encoding": ("{value} is not in the declared encoding", 'declare the file\'s encoding, such as encoding = "cp1252"'),
    "long line": ("is longer than {value} characters", "export it again: a line end or a closing quote is missing"),
    "quotes": ("has a quote in the wrong place: {value}", "double the quotes inside a quoted value, and close it"),
    "ragged": ("has {value} fields", "quote values that contain the delimiter, or declare the delimiter"),
    "duplicate": ("is there twice and differs: {value}", "give the newer one a higher version, or export it once"),
    "cycle": ("replaces itself in the end: {value}", "mend the references at their source"),
    "orphan": ("names a document that is not there: {value}", "export the document too, or mend the parent column"),
    "file": ("{value}", "{field}"),
}  # fmt: skip
"""Name of a refusal → what is wrong, how to mend it."""

_SAID = ("ragged", "long line", "duplicate", "cycle", "orphan", "control", "encoding", "file")
"""Refusals whose value is our own words, not a value of the file."""
_WHOLE = ("file", "duplicate", "cycle", "orphan")
"""Refusals of a whole row or file, whose field need not be named."""
REASONS = 2
"""Reasons that are named for each file."""
_HINTED = 1000
"""Distinct values of one file for which the nearest valid one is looked up."""


def create_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """The tables that a read writes: refusals as they come, and their words."""
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE refused (file INTEGER, line BIGINT, code VARCHAR, field VARCHAR, value VARCHAR)"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE read_files (file INTEGER, path VARCHAR)")
    connection.execute("CREATE OR REPLACE TEMP TABLE refusal_words (code VARCHAR, what VARCHAR, mend VARCHAR)")
    connection.executemany(
        "INSERT INTO refusal_words VALUES (?, ?, ?)", [(code, *words) for code, words in REFUSALS.items()]
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE refusal_hints (file INTEGER, code VARCHAR, field VARCHAR, value VARCHAR, hint VARCHAR)"
    )


def render(connection: duckdb.DuckDBPyConnection, types: list[str], known: dict[str, tuple[str, ...]]) -> None:
    """Create the table ``input_rejection`` (path, line, field, what, mend) from what was refused.

    ``types`` are the files' document types by number; ``known`` the valid entities and systems.
    """
    _hint(connection, types, known)
    shown = f"CASE WHEN code IN {_listed(_SAID)} THEN value ELSE '''' || value || '''' END"
    named = f"CASE WHEN field = '' OR code IN {_listed(_WHOLE)} OR contains(what, '{{field}}') THEN '' ELSE field || ': ' END"
    connection.execute(f"""
        CREATE OR REPLACE TABLE input_rejection AS
        SELECT path, line, CASE WHEN code = 'file' THEN '' ELSE field END AS field,
            rtrim({named} || replace(replace(what, '{{value}}', {shown}), '{{field}}', field)) AS what,
            coalesce(hint, replace(replace(mend, '{{value}}', {shown}), '{{field}}', field)) AS mend
        FROM refused JOIN refusal_words USING (code) JOIN read_files USING (file)
        LEFT JOIN refusal_hints USING (file, code, field, value)
        ORDER BY file, line, field
    """)


def reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, ...]]:
    """By path the most frequent reasons for which rows were refused, each in the words of its first row."""
    rows = connection.execute("""
        SELECT path, count(*) AS number, min(line) AS first, arg_min(r.what, line), arg_min(r.mend, line)
        FROM refused JOIN read_files USING (file) JOIN input_rejection AS r USING (path, line, field)
        GROUP BY path, code, field ORDER BY path, number DESC, first
    """).fetchall()
    found: dict[str, tuple[str, ...]] = {}
    for path, number, first, what, mend in rows:
        if len(found.get(path, ())) < REASONS:
            found[path] = (*found.get(path, ()), reason(number, what, first, mend))
    return found


def reason(number: int, what: str, line: int, mend: str) -> str:
    """How many rows were refused for something, in one line: the words of the first, its line, how to mend it."""
    place = f", first in line {line}" if line else ""
    return f"{number:,} × {what}{place} ({mend})"


def _listed(names: tuple[str, ...]) -> str:
    return "(" + ", ".join(map(literal, names)) + ")"


def _hint(connection: duckdb.DuckDBPyConnection, types: list[str], known: dict[str, tuple[str, ...]]) -> None:
    """The nearest valid value for each wrong one, where there are few."""
    wrong = connection.execute(
        f"SELECT DISTINCT file, code, field, value FROM refused WHERE code IN ('currency', 'entity', 'system', 'choice') LIMIT {_HINTED}"
    ).fetchall()
    valid: dict[str, Callable[[str, str], tuple[str, ...]]] = {
        "currency": lambda _type, _field: tuple(EXPONENTS),
        "entity": lambda _type, _field: known["entity"],
        "system": lambda _type, _field: known["system"],
        "choice": _choices,
    }
    hints = []
    for file, code, field, value in wrong:
        near = nearest(value.upper() if code == "currency" else value, valid[code](types[file], field))
        if near:
            hints.append((file, code, field, value, near))
    if hints:
        connection.executemany("INSERT INTO refusal_hints VALUES (?, ?, ?, ?, ?)", hints)


def _choices(type_: str, field: str) -> tuple[str, ...]:
    if type_ not in TYPES:
        return ()
    name = field.split(".")[-1]
    every = [column for top in columns(type_) for column in (top, *top.nested)]
    return next((column.choices for column in every if column.name == name and column.choices), ())


def in_words(code: str, value: str, field: str = "") -> tuple[str, str]:
    """What is wrong and how to mend it, for one refusal outside the table of a read."""
    what, mend = REFUSALS[code]
    return what.format(value=value, field=field), mend.replace("{field}", field)
