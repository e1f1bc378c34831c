"""What was answered with a receipt is in the database, exactly once, whatever happens; what is not there was not answered."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, wait
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tieout.store.embedded import running
from tieout.store.errors import DatabaseLost, DeliveryRefused, IntakeFull
from tieout.store.intake import Delivery, GroupCommit, Receipt
from tieout.store.migrate import migrate

from .holding import answers, comes_true, postmaster


def hook(body: bytes = b'{"id": "in_1"}', key: str | None = None, **more: Any) -> Delivery:
    return Delivery(
        connection="billing", kind="hook", content_type="application/json", headers={"webhook-id": "msg_1"}, body=body,
        dedup_key=key, **more,
    )  # fmt: skip


@pytest.fixture
def intake(database: str) -> Iterator[GroupCommit]:
    with GroupCommit(database) as group_commit:
        yield group_commit


def stored(dsn: str, columns: str = "id, body") -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(f"SELECT {columns} FROM delivery ORDER BY id".encode()).fetchall()


def test_a_delivery_is_kept_as_it_came(intake: GroupCommit, database: str) -> None:
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    body = bytes(range(256))
    receipt = intake.submit(hook(body, received_at=noon)).result()
    assert receipt.outcome == "kept"
    columns = "id, connection, kind, received_at, content_type, headers, body, sha256, state, attempts"
    kept = (
        receipt.id,
        "billing",
        "hook",
        noon,
        "application/json",
        {"webhook-id": "msg_1"},
        body,
        hashlib.sha256(body).digest(),
    )
    assert stored(database, columns) == [(*kept, 0, 0)]


def test_without_a_time_of_its_own_it_came_now_by_the_databases_clock(intake: GroupCommit, database: str) -> None:
    intake.submit(hook()).result()
    assert stored(database, "received_at > now() - interval '1 minute'") == [(True,)]


def test_the_same_key_twice_is_kept_once_and_both_hear_of_the_same_delivery(intake: GroupCommit, database: str) -> None:
    first = intake.submit(hook(key="evt_1")).result()
    again = intake.submit(hook(key="evt_1")).result()
    assert again == Receipt(first.id, "repeated")
    assert len(stored(database)) == 1


def test_the_same_key_twice_in_one_group_is_kept_once(intake: GroupCommit, database: str) -> None:
    futures = [intake.submit(hook(key=f"evt_{i % 10}")) for i in range(100)]
    receipts = [future.result() for future in futures]
    assert sorted(receipt.outcome for receipt in receipts) == ["kept"] * 10 + ["repeated"] * 90
    assert {receipt.id for receipt in receipts} == {id for id, _ in stored(database)}


def test_a_key_used_again_for_other_bytes_is_told_and_not_taken_for_accepted(
    intake: GroupCommit, database: str
) -> None:
    first = intake.submit(hook(b"total: 100.00", key="evt_1")).result()
    other = intake.submit(hook(b"total: 999.99", key="evt_1")).result()
    assert other == Receipt(first.id, "contradicted")
    assert stored(database) == [(first.id, b"total: 100.00")]


def test_another_connection_may_use_the_same_key(intake: GroupCommit, database: str) -> None:
    one = Delivery(connection="crm", kind="api", content_type="text/plain", headers={}, body=b"", dedup_key="1")
    intake.submit(one).result()
    assert intake.submit(hook(key="1")).result().outcome == "kept"


def test_one_that_cannot_be_kept_is_refused_by_name_and_the_rest_of_its_group_is_kept(database: str) -> None:
    intake = GroupCommit(database)  # It starts only when all of them wait, so that they are one group.
    bad = {3: hook(key="no\0pe"), 40: hook(key="k" * 501), 71: hook(key="\ud800")}
    futures = [intake.submit(bad.get(i) or hook(b"%d" % i)) for i in range(100)]
    with intake:
        wait(futures)
    for i, future in enumerate(futures):
        if i in bad:
            assert isinstance(future.exception(), DeliveryRefused)
            assert "Failing row" not in str(future.exception()), "what others sent is nobody's business"
        else:
            assert future.result().outcome == "kept"
    assert [body for _, body in stored(database)] == [b"%d" % i for i in range(100) if i not in bad]


def test_receipts_are_numbered_in_the_order_of_arrival(database: str) -> None:
    intake = GroupCommit(database)
    futures = [intake.submit(hook(key=f"evt_{99 - i}")) for i in range(100)]
    with intake:
        ids = [future.result().id for future in futures]
    assert ids == sorted(ids)


def test_more_than_memory_is_meant_to_hold_is_refused_at_once(database: str) -> None:
    rows, megabytes = GroupCommit(database, waiting_rows=2), GroupCommit(database, waiting_bytes=2**20)
    for _ in range(2):
        rows.submit(hook())
    with pytest.raises(IntakeFull, match="2 deliveries"):
        rows.submit(hook())
    megabytes.submit(hook(b"x" * 600_000))
    with pytest.raises(IntakeFull, match="MB"):
        megabytes.submit(hook(b"x" * 600_000))
    with rows, megabytes:
        pass
    assert len(stored(database)) == 3, "what was taken before is kept"


def test_who_gave_up_before_the_commit_is_not_kept(database: str) -> None:
    intake = GroupCommit(database)
    gone, stays = intake.submit(hook(b"gone")), intake.submit(hook(b"stays"))
    assert gone.cancel()
    with intake:
        stays.result()
    with pytest.raises(CancelledError):
        gone.result()
    assert [body for _, body in stored(database)] == [b"stays"]


def test_to_close_is_to_answer_everybody_first(database: str) -> None:
    with GroupCommit(database) as intake:
        futures = [intake.submit(hook()) for _ in range(3000)]
    assert all(future.done() for future in futures)
    assert len(stored(database)) == 3000
    with pytest.raises(IntakeFull, match="closing"):
        intake.submit(hook())


def test_several_processes_with_the_same_keys_keep_each_once(database: str) -> None:
    """Two web processes, and a sender that sends everything to both, in opposite orders."""
    keys = [f"evt_{i}" for i in range(2000)]
    with GroupCommit(database) as one, GroupCommit(database) as other:
        futures = [one.submit(hook(key=key)) for key in keys]
        futures += [other.submit(hook(key=key)) for key in reversed(keys)]
        receipts = [future.result() for future in futures]
    assert sum(receipt.outcome == "kept" for receipt in receipts) == 2000
    assert len(stored(database)) == 2000


def test_without_a_database_nobody_gets_a_receipt() -> None:
    with GroupCommit("host=/nowhere dbname=tieout") as intake, pytest.raises(DatabaseLost, match="nowhere"):
        intake.submit(hook()).result()


def test_a_database_without_our_tables_is_no_fault_of_the_sender(server: str) -> None:
    with GroupCommit(server) as intake, pytest.raises(DatabaseLost, match="delivery"):
        intake.submit(hook()).result()


def test_after_the_database_came_back_intake_goes_on(intake: GroupCommit, database: str, server: str) -> None:
    before = intake.submit(hook()).result()
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    with pytest.raises(DatabaseLost):
        intake.submit(hook()).result()
    assert intake.submit(hook()).result().id > before.id


# The server is killed


def send_until(stop: threading.Event, intake: GroupCommit, name: str, acknowledged: dict[str, int]) -> None:
    """A sender as they are: sends again, under the same key, until it is told that its delivery was taken."""
    number = 0
    while not stop.is_set():
        key = f"{name}-{number}"
        future: Future[Receipt] | None = None
        try:
            future = intake.submit(hook(key.encode(), key=key))
            acknowledged[key] = future.result().id
        except (DatabaseLost, IntakeFull):
            time.sleep(0.01)
        else:
            number += 1


def kill_under_load(folder: Path, rounds: int) -> None:
    chance = random.Random(7)
    acknowledged: dict[str, int] = {}
    with running(folder) as dsn:
        migrate(dsn)
        for turn in range(rounds):
            stop = threading.Event()
            with GroupCommit(dsn) as intake:
                names = [f"{turn}-{i}" for i in range(4)]
                senders = [
                    threading.Thread(target=send_until, args=(stop, intake, name, acknowledged)) for name in names
                ]
                for sender in senders:
                    sender.start()
                had = len(acknowledged)
                assert comes_true(lambda: len(acknowledged) >= had + 20)  # noqa: B023
                time.sleep(chance.uniform(0, 0.1))
                postmaster(folder).kill()
                assert comes_true(lambda: answers(dsn)), "it comes back by itself"
                back_at = len(acknowledged)
                assert comes_true(lambda: len(acknowledged) >= back_at + 20), "and the same senders go on"  # noqa: B023
                stop.set()
                for sender in senders:
                    sender.join()
        with psycopg.connect(make_conninfo(dsn)) as connection:
            rows = connection.execute("SELECT dedup_key, id, body FROM delivery").fetchall()
    found = {key: id for key, id, _ in rows}
    assert len(found) == len(rows), "no key twice"
    assert {key: found.get(key) for key in acknowledged} == acknowledged
    assert all(body == key.encode() for key, _, body in rows)


def test_a_server_killed_under_load_has_every_acknowledged_delivery_once(folder: Path) -> None:
    kill_under_load(folder, rounds=1)


@pytest.mark.long
def test_a_server_killed_under_load_again_and_again_has_every_acknowledged_delivery_once(folder: Path) -> None:
    kill_under_load(folder, rounds=20)
