"""``/v1/trail``: who changed what, when and why."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.store.connection import transact
from tieout.store.trail import Wanted, Written, find

from .caller import Caller
from .means import Means
from .refusal import Refusal


class TrailEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change."""

    id: int
    at: dt.datetime
    who: str
    kind: str
    """person, service, or tieout where nobody asked for it"""
    what: str
    """Noun and verb: `case.assign`."""
    subject: str
    """What was changed."""
    why: str
    before: msgspec.Raw
    """What it was; null where there was nothing."""
    after: msgspec.Raw
    """What it became; null where nothing is left."""


class Trail(msgspec.Struct, frozen=True):
    """Entries of the audit trail, the newest first."""

    entries: tuple[TrailEntry, ...]


def show_trail(means: Means, caller: Caller, query: Wanted) -> Trail:
    """Who changed what, when and why, from what to what. For whoever administers all entities.

    `tieout verify` proves that it is as it was written.
    """
    if caller.entities is not None:
        raise Refusal(
            403, f"{caller.holder} does not administer every entity, and the trail tells of all", where="Authorization",
            mend="ask for the role admin without an entity",
        )  # fmt: skip
    found = transact(means.pool, lambda connection: find(connection, query))
    return Trail(tuple(_shown(entry) for entry in found))


def _shown(entry: Written) -> TrailEntry:
    fields = msgspec.structs.asdict(entry)
    for name in ("before", "after"):
        fields[name] = msgspec.Raw((fields[name] or "null").encode())
    return TrailEntry(**fields)
