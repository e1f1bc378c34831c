"""``/v1/policy`` and ``/v1/crosswalks``: what is decided, and deciding it otherwise while everything runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec

from tieout.engine.decided import Complete, Decided
from tieout.engine.deciding import unknown_table, with_codes, with_complete, with_tables, without_code
from tieout.policy import tables
from tieout.setwise.flows import load
from tieout.store.connection import Connection, transact
from tieout.store.decisions import Changed, Version, change, current, history, version
from tieout.store.trail import By

from .caller import Caller
from .means import Means
from .refusal import Refusal, not_found

MOST = 1_000
"""Versions in one answer."""


class PolicyView(msgspec.Struct, frozen=True, kw_only=True):
    """A version of the policy."""

    version: int
    """0 before anything is decided."""
    at: dt.datetime | None = None
    """When it was made."""
    who: str = ""
    why: str = ""
    hash: str
    """Equal policies have equal hashes."""
    policy: dict[str, Any]
    """The tables of audit.toml that decide, as docs/policy.md has them."""
    complete: tuple[Complete, ...]
    """Where a missing document proves that there is none."""
    flows: tuple[str, ...]
    """The flows that run."""


class NewPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be decided. What is not given stays as it is."""

    why: str
    """Kept with the version and in the audit trail."""
    expected: int | None = None
    """The version that this was thought for: if another one holds by now, nothing is changed (409)."""
    policy: dict[str, Any] = {}
    """Tables in the place of those that there are; a table that is not given stays."""
    complete: tuple[Complete, ...] | None = None
    """Entries in the place of all that there are."""
    flows: tuple[str, ...] | None = None
    """Flows in the place of those that run."""


class CodeRow(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a code is called, from which day to which (both included), in one legal entity or in all."""

    code: str
    target: str
    from_on: dt.date | None = msgspec.field(default=None, name="from")
    to_on: dt.date | None = msgspec.field(default=None, name="to")
    entity: str = ""


class CrosswalkView(msgspec.Struct, frozen=True, kw_only=True):
    """A crosswalk, or the rows of one code."""

    table: str
    match: str
    """exact, or loose: without regard to case and spaces"""
    version: int
    """Of the policy that it is a part of."""
    rows: tuple[CodeRow, ...]


class NewCodes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rows that are to hold. What was said of their codes before holds on the other days."""

    why: str
    """Kept with the version and in the audit trail."""
    rows: tuple[CodeRow, ...]
    expected: int | None = None
    """The version of the policy that this was thought for: if another one holds by now, nothing is changed (409)."""
    replace: bool = False
    """The table has these rows and no others."""
    declare: bool = False
    """The table may be a new one."""
    match: str = ""
    """exact or loose; empty: as it is"""


class Which(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are shown."""

    code: str = ""
    """Only rows of this code, however it is written where the table is loose."""


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Which rows are taken away."""

    code: str
    why: str
    entity: str = ""
    """The legal entity whose rows they are; empty: those that hold in all."""
    expected: int | None = None
    """The version of the policy that this was thought for: if another one holds by now, nothing is changed (409)."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions are listed."""

    most: int = 100
    """So many of them."""
    before: int | None = None
    """Only versions older than this one."""


def show_policy(means: Means, caller: Caller) -> PolicyView:
    """What is decided now."""

    def work(connection: Connection) -> PolicyView:
        id, decided = current(connection)
        return _view(version(connection, id)[0] if id else None, decided)

    return transact(means.pool, work)


def show_policy_version(means: Means, caller: Caller, version_id: str) -> PolicyView:
    """What was decided in a version."""

    def work(connection: Connection) -> PolicyView:
        newest, _ = current(connection)
        if not version_id.isdecimal() or not 1 <= int(version_id) <= newest:
            raise not_found(f"there is no version {version_id} of the policy", f"the newest is {newest}")
        return _view(*version(connection, int(version_id)))

    return transact(means.pool, work)


def list_policy_versions(means: Means, caller: Caller, query: Page) -> tuple[Version, ...]:
    """The versions of the policy, the newest first: since when, by whom, why."""
    most = min(max(1, query.most), MOST)
    return tuple(transact(means.pool, lambda connection: history(connection, most, query.before)))


def change_policy(means: Means, caller: Caller, body: NewPolicy) -> Changed:
    """Decide something else.

    Exactly the instances that depend on what differs are evaluated again. Whoever asks must have the scope in every legal entity.
    """
    if caller.entities is not None:
        raise Refusal(
            403, f"{caller.holder} decides nothing for all entities", mend="their own codes are at /v1/crosswalks"
        )

    def edit(decided: Decided) -> Decided:
        if body.flows is not None:
            for spec in body.flows:
                load(spec)
            decided = msgspec.structs.replace(decided, flows=body.flows)
        decided = with_tables(decided, body.policy, "policy", load)
        return decided if body.complete is None else with_complete(decided, body.complete)

    return _change(means, caller, edit, body.why, body.expected)


def show_crosswalk(means: Means, caller: Caller, table: str, query: Which) -> CrosswalkView:
    """The rows of a crosswalk: what a code of one system is called in another."""
    id, decided = transact(means.pool, current)
    crosswalk = decided.policy.crosswalk(table)
    if not crosswalk.declared:
        fault = unknown_table(decided.policy, table)
        raise not_found(fault.what, fault.mend)
    plain = crosswalk.plain(query.code)
    rows = tuple(
        CodeRow(code=row.code, target=row.target, from_on=row.from_on, to_on=row.to_on, entity=row.entity)
        for row in crosswalk.codes.rows
        if (not query.code or crosswalk.plain(row.code) == plain) and caller.may(caller.scope, row.entity or None)
    )
    return CrosswalkView(table=table, match=crosswalk.codes.match, version=id, rows=rows)


def set_codes(means: Means, caller: Caller, table: str, body: NewCodes) -> Changed:
    """Say what codes are called. The instances that looked one of them up are evaluated again, and no other."""
    for n, row in enumerate(body.rows):
        _allowed(caller, row.entity, f"rows[{n}].entity")
    if body.replace and caller.entities is not None:
        raise Refusal(403, f"{caller.holder} replaces no table of all entities", where="replace", mend="leave it out")

    def edit(decided: Decided) -> Decided:
        given = [msgspec.to_builtins(row, builtin_types=(dt.date,)) for row in body.rows]
        return with_codes(
            decided, table, given, "rows", declare=body.declare, replace=body.replace, match=body.match
        )  # fmt: skip

    return _change(means, caller, edit, body.why, body.expected)


def remove_code(means: Means, caller: Caller, table: str, query: Gone) -> Changed:
    """Take the rows of a code away, of all days. The instances that looked it up are evaluated again, and no other."""
    _allowed(caller, query.entity, "entity")
    return _change(
        means, caller, lambda decided: without_code(decided, table, query.code, query.entity), query.why, query.expected
    )


def _allowed(caller: Caller, entity: str, where: str) -> None:
    if not caller.may(caller.scope, entity):
        place = f"in {entity!r}" if entity else "for all entities"
        raise Refusal(
            403, f"{caller.holder} decides nothing {place}", where=where, mend="name an entity that is theirs"
        )


def _change(
    means: Means, caller: Caller, edit: Callable[[Decided], Decided], why: str, expected: int | None
) -> Changed:
    if not why.strip():
        raise Refusal(422, "says nothing", where="why", mend="say in a few words why it is changed")
    by = By(caller.holder, caller.kind, why)  # type: ignore[arg-type]  # a caller is a person or a service
    now = dt.datetime.now(dt.UTC)
    return transact(means.pool, lambda connection: change(connection, edit, by, now, expected))


def _view(made: Version | None, decided: Decided) -> PolicyView:
    return PolicyView(
        version=made.id if made else 0, at=made.at if made else None, who=made.who if made else "",
        why=made.why if made else "", hash=decided.policy.version, policy=tables(decided.policy),
        complete=decided.complete, flows=decided.flows,
    )  # fmt: skip
