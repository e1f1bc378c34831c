"""`audit`: exports in, result out. Reads the files, evaluates every instance, adds up, ties the bridge to the sources' totals."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec

from tieout.canon.documents import GlBalance, SourceTotal
from tieout.canon.faults import Fault, InputFault, MachineFault, MappingFault, nearest
from tieout.canon.finding import Finding
from tieout.process.bridge import Movement, bridge
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge, rank, totals
from tieout.process.flows import FLOWS
from tieout.process.kpis import Measured
from tieout.process.source_totals import BridgePeriod
from tieout.setwise.flows import load as load_flow
from tieout.setwise.gather import Gathered
from tieout.setwise.hydrate import hydrate
from tieout.setwise.run import Task, evaluate_all
from tieout.setwise.tables import table_name

from . import figures
from .mentions import unheard
from .progress import Progress, silent
from .read import Loaded, load
from .result import AuditResult, FxUsed

_MEMORY = "2GB"
_NO_ROOM = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException, duckdb.FatalException)
"""What DuckDB raises when its file or its temporary folder cannot grow."""
_ANY_CURRENCY = "EUR"
"""Of the totals where nothing read names a currency: they are all 0."""
_LOGS_NEED_A_FLOW = (
    "event logs are read and not judged: that takes a flow of your own, --flow FLOW.py "
    "(docs/mapping.md, [[logs]], has an example)"
)
D = TypeVar("D", SourceTotal, GlBalance)


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
        base = loaded.mapping.audit.base_currency or _usual_currency(connection) or _ANY_CURRENCY
        _check_entities(entities, loaded)
        chosen = flows or tuple(FLOWS)
        sources = _documents(connection, SourceTotal), _documents(connection, GlBalance)
        span = bridge_period(period, day, sources[0])
        before = span.before if span is not None and _older(connection, span.first) else None
        task = Task(
            flows=chosen, policy=loaded.policy, known=loaded.coverage.known, as_of=day, before=before,
            entities=entities, items=str(items) if items is not None else "",
        )  # fmt: skip
        journals = figures.journals(connection, day, entities)
        told = [_LOGS_NEED_A_FLOW] if loaded.mapping.logs and not flows else []
        told += [note for name in chosen for note in unheard(connection, load_flow(name))]
        gathered = evaluate_all(database, connection, task, progress)
    progress("adding up", 0, 1)
    result = _result(loaded, gathered, task, base, span, sources, journals, time.monotonic() - began)
    return msgspec.structs.replace(result, notes=(*told, *result.notes))


@contextmanager
def opened(directory: Path, progress: Progress = silent) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection, Loaded]]:
    """The exports read into a database of their own, which is gone afterwards: its file, a connection, what was read."""
    if not directory.is_dir():
        raise InputFault("no such directory", where=str(directory), mend="name the folder with the exports")
    with tempfile.TemporaryDirectory(prefix="tieout-audit-") as folder:
        database = Path(folder) / "audit.duckdb"
        connection = duckdb.connect(str(database), config={"memory_limit": _MEMORY})
        connection.execute("SET enable_progress_bar = false")  # one of its own would be drawn over ours
        try:
            yield database, connection, load(directory, connection, progress)
        except _NO_ROOM as error:
            mend = "make room there, or name another folder in TMPDIR: the audit needs about as much as the exports unpacked"
            raise MachineFault(
                f"cannot hold the audit: {str(error).splitlines()[0]}", where=folder, mend=mend
            ) from None
        except BrokenProcessPool:
            mend = "usually because memory ran out: free some, or audit one --entity at a time"
            raise MachineFault("a process of the audit was ended from outside", where="audit", mend=mend) from None
        finally:
            connection.close()


def _nothing_read(loaded: Loaded) -> Fault:
    """Why there is no day to audit: nothing could be read, or nothing that was read says a day."""
    for file in loaded.files:
        if file.rejected:
            return InputFault("no row could be read that says a day; " + "; ".join(file.reasons), where=file.path)
    return MappingFault("no day to audit", where="audit.toml", mend="say as_of = 2026-06-30, or --as-of")


def bridge_period(period: str | None, day: dt.date, stated: list[SourceTotal]) -> BridgePeriod | None:
    """The month asked for, else all months from the first that a source states a total of; None where there are none."""
    if period:
        try:
            first = dt.date.fromisoformat(f"{period}-01")
        except ValueError:
            raise InputFault(f"{period!r} is not a month", where="--period", mend="write it like 2026-06") from None
        if first > day:
            raise InputFault(f"{period} begins after {day}", where="--period", mend="choose an earlier month")
        return BridgePeriod(first, min(day, _month_end(first)))
    months = sorted(total.period for total in stated if not total.deleted)
    first = dt.date.fromisoformat(f"{months[0]}-01") if months else day.replace(day=1)
    return BridgePeriod(min(first, day), day)


def _month_end(first: dt.date) -> dt.date:
    return (first.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1)


def newest_day(connection: duckdb.DuckDBPyConnection) -> dt.date | None:
    """The newest day on which anything is said to have happened: the day that a mapping without ``as_of`` means."""
    found = []
    for name, field in (*_DATED, ("bank_line", "booked_on"), ("entitlement", "activated_at"), ("event", "at")):
        if (name, field) != ("charge", "start_on"):
            sql = f'SELECT CAST(max("{field}") AS DATE) FROM {table_name(name)}'
            found += [day for (day,) in connection.execute(sql).fetchall() if day is not None]
    return max(found, default=None)


def _usual_currency(connection: duckdb.DuckDBPyConnection) -> str:
    """The currency of most charges, invoices and things, where the mapping names no base currency; empty where none has one."""
    each = " UNION ALL ".join(
        f"SELECT currency FROM {table_name(name)}" for name in ("charge", "invoice", "payment", "object")
    )
    rows = connection.execute(
        f"SELECT currency FROM ({each}) WHERE currency <> '' GROUP BY currency ORDER BY count(*) DESC, currency LIMIT 1"
    ).fetchall()
    return rows[0][0] if rows else ""


_DATED = (("invoice", "issued_at"), ("payment", "captured_at"), ("payment", "recorded_at"), ("order", "accepted_at"),
          ("charge", "start_on"))  # fmt: skip


def _older(connection: duckdb.DuckDBPyConnection, first: dt.date) -> bool:
    """Whether any document is older than the period, so that the bridge has opening positions."""
    for name, field in _DATED:
        sql = f"SELECT 1 FROM {table_name(name)} WHERE {field} < ? LIMIT 1"
        if connection.execute(sql, [dt.datetime.combine(first, dt.time())]).fetchall():
            return True
    return False


def _check_entities(entities: tuple[str, ...], loaded: Loaded) -> None:
    known = loaded.mapping.entities
    for entity in entities:
        if known and entity not in known:
            mend = nearest(entity, known) or f"entities are {', '.join(known)}"
            raise InputFault(f"there is no entity {entity!r}", where="--entity", mend=mend)


def _documents(connection: duckdb.DuckDBPyConnection, type_: type[D]) -> list[D]:
    table = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(str(type_.__struct_config__.tag))}")
    return hydrate(type_, table.to_arrow_table())


def _within(documents: list[D], entities: tuple[str, ...]) -> list[D]:
    return [document for document in documents if not entities or document.entity in entities]


def _result(
    loaded: Loaded, gathered: Gathered, task: Task, base_currency: str, span: BridgePeriod | None,
    sources: tuple[list[SourceTotal], list[GlBalance]], journals: list[Measured], seconds: float,
) -> AuditResult:  # fmt: skip
    policy, mapping = loaded.policy, loaded.mapping
    valuation = Valuation(policy, task.as_of, base_currency)
    ranked = rank(merge(gathered.findings), task.as_of, valuation)
    marked, found = causes(ranked, valuation)
    entities = task.entities or tuple(sorted(mapping.entities))
    stated, balances = _within(sources[0], task.entities), _within(sources[1], task.entities)
    rows = bridge(_movements(gathered), stated, balances, span, policy) if span is not None else ()
    flows = [load_flow(name) for name in task.flows]
    base = {"|".join(f.identity): worth for f in marked if (worth := valuation.of(f.exposure, f.currency)) is not None}
    summed, hours = totals(marked, valuation), figures.ordered(gathered)
    return AuditResult(
        as_of=task.as_of,
        base_currency=valuation.base,
        company=mapping.audit.company,
        entities=entities,
        entity_names={name: str(entity.get("name", name)) for name, entity in mapping.entities.items()},
        flows=tuple(flow.name for flow in flows),
        findings=tuple(marked),
        base_exposure=base,
        totals=summed,
        causes=tuple(found),
        bridge=rows,
        kpis=figures.kpis(gathered, journals, summed, valuation),
        milestones=figures.milestones(flows, gathered),
        edges=figures.edges(flows, gathered, hours),
        cycle_times=figures.cycle_times(gathered, hours),
        files=loaded.files,
        rejections=loaded.rejections,
        unknown=tuple(sorted(gathered.unknown.values(), key=lambda u: (-u.amount, u.what, u.entity, u.currency))),
        fx=tuple(
            FxUsed(currency=currency, rate=figures.decimal(rate.rate), on=rate.on, source=rate.source)
            for currency, rate in sorted(valuation.used.items())
            if rate is not None
        ),
        instances=gathered.instances,
        seconds=seconds,
        notes=(*loaded.notes, *_notes(marked, valuation)),
    )


def _movements(gathered: Gathered) -> list[Movement]:
    return [
        Movement(
            row, name, entity, currency, line.before, line.end,
            line.functional_before if line.booked else None, line.functional if line.booked else None,
            tuple((document, amount) for _, document, amount in sorted(line.top, reverse=True)), line.count,
        )
        for (row, name, entity, currency), line in sorted(gathered.lines.items())
    ]  # fmt: skip


def _notes(findings: list[Finding], valuation: Valuation) -> list[str]:
    """What the reader must know about the totals."""
    missing = sorted(currency for currency, rate in valuation.used.items() if rate is None)
    if not missing:
        return []
    count = sum(finding.currency in missing for finding in findings)
    return [
        f"no exchange rate to {valuation.base} for {', '.join(missing)}: {count} findings in these currencies are in no "
        "total; add rates under [fx] in audit.toml"
    ]
