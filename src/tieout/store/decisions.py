"""Versions of the policy: kept, read, changed; and exactly what a change touches is marked.

A change waits for the evaluations that are under way, and those that follow wait for it: none is committed over it. Who made it, why,
and what was decided before and after goes into the audit trail in the same transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import msgspec

from tieout.canon.faults import InputFault
from tieout.engine.decided import Decided
from tieout.engine.declared import declared
from tieout.engine.touched import UNNAMED, Touched, differences, touched
from tieout.policy import Change
from tieout.setwise.flows import load

from .connection import Connection
from .errors import Outdated
from .statements import sql
from .trail import By, Entry, append

SUBJECT = "policy"
"""Of its entries in the audit trail."""


class Version(msgspec.Struct, frozen=True):
    """One version of the policy: since when, by whom, why."""

    id: int
    at: dt.datetime
    who: str
    why: str
    hash: str
    """Of everything decided in it: equal policies have equal hashes."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change."""

    version: int
    """The version that holds now; the one from before where nothing differs."""
    changes: tuple[Change, ...] = ()
    instances: int = 0
    """How many are evaluated again."""


def current(connection: Connection) -> tuple[int, Decided]:
    """The version that holds, and what it decides; (0, nothing decided) before the first."""
    row = connection.execute(sql("current_policy")).fetchone()
    return (0, Decided()) if row is None else (row[0], Decided.decode(row[1]))


def history(connection: Connection, most: int = 100, before: int | None = None) -> list[Version]:
    """The versions, the newest first; ``before``: only older ones than this."""
    return [Version(*row) for row in connection.execute(sql("policy_versions"), {"most": most, "before": before})]


def version(connection: Connection, id: int) -> tuple[Version, Decided]:
    """A version and what it decides. Raises InputFault for one that there is not."""
    row = connection.execute(sql("policy_version"), {"id": id}).fetchone()
    if row is None:
        newest, _ = current(connection)
        mend = f"there are 1 to {newest}" if newest else "none was made yet"
        raise InputFault(f"there is no version {id} of the policy", mend=mend)
    return Version(*row[:5]), Decided.decode(row[5])


def decide(connection: Connection, decided: Decided, who: str, why: str, now: dt.datetime) -> int:
    """Make this the policy that holds, in the transaction that is open; its version."""
    return change(connection, lambda _: decided, By(who, why=why), now).version


def change(
    connection: Connection, edit: Callable[[Decided], Decided], by: By, now: dt.datetime, expected: int | None = None
) -> Changed:  # fmt: skip
    """Decide something else than what holds, in the transaction that is open. Nothing is made where nothing differs.

    ``expected``: the version that ``edit`` was thought for. Raises Outdated where another one holds, and what ``edit`` raises.
    """
    row = connection.execute(sql("lock_policy")).fetchone()
    assert row is not None
    known, body = row
    if expected is not None and expected != (known or 0):
        raise Outdated(f"version {known or 0} of the policy holds by now, and not {expected}")
    before = Decided() if body is None else Decided.decode(body)
    after = edit(before)
    if known is not None and after.encode() == before.encode():
        return Changed(version=known)
    parameters = {
        "who": by.who, "why": by.why, "hash": after.policy.version, "body": after.encode(), "now": now,
    }  # fmt: skip
    ((made,),) = connection.execute(sql("decide"), parameters).fetchall()
    changes = differences(before, after)
    append(connection, _entry(by, known, made, changes))
    return Changed(version=made, changes=changes, instances=_mark(connection, touched(before, after), now))


def _entry(by: By, known: int | None, made: int, changes: Iterable[Change]) -> Entry:
    listed = list(changes)
    return by.did(
        "policy.change", SUBJECT,
        before={"version": known, "decided": {c.about: c.before for c in listed if c.before}} if known else None,
        after={"version": made, "decided": {c.about: c.after for c in listed if c.after}},
    )  # fmt: skip


def _mark(connection: Connection, found: Touched, now: dt.datetime) -> int:
    """Mark what a change touches; how many instances are evaluated again."""
    _touch(connection, found)
    if found.casework:
        connection.execute(sql("tell_cases"), _places(found.casework, found.named))
    if found.everything:
        connection.execute(sql("mark_everything"), {"now": now})
        ((waiting,),) = connection.execute(sql("count_marked")).fetchall()
        return int(waiting)
    ids = sorted(_instances(connection, found))
    if ids:
        connection.execute(sql("mark_instances"), {"id": ids, "now": now, "lane": found.lane})
    return len(ids)


def _instances(connection: Connection, found: Touched) -> set[int]:
    named = list(found.named)
    asked: list[tuple[str, dict[str, object]]] = []
    if found.entries:
        asked.append(("instances_by_entry", {"entry": sorted(found.entries)}))
    if found.tables:
        asked.append(("instances_by_table", {"table": sorted(found.tables)}))
    if found.owners:
        risk, entity = zip(*sorted(found.owners), strict=True)
        asked.append(("instances_by_finding", {"risk": list(risk), "entity": list(entity), "named": named}))
    if found.steps:
        flow, entity = zip(*sorted(found.steps), strict=True)
        asked.append(("instances_by_step", {"flow": list(flow), "entity": list(entity), "named": named}))
    if found.entities:
        asked.append(("instances_by_entity", _places(found.entities, found.named)))
    if found.mirrored:
        asked.append(("instances_by_mirror", {"type": sorted(found.mirrored)}))
    return {id_ for name, parameters in asked for (id_,) in connection.execute(sql(name), parameters)}


def _places(entities: Iterable[str], named: Iterable[str]) -> dict[str, object]:
    listed = sorted(entities)
    return {"entity": [e for e in listed if e != UNNAMED], "unnamed": UNNAMED in listed, "named": list(named)}


def _touch(connection: Connection, found: Touched) -> None:
    """Have instances looked for that there may be now: of systems with another role, of flows that did not run."""
    if found.systems:
        connection.execute(sql("touch_systems"), {"system": sorted(found.systems)})
    types = set()
    for spec in found.flows:
        plan = declared(load(spec))
        types |= {plan.anchor_type} | {plan.relations[stray.documents._name].type for stray in plan.flow.strays}
    if types:
        connection.execute(sql("touch_types"), {"type": sorted(types)})
