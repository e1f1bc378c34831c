"""Transactions that meet are run again; a database that went away is told apart from a question that was wrong."""

from __future__ import annotations

import threading
import time

import msgspec
import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from tieout.store.connection import Connection, arrays, connect, conninfo, is_lost, open_pool, transact
from tieout.store.errors import DatabaseLost
from tieout.store.statements import sql


def one(connection: Connection, query: str) -> object:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_every_connection_ends_what_was_forgotten_and_counts_in_utc(database: str) -> None:
    with connect(database, "a test", statement_seconds=7) as connection:
        assert one(connection, "SHOW statement_timeout") == "7s"
        assert one(connection, "SHOW lock_timeout") == "7s"
        assert one(connection, "SHOW idle_in_transaction_session_timeout") == "1min"
        assert one(connection, "SHOW timezone") == "UTC"
        assert one(connection, "SHOW application_name") == "a test"


def test_what_a_database_url_says_goes_before_what_we_ask_for() -> None:
    asked = conninfo_to_dict(
        conninfo("postgresql://db/money?connect_timeout=2&options=-c%20search_path%3Dbooks", "a test")
    )
    assert asked["connect_timeout"] == "2"
    assert "search_path=books" in str(asked["options"])
    assert "timezone=UTC" in str(asked["options"])


def test_two_who_lock_in_opposite_orders_both_get_done(database: str) -> None:
    """The classic: two transfers between the same two accounts, one each way."""
    both_hold_one = threading.Barrier(2)
    with open_pool(database, "a test", 2) as pool:
        transact(
            pool,
            lambda c: c.execute(
                "CREATE TABLE account AS SELECT i AS id, 100 AS balance FROM generate_series(1, 2) AS i"
            ),
        )
        tries: list[tuple[int, int]] = []

        def transfer(source: int, target: int) -> None:
            def work(connection: Connection) -> None:
                tries.append((source, target))
                connection.execute("UPDATE account SET balance = balance - 10 WHERE id = %s", [source])
                if len(tries) <= 2:
                    both_hold_one.wait()
                connection.execute("UPDATE account SET balance = balance + 10 WHERE id = %s", [target])

            transact(pool, work)

        threads = [threading.Thread(target=transfer, args=way) for way in ((1, 2), (2, 1))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(tries) >= 3, "one of the two was run again"
        assert transact(pool, lambda c: c.execute("SELECT balance FROM account ORDER BY id").fetchall()) == [
            (100,),
            (100,),
        ]


def test_a_transaction_that_fails_leaves_nothing_behind_and_its_connection_is_good(database: str) -> None:
    def fail(connection: Connection) -> None:
        connection.execute("CREATE TABLE half_done ()")
        connection.execute("SELECT 1 / 0")

    with open_pool(database, "a test", 1) as pool:
        with pytest.raises(errors.DivisionByZero):
            transact(pool, fail)
        assert transact(pool, lambda c: one(c, "SELECT to_regclass('half_done')")) is None


def test_a_transaction_that_always_meets_another_gives_up_in_the_end(database: str) -> None:
    tries = []

    def meet(connection: Connection) -> None:
        tries.append(1)
        raise errors.SerializationFailure

    with open_pool(database, "a test", 1) as pool, pytest.raises(errors.SerializationFailure):
        transact(pool, meet, attempts=3)
    assert len(tries) == 3


def test_a_broken_connection_is_not_handed_out_again(database: str, server: str) -> None:
    with open_pool(database, "doomed", 1) as pool:
        transact(pool, lambda c: one(c, "SELECT 1"))
        with psycopg.connect(server, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'doomed'")
        time.sleep(0.1)
        assert transact(pool, lambda c: one(c, "SELECT 1")) == 1


def test_a_database_that_goes_away_in_mid_transaction_is_lost(database: str) -> None:
    with open_pool(database, "a test", 1) as pool, pytest.raises(DatabaseLost, match="terminat"):
        transact(pool, lambda c: c.execute("SELECT pg_terminate_backend(pg_backend_pid())"))


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (errors.DiskFull(), True), (errors.AdminShutdown(), True), (errors.ReadOnlySqlTransaction(), True),
        (errors.CannotConnectNow(), True), (psycopg.OperationalError("server closed the connection unexpectedly"), True),
        (errors.UniqueViolation(), False), (errors.DivisionByZero(), False), (errors.QueryCanceled(), False),
        (errors.DeadlockDetected(), False),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_errors_of_the_database_are_told_from_errors_of_the_question(error: psycopg.Error, lost: bool) -> None:
    assert is_lost(error) is lost


def test_rows_become_arrays_that_unnest_gives_back(database: str) -> None:
    class Line(msgspec.Struct):
        name: str | None
        amount: int
        raw: bytes

    lines = [Line("Größe", 2**40, b"\x00\xff"), Line(None, -1, b"")]
    with connect(database, "a test") as connection:
        rows = connection.execute(
            "SELECT * FROM unnest(%(name)b::text[], %(amount)b::bigint[], %(raw)b::bytea[])",
            arrays(lines, "name", "amount", "raw"),
        ).fetchall()
    assert rows == [("Größe", 2**40, b"\x00\xff"), (None, -1, b"")]


def test_a_statement_is_found_by_its_name_and_a_slip_gets_the_nearest() -> None:
    assert sql("find_deliveries_by_key").lstrip(b"- ").startswith(b"The delivery that holds each key")
    with pytest.raises(KeyError, match="insert_deliveries"):
        sql("insert_delivery")
