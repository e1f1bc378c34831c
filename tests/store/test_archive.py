"""History by the month: partitions are there before they are needed; old months go to files, and later days can still be shown."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import duckdb
import psycopg
import pytest
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from tieout import cli
from tieout.canon.faults import InputFault, MachineFault
from tieout.store import history
from tieout.store.archive import archive, archive_deliveries
from tieout.store.connection import Connection, open_pool
from tieout.store.snapshot import Moment, snapshot
from tieout.store.trail import By
from tieout.store.trail import history as trail_of

ANA = By("ana", why="a year is enough")
NOW = dt.datetime(2026, 6, 10, tzinfo=dt.UTC)
told: list[history.Archived] = []

# Three invoices: the first changes every month, the second once in January, the third in May alone. One version came late.
ROWS = [
    ("invoice/billing/1", 1, 1, "2026-01-31 23:59:59.999999Z"), ("invoice/billing/2", 1, 2, "2026-01-10 12:00Z"),
    ("invoice/billing/1", 2, 3, "2026-02-01 00:00Z"), ("invoice/billing/1", 4, 4, "2026-03-05 00:00Z"),
    ("invoice/billing/1", 3, 5, "2026-04-05 00:00Z"), ("invoice/billing/3", 1, 6, "2026-05-05 00:00Z"),
    ("invoice/billing/1", 5, 7, "2026-06-05 00:00Z"),
]  # fmt: skip


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 2) as pool:
        yield pool


def fill(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.cursor().executemany(
            "INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at) "
            "VALUES (%s, %s, %s, 0, sha256('x'), %s, %s)",
            [(key, version, arrival, f'{{"note":"größer","version":{version}}}'.encode(), at) for key, version, arrival, at in ROWS],
        )  # fmt: skip


def ask(dsn: str, query: str, *parameters: object) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(query.encode(), parameters).fetchall()


DAYS = [dt.datetime(2026, month, 1, tzinfo=dt.UTC) for month in (4, 5, 6, 7)]


def known_on(dsn: str, day: dt.datetime) -> list[str]:
    """Every document, as it was known when a day began."""
    with snapshot(dsn, Moment(day)) as known:
        return sorted(bytes(body).decode() for _, body in known.documents())


def partitions(dsn: str) -> list[str]:
    return [
        str(name)
        for (name,) in ask(dsn, "SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r' ORDER BY 1")
    ]


def test_partitions_are_there_before_their_month_begins(database: str, pool: ConnectionPool[Connection]) -> None:
    assert history.tick(pool, dt.datetime(2026, 12, 31, 23, 59, tzinfo=dt.UTC)) == [
        "observation_2026_12", "observation_2027_01", "observation_2027_02",
    ]  # fmt: skip
    assert history.tick(pool, dt.datetime(2027, 1, 1, tzinfo=dt.UTC)) == ["observation_2027_03"]
    assert history.tick(pool, dt.datetime(2027, 1, 1, tzinfo=dt.UTC)) == []
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at) "
            "VALUES ('order/crm/1', 1, 1, 0, '', '', '2027-01-31 23:59:59.999999Z')"
        )
    assert ask(database, "SELECT tableoid::regclass::text FROM observation") == [("observation_2027_01",)]


def test_what_came_before_its_partition_was_made_is_moved_into_it(
    database: str, pool: ConnectionPool[Connection]
) -> None:
    fill(database)
    assert ask(database, "SELECT count(*) FROM observation_rest") == [(7,)]
    history.tick(pool, NOW)
    assert ask(database, "SELECT count(*) FROM observation_2026_06") == [(1,)]
    assert ask(database, "SELECT count(*) FROM observation_rest") == [(6,)]
    assert ask(database, "SELECT count(*) FROM observation") == [(7,)]


def test_old_months_go_to_files_that_anybody_can_read_and_later_days_stay_as_they_were(
    database: str, pool: ConnectionPool[Connection], tmp_path: Path
) -> None:
    fill(database)
    history.tick(pool, NOW)
    before = {day: known_on(database, day) for day in DAYS}
    assert before[DAYS[1]] == ['{"note":"größer","version":1}', '{"note":"größer","version":4}']

    first = archive(database, dt.date(2026, 3, 1), tmp_path, ANA, NOW, told.append)
    assert [(one.month.month, one.rows) for one in first] == [(1, 2), (2, 1)]
    assert {day: known_on(database, day) for day in DAYS} == before
    second = archive(database, dt.date(2026, 4, 1), tmp_path, ANA, NOW, told.append)
    assert [(one.month.month, one.rows) for one in second] == [(3, 1)]
    assert {day: known_on(database, day) for day in DAYS} == before
    assert partitions(database) == [
        "observation_2026_04", "observation_2026_05", "observation_2026_06", "observation_2026_07", "observation_2026_08",
        "observation_base", "observation_rest",
    ]  # fmt: skip
    assert ask(database, "SELECT key, version FROM observation_base ORDER BY key") == [
        ("invoice/billing/1", 4), ("invoice/billing/2", 1),
    ]  # fmt: skip
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == [f"observations_2026_0{month}.parquet" for month in (1, 2, 3)]
    read = duckdb.sql(
        f"SELECT key, version, body ->> 'note', epoch_us(recorded_at) FROM '{files[0]}' ORDER BY key"
    ).fetchall()
    assert [row[:3] for row in read] == [("invoice/billing/1", 1, "größer"), ("invoice/billing/2", 1, "größer")]
    assert read[0][3] % 10**6 == 999_999
    with pool.connection() as connection:
        archived = history.archives(connection, "observations")
        assert [hashlib.sha256(Path(one.file).read_bytes()).digest() for one in archived] == [
            one.sha256 for one in archived
        ]
        begins = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)
        assert history.known_from(connection) == begins
    with snapshot(database, Moment(begins)) as known:
        assert len(list(known.documents())) == 2
    too_early = Moment(begins - dt.timedelta(microseconds=1))
    with (
        pytest.raises(InputFault, match="what was known before 2026-04-01 was archived"),
        snapshot(database, too_early),
    ):
        pass
    with pool.connection() as connection:
        (entry,) = trail_of(connection, "2026-03")
        assert (entry.what, entry.who, entry.why) == ("observations.archive", "ana", "a year is enough")


def test_only_months_that_are_over_are_archived(
    database: str, pool: ConnectionPool[Connection], tmp_path: Path
) -> None:
    fill(database)
    with pytest.raises(InputFault, match="2026-07 has not begun"):
        archive(database, dt.date(2026, 7, 1), tmp_path, ANA, NOW, told.append)
    archive(database, dt.date(2026, 6, 1), tmp_path, ANA, NOW, told.append)
    assert ask(database, "SELECT count(*) FROM observation_2026_06") == [(1,)]
    assert archive(database, dt.date(2026, 6, 1), tmp_path, ANA, NOW, told.append) == []


def test_a_month_whose_file_cannot_be_written_stays(
    database: str, pool: ConnectionPool[Connection], tmp_path: Path
) -> None:
    fill(database)
    (tmp_path / "observations_2026_02.parquet").mkdir()  # In the way of the second month's file.
    with pytest.raises(MachineFault, match=r"observations_2026_02.parquet: cannot be written"):
        archive(database, dt.date(2026, 4, 1), tmp_path, ANA, NOW, told.append)
    with pool.connection() as connection:
        assert [one.month.month for one in history.archives(connection, "observations")] == [1]
    assert ask(database, "SELECT count(*) FROM observation_2026_02") == [(1,)]
    (tmp_path / "observations_2026_02.parquet").rmdir()
    assert [one.month.month for one in archive(database, dt.date(2026, 4, 1), tmp_path, ANA, NOW, told.append)] == [
        2,
        3,
    ]
    assert not list(tmp_path.glob("*.half"))


def test_a_month_that_somebody_reads_stays_and_nobody_waits_for_long(database: str, tmp_path: Path) -> None:
    fill(database)
    with psycopg.connect(database) as reader:
        reader.execute("SELECT FROM observation")
        reader.commit()
        archive(database, dt.date(2026, 2, 1), tmp_path, ANA, NOW, told.append)
        reader.execute("SELECT FROM observation_2026_02")
        with pytest.raises(MachineFault, match="observation_2026_02: somebody reads history for so long"):
            archive(database, dt.date(2026, 3, 1), tmp_path, ANA, NOW, told.append)
    assert ask(database, "SELECT count(*) FROM observation_2026_02") == [(1,)]
    assert len(archive(database, dt.date(2026, 3, 1), tmp_path, ANA, NOW, told.append)) == 1


def test_deliveries_go_as_they_came_and_those_that_wait_stay(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.cursor().executemany(
            "INSERT INTO delivery (connection, kind, received_at, content_type, headers, body, sha256, dedup_key, state, reason) "
            "VALUES ('billing', 'hook', %s, 'text/plain', '{\"x\":\"1\"}', %s, sha256(%s), %s, %s, %s)",
            [
                ("2026-01-31 23:59Z", b"one", b"one", "k-1", 1, None), ("2026-01-05 00:00Z", b"\xff\x00", b"", None, 2, "no JSON"),
                ("2026-01-06 00:00Z", b"waits", b"waits", "k-3", 0, None), ("2026-02-01 00:00Z", b"two", b"two", "k-4", 1, None),
                ("2026-03-01 00:00Z", b"young", b"young", "k-5", 1, None),
            ],
        )  # fmt: skip
    first = archive_deliveries(database, dt.date(2026, 2, 1), tmp_path, ANA, NOW, told.append)
    assert [(one.what, one.month.month, one.rows) for one in first] == [("deliveries", 1, 2)]
    read = duckdb.sql(f"SELECT * EXCLUDE (sha256, received_at) FROM '{first[0].file}' ORDER BY id").fetchall()
    assert read == [
        (1, "billing", "hook", "text/plain", '{"x": "1"}', b"one", "k-1", 1, None, None),
        (2, "billing", "hook", "text/plain", '{"x": "1"}', b"\xff\x00", None, 2, "no JSON", None),
    ]
    assert ask(database, "SELECT id FROM delivery ORDER BY id") == [(3,), (4,), (5,)]
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE delivery SET state = 1 WHERE id = 3")
    second = archive_deliveries(database, dt.date(2026, 3, 1), tmp_path, ANA, NOW, told.append)
    assert [(one.month.month, one.rows) for one in second] == [(2, 2)]  # With the one that waited.
    assert archive_deliveries(database, dt.date(2026, 3, 1), tmp_path, ANA, NOW, told.append) == []
    assert ask(database, "SELECT id FROM delivery ORDER BY id") == [(5,)]


def test_deliveries_whose_file_cannot_be_written_stay(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO delivery (connection, kind, received_at, content_type, headers, body, sha256, state) "
            "VALUES ('billing', 'hook', '2026-01-01', 'text/plain', '{}', '', sha256(''), 1)"
        )
    (tmp_path / "deliveries_2026_01.parquet").mkdir()
    with pytest.raises(MachineFault, match="cannot be written"):
        archive_deliveries(database, dt.date(2026, 2, 1), tmp_path, ANA, NOW, told.append)
    assert ask(database, "SELECT count(*) FROM delivery") == [(1,)]


def test_the_command(database: str, pool: ConnectionPool[Connection], tmp_path: Path) -> None:
    fill(database)
    environment = {**os.environ, "TIEOUT_DATABASE_URL": database}
    done = CliRunner().invoke(
        cli.app, ["archive", "--before", "2026-02", "--deliveries", "--out", str(tmp_path)], env=environment
    )
    assert (done.exit_code, done.output) == (
        0,
        f"2026-01             2 observations  {tmp_path}/observations_2026_01.parquet\n",
    )
    again = CliRunner().invoke(cli.app, ["archive", "--before", "2026-02", "--out", str(tmp_path)], env=environment)
    assert (again.exit_code, again.output) == (0, "No month before 2026-02 is in the database.\n")
    with pytest.raises(InputFault, match="--before: 'March' is not a month"):
        CliRunner().invoke(
            cli.app, ["archive", "--before", "March", "--out", str(tmp_path)], env=environment, catch_exceptions=False
        )
