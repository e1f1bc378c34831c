"""Files dropped into a folder: taken when they are whole, kept once, archived; what is wrong comes back with its reasons."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from tieout.app.files.content import DOCUMENTS
from tieout.app.watch import Watch
from tieout.app.ways_in import dropped_files
from tieout.store.connection import connect, open_pool
from tieout.store.connections import Connection, add_connection, remove_connection
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer
from tieout.store.trail import By

BY = By("it")


def customer(number: int, **more: Any) -> dict[str, Any]:
    return {"type": "customer", "system": "crm", "id": f"C{number}", "name": f"Kunde {number}", **more}


def lines(*documents: Any) -> bytes:
    return b"".join(json.dumps(document).encode() + b"\n" for document in documents)


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """The folder of a connection."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def watch(database: str, inbox: Path) -> Iterator[Watch]:
    """Watches it. A file is whole when two sweeps find it the same."""
    sealer = Sealer(inbox.parent / "keys")
    with connect(database, "a test") as opened:
        made = Connection(name="exports", kind="folder", scheme="none", options={"path": str(inbox), "settle": 0})
        add_connection(opened, made, "", sealer, BY)
    with open_pool(database, "a test", 1) as pool, GroupCommit(database) as intake:
        watch = Watch("folder", dropped_files, pool, sealer, intake)
        yield watch
        watch.close()


def sweep_until(watch: Watch, question: Callable[[], bool]) -> None:
    """What failed rests for a while before it is tried again."""
    deadline = time.monotonic() + 10
    while not question():
        assert time.monotonic() < deadline
        watch.sweep()
        time.sleep(0.05)


def kept(dsn: str) -> list[Any]:
    """All documents that were kept, and that each delivery is as it should be."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT connection, kind, content_type, body FROM delivery ORDER BY id").fetchall()
    assert {row[:3] for row in rows} <= {("exports", "file", "application/x-ndjson")}
    return [json.loads(line) for *_, body in rows for line in body.split(b"\n")]


def files(folder: Path) -> dict[str, bytes]:
    """Everything in it but what is ours."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".tieout.lock"
    }


def test_a_file_is_taken_kept_and_archived(watch: Watch, inbox: Path, database: str) -> None:
    content = lines(customer(1), customer(2))
    (inbox / "customers.ndjson").write_bytes(content)
    watch.sweep()
    assert kept(database) == [customer(1), customer(2)]
    ((place, archived),) = files(inbox).items()
    assert archived == content
    assert place.startswith("archive/20") and place.endswith("/customers.ndjson")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", lines(customer(1), customer(2)).replace(b"\n", b"\r\n\r\n")),
        ("a.json", json.dumps([customer(1), customer(2)], indent=2).encode()),
        ("a.ndjson.gz", gzip.compress(lines(customer(1), customer(2)))),
        ("a.JSON.zst", pa.Codec("zstd").compress(json.dumps([customer(1), customer(2)]).encode(), asbytes=True)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_forms_of_a_file(watch: Watch, inbox: Path, database: str, name: str, content: bytes) -> None:
    (inbox / name).write_bytes(content)
    watch.sweep()
    assert kept(database) == [customer(1), customer(2)]


def test_what_is_wrong_comes_back_to_be_mended_and_the_rest_is_kept(watch: Watch, inbox: Path, database: str) -> None:
    (inbox / "customers.ndjson").write_bytes(
        lines(customer(1), customer(2, nmae="x")) + b"{oops\n" + lines(customer(3))
    )
    watch.sweep()
    assert kept(database) == [customer(1), customer(3)]
    found = files(inbox)
    assert found["refused/customers.refused.ndjson"] == lines(customer(2, nmae="x")) + b"{oops\n"
    reasons = found["refused/customers.ndjson.why.txt"].decode().splitlines()
    assert reasons[0] == "2: nmae: unknown field (did you mean 'name'?)"
    assert reasons[1].startswith("3: no JSON")
    (inbox / "refused" / "customers.refused.ndjson").write_bytes(lines(customer(2)))
    (inbox / "refused" / "customers.refused.ndjson").rename(inbox / "customers.refused.ndjson")
    watch.sweep()
    assert kept(database) == [customer(1), customer(3), customer(2)]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("customers.csv", b"id;name\n", "name it so that it ends in"),
        ("customers.jsn", b"{}", "did you mean '.json'?"),
        ("customers", b"{}", "a name without an ending"),
        ("empty.ndjson", b"\n", "there is no document in it"),
        ("broken.json", b"[{}, {", "no JSON"),
        ("broken.ndjson.gz", gzip.compress(os.urandom(5000))[:-100], "is not gzip"),
        ("plain.ndjson.gz", b"{}", "is not gzip"),
        ("late.ndjson", lines({"type": "oops"}) + b"x" * (2**24 + 10), "longer than 16 MB"),
        ("long.ndjson", b"x" * (2**24 + 10), "longer than 16 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_read_at_all_comes_back_whole(
    watch: Watch, inbox: Path, database: str, name: str, content: bytes, says: str
) -> None:
    (inbox / name).write_bytes(content)
    watch.sweep()
    found = files(inbox)
    assert found.pop(f"refused/{name}") == content
    assert says in found.pop(f"refused/{name}.why.txt").decode()
    assert found == {}
    assert kept(database) == []


def test_a_file_that_is_still_being_written_is_left_alone(database: str, watch: Watch, inbox: Path) -> None:
    with connect(database, "a test") as opened:
        remove_connection(opened, "exports", BY)
        slow = Connection(name="exports", kind="folder", scheme="none", options={"path": str(inbox), "settle": 0.3})
        add_connection(opened, slow, "", Sealer(inbox.parent / "keys"), BY)
    (inbox / "ready.ndjson").write_bytes(lines(customer(9)))
    (inbox / "ready.ndjson.done").touch()
    for hidden in (".x.ndjson", "x.ndjson.part", "x.ndjson.tmp"):
        (inbox / hidden).write_bytes(lines(customer(7)))
    with (inbox / "growing.ndjson").open("wb") as file:
        for number in range(4):
            file.write(lines(customer(number)))
            file.flush()
            watch.sweep()
            assert kept(database) == [customer(9)], "what says that it is done waits for nothing"
            time.sleep(0.1)
    time.sleep(0.25)
    watch.sweep()
    assert kept(database) == [customer(9), *map(customer, range(4))]
    assert set(files(inbox)) >= {".x.ndjson", "x.ndjson.part", "x.ndjson.tmp"}


def test_a_file_that_a_crash_left_is_handed_in_and_kept_once(watch: Watch, inbox: Path, database: str) -> None:
    (inbox / "a.ndjson").write_bytes(lines(customer(1)))
    watch.sweep()
    (archived,) = (inbox / "archive").rglob("a.ndjson")
    archived.rename(inbox / "taken" / "a.ndjson")
    (inbox / "taken" / "b.ndjson").write_bytes(lines(customer(2)))
    watch.sweep()
    assert kept(database) == [customer(1), customer(2)]


def test_the_same_content_under_another_name_is_news(watch: Watch, inbox: Path, database: str) -> None:
    """An export of every day that says the same as yesterday's still says it today."""
    for name in ("2026-06-29.ndjson", "2026-06-30.ndjson", "2026-06-30.ndjson"):
        (inbox / name).write_bytes(lines(customer(1)))
        watch.sweep()
    assert len(kept(database)) == 2
    assert len([name for name in files(inbox) if name.startswith("archive/")]) == 3


def test_a_large_file_is_as_many_deliveries_as_it_needs(watch: Watch, inbox: Path, database: str) -> None:
    count = 2 * DOCUMENTS + 10
    (inbox / "large.ndjson").write_bytes(lines(*map(customer, range(count))))
    watch.sweep()
    assert kept(database) == [customer(number) for number in range(count)]
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM delivery").fetchone() == (3,)


def test_without_its_database_a_file_waits(watch: Watch, inbox: Path, database: str, server: str) -> None:
    watch.sweep()
    (inbox / "a.ndjson").write_bytes(lines(customer(1)))
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        watch.sweep()
        assert files(inbox) == {"taken/a.ndjson": lines(customer(1))}
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    sweep_until(watch, lambda: kept(database) == [customer(1)])


def test_two_processes_do_not_work_on_one_folder(watch: Watch, inbox: Path, database: str) -> None:
    watch.sweep()
    with open_pool(database, "another", 1) as pool, GroupCommit(database) as intake:
        other = Watch("folder", dropped_files, pool, Sealer(inbox.parent / "keys"), intake)
        (inbox / "a.ndjson").write_bytes(lines(customer(1)))
        other.sweep()
        assert kept(database) == []
        watch.close()
        other.sweep()
        assert kept(database) == [customer(1)]
        other.close()


def test_a_folder_that_is_not_there_is_said_once(
    watch: Watch, inbox: Path, database: str, caplog: pytest.LogCaptureFixture
) -> None:
    watch.sweep()
    watch.close()
    moved = inbox.rename(inbox.parent / "elsewhere")
    for _ in range(15):
        watch.sweep()
        time.sleep(0.1)
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == 1
    moved.rename(inbox)
    (inbox / "a.ndjson").write_bytes(lines(customer(1)))
    sweep_until(watch, lambda: kept(database) == [customer(1)])


def test_any_bytes_at_all_end_in_archive_or_refused(watch: Watch, inbox: Path, database: str) -> None:
    chance = random.Random(5)
    good = lines(*map(customer, range(20)))
    for number in range(60):
        content = bytearray(good)
        for _ in range(chance.randint(1, 20)):
            content[chance.randrange(len(content))] = chance.randrange(256)
        suffix = chance.choice((".ndjson", ".json", ".json.gz", ".ndjson.zst"))
        (inbox / f"{number}{suffix}").write_bytes(content)
    watch.sweep()
    assert {name.split("/")[0] for name in files(inbox)} == {"archive", "refused"}
    assert not [name for name in files(inbox) if "/." in name], "nothing half-written is left"
    assert not list((inbox / "taken").iterdir())
