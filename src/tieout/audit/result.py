"""What an audit found: the one shape that the terminal, HTML, Excel, Parquet and JSON outputs are made from."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.finding import Finding
from tieout.process.bridge import BridgeLine, BridgeRow
from tieout.process.causes import Cause
from tieout.process.kpis import Kpi
from tieout.process.verdict import Unknown

__all__ = [
    "CYCLE_BANDS", "AuditResult", "BridgeLine", "BridgeRow", "Cause", "CycleTime", "Edge", "FileQuality", "FxUsed", "Kpi",
    "Milestone", "Rejection",
]  # fmt: skip


class FileQuality(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the audit: what was read, refused and left unjoined, with control totals by money column."""

    path: str
    system: str
    type: str
    rows: int
    accepted: int
    rejected: int
    reasons: tuple[str, ...] = ()
    """The most frequent reasons to refuse rows, with their number, the first line, and how to mend it."""
    unjoined: int = 0
    """Documents whose reference leads to no document that we have."""
    totals: dict[str, str] = {}
    """``net EUR`` → decimal sum, to compare with the source's own."""
    sha256: str = ""
    bytes: int = 0


class Rejection(msgspec.Struct, frozen=True, kw_only=True):
    """One row that was refused: where, what and how to mend it."""

    path: str
    line: int
    field: str
    what: str
    mend: str


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the process map: how many instances took it and how long."""

    flow: str
    source: str
    target: str
    count: int
    median_hours: float | None = None
    late: int = 0


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the process map."""

    flow: str
    name: str
    reached: int
    due: int
    late: int
    unknown: int = 0


CYCLE_BANDS: tuple[tuple[str, float], ...] = (
    ("≤ 4 h", 4), ("≤ 1 d", 24), ("≤ 2 d", 48), ("≤ 5 d", 120), ("≤ 10 d", 240), ("≤ 30 d", 720), ("≤ 60 d", 1440),
    ("> 60 d", float("inf")),
)  # fmt: skip
"""The bands of a cycle time's distribution: label, and the longest duration in hours that belongs to it."""


class CycleTime(msgspec.Struct, frozen=True, kw_only=True):
    """How long one step of a flow takes (``bill trigger → issued``), as a distribution over `CYCLE_BANDS`.

    Those that still wait are counted by their age beside the finished ones: what never ends must not make a step look fast.
    """

    flow: str
    name: str
    done: tuple[int, ...]
    waiting: tuple[int, ...]
    p50_hours: float | None = None
    p90_hours: float | None = None


class FxUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The rate that one currency's totals were converted at: 1 ``currency`` = ``rate`` of the base currency."""

    currency: str
    rate: str
    on: dt.date
    source: str


class AuditResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an audit has to say."""

    as_of: dt.date
    base_currency: str
    company: str = ""
    entities: tuple[str, ...] = ()
    entity_names: dict[str, str] = {}
    flows: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    """All, dearest first (by base-currency exposure × urgency)."""
    base_exposure: dict[str, int] = {}
    """Finding identity joined by ``|`` → exposure in base currency minor units; absent where there is no rate."""
    totals: dict[str, int] = {}
    """Group (`Group` value) → Σ exposure in base currency minor units. Never added together."""
    causes: tuple[Cause, ...] = ()
    bridge: tuple[BridgeRow, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    edges: tuple[Edge, ...] = ()
    cycle_times: tuple[CycleTime, ...] = ()
    files: tuple[FileQuality, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    unknown: tuple[Unknown, ...] = ()
    fx: tuple[FxUsed, ...] = ()
    instances: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    """Warnings that the reader must know, such as a row not tied to a source total."""
