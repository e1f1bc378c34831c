"""A case as it stands, and what happened to it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

import msgspec

State = Literal["open", "snoozed", "accepted", "closed"]
"""open: to be worked · snoozed: until a day · accepted: the risk is borne until a day, as two people decided · closed: healed."""
Verification = Literal["unverified", "still broken", "fixed"]
"""What was read back of a claim: nothing was evaluated since · it was, and is still so · nothing is left."""


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acts."""

    holder: str
    """The person or the service: four eyes are two holders."""
    kind: Literal["person", "service", "tieout"] = "person"
    entities: frozenset[str] | None = None
    """The legal entities that they may see; None is all of them."""


TIEOUT = Actor(holder="tieout", kind="tieout")
"""Nobody: findings or time moved the case."""


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """A risk that is to be borne until a day, proposed by one person and approved by another."""

    reason: str
    until: dt.date
    severity: str
    """Of the case when it was proposed: an acceptance does not cover more."""
    proposed_by: str
    proposed_at: dt.datetime
    approved_by: str = ""
    approved_at: dt.datetime | None = None


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody says that it is mended. The next verdict says whether it is."""

    by: str
    at: dt.datetime
    found: Verification = "unverified"


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Findings with one root cause, as one thing to work. Its identity is ``key``, the cause's; ``id`` is its number for people."""

    id: int = 0
    """0 until it is stored."""
    key: str
    version: int = 0
    """How many events it has had: whoever acts says which version they saw."""
    state: State = "open"
    """closed: nothing of it is found any more."""

    risk: str
    """The class of the finding that speaks for it: the cause itself, or the dearest."""
    group: str
    """The total that the class counts in."""
    title: str
    """Why it is one, in a sentence."""
    owner: str
    """The queue."""
    entity: str
    """Of what weighs most in it: its calendar and rules hold."""
    entities: tuple[str, ...] = ()
    """Of all its findings."""
    customer: str = ""
    findings: int = 0
    documents: int = 0
    """That it holds up or is about."""
    currency: str = ""
    """Of ``exposure`` and ``by_group``: the base currency; without one, the only currency in the case."""
    exposure: int = 0
    """What it holds up today (leakage and stuck), else its one group's; minor units of ``currency``."""
    by_group: dict[str, int] = {}
    """Group → exposure in ``currency``."""
    amounts: dict[str, dict[str, int]] = {}
    """Group → currency → minor units, nothing converted."""
    since: dt.date | None = None
    """Since when the first of its findings is wrong."""
    deadline: dt.date | None = None
    """By when the first of them should be mended, where that is known."""

    severity: str = "low"
    """low, medium, high or critical"""
    opened_at: dt.datetime
    clock_at: dt.datetime
    """Since when it is to be resolved: its opening, or the last time it came back."""
    due_at: dt.datetime
    """When it is to be resolved."""
    level: int = 0
    """How many were told that it is late."""
    wake_at: dt.datetime | None = None
    """When time next changes something in it."""
    closed_at: dt.datetime | None = None
    """When it healed, as long as it has not come back."""
    returns: int = 0
    """How often it came back after it had healed."""

    assignee: str = ""
    """Who has it; empty while nobody does."""
    note: str = ""
    """The root cause, in the words of whoever found it."""
    links: tuple[str, ...] = ()
    snoozed_until: dt.date | None = None
    snoozed_at: str = ""
    """The severity at which it was snoozed: a worse one wakes it."""
    acceptance: Acceptance | None = None
    claim: Claim | None = None
    policy: str = ""
    """`Policy.casework_version` that it was last weighed under."""


def put_away_at(case: Case) -> str | None:
    """The severity at which a case was put away; None while it is to be worked. A worse one takes it up again."""
    if case.state == "accepted" and case.acceptance is not None:
        return case.acceptance.severity
    return case.snoozed_at if case.state == "snoozed" else None


def taken_up(case: Case) -> Case:
    """The case, to be worked again. What was only proposed stays so."""
    acceptance = None if case.state == "accepted" else case.acceptance
    return msgspec.structs.replace(case, state="open", snoozed_until=None, snoozed_at="", acceptance=acceptance)


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a case."""

    at: dt.datetime
    who: str
    kind: str
    """Of `Actor`."""
    what: str
    """opened, assigned, snoozed, escalated …"""
    why: str = ""
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    """The fields that changed, as JSON writes them."""


class Change(msgspec.Struct, frozen=True):
    """A case after something happened; no events: only its money moved, or nothing at all."""

    case: Case
    events: tuple[Event, ...] = ()


TOLD = (
    "state", "owner", "severity", "assignee", "note", "links", "snoozed_until", "acceptance", "claim", "level", "exposure",
    "currency", "findings",
)  # fmt: skip
"""The fields whose change an event tells."""


def event(what: str, actor: Actor, at: dt.datetime, why: str, before: Case | None, after: Case) -> Event:
    """What changed between two states of a case, as an event."""
    old = {} if before is None else {name: getattr(before, name) for name in TOLD}
    new = {name: getattr(after, name) for name in TOLD}
    changed = [name for name in TOLD if (new[name] if before is None else old[name] != new[name])]
    return Event(
        at=at, who=actor.holder, kind=actor.kind, what=what, why=why,
        before=msgspec.to_builtins({name: old[name] for name in changed if name in old}),
        after=msgspec.to_builtins({name: new[name] for name in changed}),
    )  # fmt: skip
