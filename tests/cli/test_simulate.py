"""tieout simulate, as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from tieout import cli


def test_a_company_is_a_folder_and_the_truth_is_found_by_who_knows_it(tmp_path: Path) -> None:
    run = CliRunner().invoke
    out = tmp_path / "acme"
    made = run(cli.app, ["simulate", "company", "--seed", "7", "--orders", "40", "--out", str(out)])
    assert made.exit_code == 0, made.output
    assert "40 orders in" in made.output
    truth = json.loads((out / "truth.json").read_text())
    (tmp_path / "found.json").write_text(json.dumps({"as_of": truth["as_of"], "findings": truth["leaks"]}))
    assert run(cli.app, ["simulate", "score", str(tmp_path / "found.json"), str(out / "truth.json")]).exit_code == 0


def test_below_100_percent_is_exit_1(tmp_path: Path) -> None:
    leak = {"class": "underbilled", "subject": "charge/crm/C1", "currency": "EUR", "amount": "0.01", "note": "a cent"}
    (tmp_path / "truth.json").write_text(json.dumps({"as_of": "2026-06-30", "leaks": [leak]}))
    (tmp_path / "found.json").write_text('{"as_of": "2026-06-30", "findings": []}')
    result = CliRunner().invoke(
        cli.app, ["simulate", "score", str(tmp_path / "found.json"), str(tmp_path / "truth.json")]
    )
    assert result.exit_code == 1
    assert "underbilled charge/crm/C1: true 0.01 EUR (a cent)" in result.output
