"""Connections on the command line: secrets are shown once, or handed in, and replaced."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tieout import cli
from tieout.store.connection import connect
from tieout.store.connections import open_connection
from tieout.store.sealing import Sealer
from tieout.store.trail import history

Run = Callable[..., Result]


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command on a database of the test's own."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    monkeypatch.setenv("TIEOUT_KEYS", str(tmp_path / "keys"))
    return lambda *words, **more: CliRunner().invoke(cli.app, ["connection", *words], **more)


def secrets(dsn: str, keys: Path, name: str) -> tuple[str, ...]:
    with connect(dsn, "a test") as database:
        opened = open_connection(database, name, Sealer(keys))
    assert opened is not None
    return opened.secrets


def test_a_secret_is_made_shown_once_and_rotated(run: Run, database: str, tmp_path: Path) -> None:
    added = run("add", "billing", "--scheme", "standard-webhooks")
    first = added.stdout.splitlines()[0]
    assert first.startswith("whsec_")
    assert added.stdout.splitlines()[1] == "webhooks of billing are taken at /hooks/billing"
    second = run("rotate", "billing", "--overlap", "2", "--why", "it was in a mail").stdout.splitlines()[0]
    assert secrets(database, tmp_path / "keys", "billing") == (second, first)
    assert run("list").output.split() == ["billing", "webhook", "standard-webhooks", "2", "secrets"]
    with connect(database, "a test") as opened:
        entries = history(opened, "billing")
    assert [(entry.what, entry.why) for entry in entries] == [
        ("connection.rotate", "it was in a mail"),
        ("connection.add", ""),
    ]
    assert not [entry for entry in entries if first in str(entry.after) or second in str(entry.after)]
    assert run("remove", "billing").exit_code == 0
    assert run("list").output == ""


def test_the_senders_own_secret_is_read_and_not_shown(run: Run, database: str, tmp_path: Path) -> None:
    secret = "it is the sender's own"
    added = run(
        "add", "shop", "--scheme", "hmac", "--option", "header=X-Sig", "--secret-file", "-", input=secret + "\n"
    )
    assert secret not in added.output
    assert secrets(database, tmp_path / "keys", "shop") == (secret,)
    assert "header=X-Sig" in run("list").output


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["add", "x", "--scheme", "hmac", "--option", "header"], "write it as key=value"),
        (["add", "x", "--scheme", "hmac", "--option", "heder=X"], "did you mean 'header'?"),
        (["add", "x"], "give one of --scheme, --folder, --sftp and --amqp"),
        (["add", "x", "--folder", "/nowhere"], "/nowhere: is no folder"),
        (["add", "x", "--folder", "/tmp", "--option", "setle=3"], "did you mean 'settle'?"),
        (["add", "x", "--folder", "/tmp", "--option", "settle=soon"], "settle"),
        (["add", "x", "--sftp", "host:/path"], "write it as sftp://"),
        (["rotate", "x"], "there is no connection 'x'"),
        (["remove", "x"], "there is no connection 'x'"),
    ],
)
def test_what_cannot_be_is_told(run: Run, words: list[str], says: str) -> None:
    result = run(*words)
    assert result.exit_code != 0
    assert says in str(result.exception)


def test_a_folder_and_a_place_are_listed_with_where_they_are(run: Run, tmp_path: Path) -> None:
    assert run("add", "exports", "--folder", str(tmp_path), "--option", "settle=5").output == (
        f"files of exports are taken from {tmp_path}\n"
    )
    run(
        "add",
        "bus",
        "--amqp",
        "amqp://tieout@mq.example/",
        "--option",
        "queue=invoices",
        "--secret-file",
        "-",
        input="s3cret",
    )
    run("add", "bank", "--sftp", "sftp://tieout@bank.example/out")
    listed = run("list").output.splitlines()
    assert "address=sftp://tieout@bank.example/out" in listed[0]
    assert "1 secret " in listed[1] and "queue=invoices" in listed[1]
    assert "s3cret" not in listed[1]
    assert f"path={tmp_path} settle=5.0" in listed[2]


def test_the_password_of_a_broker_is_replaced_by_the_one_that_it_has_now(
    run: Run, database: str, tmp_path: Path
) -> None:
    run(
        "add",
        "bus",
        "--amqp",
        "amqp://tieout@mq.example/",
        "--option",
        "queue=invoices",
        "--secret-file",
        "-",
        input="old",
    )
    assert "hand it in by --secret-file" in str(run("rotate", "bus").exception)
    assert run("rotate", "bus", "--secret-file", "-", input="new").exit_code == 0
    assert secrets(database, tmp_path / "keys", "bus")[0] == "new"


def test_what_takes_anything_says_so(run: Run) -> None:
    assert "nothing proves who sent them" in run("add", "open", "--scheme", "none").output
    assert "has no secret" in str(run("rotate", "open").exception)
    assert "there is a connection 'open' already" in str(run("add", "open", "--scheme", "none").exception)
