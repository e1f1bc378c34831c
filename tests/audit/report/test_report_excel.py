"""The workbook that a controller opens: numbers that are numbers, text that stays text, and nothing left out."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import openpyxl
import pytest

from tieout.audit.report.excel import write_excel
from tieout.audit.result import AuditResult
from tieout.canon.finding import Finding

SHEETS = ["Summary", "Findings", "Documents", "Bridge", "KPIs", "Not judged", "Files", "Rejections"]


@pytest.fixture(scope="session")
def book(group: AuditResult, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("excel") / "report.xlsx"
    write_excel(group, path)
    return openpyxl.load_workbook(path)


def rows(sheet: Any) -> Iterator[dict[str, Any]]:
    """Rows by the names in the header."""
    names = [cell.value for cell in sheet[1]]
    for cells in sheet.iter_rows(min_row=2):
        yield dict(zip(names, cells, strict=True))


def test_it_has_its_sheets_with_frozen_filterable_headers(book: Any) -> None:
    assert book.sheetnames == SHEETS
    for name in SHEETS[1:]:
        assert book[name].freeze_panes == "A2", name
        assert book[name].auto_filter.ref, name


def test_amounts_are_numbers_shown_with_their_currency_s_decimals(book: Any, group: AuditResult) -> None:
    formats = {}
    for row, finding in zip(rows(book["Findings"]), group.findings, strict=True):
        shown = row["Exposure"]
        assert isinstance(shown.value, int | float)
        formats[finding.currency] = shown.number_format.partition(";")[0]
    assert formats == {"EUR": "#,##0.00", "USD": "#,##0.00", "JPY": "#,##0", "KWD": "#,##0.000"}
    dearest = group.findings[0]
    first = next(rows(book["Findings"]))["Exposure"].value
    assert Decimal(str(first)) == Decimal(dearest.exposure).scaleb(-3 if dearest.currency == "KWD" else -2)


def test_every_document_of_every_finding_has_a_row(book: Any, group: AuditResult) -> None:
    wanted = sum(len(f.documents) + len(f.holds) for f in group.findings)
    assert book["Documents"].max_row == wanted + 1
    first = next(rows(book["Documents"]))
    assert f"{first['Type'].value}/{first['System'].value}/{first['Id'].value}" == group.findings[0].documents[0]


def test_each_row_of_the_bridge_adds_up_in_the_sheet(book: Any) -> None:
    sums: dict[tuple[str, ...], Decimal] = {}
    for row in rows(book["Bridge"]):
        key = (row["Row"].value, row["Entity"].value, row["Currency"].value)
        sign = {"from": 1, "line": 1, "unexplained": 1, "to": -1, "document": 0}[row["Kind"].value]
        sums[key] = sums.get(key, Decimal(0)) + sign * Decimal(str(row["Amount"].value))
    assert len(sums) == 28
    assert set(sums.values()) == {Decimal(0)}


ATTACKS = (
    '=HYPERLINK("http://evil.example","pay here")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1+1",
    "http://evil.example",
    "1234",
)


def attacked(group: AuditResult, text: str) -> AuditResult:
    hostile = Finding(
        risk=group.findings[0].risk, subject=f"invoice/billing/{text}", entity="DE01", currency="EUR", exposure=100,
        owner=text, why=text, customer=text, documents=(f"{text}/{text}/{text}",),
    )  # fmt: skip
    return msgspec.structs.replace(group, findings=(hostile,), company=text, notes=(text,))


@pytest.mark.parametrize("text", ATTACKS)
def test_text_that_looks_like_a_formula_is_written_as_text(tmp_path: Path, group: AuditResult, text: str) -> None:
    path = tmp_path / "hostile.xlsx"
    write_excel(attacked(group, text), path)
    book = openpyxl.load_workbook(path)
    row = next(rows(book["Findings"]))
    for name in ("Why", "Owner", "Customer"):
        assert row[name].data_type == "s"
        assert row[name].value == text
        assert row[name].hyperlink is None
    assert row["Why"].quotePrefix is (text[0] in "=+-@\t"), "it stays text when somebody edits the cell"
    with zipfile.ZipFile(path) as archive:
        sheets = [archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
    assert all(b"<f>" not in sheet and b"<f " not in sheet for sheet in sheets)


def test_a_sheet_that_is_full_goes_on_in_the_next_one(tmp_path: Path, group: AuditResult) -> None:
    path = tmp_path / "long.xlsx"
    write_excel(group, path, rows=101)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames[1:4] == ["Findings", "Findings 2", "Findings 3"]
    assert [book[name].max_row for name in ("Findings", "Findings 2", "Findings 3")] == [101, 101, 101]
    ranks = [row["Rank"].value for name in ("Findings", "Findings 2", "Findings 3") for row in rows(book[name])]
    assert ranks == list(range(1, 301))
    assert book["Findings 3"].freeze_panes == "A2"


def test_an_amount_longer_than_excel_can_keep_is_text_so_that_no_cent_is_lost(
    tmp_path: Path, group: AuditResult
) -> None:
    huge = msgspec.structs.replace(group.findings[0], currency="EUR", exposure=12_345_678_901_234_567)
    write_excel(msgspec.structs.replace(group, findings=(huge,)), tmp_path / "huge.xlsx")
    row = next(rows(openpyxl.load_workbook(tmp_path / "huge.xlsx")["Findings"]))
    assert row["Exposure"].value == "123456789012345.67"


def test_a_text_longer_than_a_cell_is_cut_and_says_so(tmp_path: Path, group: AuditResult) -> None:
    wordy = msgspec.structs.replace(group.findings[0], why="x" * 40_000)
    write_excel(msgspec.structs.replace(group, findings=(wordy,)), tmp_path / "wordy.xlsx")
    why = next(rows(openpyxl.load_workbook(tmp_path / "wordy.xlsx")["Findings"]))["Why"].value
    assert len(why) == 32_767
    assert why.endswith("…")


def test_an_empty_audit_gives_headers_and_no_rows(tmp_path: Path, group: AuditResult) -> None:
    empty = AuditResult(as_of=group.as_of, base_currency="EUR")
    write_excel(empty, tmp_path / "empty.xlsx")
    book = openpyxl.load_workbook(tmp_path / "empty.xlsx")
    assert book.sheetnames == SHEETS
    assert [book[name].max_row for name in SHEETS[1:]] == [1] * 7
