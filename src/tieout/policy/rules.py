"""What is decided for an entity, or for all that decided nothing else."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tieout.canon.fiscal import FiscalCalendar

from .casework import CaseRules
from .duration import Duration
from .posting import PostingRules

Mode = Literal["observe", "approve", "enforce"]
"""Whether a flow only looks, asks a person to release each command, or acts."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Decisions by name, with everyone's, the region's and the entity's own laid over one another."""

    tolerances: dict[str, int] = {}
    """Name → minor units a line."""
    durations: dict[str, Duration] = {}
    """``flow.step`` → how long it may take."""
    owners: dict[str, str] = {}
    """Risk class → queue."""
    modes: dict[str, Mode] = {}
    """``flow.risk``, ``flow`` or ``*`` → mode."""
    posting: PostingRules = PostingRules()
    cases: CaseRules = CaseRules()


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A legal entity: who it is, what its calendar is made of, and what holds there."""

    name: str = ""
    region: str = ""
    functional_currency: str = ""
    time_zone: str = "UTC"
    holidays: tuple[dt.date, ...] = ()
    weekend: tuple[int, ...] = (5, 6)
    office_hours: tuple[dt.time, dt.time] = (dt.time(9), dt.time(17))
    fiscal: FiscalCalendar = FiscalCalendar()
    rules: Rules = Rules()
