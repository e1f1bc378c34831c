"""The tables of an installation follow its version: from nothing, from the release before, with whatever is in them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import psycopg
import pytest
from typer.testing import CliRunner

from tieout import cli
from tieout.store.errors import DatabaseLost
from tieout.store.migrate import Status, files, migrate, status


def tables(dsn: str) -> set[str]:
    with psycopg.connect(dsn) as connection:
        return {name for (name,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def test_an_empty_database_gets_every_table_once(make_database: Callable[[str], str]) -> None:
    dsn = make_database("template1")
    done: list[str] = []
    assert status(dsn) == Status(tuple(files()), ())
    assert migrate(dsn, done.append).pending == tuple(files())
    assert done == list(files())
    assert {"delivery", "token", "django_migrations"} <= tables(dsn)
    assert status(dsn) == Status((), ())
    assert migrate(dsn) == Status((), ())


def test_to_look_changes_nothing(make_database: Callable[[str], str]) -> None:
    dsn = make_database("template1")
    status(dsn)
    assert tables(dsn) == set()


def test_of_two_who_migrate_at_once_one_works_and_the_other_waits(make_database: Callable[[str], str]) -> None:
    dsn = make_database("template1")
    both = threading.Barrier(2)
    had_to_do: list[Status] = []

    def start() -> None:
        both.wait()
        had_to_do.append(migrate(dsn))

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(len(one.pending) for one in had_to_do) == [0, len(files())]


def test_a_database_that_a_newer_version_migrated_is_left_alone(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('store', '9999_later', now())")
    assert migrate(database) == Status((), ("9999_later",))


def test_a_migration_that_fails_leaves_nothing_of_it(make_database: Callable[[str], str]) -> None:
    dsn = make_database("template1")
    with psycopg.connect(dsn) as connection:
        connection.execute("CREATE TABLE token (in_the_way int)")
    with pytest.raises(Exception, match="token"):
        migrate(dsn)
    assert "delivery" not in tables(dsn)
    assert status(dsn).pending == tuple(files())


def test_a_database_that_does_not_answer_is_lost() -> None:
    with pytest.raises(DatabaseLost):
        status("host=/nowhere dbname=tieout")


@pytest.mark.parametrize("last", list(files())[:-1])
def test_every_earlier_version_with_rows_in_it_comes_up_to_date(last: str, make_database: Callable[[str], str]) -> None:
    dsn = make_database("template1")
    migrate(dsn, until=last)
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "INSERT INTO delivery (connection, kind, content_type, headers, body, sha256) "
            "SELECT 'billing', 'hook', 'text/plain', '{}', 'x', sha256('x') FROM generate_series(1, 1000)"
        )
    migrate(dsn)
    with psycopg.connect(dsn) as connection:
        assert connection.execute("SELECT count(*) FROM delivery WHERE state = 0").fetchone() == (1000,)


def test_the_command_says_what_there_is_to_do_and_does_it(make_database: Callable[[str], str]) -> None:
    environment = {**os.environ, "TIEOUT_DATABASE_URL": make_database("template1")}
    first = next(iter(files()))
    checked = CliRunner().invoke(cli.app, ["migrate", "--check"], env=environment)
    assert (checked.exit_code, checked.output.splitlines()[0]) == (1, f"to apply: {first}")
    done = CliRunner().invoke(cli.app, ["migrate"], env=environment)
    assert (done.exit_code, done.output.splitlines()[0]) == (0, f"applied {first}")
    checked = CliRunner().invoke(cli.app, ["migrate", "--check"], env=environment)
    assert (checked.exit_code, checked.output) == (0, "The database is up to date.\n")
