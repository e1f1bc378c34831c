"""What people do to a policy, as functions from what is decided to what is decided then. Each refuses what makes no sense, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.faults import InputFault, MappingFault, nearest
from tieout.policy import Codes, Crosswalk, CrosswalkRow, Policy, laid_over, parse, read_rows, tables, writing
from tieout.policy.crosswalk import Match
from tieout.process.definition import Flow

from .decided import Complete, Decided

READ = ("item",)
"""Crosswalks that controls look codes up in; others are for flows of one's own."""

Load = Callable[[str], type[Flow]]


def with_tables(decided: Decided, given: Mapping[str, Any], where: str, load: Load) -> Decided:
    """The policy with these tables (as audit.toml has them) in the place of its own; tables that are not given stay.

    Raises MappingFault with key, what is wrong and the nearest valid name.
    """
    steps = {flow.name: [step.name for step in flow.steps] for flow in map(load, decided.flows)}
    written = writing.laid_over(tables(decided.policy), given)
    policy = parse(written, where, steps)
    return msgspec.structs.replace(decided, policy=policy)


def with_complete(decided: Decided, entries: Iterable[Complete]) -> Decided:
    """With these entries in the place of those that there are."""
    return msgspec.structs.replace(decided, complete=tuple(checked(decided.policy, entry) for entry in entries))


def with_entry(decided: Decided, entry: Complete) -> Decided:
    """With one more entry; it takes the place of one for the same system, type and entity."""
    others = tuple(one for one in decided.complete if place(one) != place(entry))
    return msgspec.structs.replace(decided, complete=(*others, checked(decided.policy, entry)))


def without_entry(decided: Decided, entry: Complete) -> Decided:
    """Without the entry for a system, type and entity. Raises InputFault where there is none."""
    left = tuple(one for one in decided.complete if place(one) != place(entry))
    if len(left) == len(decided.complete):
        listed = "; ".join(", ".join(place(one)) for one in decided.complete) or "none"
        raise InputFault(f"nothing is said of {', '.join(place(entry))}", mend=f"there are: {listed}")
    return msgspec.structs.replace(decided, complete=left)


def place(entry: Complete) -> tuple[str, str, str]:
    """(system, type, entity) that an entry is about."""
    return entry.system, entry.type, entry.entity


def checked(policy: Policy, entry: Complete) -> Complete:
    """The entry, if it makes sense. Raises InputFault with the nearest valid name."""
    if entry.type != "*" and entry.type not in TYPES:
        raise InputFault(f"there is no type {entry.type!r}", where="type", mend=nearest(entry.type, TYPES))
    _entity(policy, entry.entity, "*")
    if policy.systems and entry.system != "*" and entry.system not in policy.systems:
        known = nearest(entry.system, policy.systems)
        if known:  # A system need not be declared: its own name is its role.
            raise InputFault(f"there is no system {entry.system!r}", where="system", mend=known)
    if entry.from_on and entry.to_on and entry.from_on > entry.to_on:
        raise InputFault(f"from {entry.from_on} is after to {entry.to_on}", where="from", mend="swap the days")
    return entry


def with_codes(
    decided: Decided, table: str, rows: Iterable[CrosswalkRow | Mapping[str, Any]], where: str = "", *,
    declare: bool = False, replace: bool = False, match: str = "",
) -> Decided:  # fmt: skip
    """The crosswalk in which these rows hold on their days. With ``replace`` it has no others.

    ``declare``: it may be a new one. Raises MappingFault for a row that cannot be read, names an entity that there is not, or
    contradicts another, and InputFault for a table that there is not.
    """
    policy = decided.policy
    before = policy.crosswalks.get(table)
    if before is None and not declare and table not in READ:
        raise unknown_table(policy, table)
    if match and match not in get_args(Match):
        raise InputFault(
            f"{match!r} is no way to compare", where="match", mend=nearest(match, get_args(Match)) or "exact or loose"
        )
    known = Codes() if before is None else before
    if match and match != known.match:
        known = Codes(match, known.rows)  # type: ignore[arg-type]  # checked above
    new = read_rows(rows, where, table)
    for row in new:
        _entity(policy, row.entity, "")
    laid = laid_over(table, Codes(known.match) if replace else known, new)
    return _with_table(decided, table, laid)


def without_code(decided: Decided, table: str, code: str, entity: str = "") -> Decided:
    """The crosswalk without the rows of a code in an entity (empty: those of all entities). Raises InputFault where there is none."""
    codes = decided.policy.crosswalks.get(table)
    if codes is None:
        raise unknown_table(decided.policy, table)
    plain = Crosswalk(table, codes).plain
    left = tuple(row for row in codes.rows if (plain(row.code), row.entity) != (plain(code), entity))
    if len(left) == len(codes.rows):
        known = {row.code for row in codes.rows if row.entity == entity}
        of = f" in {entity}" if entity else ""
        raise InputFault(f"crosswalk {table} has no code {code!r}{of}", where="code", mend=nearest(code, known))
    return _with_table(decided, table, Codes(codes.match, left))


def unknown_table(policy: Policy, table: str) -> InputFault:
    """There is no such crosswalk."""
    known = sorted({*policy.crosswalks, *READ})
    mend = nearest(table, known) or f"there are {', '.join(known)}; a new one is declared by --declare"
    return InputFault(f"there is no crosswalk {table!r}", where="table", mend=mend)


def _with_table(decided: Decided, table: str, codes: Codes) -> Decided:
    crosswalks = {**decided.policy.crosswalks, table: codes}
    return msgspec.structs.replace(decided, policy=msgspec.structs.replace(decided.policy, crosswalks=crosswalks))


def _entity(policy: Policy, entity: str, every: str) -> None:
    if entity != every and policy.entities and entity not in policy.entities:
        mend = nearest(entity, policy.entities) or f"there are {', '.join(policy.entities)}"
        raise MappingFault(f"there is no entity {entity!r}", where="entity", mend=mend)
