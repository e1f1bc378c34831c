"""``tieout schema``: what may stand in a file."""

import json

from typer.testing import CliRunner

from tieout import cli
from tieout.canon.documents import TYPES


def run(*words: str) -> str:
    result = CliRunner().invoke(cli.app, ["schema", *words])
    assert result.exit_code == 0, result.output
    return result.output


def test_every_type_is_listed_with_what_it_is():
    lines = run().splitlines()
    assert [line.split()[0] for line in lines] == sorted(TYPES)
    assert "refund                   Money given back." in lines


def test_the_fields_of_a_type_are_listed_required_ones_first():
    lines = run("invoice").splitlines()
    assert [line.split()[1] for line in lines if line.startswith("* ")][:4] == ["system", "id", "net", "total"]
    assert any(line.split()[:2] == ["status", "one"] and "posted" in line for line in lines)
    assert (
        "lines[]: One line of an invoice or credit memo; on a credit memo the amounts are positive and mean less."
        in lines
    )


def test_json_schema_of_one_type_and_of_all(tmp_path):
    assert json.loads(run("payout", "--json"))["title"] == "Payout"
    assert run("--out", str(tmp_path / "schemas")) == f"{len(TYPES)} schemas in {tmp_path / 'schemas'}\n"
    assert {path.stem for path in (tmp_path / "schemas").glob("*.json")} == set(TYPES)
