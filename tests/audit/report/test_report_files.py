"""What tools read of an audit: the same bytes for the same result, and every cent as it was found."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import pytest

from tieout.audit.report.files import PARQUET_FILES, as_json, write_json, write_parquet
from tieout.audit.result import AuditResult
from tieout.canon.finding import Risk


def test_amounts_are_decimal_strings_with_the_currency_s_own_decimals(group: AuditResult) -> None:
    findings = json.loads(as_json(group))["findings"]
    decimals = {f["currency"]: len(f["amount"].partition(".")[2]) for f in findings}
    assert decimals == {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}
    assert len(findings) == len(group.findings) == 300


def test_the_totals_are_the_sums_of_the_base_amounts_of_their_groups(group: AuditResult) -> None:
    read = json.loads(as_json(group))
    for name, amount in read["totals"].items():
        parts = [Decimal(f["amount_base"]) for f in read["findings"] if f["group"] == name]
        assert sum(parts) == Decimal(amount), name


def test_the_order_in_which_findings_arrived_changes_their_rank_and_nothing_else(group: AuditResult) -> None:
    backwards = msgspec.structs.replace(group, findings=group.findings[::-1], seconds=99.0)
    one, two = json.loads(as_json(group)), json.loads(as_json(backwards))
    assert [f.pop("rank") for f in one["findings"]] == [301 - f.pop("rank") for f in two["findings"]]
    assert one == two
    assert as_json(group) == as_json(group)


def test_the_contract_names_are_there(tmp_path: Path, group: AuditResult) -> None:
    write_json(group, tmp_path / "new" / "audit.json")
    read = json.loads((tmp_path / "new" / "audit.json").read_bytes())
    assert {"as_of", "base_currency", "totals", "findings", "bridge", "kpis", "files"} <= set(read)
    assert read["as_of"] == "2026-06-30"
    wanted = {"class", "subject", "period", "amount", "currency", "tax", "entity", "owner", "since", "documents", "why"}
    assert wanted <= set(read["findings"][0])


def test_every_row_of_the_bridge_still_adds_up_when_it_is_read_back(group: AuditResult) -> None:
    for row in json.loads(as_json(group))["bridge"]:
        lines = sum(Decimal(line["amount"]) for line in row["lines"])
        walked = Decimal(row["from"]["amount"]) + lines + Decimal(row["unexplained"])
        assert walked == Decimal(row["to"]["amount"]), (row["row"], row["entity"], row["currency"])


def test_a_finding_without_a_rate_has_no_base_amount_rather_than_a_wrong_one(group: AuditResult) -> None:
    read = json.loads(as_json(msgspec.structs.replace(group, base_exposure={})))
    assert {f["amount_base"] is None for f in read["findings"] if f["currency"] != "EUR"} == {True}
    assert {f["amount_base"] == f["amount"] for f in read["findings"] if f["currency"] == "EUR"} == {True}


def test_parquet_says_the_same_as_json(tmp_path: Path, group: AuditResult) -> None:
    write_parquet(group, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PARQUET_FILES)
    read = json.loads(as_json(group))
    rows = duckdb.sql(
        f"SELECT class, sum(amount_base), count(*) FROM '{tmp_path}/findings.parquet' GROUP BY 1"
    ).fetchall()
    for name, amount, count in rows:
        same = [f for f in read["findings"] if f["class"] == name]
        assert count == len(same)
        assert amount == sum(Decimal(f["amount_base"]) for f in same)
    held = f"SELECT count(*) FROM '{tmp_path}/finding_documents.parquet' WHERE relation = 'holds'"
    gaps = sum(f.risk is Risk.MASTER_DATA_GAP for f in group.findings)
    assert duckdb.sql(held).fetchall() == [(2 * gaps,)], "each gap in the master data holds two invoices"
    off = duckdb.sql(
        f"""SELECT row, entity, currency FROM '{tmp_path}/bridge_lines.parquet' GROUP BY ALL
            HAVING sum(CASE kind WHEN 'to' THEN -amount ELSE amount END) <> 0"""
    )
    assert off.fetchall() == []


@pytest.mark.parametrize("name", PARQUET_FILES)
def test_parquet_is_the_same_bytes_every_time(tmp_path: Path, group: AuditResult, name: str) -> None:
    write_parquet(group, tmp_path / "one")
    write_parquet(group, tmp_path / "two")
    assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_an_audit_that_found_nothing_still_gives_whole_files(tmp_path: Path) -> None:
    empty = AuditResult(as_of=dt.date(2026, 6, 30), base_currency="JPY")
    assert json.loads(as_json(empty))["findings"] == []
    write_parquet(empty, tmp_path)
    assert duckdb.sql(f"SELECT count(*) FROM '{tmp_path}/findings.parquet'").fetchall() == [(0,)]
