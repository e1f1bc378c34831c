"""Everything that an installation knows, for other tools: documents, findings and bridge as Parquet, and an event log."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from tieout import policy
from tieout.audit.export import write_documents
from tieout.audit.live import known
from tieout.audit.ocel_file import write_ocel
from tieout.audit.progress import Progress, silent
from tieout.audit.report.files import write_parquet
from tieout.audit.span import Span
from tieout.engine.decided import Complete
from tieout.store.event_log import event_log

from .policy_file import toml


class Exported(msgspec.Struct, frozen=True):
    """What an event log holds, and what is not in it yet."""

    objects: int
    events: int
    unfinished: tuple[int, int]
    """Instances still to be evaluated, deliveries to be interpreted."""


def export_tables(dsn: str, folder: Path, as_of: dt.date, progress: Progress = silent) -> dict[str, int]:
    """Documents, findings and bridge of now as Parquet, with an ``audit.toml``: the folder can be audited, with the same result.

    How many documents of each type.
    """
    with known(dsn, progress=progress) as now:
        written = write_documents(now, folder)
        write_parquet(now.judged(Span(as_of=as_of), progress=progress), folder)
        decided = now.ruling.decided
        tables = policy.tables(decided.policy)
        tables["audit"] = {**tables.get("audit", {}), "as_of": as_of}
        tables |= written | {"complete": [_complete(entry) for entry in decided.complete]}
        (folder / "audit.toml").write_text(
            toml({name: table for name, table in tables.items() if table}), encoding="utf-8"
        )
        return now.documents


def export_events(dsn: str, path: Path) -> Exported:
    """The milestones that were reached, with the documents that they are about, as OCEL 2.0 JSON."""
    with event_log(dsn) as log:
        unfinished = log.unfinished()
        objects, events = write_ocel(log.things(), log.happened(), path)
    return Exported(objects, events, unfinished)


def _complete(entry: Complete) -> dict[str, Any]:
    found: dict[str, Any] = {"system": entry.system, "type": entry.type, "entity": entry.entity}
    return found | {name: day for name, day in (("from", entry.from_on), ("to", entry.to_on)) if day is not None}
