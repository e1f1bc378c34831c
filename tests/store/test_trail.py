"""The audit trail: a change and its entry are committed together, and whoever tampers afterwards is found out, row by row."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from tieout import cli
from tieout.canon.faults import InputFault
from tieout.store import trail_heads
from tieout.store.connection import Connection, connect, open_pool, transact
from tieout.store.trail import By, Entry, append, history, seal, verify


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


def mapping(code: str, before: str | None, after: str, why: str = "new price list") -> Entry:
    return Entry(
        who="ana", kind="person", what="crosswalk.change", subject=f"item/{code}", why=why,
        before=before and {"target": before}, after={"target": after, "from": "2026-01-01"},
    )  # fmt: skip


def filled(pool: ConnectionPool[Connection], entries: int = 9, batch: int = 3) -> None:
    transact(pool, lambda c: append(c, *(mapping(f"SKU-{n}", None, f"ERP-{n}") for n in range(1, entries + 1))))
    while transact(pool, lambda c: seal(c, most=batch)):
        pass


def flaws(dsn: str, heads: list[Path] | None = None) -> list[tuple[str, str]]:
    with connect(dsn, "a test") as connection:
        return [(flaw.kind, flaw.found) for flaw in verify(connection, trail_heads.read(heads or [])).flaws]


def tamper(dsn: str, *statements: str) -> None:
    """As somebody who may do anything in this database, and knows how to switch our triggers off."""
    with psycopg.connect(dsn) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in statements:
            connection.execute(statement.encode())


def test_an_entry_says_who_changed_what_when_and_why_from_what_to_what(pool: ConnectionPool[Connection]) -> None:
    transact(
        pool, lambda c: append(c, mapping("SKU-1", None, "ERP-1"), mapping("SKU-1", "ERP-1", "ERP-7", "wrong item"))
    )
    newest, first = transact(pool, lambda c: history(c, "item/SKU-1"))
    assert (newest.who, newest.kind, newest.what, newest.why) == ("ana", "person", "crosswalk.change", "wrong item")
    assert (newest.before, newest.after) == ('{"target":"ERP-1"}', '{"from":"2026-01-01","target":"ERP-7"}')
    assert first.before is None and first.at == newest.at


def test_a_change_that_is_rolled_back_leaves_no_entry_and_an_entry_that_fails_no_change(
    pool: ConnectionPool[Connection], database: str
) -> None:
    def change(connection: Connection, who: str) -> None:
        connection.execute(
            "INSERT INTO token (sha256, name, kind, holder, scopes) VALUES (sha256('t'), 't', 'service', 'crm', '{}')"
        )
        append(connection, Entry(who=who, kind="person", what="token.add", subject="token/t"))
        if who == "ben":
            raise InterruptedError

    with pytest.raises(InterruptedError):
        transact(pool, lambda c: change(c, "ben"))
    with pytest.raises(errors.CheckViolation):  # Nobody is nobody.
        transact(pool, lambda c: change(c, ""))
    with psycopg.connect(database) as connection:
        assert connection.execute(
            "SELECT (SELECT count(*) FROM token), (SELECT count(*) FROM audit_entry)"
        ).fetchone() == (0, 0)


def test_what_commits_late_is_sealed_late_and_nothing_is_left_out(
    pool: ConnectionPool[Connection], database: str
) -> None:
    """The entry with the lower number is committed after the one with the higher number was sealed."""
    with connect(database, "slow") as slow:
        append(slow, mapping("SLOW", None, "ERP-1"))
        transact(pool, lambda c: append(c, mapping("FAST", None, "ERP-2")))
        first = transact(pool, seal)
    second = transact(pool, seal)
    assert first and second and (first.total, second.total) == (1, 2)
    assert transact(pool, seal) is None
    assert flaws(database) == []


def test_many_sealers_and_writers_at_once_make_one_chain(pool: ConnectionPool[Connection], database: str) -> None:
    def write(writer: int) -> None:
        for n in range(30):
            transact(pool, lambda c, n=n: append(c, mapping(f"{writer}-{n}", None, "ERP")))  # type: ignore[misc]
            transact(pool, lambda c: seal(c, most=7))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while transact(pool, seal):
        pass
    with connect(database, "a test") as connection:
        verified = verify(connection)
    assert (verified.entries, verified.unsealed, verified.flaws) == (120, 0, ())


@pytest.mark.parametrize("table", ["audit_entry", "audit_batch"])
@pytest.mark.parametrize("how", ["UPDATE {} SET id = id + 100", "DELETE FROM {}", "TRUNCATE {}"])
def test_the_database_refuses_to_change_what_was_written(
    pool: ConnectionPool[Connection], database: str, table: str, how: str
) -> None:
    filled(pool)
    with psycopg.connect(database) as connection, pytest.raises(errors.RestrictViolation, match="append-only"):
        connection.execute(how.format(table).encode())


@pytest.mark.parametrize("field", ["who", "what", "subject", "why", "after", "at"])
def test_a_row_that_was_changed_is_named(pool: ConnectionPool[Connection], database: str, field: str) -> None:
    filled(pool)
    value = "at - interval '1 second'" if field == "at" else f"replace({field}, substr({field}, 1, 1), 'X')"
    tamper(database, f"UPDATE audit_entry SET {field} = {value} WHERE id = 5")
    ((kind, found),) = flaws(database)
    assert kind == "changed" and found.startswith("entry 5 (") and found.endswith(", of batch 2")


def test_a_row_that_was_removed_is_named(pool: ConnectionPool[Connection], database: str) -> None:
    filled(pool)
    tamper(database, "DELETE FROM audit_entry WHERE id = 4")
    assert flaws(database) == [("removed", "entry 4, of batch 2")]


def test_a_row_that_was_put_in_is_named(pool: ConnectionPool[Connection], database: str) -> None:
    filled(pool)
    tamper(
        database,
        "INSERT INTO audit_entry (id, at, who, kind, what, subject, why) "
        "VALUES (-1, '2026-01-05 10:00Z', 'boss', 'person', 'case.approve', 'case/7', 'I did approve it')",
    )
    assert flaws(database) == [("inserted", "entry -1 (case.approve of case/7 by boss, 2026-01-05 10:00:00 UTC)")]


def test_a_row_that_was_removed_before_it_was_sealed_is_named(pool: ConnectionPool[Connection], database: str) -> None:
    transact(pool, lambda c: append(c, mapping("SKU-1", None, "ERP-1")))
    tamper(database, "DELETE FROM audit_entry")
    assert flaws(database) == [("removed", "entry 1, which was not sealed yet")]


def test_the_first_of_several_is_named_first(pool: ConnectionPool[Connection], database: str) -> None:
    filled(pool)
    tamper(database, "DELETE FROM audit_entry WHERE id = 8", "UPDATE audit_entry SET why = 'x' WHERE id = 2")
    assert [found[:7] for _, found in flaws(database)] == ["entry 2", "entry 8"]


def test_a_hash_that_was_adapted_to_a_changed_row_does_not_follow_from_the_chain(
    pool: ConnectionPool[Connection], database: str
) -> None:
    filled(pool)
    tamper(database, "UPDATE audit_entry SET why = 'x' WHERE id = 5")
    with connect(database, "a test") as connection:
        forged = next(entry.hash().hex() for entry in history(connection, "item/SKU-5"))
    tamper(database, f"UPDATE audit_batch SET hashes[2] = '\\x{forged}' WHERE id = 2")
    ((kind, found),) = flaws(database)
    assert kind == "rewritten" and found.startswith("batch 2 of ") and found.endswith("follows from what it holds")


def test_a_batch_that_was_removed_with_its_entries_leaves_a_gap(
    pool: ConnectionPool[Connection], database: str
) -> None:
    filled(pool)
    tamper(database, "DELETE FROM audit_entry WHERE id BETWEEN 4 AND 6", "DELETE FROM audit_batch WHERE id = 2")
    assert flaws(database) == [("removed", "batch 2 of the chain")]


def test_published_heads_show_that_the_whole_end_was_cut_off(
    pool: ConnectionPool[Connection], database: str, tmp_path: Path
) -> None:
    filled(pool)
    with pool.connection() as connection:
        assert [head.batch for head in trail_heads.publish(connection, tmp_path)] == [1, 2, 3]
    cut = "DELETE FROM audit_entry WHERE id > 3", "DELETE FROM audit_batch WHERE id > 1"
    tamper(database, *cut)
    assert flaws(database) == []  # Nothing in the database tells.
    ((kind, found),) = flaws(database, [tmp_path / "trail.heads"])
    assert kind == "removed" and found.startswith("batches 2 to 3 at the end of the chain, 6 entries, published at ")


def test_published_heads_show_that_the_whole_chain_was_computed_anew(
    pool: ConnectionPool[Connection], database: str, tmp_path: Path
) -> None:
    filled(pool)
    with pool.connection() as connection:
        trail_heads.publish(connection, tmp_path)
    tamper(
        database, "UPDATE audit_entry SET who = 'boss' WHERE id = 1", "DELETE FROM audit_batch",
        "INSERT INTO audit_unsealed SELECT id FROM audit_entry",
    )  # fmt: skip
    while transact(pool, lambda c: seal(c, most=3)):
        pass
    assert flaws(database) == []
    found = flaws(database, [tmp_path / "trail.heads"])
    assert [kind for kind, _ in found] == ["rewritten"] * 3 and found[0][1].endswith("the one that was published")


def test_heads_are_published_once_and_what_was_missed_is_made_up_for(
    pool: ConnectionPool[Connection], tmp_path: Path
) -> None:
    filled(pool, entries=6)
    assert len(trail_heads.seal_and_publish(pool, tmp_path)) == 2
    assert trail_heads.seal_and_publish(pool, tmp_path) == []
    file = tmp_path / "trail.heads"
    file.write_bytes(file.read_bytes()[:-20])  # The power went while the last line was written.
    transact(pool, lambda c: append(c, mapping("SKU-7", None, "ERP-7")))
    assert [head.batch for head in trail_heads.seal_and_publish(pool, tmp_path)] == [2, 3]
    assert [(head.batch, head.total) for head in trail_heads.read([file])] == [(1, 3), (2, 6), (3, 7)]


def test_a_file_that_holds_no_heads_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("hello\n")
    with pytest.raises(InputFault, match="notes: line 1 is not a head"):
        trail_heads.read([tmp_path / "notes"])
    with pytest.raises(InputFault, match=r"nothing: cannot be read"):
        trail_heads.read([tmp_path / "nothing"])


def test_the_command_says_that_all_is_well_or_what_is_not(
    pool: ConnectionPool[Connection], database: str, tmp_path: Path
) -> None:
    filled(pool)
    with pool.connection() as connection:
        trail_heads.publish(connection, tmp_path / "data")
    environment = {**os.environ, "TIEOUT_DATABASE_URL": database, "TIEOUT_DATA": str(tmp_path / "data")}
    well = CliRunner().invoke(cli.app, ["verify"], env=environment)
    assert (well.exit_code, well.output.splitlines()) == (
        0, ["9 entries in 3 batches recomputed, 3 heads held against them.", "The trail is as it was written."],
    )  # fmt: skip
    tamper(database, "DELETE FROM audit_entry WHERE id = 4")
    ill = CliRunner().invoke(cli.app, ["verify"], env=environment)
    assert ill.exit_code == 1
    assert ill.output.splitlines()[0] == " ! removed    entry 4, of batch 2"


def test_the_trail_is_read_by_who_what_and_when(pool: ConnectionPool[Connection], database: str) -> None:
    transact(
        pool,
        lambda c: append(
            c, mapping("SKU-1", None, "ERP-1"), By("ben", why="is\nall").did("case.assign", "case/7", None, "ben")
        ),
    )
    environment = {**os.environ, "TIEOUT_DATABASE_URL": database}

    def shown(*words: str) -> list[str]:
        done = CliRunner().invoke(cli.app, ["trail", *words], env=environment)
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    assert [line.split()[3:6] for line in shown("item/SKU-1")] == [["ana", "crosswalk.change", "item/SKU-1:"]]
    assert len(shown()) == 3 and len(shown("--most", "1")) == 2  # A reason of two lines.
    assert shown("--what", "crosswalk") == shown("--what", "crosswalk.change") == shown("--who", "ana")
    assert shown("--what", "cross") == shown("--until", "2020-01-01") == shown("--since", "2100-01-01T00:00Z") == []
    (line,) = shown("--who", "ben", "--json")
    told = json.loads(line)
    assert (told["before"], told["after"], told["subject"], told["why"]) == (None, "ben", "case/7", "is\nall")
