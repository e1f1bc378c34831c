"""Coverage from ``[[complete]]``, less what could not be read."""

from __future__ import annotations

import datetime as dt

import duckdb

from tieout.policy import Policy
from tieout.process.coverage import Coverage, Span
from tieout.setwise.tables import table_name

from .mapping import Mapping


def coverage_of(
    connection: duckdb.DuckDBPyConnection, mapping: Mapping, policy: Policy, failed: set[tuple[str, str]]
) -> Coverage:
    """What the mapping declares complete. A system's type of which a file could not be read (``failed``) is not."""
    spans: dict[tuple[str, str, str], tuple[Span, ...]] = {}
    systems = mapping.system_names
    for entry in mapping.complete:
        span = (entry.from_on or dt.date.min, entry.to_on or dt.date.max)
        for system in systems if entry.system == "*" else (entry.system,):
            for type_ in _types(mapping, system) if entry.type == "*" else (entry.type,):
                if (system, type_) not in failed:
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
    return Coverage(spans, roles, {key: frozenset(entities) for key, entities in holders.items()})


def _types(mapping: Mapping, system: str) -> tuple[str, ...]:
    """What ``*`` means for a system: the types that it has files of. Of others nothing was exported, so nothing is proved."""
    return tuple(dict.fromkeys(file.type for file in mapping.files if file.system in (system, "")))
