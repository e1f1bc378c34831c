"""What a preflight answers: what would hold proposed documents up, what would be wrong, and what would follow from them."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.documents import Minor
from tieout.canon.finding import Finding
from tieout.process.verdict import MilestoneState


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would hold it up."""

    code: str
    """What it is, for programs: ``gate_shut``, ``master_data_gap``, ``period_locked`` …"""
    what: str
    where: str
    """Where it is mended: a document and field, a crosswalk's code, a queue."""
    mend: str
    amount: Minor = 0
    """Net money that it holds up, minor units of ``currency``."""
    currency: str = ""
    entity: str = ""
    documents: tuple[str, ...] = ()
    """Keys of what it holds up or is about."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a document to come: a charge's days."""

    charge: str
    from_on: dt.date
    to_on: dt.date
    amount: Minor
    """Net, still to be billed."""


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that would follow."""

    due_on: dt.date | None
    """The last day on which it is in time; None where that depends on what has not happened yet."""
    entity: str
    currency: str
    net: Minor
    parts: tuple[Part, ...]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as it would stand."""

    flow: str
    anchor: str
    """Key of its anchor, or of the document that belongs to nobody."""
    entity: str
    is_new: bool
    milestones: tuple[MilestoneState, ...] = ()
    problem: str = ""
    """Why it could not be evaluated: a fault of ours."""


class Differing(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that would be worth something else."""

    before: Finding
    after: Finding


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """How it would stand at one time."""

    at: dt.datetime | None = None
    """Now."""
    end_of: dt.date | None = None
    """Or the day that was asked for, at its end in each entity's time zone."""
    blocks: tuple[Block, ...]
    """Dearest first."""
    appear: tuple[Finding, ...]
    """Findings that there would be, and are not without it."""
    vanish: tuple[Finding, ...]
    """Findings that there are, and would not be with it."""
    differ: tuple[Differing, ...]
    instances: tuple[Step, ...]


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What would become of proposed documents. Nothing of it was kept."""

    policy: int
    """The version of the policy that it was judged by."""
    moments: tuple[Moment, ...]
    """Now, and as of the later day where one was asked for."""
    coming: tuple[Coming, ...]
    """Invoices that would follow within `HORIZON`, by due date."""
    left_out: int = 0
    """Instances that it would touch too, beyond those that were looked at."""
