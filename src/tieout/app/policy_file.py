"""A policy in a file: an audit.toml, or the part of one that decides. The files of crosswalks and rates that it names lie beside it."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tieout import policy
from tieout.engine.decided import Complete, Decided
from tieout.engine.deciding import with_complete, with_tables
from tieout.setwise.flows import load


def read(path: Path) -> Callable[[Decided], Decided]:
    """What a file decides, to be laid over what is decided: a table that it has replaces the one that there was, others stay.

    The file is read and checked at once. Raises a Fault with file, line and key.
    """
    import duckdb

    from tieout.audit.mapping import load_file, policy_tables
    from tieout.audit.policy_files import with_files

    mapping, source = load_file(path)
    own = policy_tables(source.tables)
    given = {name: table for name, table in own.items() if name in ("audit", *policy.TABLES)}
    with tempfile.TemporaryDirectory(prefix="tieout-") as spool, duckdb.connect() as connection:
        bare = {name: table for name, table in own.items() if name in ("crosswalks", "fx")}
        filled = with_files(policy.parse(bare, path.name), mapping, path.parent, connection, Path(spool))
    written = policy.tables(filled)
    for name in ("crosswalks", "fx"):
        if name in given:
            given[name] = written.get(name, type(given[name])())
    entries = [
        Complete(system=one.system, type=one.type, entity=one.entity, from_on=one.from_on, to_on=one.to_on)
        for one in mapping.complete
    ]

    def lay_over(decided: Decided) -> Decided:
        decided = with_tables(decided, given, path.name, load)
        return with_complete(decided, entries) if "complete" in source.tables else decided

    return lay_over


def rows(path: Path, table: str) -> list[dict[str, str]]:
    """The rows of a crosswalk in a file (code, target, from, to, entity). Raises a Fault for one that cannot be read."""
    import duckdb

    from tieout.audit.mapping import CrosswalkFile
    from tieout.audit.policy_files import crosswalk_rows

    with tempfile.TemporaryDirectory(prefix="tieout-") as spool, duckdb.connect() as connection:
        return crosswalk_rows(connection, path.parent, CrosswalkFile(path=path.name, table=table), Path(spool))


def toml(tables: Mapping[str, Any]) -> str:
    """Tables as TOML text, which `read` reads again."""
    lines: list[str] = []
    for name, table in tables.items():
        if isinstance(table, list):
            for entry in table:
                lines += [f"\n[[{_key(name)}]]", *_lines(entry)]
        else:
            lines += _table(table, (name,))
    return "\n".join(lines).strip() + "\n"


def _table(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    plain = {key: value for key, value in values.items() if not isinstance(value, Mapping)}
    if plain or not values:
        yield f"\n[{'.'.join(map(_key, path))}]"
        yield from _lines(plain)
    for key, value in values.items():
        if key not in plain:
            yield from _table(value, (*path, key))


def _lines(values: Mapping[str, Any]) -> Iterator[str]:
    return (f"{_key(key)} = {_value(value)}" for key, value in values.items())


def _key(name: str) -> str:
    return name if name and all(char.isascii() and (char.isalnum() or char in "_-") for char in name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, dict):
        return f"{{ {', '.join(_lines(value))} }}"
    if not isinstance(value, list):
        return msgspec.json.encode(value).decode()
    if any(isinstance(item, dict) for item in value):
        return "[\n" + "".join(f"  {_value(item)},\n" for item in value) + "]"
    return f"[{', '.join(map(_value, value))}]"
