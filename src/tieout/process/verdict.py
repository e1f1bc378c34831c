"""What `evaluate` answers for one instance."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.finding import Finding, Position


class MilestoneState(msgspec.Struct, frozen=True, kw_only=True):
    """How far one milestone or gate is."""

    name: str
    reached_at: dt.datetime | None = None
    planned_at: dt.datetime | None = None
    """When it was or is due to happen, following the planned times of its predecessors."""
    late: bool = False
    known: bool = True
    """False where the systems that could tell are not covered: then it is never late."""
    held_by: tuple[str, ...] = ()
    """For gates that are shut: the milestones that hold them."""
    note: str = ""


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """Money that could not be judged, because a source's file is not complete for it."""

    what: str
    document: str
    entity: str
    currency: str
    amount: int
    count: int = 1
    """How many documents' money this is, where several were added up (`document` is the first of them)."""


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """One slice of money: a charge chain's period, and what became of it, in minor units."""

    charge: str
    from_on: dt.date
    to_on: dt.date
    due_on: dt.date | None
    expected: int
    fulfilled: int
    billed: int
    state: str
    """In words: billed, not due, in advance, late, free …"""
    documents: tuple[str, ...] = ()


class Measure(msgspec.Struct, frozen=True):
    """One observation that a KPI is made from: a number (days, hours, a count) or an amount in minor units."""

    name: str
    entity: str
    currency: str
    number: float | None = None
    amount: int = 0
    key: str = ""
    """What it is counted by, such as a reason, an age band or a state."""


class Outcome:
    """What the controls of an instance found, filled while they run; slices only where ``detail`` is asked for."""

    __slots__ = ("detail", "findings", "measures", "positions", "reads", "slices", "unknown", "wake_on")

    def __init__(self, detail: bool = False) -> None:
        self.detail = detail
        self.findings: list[Finding] = []
        self.positions: list[Position] = []
        self.slices: list[Slice] = []
        self.unknown: list[Unknown] = []
        self.measures: list[Measure] = []
        self.reads: set[str] = set()
        """Policy entries that were asked for, misses included (``crosswalk/item/SKU-7``)."""
        self.wake_on: dt.date | None = None

    def wake(self, day: dt.date) -> None:
        """Ask to be evaluated again on ``day``, unless something earlier was asked for."""
        if self.wake_on is None or day < self.wake_on:
            self.wake_on = day


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """Milestones, findings, bridge positions, slices and money not judged; when to look again, what policy was read."""

    flow: str
    instance: str
    milestones: tuple[MilestoneState, ...] = ()
    findings: tuple[Finding, ...] = ()
    positions: tuple[Position, ...] = ()
    slices: tuple[Slice, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    measures: tuple[Measure, ...] = ()
    wake_at: dt.datetime | None = None
    reads: tuple[str, ...] = ()
    """Policy entries that it depends on, misses included (``crosswalk/item/SKU-7``)."""
