"""``tieout audit DIR`` as a person meets it: what is written where, what is said last, and the exit code."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from tieout.audit.report.threshold import parse
from tieout.audit.result import AuditResult
from tieout.canon.faults import InputFault, MachineFault
from tieout.cli import app
from tieout.cli.audit import EXIT_EXCEEDED, Outputs, finish, write_outputs
from tieout.cli.progress import shown_progress


def finished(result: AuditResult, outputs: Outputs, *limits: str) -> tuple[int, str]:
    stream = io.StringIO()
    code = finish(result, outputs, [parse(limit) for limit in limits], Console(file=stream, width=100))
    return code, stream.getvalue()


def test_one_folder_takes_everything_under_standard_names(group: AuditResult, tmp_path: Path) -> None:
    outputs = Outputs(json=tmp_path / "elsewhere.json").under(tmp_path / "out")
    write_outputs(group, outputs)
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert found == [
        "elsewhere.json", "out/parquet/bridge_lines.parquet", "out/parquet/finding_documents.parquet",
        "out/parquet/findings.parquet", "out/report.html", "out/report.xlsx",
    ]  # fmt: skip


def test_nothing_is_written_that_was_not_asked_for(group: AuditResult, tmp_path: Path) -> None:
    write_outputs(group, Outputs(html=tmp_path / "one.html").under(None))
    assert [path.name for path in tmp_path.iterdir()] == ["one.html"]


def test_it_ends_with_where_the_report_is(group: AuditResult, tmp_path: Path) -> None:
    long = tmp_path / ("a folder with a long name [and brackets] " * 4) / "report.html"
    code, said = finished(group, Outputs(html=long))
    assert code == 0
    assert said.splitlines()[-1] == f"Report: {long}", "in one piece, to be copied"
    assert finished(group, Outputs())[1].splitlines()[-1] == "The whole report, to open in a browser: add --out DIR"


def test_a_total_above_its_limit_ends_with_code_3_and_says_which(
    group: AuditResult, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = finished(group, Outputs(), "stuck 999999999 EUR", "leakage 100 USD")
    assert code == EXIT_EXCEEDED == 3
    error = capsys.readouterr().err
    assert error.startswith("tieout: --fail-over: Leakage is ")
    assert "more than the 100.00 USD = 92.00 EUR allowed" in error


def test_a_report_that_cannot_be_written_is_one_message(group: AuditResult, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(MachineFault, match="a file is in its place: name another folder"):
        write_outputs(group, Outputs(html=tmp_path / "taken" / "report.html"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--fail-over", "leakge 1 EUR"], "did you mean 'leakage'?"),
        (["--as-of", "30.06.2026"], "write it like 2026-06-30"),
    ],
)
def test_a_mistake_in_an_option_is_told_before_any_work(arguments: list[str], said: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["audit", str(tmp_path / "absent"), *arguments])
    assert isinstance(result.exception, InputFault)
    assert said in str(result.exception)


def test_the_help_of_the_directory_s_audit_is_reached_without_naming_run() -> None:
    result = CliRunner().invoke(app, ["audit", "--help"])
    assert result.exit_code == 0
    assert "--fail-over" in result.output


def test_progress_is_silent_in_a_pipe_and_harmless_on_a_terminal() -> None:
    pipe, terminal = io.StringIO(), io.StringIO()
    for stream, is_terminal in ((pipe, False), (terminal, True)):
        with shown_progress(Console(file=stream, force_terminal=is_terminal)) as step:
            step("reading [billing/invoices.csv]", 1, 3)
    assert pipe.getvalue() == ""
    assert "invoices" not in terminal.getvalue(), "nothing is shown of what took no time"
