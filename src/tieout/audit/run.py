"""`audit`: exports in, result out."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import msgspec

from tieout.canon.faults import Fault, InputFault, MappingFault, nearest
from tieout.process.flows import FLOWS
from tieout.setwise.flows import load as load_flow

from .evaluation import Basis, evaluated, newest_day
from .mentions import unheard
from .progress import Progress, silent
from .read import Loaded, load
from .result import AuditResult
from .scratch import scratch
from .span import Span

_NOTHING_CLAIMED = (
    "no file is declared complete ([[complete]] in audit.toml), so nothing counts as missing: "
    "what was not billed, posted or paid is not judged"
)
_LOGS_NEED_A_FLOW = (
    "event logs are read and not judged: that takes a flow of your own, --flow FLOW.py "
    "(docs/mapping.md, [[logs]], has an example)"
)


def audit(
    directory: Path,
    *,
    as_of: dt.date | None = None,
    entities: tuple[str, ...] = (),
    flows: tuple[str, ...] = (),
    period: str | None = None,
    items: Path | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Audit the exports of a directory (`audit.toml` says what they are).

    ``as_of``: the end of this day, default the mapping's. ``entities`` and ``flows``: only these (names, or files with
    a flow of one's own), default all. ``period``: the bridge of one month (``YYYY-MM``), default all months up to the day.
    ``items``: a folder for every position of the bridge, itemised, as Parquet. Raises MappingFault and InputFault for
    what the user has to mend.
    """
    began = time.monotonic()
    with opened(directory, progress) as (database, connection, loaded):
        day = as_of or loaded.mapping.audit.as_of or newest_day(connection)
        if day is None:
            raise _nothing_read(loaded)
        _check_entities(entities, loaded)
        span = Span(as_of=day, entities=entities, flows=flows or tuple(FLOWS), period=period or "")
        told = [_LOGS_NEED_A_FLOW] if loaded.mapping.logs and not flows else []
        if loaded.mapping.files and not loaded.mapping.complete:
            told.append(_NOTHING_CLAIMED)
        told += [note for name in span.flows for note in unheard(connection, load_flow(name))]
        result = evaluated(database, connection, _basis(loaded), span, items=items, progress=progress)
    return msgspec.structs.replace(result, notes=(*told, *result.notes), seconds=time.monotonic() - began)


@contextmanager
def opened(directory: Path, progress: Progress = silent) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection, Loaded]]:
    """The exports read into a database of their own, which is gone afterwards: its file, a connection, what was read."""
    if not directory.is_dir():
        raise InputFault("no such directory", where=str(directory), mend="name the folder with the exports")
    with scratch("the audit") as (database, connection):
        yield database, connection, load(directory, connection, progress)


def _nothing_read(loaded: Loaded) -> Fault:
    """Why there is no day to audit: nothing could be read, or nothing that was read says a day."""
    for file in loaded.files:
        if file.rejected:
            return InputFault("no row could be read that says a day; " + "; ".join(file.reasons), where=file.path)
    return MappingFault("no day to audit", where="audit.toml", mend="say as_of = 2026-06-30, or --as-of")


def _basis(loaded: Loaded) -> Basis:
    mapping = loaded.mapping
    return Basis(
        policy=loaded.policy, coverage=loaded.coverage, base_currency=mapping.audit.base_currency,
        company=mapping.audit.company,
        entity_names={name: str(entity.get("name", name)) for name, entity in mapping.entities.items()},
        files=loaded.files, rejections=loaded.rejections, notes=loaded.notes,
    )  # fmt: skip


def _check_entities(entities: tuple[str, ...], loaded: Loaded) -> None:
    known = loaded.mapping.entities
    for entity in entities:
        if known and entity not in known:
            mend = nearest(entity, known) or f"entities are {', '.join(known)}"
            raise InputFault(f"there is no entity {entity!r}", where="--entity", mend=mend)
