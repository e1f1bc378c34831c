"""The policy on the command line: a company's audit.toml is applied as it is, codes are mended, and every change is a version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tieout import cli
from tieout.simulate.exports import company
from tieout.store.connection import connect
from tieout.store.decisions import current
from tieout.store.trail import history

Run = Callable[..., Result]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a database of the test's own."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    return lambda *words: CliRunner().invoke(cli.app, words)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The part of an audit.toml that decides, with a crosswalk beside it."""
    (tmp_path / "item.csv").write_text("code;target;from;to;entity\nSKU-7;I-200;;;\nSKU-8;I-300;2026-01-01;;DE01\n")
    path = tmp_path / "policy.toml"
    path.write_text(
        """
[entities.DE01]
time_zone = "Europe/Berlin"
[tolerances]
line = 2
[[crosswalks]]
table = "item"
path = "item.csv"
delimiter = ";"
[[complete]]
system = "*"
type = "*"
"""
    )
    return path


def test_a_companys_audit_toml_is_applied_as_it_is(run: Run, database: str, tmp_path: Path) -> None:
    company(3, 5, "rich", False, [], tmp_path / "exports")
    applied = run("policy", "apply", str(tmp_path / "exports" / "audit.toml"), "--why", "go live")
    assert applied.exit_code == 0, applied.output
    assert "version 1 holds now" in applied.output
    with connect(database, "a test") as connection:
        _, decided = current(connection)
    assert {"DE01", "US01"} <= decided.policy.entities.keys()
    assert decided.policy.crosswalks["item"].rows and decided.policy.rates and decided.complete
    assert run("policy", "apply", str(tmp_path / "exports" / "audit.toml"), "--why", "again").output == (
        "nothing is decided otherwise by it\n"
    )


def test_what_is_shown_as_a_file_is_what_is_decided(run: Run, file: Path, tmp_path: Path) -> None:
    assert run("policy", "apply", str(file), "--why", "go live").exit_code == 0
    shown = tmp_path / "shown.toml"
    shown.write_text(run("policy", "show", "--toml").output)
    assert (
        run("policy", "apply", str(shown), "--why", "back", "--check").output == "nothing is decided otherwise by it\n"
    )
    assert "crosswalk item: SKU-8 in DE01 from 2026-01-01: I-300\n" in run("policy", "show").output


def test_a_table_that_a_file_does_not_have_stays(run: Run, file: Path, tmp_path: Path) -> None:
    """The codes are mended by hand; who applies new tolerances does not undo that."""
    run("policy", "apply", str(file), "--why", "go live")
    run("crosswalk", "set", "item", "SKU-9", "I-400", "--why", "new in the shop")
    (tmp_path / "tolerances.toml").write_text("[tolerances]\nline = 5\n")
    applied = run("policy", "apply", str(tmp_path / "tolerances.toml"), "--why", "less noise")
    assert "tolerance line: 5 minor units a line, was 2 minor units a line" in applied.output
    assert "SKU-9" in run("crosswalk", "list", "item").output


def test_what_is_misspelt_is_refused_with_the_nearest_name(run: Run, file: Path) -> None:
    file.write_text('[entities.DE01]\ntime_zone = "Europe/Berln"\n')
    refused = run("policy", "apply", str(file), "--why", "x")
    assert "did you mean 'Europe/Berlin'?" in str(refused.exception)
    file.write_text("[within.order_to_bil]\nposted = '1 day'\n")
    assert "did you mean 'order_to_bill'?" in str(run("policy", "apply", str(file), "--why", "x").exception)
    assert run("policy", "history").output == ""


def test_codes_are_set_for_days_and_entities_and_taken_away(run: Run, file: Path) -> None:
    run("policy", "apply", str(file), "--why", "go live")
    changed = run("crosswalk", "set", "item", "SKU-7", "I-201", "--from", "2026-04-01", "--why", "moved")
    assert "crosswalk item: SKU-7 from 2026-04-01: now I-201" in changed.output
    listed = [line.split() for line in run("crosswalk", "list", "item").output.splitlines()]
    assert [cells[:4] for cells in listed[:2]] == [
        ["SKU-7", "I-200", "to", "2026-03-31"],
        ["SKU-7", "I-201", "from", "2026-04-01"],
    ]
    assert run("crosswalk", "remove", "item", "SKU-7", "--why", "gone").exit_code == 0
    assert "SKU-7" not in run("crosswalk", "list", "item").output
    assert "did you mean 'SKU-8'?" in str(
        run("crosswalk", "remove", "item", "SKU8", "--entity", "DE01", "--why", "x").exception
    )
    assert "did you mean 'DE01'?" in str(
        run("crosswalk", "set", "item", "SKU-7", "I-1", "--entity", "DE1", "--why", "x").exception
    )
    assert "did you mean 'item'?" in str(run("crosswalk", "set", "itm", "SKU-7", "I-1", "--why", "x").exception)


def test_a_file_of_codes_is_taken_whole_or_not_at_all(run: Run, file: Path, tmp_path: Path) -> None:
    run("policy", "apply", str(file), "--why", "go live")
    codes = tmp_path / "codes.csv"
    codes.write_text("code,target,from\nSKU-1,I-1,\nSKU-2,I-2,20260\n")
    assert "20260" in str(run("crosswalk", "import", "item", str(codes), "--why", "x").exception)
    assert "SKU-1" not in run("crosswalk", "list", "item").output
    codes.write_text("code,target\nSKU-1,I-1\nSKU-2,I-2\n")
    assert run("crosswalk", "import", "item", str(codes), "--why", "new season").exit_code == 0
    assert run("crosswalk", "list").output.split() == ["item", "4", "rows,", "exact"]
    assert run("crosswalk", "import", "item", str(codes), "--replace", "--why", "only these").exit_code == 0
    assert run("crosswalk", "list").output.split() == ["item", "2", "rows,", "exact"]


def test_a_system_that_tells_everything(run: Run, file: Path, database: str) -> None:
    run("policy", "apply", str(file), "--why", "go live")
    said = run(
        "policy", "complete", "billing", "invoice", "--entity", "DE01", "--from", "2026-01-01", "--why", "feed is live"
    )
    assert "complete: billing, invoice, DE01, from 2026-01-01: now yes" in said.output
    assert "did you mean 'invoice'?" in str(run("policy", "complete", "billing", "invoce", "--why", "x").exception)
    removed = run("policy", "complete", "billing", "invoice", "--entity", "DE01", "--remove", "--why", "feed is broken")
    assert "no longer yes" in removed.output
    with connect(database, "a test") as connection:
        assert [one.system for one in current(connection)[1].complete] == ["*"]


def test_versions_say_who_and_why_and_what_differs(run: Run, file: Path, database: str) -> None:
    run("policy", "apply", str(file), "--why", "go live")
    run("crosswalk", "set", "item", "SKU-7", "I-201", "--why", "it moved")
    assert [line.split()[0] for line in run("policy", "history").output.splitlines()] == ["2", "1"]
    differing = run("policy", "diff", "1")
    assert (differing.exit_code, differing.output) == (1, "crosswalk item: SKU-7 always: I-201, was I-200\n")
    assert run("policy", "diff", "2", "2").exit_code == 0
    stale = run("policy", "apply", str(file), "--why", "x", "--expected", "1")
    assert "version 2 of the policy holds by now" in str(stale.exception)
    with connect(database, "a test") as connection:
        assert [entry.why for entry in history(connection, "policy")] == ["it moved", "go live"]
    assert "there are 1 to 2" in str(run("policy", "show", "7").exception)


def test_what_holds_a_quote_up_is_told_before_there_is_one(run: Run, file: Path, tmp_path: Path) -> None:
    run("policy", "apply", str(file), "--why", "go live")
    quote = (
        '{"type": "quote", "system": "crm", "id": "Q1", "entity": "DE01", "currency": "EUR", "customer": "crm/C1",'
        ' "status": "accepted", "lines": [{"id": "1", "product": "crm/SKU-1", "net": 500000}]}\n'
    )
    customer = '{"type": "customer", "system": "crm", "id": "C1", "name": "Acme", "entity": "DE01"}\n'
    (tmp_path / "quote.jsonl").write_text(quote + customer)
    told = run("preflight", str(tmp_path / "quote.jsonl"), "--later", "2027-06-30")
    assert told.exit_code == 1
    assert " ! master_data_gap holds 5,000.00 EUR: SKU-1 has no ERP item" in told.output
    assert "     crosswalk/item/SKU-1: tieout crosswalk set item SKU-1 TARGET" in told.output
    assert "as of 2027-06-30: 1 new instances, 0 that there are" in told.output
    assert run("preflight", str(tmp_path / "quote.jsonl"), "--json").output.startswith('{"policy":1,')
    (tmp_path / "broken.json").write_text('{"type": "qote"}')
    assert "did you mean 'quote'?" in str(run("preflight", str(tmp_path / "broken.json")).exception)
