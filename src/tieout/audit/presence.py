"""Coverage from ``[[complete]]``, less what could not be read."""

from __future__ import annotations

from functools import partial

import duckdb

from tieout.policy import Policy
from tieout.process.coverage import Coverage
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
    holders = [
        (system, name, entity)
        for name in dict.fromkeys(file.type for file in mapping.files)
        for system, entity in connection.execute(
            f"SELECT DISTINCT system, coalesce(entity, '') FROM {table_name(name)}"
        ).fetchall()
    ]
    coverage = Coverage.claimed(
        mapping.complete, mapping.system_names, partial(_types, mapping), policy.role, holders,
        {key: frozenset(entities) for key, entities in reader.unread.entities.items()},
    )  # fmt: skip
    return coverage, _notes(reader, {(system, type_) for system, type_, _ in coverage.spans})


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
