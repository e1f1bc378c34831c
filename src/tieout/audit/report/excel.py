"""The workbook: every finding with its documents, the bridge, and what was read and refused.

Amounts are numbers with their currency's decimals. Text is only ever written as text, and what a spreadsheet could take for
a formula also carries the quote prefix, so that it stays text when somebody edits the cell or saves it as CSV and back.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from tieout.audit.result import AuditResult, BridgeRow
from tieout.canon.finding import RISKS, Finding
from tieout.canon.money import exponent, format_minor, to_decimal

from . import figures
from .words import MEANING, MONEY_GROUPS, day_text, group_title, risk_title

ROWS = 1_048_576
"""Rows of an Excel sheet, its header included."""
_DIGITS = 10**15
"""Excel keeps 15 digits of a number; a longer amount is written as text, so that no cent is lost."""
_CELL = 32_767
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


class Money(NamedTuple):
    """An amount for a cell."""

    minor: int
    currency: str


Columns = tuple[tuple[str, int], ...]
"""Header and width in characters."""

Cell = str | int | dt.date | Money | None


class _Book:
    """A workbook, its formats, and the one rule by which a value becomes a cell."""

    def __init__(self, rows: int) -> None:
        self.rows = rows
        self.content = io.BytesIO()
        self.workbook = xlsxwriter.Workbook(
            self.content,
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self.formats: dict[str, Any] = {}

    def format(self, name: str, **properties: Any) -> Any:
        if name not in self.formats:
            font = {"font_name": "Arial", "font_size": 10, "valign": "top"}
            self.formats[name] = self.workbook.add_format(font | properties)
        return self.formats[name]

    def write(self, sheet: Any, row: int, column: int, value: Cell, bold: bool = False) -> None:
        weight: dict[str, Any] = {"bold": True} if bold else {}
        if isinstance(value, Money):
            digits = exponent(value.currency)
            pattern = "#,##0" + ("." + "0" * digits if digits else "")
            shape = self.format(
                f"money{digits}{bold}", num_format=f"{pattern};\u2212{pattern}", align="right", **weight
            )
            if abs(value.minor) < _DIGITS:
                sheet.write_number(row, column, to_decimal(value.minor, value.currency), shape)
            else:
                sheet.write_string(row, column, format_minor(value.minor, value.currency), shape)
        elif isinstance(value, int):
            sheet.write_number(row, column, value, self.format(f"count{bold}", num_format="#,##0", **weight))
        elif isinstance(value, dt.date):
            moment = dt.datetime.combine(value, dt.time())
            sheet.write_datetime(row, column, moment, self.format("day", num_format="yyyy-mm-dd", align="left"))
        elif value:
            text = value if len(value) <= _CELL else value[: _CELL - 1] + "…"
            quoted = text.startswith(_FORMULA)
            shape = self.format(f"text{bold}{quoted}", quote_prefix=quoted, **weight)
            sheet.write_string(row, column, text, shape)

    def table(self, name: str, columns: Columns, rows: Iterable[tuple[Cell, ...]]) -> None:
        """A sheet with a frozen, filterable header; it goes on in ``name 2`` where one sheet is full."""
        number, sheet, at = 0, None, 0
        for values in rows:
            if sheet is None or at == self.rows:
                self._close(sheet, at, len(columns))
                number += 1
                sheet, at = self._open(name if number == 1 else f"{name} {number}", columns), 1
            for column, value in enumerate(values):
                self.write(sheet, at, column, value)
            at += 1
        if sheet is None:
            sheet, at = self._open(name, columns), 1
        self._close(sheet, at, len(columns))

    def _open(self, name: str, columns: Columns) -> Any:
        sheet = self.workbook.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for index, (_, width) in enumerate(columns):
            sheet.set_column(index, index, width)
        for index, (title, _) in enumerate(columns):
            sheet.write_string(0, index, title, self.format("header", bold=True, bottom=1, text_wrap=True))
        return sheet

    def _close(self, sheet: Any, rows: int, columns: int) -> None:
        if sheet is not None:
            sheet.autofilter(0, 0, max(rows - 1, 0), columns - 1)


def write_excel(result: AuditResult, path: Path, rows: int = ROWS) -> None:
    """Write the workbook; ``rows`` is the length of a sheet, beyond which it is split."""
    path.parent.mkdir(parents=True, exist_ok=True)
    book = _Book(rows)
    book.workbook.set_properties(
        {"title": f"Tieout audit as of {result.as_of}", "created": dt.datetime.combine(result.as_of, dt.time())}
    )
    _summary(book, result)
    _findings(book, result)
    _bridge(book, result)
    _sources(book, result)
    try:
        book.workbook.close()
    except FileCreateError as error:
        raise error.args[0] from None  # the OSError that it wraps
    path.write_bytes(book.content.getbuffer())


def _summary(book: _Book, result: AuditResult) -> None:
    sheet = book.workbook.add_worksheet("Summary")
    for column, width in enumerate((34, 20, 12, 90)):
        sheet.set_column(column, column, width)
    base, counts = result.base_currency, figures.group_counts(result)
    lines: list[tuple[bool, tuple[Cell, ...]]] = [
        (True, (f"{result.company or 'Tieout'}: money at risk",)),
        (False, (f"As of {day_text(result.as_of)}, base currency {base}",)),
        (False, (figures.sentence(result),)),
        (False, ()),
        (True, ("Total (never added together)", f"Exposure, {base}", "Findings", "What it means")),
    ]
    for group in MONEY_GROUPS:
        amount = Money(result.totals.get(group.value, 0), base)
        lines.append((False, (group_title(group), amount, counts[group], MEANING[group])))
    lines += [(False, ()), (True, ("Class", f"Exposure, {base}", "Findings", "Total"))]
    for row in figures.by_class(result):
        name = group_title(RISKS[row.risk].group)
        lines.append((False, (risk_title(row.risk), Money(row.exposure, base), row.count, name)))
    lines += [(False, ()), (True, ("Cause", f"Exposure, {base}", "Findings", "Owner"))]
    lines += [(False, (c.title, Money(c.exposure_base, base), c.findings, c.owner)) for c in result.causes[:100]]
    lines += [(False, ()), (True, ("Rate to the base currency", "Rate", "", "Day and source"))]
    lines += [(False, (used.currency, used.rate, None, f"{used.on} {used.source}")) for used in result.fx]
    lines += [(False, (f"{currency}: {count} findings without a rate are in no total",))
              for currency, count in sorted(figures.without_rate(result).items())]  # fmt: skip
    lines += [(False, (note,)) for note in result.notes]
    for at, (bold, cells) in enumerate(lines):
        for column, value in enumerate(cells):
            book.write(sheet, at, column, value, bold)


def _findings(book: _Book, result: AuditResult) -> None:
    def values(rank: int, finding: Finding) -> tuple[Cell, ...]:
        base, currency = figures.base_exposure(result, finding), finding.currency
        return (
            rank, risk_title(finding.risk), group_title(finding.group), finding.why,
            Money(finding.exposure, currency), currency, Money(finding.tax, currency),
            None if base is None else Money(base, result.base_currency), finding.entity, finding.owner,
            finding.customer, finding.since, finding.subject, finding.period, finding.variant, finding.cause,
            "; ".join(f"{name} {format_minor(amount, currency)}" for name, amount in sorted(finding.amounts.items())),
            "; ".join(finding.documents),
        )  # fmt: skip

    columns: Columns = (
        ("Rank", 7), ("Class", 22), ("Total", 15), ("Why", 70), ("Exposure", 16), ("Currency", 9), ("Tax", 14),
        (f"Exposure, {result.base_currency}", 16), ("Entity", 10), ("Owner", 18), ("Customer", 24), ("Since", 12),
        ("Subject", 34), ("Period", 10), ("Variant", 16), ("Cause", 30), ("Further amounts", 30), ("Documents", 60),
    )  # fmt: skip
    book.table("Findings", columns, (values(rank, finding) for rank, finding in enumerate(result.findings, 1)))
    documents = (
        (rank, risk_title(finding.risk), finding.subject, relation, *_split(key))
        for rank, finding in enumerate(result.findings, 1)
        for relation, keys in (("document", finding.documents), ("held up", finding.holds))
        for key in keys
    )
    columns = (
        ("Finding", 9), ("Class", 22), ("Subject", 34), ("Relation", 10), ("Type", 18), ("System", 14), ("Id", 34),
    )  # fmt: skip
    book.table("Documents", columns, documents)


def _split(key: str) -> tuple[str, str, str]:
    kind, _, rest = key.partition("/")
    system, _, identifier = rest.partition("/")
    return kind, system, identifier


def _bridge(book: _Book, result: AuditResult) -> None:
    def tied(is_tied: bool) -> str:
        return "source total" if is_tied else "not tied to a source total"

    def values(row: BridgeRow) -> Iterable[tuple[Cell, ...]]:
        def entry(kind: str, name: str, amount: int, *rest: Cell) -> tuple[Cell, ...]:
            where = (row.row, row.title, row.entity, row.period, row.currency)
            return (*where, kind, name, Money(amount, row.currency), *rest)

        yield entry("from", row.from_name, row.from_total, None, None, None, tied(row.from_tied))
        for line in row.lines:
            own = bool(row.functional_currency) and line.functional is not None
            functional = Money(line.functional or 0, row.functional_currency) if own else None
            yield entry("line", line.name, line.amount, functional, line.count, None, None)
            for key, amount in line.documents:
                yield entry("document", line.name, amount, None, None, key, None)
        yield entry("unexplained", "unexplained", row.unexplained, None, None, None, "; ".join(row.completeness))
        yield entry("to", row.to_name, row.to_total, None, None, None, tied(row.to_tied))

    columns = (
        ("Row", 6), ("Title", 26), ("Entity", 10), ("Period", 10), ("Currency", 9), ("Kind", 12), ("Line", 34),
        ("Amount", 18), ("Functional", 18), ("Documents", 11), ("Document", 36), ("Tied to", 40),
    )  # fmt: skip
    book.table("Bridge", columns, (cells for row in result.bridge for cells in values(row)))


def _sources(book: _Book, result: AuditResult) -> None:
    kpis = ((k.name, k.value, k.detail, "; ".join(f"{p}: {v}" for p, v in k.parts.items())) for k in result.kpis)
    book.table("KPIs", (("Figure", 34), ("Value", 20), ("Detail", 60), ("Parts", 80)), kpis)
    unknown = ((u.what, u.document, u.entity, u.currency, Money(u.amount, u.currency)) for u in result.unknown)
    columns: Columns = (("Why not judged", 60), ("Document", 36), ("Entity", 10), ("Currency", 9), ("Amount", 18))
    book.table("Not judged", columns, unknown)
    files = (
        (f.path, f.system, f.type, f.rows, f.accepted, f.rejected, f.unjoined, f.bytes,
         "; ".join(f"{name} {total}" for name, total in sorted(f.totals.items())), f.sha256)
        for f in result.files
    )  # fmt: skip
    columns = (
        ("File", 40), ("System", 14), ("Type", 18), ("Rows", 10), ("Accepted", 10), ("Rejected", 10), ("Unjoined", 10),
        ("Bytes", 14), ("Control totals", 60), ("SHA-256", 66),
    )  # fmt: skip
    book.table("Files", columns, files)
    rejections = ((r.path, r.line, r.field, r.what, r.mend) for r in result.rejections)
    columns = (("File", 40), ("Line", 9), ("Field", 20), ("What is wrong", 60), ("How to mend it", 60))
    book.table("Rejections", columns, rejections)
