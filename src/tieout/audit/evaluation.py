"""From documents in tables to a result: every instance evaluated, everything added up, the bridge tied to the sources' totals.

The audit of a folder and the figures of the live engine differ in where the documents come from, and in nothing after that.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import TypeVar

import duckdb
import msgspec

from tieout.canon.dates import month_end
from tieout.canon.documents import GlBalance, SourceTotal
from tieout.canon.faults import InputFault
from tieout.canon.finding import Finding
from tieout.policy import Policy
from tieout.process.bridge import Movement, bridge
from tieout.process.causes import causes
from tieout.process.coverage import Coverage
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
from .progress import Progress, silent
from .result import AuditResult, FileQuality, FxUsed, Rejection
from .span import Span

_ANY_CURRENCY = "EUR"
"""Of the totals where nothing read names a currency: they are all 0."""
D = TypeVar("D", SourceTotal, GlBalance)


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """What documents are judged by, and what else the result has to say of them."""

    policy: Policy
    coverage: Coverage
    base_currency: str = ""
    """Of the totals; empty: the currency of most documents."""
    company: str = ""
    entity_names: dict[str, str] = {}
    files: tuple[FileQuality, ...] = ()
    rejections: tuple[Rejection, ...] = ()
    notes: tuple[str, ...] = ()


def evaluated(
    database: Path, connection: duckdb.DuckDBPyConnection, basis: Basis, span: Span, *, items: Path | None = None,
    progress: Progress = silent,
) -> AuditResult:  # fmt: skip
    """The result of the ``doc_<type>`` tables in ``connection``, whose file is ``database``. The connection may be closed by this.

    ``items``: a folder for every position of the bridge, itemised, as Parquet. Raises InputFault for a period that there is not.
    """
    began = time.monotonic()
    base = basis.base_currency or _usual_currency(connection) or _ANY_CURRENCY
    sources = _documents(connection, SourceTotal), _documents(connection, GlBalance)
    period = bridge_period(span.period, span.as_of, sources[0])
    before = period.before if _older(connection, period.first) else None
    task = Task(
        flows=span.flows or tuple(FLOWS), policy=basis.policy, known=basis.coverage.known, as_of=span.as_of, before=before,
        entities=span.entities, items=str(items) if items is not None else "",
    )  # fmt: skip
    journals = figures.journals(connection, span.as_of, span.entities)
    gathered = evaluate_all(database, connection, task, progress)
    progress("adding up", 0, 1)
    return _result(basis, gathered, task, base, period, sources, journals, time.monotonic() - began)


def bridge_period(period: str, day: dt.date, stated: list[SourceTotal]) -> BridgePeriod:
    """The month asked for, else all months from the first that a source states a total of, or the month of the day."""
    if period:
        try:
            first = dt.date.fromisoformat(f"{period}-01")
        except ValueError:
            raise InputFault(f"{period!r} is not a month", where="--period", mend="write it like 2026-06") from None
        if first > day:
            raise InputFault(f"{period} begins after {day}", where="--period", mend="choose an earlier month")
        return BridgePeriod(first, min(day, month_end(first)))
    months = sorted(total.period for total in stated if not total.deleted)
    first = dt.date.fromisoformat(f"{months[0]}-01") if months else day.replace(day=1)
    return BridgePeriod(min(first, day), day)


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


def _documents(connection: duckdb.DuckDBPyConnection, type_: type[D]) -> list[D]:
    table = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(str(type_.__struct_config__.tag))}")
    return hydrate(type_, table.to_arrow_table())


def _within(documents: list[D], entities: tuple[str, ...]) -> list[D]:
    return [document for document in documents if not entities or document.entity in entities]


def _result(
    basis: Basis, gathered: Gathered, task: Task, base_currency: str, period: BridgePeriod,
    sources: tuple[list[SourceTotal], list[GlBalance]], journals: list[Measured], seconds: float,
) -> AuditResult:  # fmt: skip
    policy = basis.policy
    valuation = Valuation(policy, task.as_of, base_currency)
    ranked = rank(merge(gathered.findings), task.as_of, valuation)
    marked, found = causes(ranked, valuation)
    entities = task.entities or tuple(sorted(basis.entity_names))
    stated, balances = _within(sources[0], task.entities), _within(sources[1], task.entities)
    rows = bridge(_movements(gathered), stated, balances, period, policy)
    flows = [load_flow(name) for name in task.flows]
    base = {"|".join(f.identity): worth for f in marked if (worth := valuation.of(f.exposure, f.currency)) is not None}
    summed, hours = totals(marked, valuation), figures.ordered(gathered)
    return AuditResult(
        as_of=task.as_of,
        base_currency=valuation.base,
        company=basis.company,
        entities=entities,
        entity_names=basis.entity_names,
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
        files=basis.files,
        rejections=basis.rejections,
        unknown=tuple(sorted(gathered.unknown.values(), key=lambda u: (-u.amount, u.what, u.entity, u.currency))),
        fx=tuple(
            FxUsed(currency=currency, rate=figures.decimal(rate.rate), on=rate.on, source=rate.source)
            for currency, rate in sorted(valuation.used.items())
            if rate is not None
        ),
        instances=gathered.instances,
        seconds=seconds,
        notes=(*basis.notes, *_notes(marked, valuation)),
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
