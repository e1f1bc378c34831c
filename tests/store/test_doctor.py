"""The doctor names what is wrong and what to do about it, and changes nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from tieout import cli, settings
from tieout.store.connection import connect
from tieout.store.connections import Connection, add_connection
from tieout.store.diagnosis import Check, diagnose
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.sealing import Sealer
from tieout.store.trail import By


def looked_at(**environment: str) -> dict[str, Check]:
    return {check.subject: check for check in diagnose(settings.read(environment))}


def test_a_machine_in_order_is_told_so(database: str) -> None:
    checks = looked_at(TIEOUT_DATABASE_URL=database)
    assert {check.state for check in checks.values()} == {"good"}, checks
    assert {"Python", "connection", "version", "encoding", "durability", "clock", "tables", "work"} == set(checks)


def test_an_installation_of_its_own_is_looked_at_with_its_server(folder: Path) -> None:
    with running(folder) as dsn:
        migrate(dsn)
    checks = looked_at(TIEOUT_DATA=str(folder))
    assert {name for name, check in checks.items() if check.state == "bad"} == set(), checks
    assert {"programs", "user", "data folder", "disk", "tables"} <= set(checks)


def test_before_the_first_start_nothing_is_made(room: Path) -> None:
    checks = looked_at(TIEOUT_DATA=str(room / "new"))
    assert checks["database"] == Check("database", "doubtful", "has not been made yet", "tieout migrate")
    assert not (room / "new").exists()


def test_pending_migrations_name_the_command(make_database: Callable[[str], str]) -> None:
    check = looked_at(TIEOUT_DATABASE_URL=make_database("template1"))["tables"]
    assert (check.state, check.mend) == ("bad", "tieout migrate")
    assert "0001_intake" in check.found


def test_a_newer_database_is_worth_a_word(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_later', now())")
    check = looked_at(TIEOUT_DATABASE_URL=database)["tables"]
    assert (check.state, "9999_later" in check.found) == ("doubtful", True)


@pytest.mark.parametrize(
    ("setting", "subject"),
    [("synchronous_commit = off", "durability"), ("default_transaction_read_only = on", "writing")],
)
def test_settings_that_break_a_promise_are_bad(database: str, server: str, setting: str, subject: str) -> None:
    name = conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} SET {setting}".encode())
    check = looked_at(TIEOUT_DATABASE_URL=database)[subject]
    assert check.state == "bad"
    assert check.mend


def test_a_database_in_another_encoding_is_bad(server: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            "CREATE DATABASE ascii ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
        )
    check = looked_at(TIEOUT_DATABASE_URL=psycopg.conninfo.make_conninfo(server, dbname="ascii"))["encoding"]
    assert (check.state, check.found) == ("bad", "SQL_ASCII")


@pytest.mark.parametrize("address", ["host=/nowhere dbname=tieout", "not an address"])
def test_a_database_that_cannot_be_reached_is_bad(address: str) -> None:
    check = looked_at(TIEOUT_DATABASE_URL=address)["connection"]
    assert check.state == "bad"
    assert "TIEOUT_DATABASE_URL" in check.mend


def test_a_password_is_not_shown(database: str) -> None:
    checks = looked_at(TIEOUT_DATABASE_URL=psycopg.conninfo.make_conninfo(database, password="s3cret"))
    assert checks["connection"].state == "good"
    assert not [check for check in checks.values() if "s3cret" in check.found]


def test_programs_that_are_not_there_are_bad(tmp_path: Path) -> None:
    check = looked_at(TIEOUT_POSTGRES=str(tmp_path), TIEOUT_DATA=str(tmp_path / "data"))["programs"]
    assert check.state == "bad"
    assert "TIEOUT_POSTGRES" in check.mend


def test_files_of_another_major_version_are_bad(folder: Path) -> None:
    (folder / "postgres" / "data" / "PG_VERSION").write_text("13\n")
    assert looked_at(TIEOUT_DATA=str(folder))["files"].state == "bad"


@pytest.mark.skipif(os.geteuid() != 0, reason="about root's server, which runs as somebody else")
def test_a_folder_behind_a_shut_door_is_bad_and_stays_shut(room: Path) -> None:
    shut = room / "closed"
    shut.mkdir(mode=0o700)
    check = looked_at(TIEOUT_DATA=str(shut / "data"))["data folder"]
    assert (check.state, f"chmod o+x {shut}" in check.mend) == ("bad", True)
    assert stat.S_IMODE(shut.stat().st_mode) == 0o700


def test_the_command_says_how_to_mend_it_and_fails(make_database: Callable[[str], str]) -> None:
    environment = {**os.environ, "TIEOUT_DATABASE_URL": make_database("template1")}
    ran = CliRunner().invoke(cli.app, ["doctor"], env=environment)
    assert ran.exit_code == 1
    assert "to mend it: tieout migrate" in ran.output


def test_what_waits_was_refused_or_is_silent_is_told(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            """
            INSERT INTO delivery (connection, kind, received_at, content_type, headers, body, sha256, state)
            SELECT 'billing', 'hook', now() - interval '2 h', 'text/plain', '{}', 'x', sha256('x'), n * 2 FROM generate_series(0, 1) AS n;
            INSERT INTO audit_entry (at, who, kind, what, subject, why) VALUES (now() - interval '2 h', 'ana', 'person', 'x', 'y', '');
            INSERT INTO stream (connection, type, entity, silent_since) VALUES ('billing', 'invoice', 'DE01', now());
            INSERT INTO instance (flow, key, problem) VALUES ('order_to_bill', 'order/crm/O-1', 'ZeroDivisionError');
            CREATE TABLE observation_2026_01 PARTITION OF observation FOR VALUES FROM ('2026-01-01Z') TO ('2026-02-01Z');
            """
        )
    doubts = {
        check.subject: check.found
        for check in diagnose(settings.read({"TIEOUT_DATABASE_URL": database}))
        if check.state != "good"
    }
    assert doubts["work"] == "deliveries that wait: 1, the first for 2:00:00"
    assert doubts["refused"] == "deliveries that were not understood: 1"
    assert doubts["instances"] == "instances that could not be evaluated: 1"
    assert doubts["trail"] == "entries that wait to be sealed: 1, the first for 2:00:00"
    assert doubts["streams"] == "less comes than is expected: billing/invoice/DE01"
    assert doubts["history"].startswith("there is no partition for ")


def test_secrets_that_nobody_can_open_any_more_are_bad(database: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    environment = {"TIEOUT_DATABASE_URL": database, "TIEOUT_KEYS": str(keys)}
    with connect(database, "a test") as opened:
        billing = Connection(name="billing", kind="webhook", scheme="hmac", options={})
        add_connection(opened, billing, "a secret", Sealer(keys), By("it"))
    assert looked_at(**environment)["secrets"].state == "good"
    keys.write_text("bm8=\n")
    assert looked_at(**environment)["secrets"].state == "bad"
    keys.unlink()
    check = looked_at(**environment)["secrets"]
    assert (check.state, "TIEOUT_KEYS" in check.mend) == ("bad", True)
