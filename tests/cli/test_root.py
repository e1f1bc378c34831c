"""The command line as a person meets it: a version, help, one clear message for what they can mend."""

from __future__ import annotations

import pytest
import typer
from typer.testing import CliRunner

import tieout
from tieout import cli
from tieout.canon.faults import MappingFault
from tieout.cli.implied import ImpliedRun


def test_version_is_the_package_version() -> None:
    result = CliRunner().invoke(cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"tieout {tieout.__version__}\n"


def test_a_mistake_in_a_mapping_is_one_message_without_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def broken() -> None:
        raise MappingFault("unknown key 'systms'", where="audit.toml, line 3", mend="did you mean 'systems'?")

    with pytest.raises(SystemExit) as stop:
        cli.run(broken)
    assert stop.value.code == 2
    assert capsys.readouterr().err == "tieout: audit.toml, line 3: unknown key 'systms' (did you mean 'systems'?)\n"


def test_a_fault_of_ours_keeps_its_traceback_and_says_what_to_do(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.run(lambda: 1 // 0)
    err = capsys.readouterr().err
    assert stop.value.code == 70
    assert "ZeroDivisionError" in err
    assert "Please report it" in err


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["exports"], "run exports loud=False"),
        (["--loud", "exports"], "run exports loud=True"),
        (["init", "x"], "init x"),
    ],
)
def test_a_directory_may_follow_the_group_directly(words: list[str], printed: str) -> None:
    app = typer.Typer(cls=ImpliedRun)

    @app.command()
    def run(directory: str, loud: bool = False) -> None:
        typer.echo(f"run {directory} loud={loud}")

    @app.command()
    def init(directory: str) -> None:
        typer.echo(f"init {directory}")

    result = CliRunner().invoke(app, words)
    assert result.output.strip() == printed


def test_a_command_of_the_server_without_its_packages_says_what_to_install(capsys: pytest.CaptureFixture[str]) -> None:
    def migrate() -> None:
        raise ModuleNotFoundError("No module named 'psycopg'", name="psycopg")

    with pytest.raises(SystemExit) as stop:
        cli.run(migrate)
    assert stop.value.code == 2
    assert "pip install 'tieout[server]'" in capsys.readouterr().err
