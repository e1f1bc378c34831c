"""An audit for tools: one JSON document, and Parquet tables. The same result gives the same bytes.

Amounts are decimal strings in major units in JSON, ``decimal128(38, 4)`` in Parquet (no currency has more than four decimals).
Findings are sorted by class, subject and period, so that two runs compare line by line; ``rank`` keeps the order of money.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tieout.audit.result import AuditResult, BridgeRow
from tieout.canon.finding import PRECEDENCE, Finding
from tieout.canon.money import format_minor, to_decimal

from .figures import base_exposure

PARQUET_FILES = ("findings.parquet", "finding_documents.parquet", "bridge_lines.parquet")


def write_json(result: AuditResult, path: Path) -> None:
    """Write `as_json` to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(as_json(result))


def as_json(result: AuditResult) -> bytes:
    """The whole result as one JSON document (docs/architecture.md, "Files that tools read")."""
    base = result.base_currency
    document = {
        "as_of": result.as_of,
        "base_currency": base,
        "company": result.company,
        "entities": result.entities,
        "flows": result.flows,
        "instances": result.instances,
        "totals": {group: format_minor(amount, base) for group, amount in sorted(result.totals.items())},
        "findings": [_finding(result, rank, finding) for rank, finding in ordered(result)],
        "causes": [
            {"key": c.key, "title": c.title, "owner": c.owner, "class": c.risk, "findings": c.findings,
             "amount_base": format_minor(c.exposure_base, base)}
            for c in result.causes
        ],
        "bridge": [_bridge_row(row) for row in sorted(result.bridge, key=_bridge_order)],
        "kpis": [{"name": k.name, "value": k.value, "detail": k.detail, "parts": k.parts} for k in result.kpis],
        "milestones": result.milestones,
        "edges": result.edges,
        "cycle_times": result.cycle_times,
        "not_judged": [
            {"what": u.what, "document": u.document, "entity": u.entity, "currency": u.currency,
             "amount": format_minor(u.amount, u.currency), "documents": u.count}
            for u in sorted(result.unknown, key=lambda u: (u.what, u.document, u.entity, u.currency, u.amount))
        ],
        "files": sorted(result.files, key=lambda file: (file.path, file.system, file.type)),
        "rejections": sorted(result.rejections, key=lambda r: (r.path, r.line, r.field, r.what)),
        "fx": sorted(result.fx, key=lambda used: used.currency),
        "notes": result.notes,
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(document, order="deterministic"), indent=1) + b"\n"


def ordered(result: AuditResult) -> list[tuple[int, Finding]]:
    """(rank by money from 1, finding), sorted by identity."""
    ranked = enumerate(result.findings, 1)
    return sorted(ranked, key=lambda pair: (PRECEDENCE[pair[1].risk], pair[1].subject, pair[1].period))


def _finding(result: AuditResult, rank: int, finding: Finding) -> dict[str, Any]:
    currency, base = finding.currency, base_exposure(result, finding)
    return {
        "class": finding.risk.value,
        "subject": finding.subject,
        "period": finding.period,
        "amount": format_minor(finding.exposure, currency),
        "currency": currency,
        "amount_base": None if base is None else format_minor(base, result.base_currency),
        "tax": format_minor(finding.tax, currency),
        "amounts": {name: format_minor(amount, currency) for name, amount in finding.amounts.items()},
        "group": finding.group.value,
        "variant": finding.variant,
        "entity": finding.entity,
        "owner": finding.owner,
        "customer": finding.customer,
        "since": finding.since,
        "documents": finding.documents,
        "holds": finding.holds,
        "cause": finding.cause,
        "why": finding.why,
        "rank": rank,
    }


def _bridge_order(row: BridgeRow) -> tuple[str, str, str, str]:
    return row.entity, row.currency, row.period, row.row


def _bridge_row(row: BridgeRow) -> dict[str, Any]:
    def money(amount: int) -> str:
        return format_minor(amount, row.currency)

    functional = row.functional_currency
    return {
        "row": row.row, "title": row.title, "entity": row.entity, "currency": row.currency, "period": row.period,
        "from": {"name": row.from_name, "amount": money(row.from_total), "tied": row.from_tied},
        "lines": [
            {"name": line.name, "amount": money(line.amount), "count": line.count,
             "documents": [{"document": key, "amount": money(amount)} for key, amount in line.documents]}
            | ({"functional": format_minor(line.functional, functional)}
               if functional and line.functional is not None else {})
            for line in row.lines
        ],
        "unexplained": money(row.unexplained),
        "to": {"name": row.to_name, "amount": money(row.to_total), "tied": row.to_tied},
        "functional_currency": functional,
        "completeness": row.completeness,
    }  # fmt: skip


_MONEY = pa.decimal128(38, 4)
_PLACES = Decimal("0.0001")

_FINDINGS = pa.schema(
    [("rank", pa.int64()), ("class", pa.string()), ("group", pa.string()), ("subject", pa.string()),
     ("period", pa.string()), ("entity", pa.string()), ("owner", pa.string()), ("customer", pa.string()),
     ("amount", _MONEY), ("tax", _MONEY), ("currency", pa.string()), ("amount_base", _MONEY),
     ("base_currency", pa.string()), ("since", pa.date32()), ("variant", pa.string()), ("cause", pa.string()),
     ("why", pa.string())]
)  # fmt: skip
_DOCUMENTS = pa.schema(
    [("class", pa.string()), ("subject", pa.string()), ("period", pa.string()), ("relation", pa.string()),
     ("document", pa.string())]
)  # fmt: skip
_BRIDGE = pa.schema(
    [("row", pa.string()), ("entity", pa.string()), ("currency", pa.string()), ("period", pa.string()),
     ("position", pa.int64()), ("kind", pa.string()), ("line", pa.string()), ("amount", _MONEY),
     ("tied", pa.bool_()), ("documents", pa.int64())]
)  # fmt: skip


def write_parquet(result: AuditResult, folder: Path) -> None:
    """Write `PARQUET_FILES`: findings, their documents (related and held up), and the lines of the bridge."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = (
        (_finding_rows(result), _FINDINGS), (_document_rows(result), _DOCUMENTS), (_bridge_rows(result), _BRIDGE),
    )  # fmt: skip
    for name, (rows, schema) in zip(PARQUET_FILES, tables, strict=True):
        columns = [
            pa.array(column, field.type) for column, field in zip(_columns(rows, len(schema)), schema, strict=True)
        ]
        pq.write_table(pa.table(columns, schema=schema), folder / name)


def _columns(rows: Iterator[tuple[Any, ...]], width: int) -> list[list[Any]]:
    columns: list[list[Any]] = [[] for _ in range(width)]
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            column.append(value)
    return columns


def _exact(minor: int, currency: str) -> Decimal:
    return to_decimal(minor, currency).quantize(_PLACES)


def _finding_rows(result: AuditResult) -> Iterator[tuple[Any, ...]]:
    for rank, f in ordered(result):
        base = base_exposure(result, f)
        yield (
            rank, f.risk.value, f.group.value, f.subject, f.period, f.entity, f.owner, f.customer,
            _exact(f.exposure, f.currency), _exact(f.tax, f.currency), f.currency,
            None if base is None else _exact(base, result.base_currency), result.base_currency, f.since, f.variant,
            f.cause, f.why,
        )  # fmt: skip


def _document_rows(result: AuditResult) -> Iterator[tuple[Any, ...]]:
    for _, finding in ordered(result):
        for relation, documents in (("document", finding.documents), ("holds", finding.holds)):
            for document in documents:
                yield (*finding.identity, relation, document)


def _bridge_rows(result: AuditResult) -> Iterator[tuple[Any, ...]]:
    for row in sorted(result.bridge, key=_bridge_order):
        where = (row.row, row.entity, row.currency, row.period)
        entries: list[tuple[str, str, int, bool | None, int]] = [
            ("from", row.from_name, row.from_total, row.from_tied, 0),
            *(("line", line.name, line.amount, None, line.count) for line in row.lines),
            ("unexplained", "unexplained", row.unexplained, None, 0),
            ("to", row.to_name, row.to_total, row.to_tied, 0),
        ]
        for position, (kind, name, amount, tied, count) in enumerate(entries):
            yield (*where, position, kind, name, _exact(amount, row.currency), tied, count)
