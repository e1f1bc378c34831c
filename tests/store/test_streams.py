"""Streams on the real database: what arrives is folded in, silence becomes a finding that cases see, and goes when it resumes."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
import threading
from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from tieout import cli
from tieout.canon.finding import Finding
from tieout.engine.decided import Decided
from tieout.policy import Policy, parse
from tieout.process.liveness import declared
from tieout.store import streams
from tieout.store.connection import Connection, open_pool, transact
from tieout.store.decisions import decide
from tieout.store.stages import Stages
from tieout.store.trail import By, history
from tieout.store.triage import triage

POLICY = Policy.default()
HOUR = dt.timedelta(hours=1)
START = dt.datetime(2026, 5, 4, 8, tzinfo=dt.UTC)


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


def deliver(
    pool: ConnectionPool[Connection], at: dt.datetime, *documents: tuple[str, str], connection: str = "billing"
) -> None:
    """A delivery with documents (key, entity), as those who interpret it keep it."""

    def keep(opened: Connection) -> None:
        row = opened.execute(
            b"INSERT INTO delivery (connection, kind, received_at, content_type, headers, body, sha256, state) "
            b"VALUES (%s, 'hook', %s, 'application/json', '{}', 'x', sha256('x'), 1) RETURNING id", [connection, at],
        ).fetchone()  # fmt: skip
        assert row is not None
        types = [key.partition("/")[0] for key, _ in documents]
        streams.arrived(
            opened,
            [
                streams.Arrival(connection, type_, entity, row[0], key, at)
                for type_, (key, entity) in zip(types, documents, strict=True)
            ],
        )

    transact(pool, keep)


def expect(pool: ConnectionPool[Connection], at_least: int, every: str, now: dt.datetime = START, **more: str) -> None:
    stream = declared("billing", "invoice", "DE01", at_least, every, **more)
    transact(pool, lambda c: streams.expect(c, stream, By("ana", why="month end"), now))


def findings(pool: ConnectionPool[Connection]) -> list[Finding]:
    with pool.connection() as connection:
        rows = connection.execute(b"SELECT body FROM finding WHERE risk = 'stream_silent'").fetchall()
        return [msgspec.json.decode(body, type=Finding) for (body,) in rows]


def told(pool: ConnectionPool[Connection]) -> list[tuple[str, str, str]]:
    """What cases are told has changed, once."""

    def take(connection: Connection) -> list[tuple[str, str, str]]:
        return connection.execute(b"DELETE FROM finding_changed RETURNING risk, subject, period").fetchall()

    return transact(pool, take)


def test_what_arrives_is_counted_by_connection_type_and_entity(pool: ConnectionPool[Connection]) -> None:
    deliver(pool, START, ("invoice/billing/1", "DE01"), ("invoice/billing/2", "DE01"), ("invoice/billing/3", "US01"))
    deliver(pool, START + HOUR, ("invoice/billing/4", "DE01"), ("order/crm/O-1", ""))
    deliver(pool, START + HOUR / 2, ("invoice/billing/5", "DE01"))  # It came before, and is understood later.
    streams.tick(pool, POLICY, START + HOUR)
    with pool.connection() as connection:
        listed = {one.stream.key: (one.documents, one.stream.last_document) for one in streams.listed(connection)}
    assert listed == {
        "stream/billing/invoice/DE01": (4, "invoice/billing/4"),
        "stream/billing/invoice/US01": (1, "invoice/billing/3"),
        "stream/billing/order": (1, "order/crm/O-1"),
    }


def test_a_stream_that_stops_becomes_a_finding_within_its_interval_and_goes_when_it_resumes(
    pool: ConnectionPool[Connection],
) -> None:
    expect(pool, 2, "4 hours")
    deliver(pool, START, ("invoice/billing/1", "DE01"), ("invoice/billing/2", "DE01"))
    assert streams.tick(pool, POLICY, START + 3 * HOUR) == 0  # It is not expected for a whole interval yet.
    assert streams.tick(pool, POLICY, START + 4 * HOUR) == 0
    assert streams.tick(pool, POLICY, START + 4 * HOUR + dt.timedelta(minutes=5)) == 1
    (finding,) = findings(pool)
    assert (finding.variant, finding.documents) == ("silent", ("invoice/billing/2",))
    assert told(pool) == [("stream_silent", "stream/billing/invoice/DE01", "")]
    assert streams.tick(pool, POLICY, START + 30 * HOUR) == 0  # It is told once.
    deliver(pool, START + 31 * HOUR, ("invoice/billing/3", "DE01"))
    assert streams.tick(pool, POLICY, START + 31 * HOUR) == 1
    assert [one.variant for one in findings(pool)] == ["below volume"]
    deliver(pool, START + 31 * HOUR, ("invoice/billing/4", "DE01"))
    assert streams.tick(pool, POLICY, START + 31 * HOUR) == 1
    assert findings(pool) == []
    assert told(pool) == [("stream_silent", "stream/billing/invoice/DE01", "")] * 2
    with pool.connection() as connection:
        assert [one.stream.silent_since for one in streams.listed(connection)] == [None]


def test_a_source_that_is_read_by_a_cursor_is_told_of_before_it_forgets(pool: ConnectionPool[Connection]) -> None:
    expect(pool, 0, "", retention="72 hours")
    transact(pool, lambda c: streams.progressed(c, "billing", "invoice", "DE01", "page-9", START))
    transact(
        pool, lambda c: streams.progressed(c, "billing", "invoice", "DE01", "page-8", START - HOUR)
    )  # A slow reader's.
    assert streams.tick(pool, POLICY, START + 35 * HOUR) == 0
    assert streams.tick(pool, POLICY, START + 36 * HOUR) == 1
    assert [one.variant for one in findings(pool)] == ["behind"]
    transact(pool, lambda c: streams.progressed(c, "billing", "invoice", "DE01", "page-10", START + 36 * HOUR))
    assert streams.tick(pool, POLICY, START + 36 * HOUR) == 1
    assert findings(pool) == []


def test_an_expectation_that_is_withdrawn_takes_its_finding_away_and_the_trail_says_who_did_it(
    pool: ConnectionPool[Connection],
) -> None:
    expect(pool, 1, "1 hour")
    assert streams.tick(pool, POLICY, START + 2 * HOUR) == 1
    expect(pool, 0, "", now=START + 3 * HOUR)
    assert streams.tick(pool, POLICY, START + 3 * HOUR) == 1
    assert findings(pool) == []
    with pool.connection() as connection:
        withdrawn, first = history(connection, "stream/billing/invoice/DE01")
    assert (first.who, first.why, first.before) == ("ana", "month end", None)
    assert first.after == withdrawn.before == '{"at_least":1,"every":"1 hour","retention":null}'
    assert withdrawn.after == '{"at_least":0,"every":null,"retention":null}'


def test_many_who_interpret_and_many_who_judge_lose_no_count(pool: ConnectionPool[Connection]) -> None:
    expect(pool, 1, "1 hour")

    def work(n: int) -> None:
        for i in range(15):
            deliver(pool, START + HOUR, (f"invoice/billing/{n}-{i}", "DE01"), ("order/crm/O-1", ""))
            streams.tick(pool, POLICY, START + HOUR)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    streams.tick(pool, POLICY, START + HOUR)
    with pool.connection() as connection:
        assert {one.stream.type: one.documents for one in streams.listed(connection)} == {"invoice": 60, "order": 60}
        counted = connection.execute(b"SELECT sum(documents) FROM stream_count").fetchone()
        assert counted == (120,)


def test_documents_that_are_rolled_back_did_not_arrive(pool: ConnectionPool[Connection], database: str) -> None:
    with psycopg.connect(database) as connection:
        streams.arrived(connection, [streams.Arrival("billing", "invoice", "DE01", 1, "invoice/billing/1", START)])
        connection.rollback()
    streams.tick(pool, POLICY, START)
    with pool.connection() as own:
        assert streams.listed(own) == []


def test_the_commands_declare_and_show(pool: ConnectionPool[Connection], database: str) -> None:
    environment = {**os.environ, "TIEOUT_DATABASE_URL": database}

    def run(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, ["streams", *words], env=environment)
        return done.exit_code, done.output

    assert run("expect", "billing", "invoice", "--entity", "DE01", "--at-least", "300", "--every", "1 business day") == (
        0, "stream/billing/invoice/DE01: at least 300 every 1 business day\n",
    )  # fmt: skip
    deliver(pool, START, ("invoice/billing/1", "DE01"))
    streams.tick(pool, POLICY, START)
    code, listed = run("list")
    assert code == 0
    assert re.split(" {2,}", listed.splitlines()[1]) == [
        "billing/invoice/DE01", "1", "2026-05-04 08:00", "at least 300 every 1 business day", "ok",
    ]  # fmt: skip
    streams.tick(pool, POLICY, dt.datetime.now(dt.UTC) + dt.timedelta(days=7))
    code, listed = run("list", "billing")
    assert code == 1 and "! since" in listed.splitlines()[1]
    assert run("list", "crm")[1].splitlines() == ["stream  documents  last (UTC)  expected"]


def test_silence_is_a_case_that_closes_by_itself(pool: ConnectionPool[Connection]) -> None:
    expect(pool, 1, "4 hours")
    streams.tick(pool, POLICY, START + 5 * HOUR)
    triage(pool, POLICY, START + 5 * HOUR)
    with pool.connection() as connection:
        row = connection.execute(b"SELECT state, risk, owner, entity FROM case_").fetchone()
    assert row == ("open", "stream_silent", "IT", "DE01")
    deliver(pool, START + 6 * HOUR, ("invoice/billing/1", "DE01"))
    streams.tick(pool, POLICY, START + 6 * HOUR)
    triage(pool, POLICY, START + 6 * HOUR)
    with pool.connection() as connection:
        assert connection.execute(b"SELECT state FROM case_").fetchall() == [("closed",)]


def test_another_queue_for_silence_is_taken_up_and_the_finding_stays(pool: ConnectionPool[Connection]) -> None:
    """Its instance belongs to no flow: to evaluate it would take the finding away."""
    expect(pool, 1, "4 hours")
    now = START + 5 * HOUR
    streams.tick(pool, POLICY, now)
    policy = parse({"owners": {"stream_silent": "Integration desk"}}, "a test")
    transact(pool, lambda c: decide(c, Decided(policy=policy), "ana", "it is theirs", now))
    Stages(pool, "w-1").settle(now)
    assert [one.owner for one in findings(pool)] == ["IT"]
    assert streams.tick(pool, policy, now) == 1
    assert [one.owner for one in findings(pool)] == ["Integration desk"]


def test_what_came_suggests_what_to_expect(pool: ConnectionPool[Connection], database: str) -> None:
    now = dt.datetime.now(dt.UTC)
    for days in range(1, 25):
        deliver(
            pool, now - dt.timedelta(days=days), *((f"order/crm/{days}-{n}", "") for n in range(10)), connection="shop"
        )
    streams.tick(pool, POLICY, now)
    environment = {**os.environ, "TIEOUT_DATABASE_URL": database}
    suggested = CliRunner().invoke(cli.app, ["streams", "suggest"], env=environment)
    assert suggested.output.splitlines()[1] == 'tieout streams expect shop order --at-least 5 --every "1 business day"'
    done = CliRunner().invoke(cli.app, shlex.split(suggested.output.splitlines()[1])[1:], env=environment)
    assert done.exit_code == 0
    assert CliRunner().invoke(cli.app, ["streams", "suggest"], env=environment).output.startswith("Nothing to suggest")
