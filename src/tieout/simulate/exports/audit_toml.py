"""The mapping that says how the exports are to be read: ``audit.toml``, as docs/architecture.md describes it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ..catalogue import OWNERSHIP
from ..entities import Entity
from .folder import Written
from .layouts import Layout

HISTORY_FROM = dt.date(2020, 1, 1)
"""The exports hold all that there ever was."""


def audit_toml(
    company: str,
    as_of: dt.date,
    entities: Mapping[str, Entity],
    files: Sequence[Written],
    complete: Iterable[tuple[str, str]],
    crosswalks: Iterable[str],
) -> str:
    """The whole text. ``complete`` are (system, type) whose absence proves; ``crosswalks`` the tables written."""
    complete = sorted(complete)
    parts = [
        _table("audit", company=company, as_of=as_of, base_currency="EUR", time_zone="UTC"),
        *(_table(f"systems.{system}", role=system) for system in sorted({system for system, _ in complete})),
        *(
            _table(
                f"entities.{entity.code}", name=entity.name, functional_currency=entity.functional,
                time_zone=entity.zone, holidays=entity.country,
            )
            for entity in entities.values()
        ),
        *(_table(f"ownership.{type_}", **fields) for type_, fields in OWNERSHIP.items()),
        *(text for written in files for text in _file(written)),
        *(
            _table("[complete]", system=system, type=type_, entity="*", **{"from": HISTORY_FROM, "to": as_of})
            for system, type_ in complete
        ),
        *(_table("[crosswalks]", table=table, path=f"crosswalks/{table}.csv") for table in sorted(crosswalks)),
        _table("fx", path="fx_rates.csv"),
    ]  # fmt: skip
    return "\n".join(parts)


def _file(written: Written) -> Iterator[str]:
    how, lines = written.layout, written.layout.lines
    parquet = how.format == "parquet"
    yield _table(
        "[files]",
        path=_glob(how.path) if parquet else how.path,
        system=written.system,
        type=written.type,
        format=how.format,
        money="minor" if parquet else "major",
        **_dialect(how),
    )
    if named := {field: name for field, name in how.columns.items() if field in written.fields}:
        yield _table("files.columns", **named)
    for field, replaced in how.values.items():
        yield _table(f"files.values.{field}", **{theirs: ours for ours, theirs in replaced.items()})
    if lines:
        yield _table("files.lines", path=lines.path, parent=lines.parent)
        yield _table("files.lines.columns", **{f: n for f, n in lines.columns.items() if f in written.line_fields})
        if lines.bare:
            yield _table("files.lines.refs", **lines.bare)


def _dialect(how: Layout) -> dict[str, str]:
    """What differs from plain CSV."""
    if how.format != "csv":
        return {}
    said = {"encoding": how.encoding, "delimiter": how.delimiter, "decimal": how.decimal, "date": how.date}
    return {key: value for key, value in said.items() if value and (key, value) not in PLAIN}


PLAIN = frozenset({("encoding", "utf-8"), ("delimiter", ","), ("decimal", ".")})


def _glob(path: str) -> str:
    """All parts of a file that was written in parts."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/part-*.parquet" if name.startswith("part-") else path


def _table(name: str, /, **keys: object) -> str:
    """One TOML table; JSON's strings are TOML's basic strings."""
    lines = [f"[{name}]"]
    for key, value in keys.items():
        bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
        written = value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)
        lines.append(f"{key if bare else json.dumps(key, ensure_ascii=False)} = {written}")
    return "\n".join(lines) + "\n"
