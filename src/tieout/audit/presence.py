"""Coverage from ``[[complete]]``, less what could not be read."""

from __future__ import annotations

import datetime as dt

import duckdb

from tieout.policy import Policy
from tieout.process.coverage import Coverage, Span
from tieout.setwise.tables import table_name

from .mapping import Mapping
from .reading import Reader


def coverage_of(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, policy: Policy, reader: Reader
) -> tuple[Coverage, list[str]]:
    """What the mapping declares complete, less what could not be read; in words which rows to mend so that it is again.

    A document that was refused is there, and is not seen: as long as it is, none of its system, type and entity is proved
    to be missing (of any entity, where the row does not tell).
    """
    spans: dict[tuple[str, str, str], tuple[Span, ...]] = {}
    systems = mapping.system_names
    for entry in mapping.complete:
        span = (entry.from_on or dt.date.min, entry.to_on or dt.date.max)
        for system in systems if entry.system == "*" else (entry.system,):
            for type_ in _types(mapping, system) if entry.type == "*" else (entry.type,):
                key = (system, type_, entry.entity)
                spans[key] = (*spans.get(key, ()), span)
    roles: dict[str, tuple[str, ...]] = {}
    for system in systems:
        roles[policy.role(system)] = (*roles.get(policy.role(system), ()), system)
    holders: dict[tuple[str, str], set[str]] = {}
    for name in dict.fromkeys(file.type for file in mapping.files):
        found = connection.execute(f"SELECT DISTINCT system, coalesce(entity, '') FROM {table_name(name)}").fetchall()
        for system, entity in found:
            holders.setdefault((system, name), set()).add(entity)
    coverage = Coverage(
        spans, roles, {key: frozenset(entities) for key, entities in holders.items()},
        {key: frozenset(entities) for key, entities in reader.unread.entities.items()},
    )  # fmt: skip
    return coverage, _notes(reader, {(system, type_) for system, type_, _ in spans})


def _notes(reader: Reader, claimed: set[tuple[str, str]]) -> list[str]:
    """Which claims of completeness do not hold while rows are refused."""
    notes = []
    for (file, system, type_, entity), rows in sorted(reader.unread.rows.items()):
        if rows and any(system in ("*", name) and type_ == kind for name, kind in claimed):
            what = f"{type_.replace('_', ' ')} in {system}" if system != "*" else type_.replace("_", " ")
            of = f" of {entity}" if entity != "*" else ""
            notes.append(
                f"{reader.files[file].path}: while {rows:,} row{'s are' if rows > 1 else ' is'} refused, no {what}{of} counts as "
                "missing: mend them, then what is not judged is judged"
            )
    return notes


def _types(mapping: Mapping, system: str) -> tuple[str, ...]:
    """What ``*`` means for a system: the types that it has files of. Of others nothing was exported, so nothing is proved."""
    return tuple(dict.fromkeys(file.type for file in mapping.files if file.system in (system, "")))
