"""People and tokens on the command line."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from typer.testing import CliRunner, Result

from tieout import cli
from tieout.store.connection import connect
from tieout.store.people import find_bearer
from tieout.store.trail import history

Run = Callable[..., Result]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a database of the test's own."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    return lambda *words: CliRunner().invoke(cli.app, words)


def test_a_person_gets_roles_and_a_token_that_is_shown_once(run: Run, database: str) -> None:
    assert run("user", "add", "anna", "--role", "worker", "--entity", "DE01").exit_code == 0
    assert run("user", "add", "anna", "--role", "viewer").exit_code == 0
    assert run("user", "list").output == "anna                     viewer, worker in DE01\n"
    made = run("token", "create", "--person", "anna", "--days", "30", "--why", "her own machine")
    token = made.stdout.strip()
    assert token.startswith("tieout_") and "not shown again" in made.stderr
    assert token not in run("token", "list").output
    with connect(database, "a test") as connection:
        bearer = find_bearer(connection, token)
        assert bearer is not None
        assert (bearer.holder, bearer.roles) == ("anna", (("viewer", "*"), ("worker", "DE01")))
        (made_by,) = history(connection, "1 anna")
        assert (made_by.what, made_by.why) == ("token.create", "her own machine")
        assert token not in str(made_by.after)


def test_who_is_disabled_has_no_good_token_and_who_is_added_again_has(run: Run, database: str) -> None:
    run("user", "add", "anna", "--role", "viewer")
    token = run("token", "create", "--person", "anna").stdout.strip()
    assert run("user", "disable", "anna").exit_code == 0
    with connect(database, "a test") as connection:
        assert find_bearer(connection, token) is None
    assert "disabled" in run("user", "list").output
    run("user", "add", "anna", "--role", "viewer")
    with connect(database, "a test") as connection:
        assert find_bearer(connection, token) is not None


def test_a_token_is_revoked_by_its_number(run: Run, database: str) -> None:
    token = run("token", "create", "--service", "erp-export").stdout.strip()
    assert run("token", "revoke", "1").exit_code == 0
    assert "revoked" in run("token", "list").output
    with connect(database, "a test") as connection:
        assert find_bearer(connection, token) is None


def test_other_roles_instead(run: Run) -> None:
    run("user", "add", "anna", "--role", "admin")
    run("user", "add", "anna", "--role", "approver", "--replace")
    assert run("user", "list").output.split() == ["anna", "approver"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["user", "add", "anna", "--role", "aprover"], "did you mean 'approver'?"),
        (["user", "add", "anna", "--role", "admin", "--role", "approver"], "who grants roles approves nothing"),
        (["user", "disable", "bert"], "there is no person 'bert'"),
        (["token", "create", "--person", "bert"], "there is no person 'bert'"),
        (["token", "create"], "give --person NAME or --service NAME"),
        (["token", "create", "--service", "x", "--scope", "approve"], "a machine approves nothing"),
        (["token", "create", "--service", "x", "--scope", "raed"], "did you mean 'read'?"),
        (["token", "revoke", "77"], "there is no token 77"),
    ],
)
def test_what_cannot_be_is_told(run: Run, words: list[str], says: str) -> None:
    result = run(*words)
    assert result.exit_code != 0
    assert says in str(result.exception)


def test_roles_that_are_kept_apart_are_kept_apart_over_time(run: Run) -> None:
    run("user", "add", "anna", "--role", "admin", "--entity", "US01")
    assert run("user", "add", "anna", "--role", "approver", "--entity", "DE01").exit_code != 0


def test_without_a_database_or_its_tables_one_line_says_so(
    make_database: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for url, says in (("host=/nowhere dbname=tieout", "tieout doctor"), (make_database("template1"), "tieout migrate")):
        monkeypatch.setenv("TIEOUT_DATABASE_URL", url)
        with pytest.raises(SystemExit) as stop:
            cli.run(lambda: cli.app(["user", "list"], standalone_mode=False))
        said = capsys.readouterr().err
        assert (stop.value.code, says in said, "Traceback" in said) == (2, True, False), said
