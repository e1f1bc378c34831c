"""The day on which the disk breaks: what the backup showed is there again, all of it, or nothing is."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from tieout import cli
from tieout.canon.faults import InputFault, MachineFault
from tieout.store import trail, trail_heads
from tieout.store.backup import Manifest, backup, epoch, restore
from tieout.store.connection import connect, open_pool, transact
from tieout.store.embedded import running
from tieout.store.migrate import migrate, status
from tieout.store.snapshot import Moment, snapshot
from tieout.store.trail import By, Entry

from .holding import Holder, postmaster

CONNECTED = """
WITH made AS (INSERT INTO connection (name, kind, scheme, options) VALUES ('billing', 'webhook', 'hmac', '{}') RETURNING name)
INSERT INTO connection_secret (connection, sealed) SELECT name, 'x' FROM made
"""
OBSERVED = """
INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at, xid)
VALUES ('order/crm/1', 1, 1, 0, '', '{}', '2026-01-01', %s)
"""
ANA = By("ana", why="every night")
FILL = b"""
INSERT INTO delivery (connection, kind, content_type, headers, body, sha256)
SELECT 'billing', 'hook', 'text/plain', '{}', convert_to(n::text, 'UTF8'), sha256('x') FROM generate_series(1, %s) AS n
"""


def fill(dsn: str, folder: Path, rows: int = 500) -> None:
    """Deliveries, and a trail that is sealed and published."""
    with open_pool(dsn, "a test", 2) as pool:
        transact(pool, lambda c: c.execute(FILL, [rows]))
        entries = [Entry(who="ana", kind="person", what="case.assign", subject=f"case/{n}") for n in range(7)]
        transact(pool, lambda c: trail.append(c, *entries))
        trail_heads.seal_and_publish(pool, folder)


def snapshot_now(dsn: str) -> Moment:
    with snapshot(dsn) as now:
        return now.moment


def bodies(dsn: str) -> list[bytes]:
    with psycopg.connect(dsn) as connection:
        return [bytes(body) for (body,) in connection.execute("SELECT body FROM delivery ORDER BY id")]


@pytest.fixture
def fresh(room: Path) -> Iterator[Path]:
    """A data folder that was never used."""
    folder = room / uuid.uuid4().hex[:8]
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty(make_database: Callable[[str], str]) -> str:
    """A database with nothing in it."""
    return make_database("template1")


def test_after_the_disk_broke_everything_is_as_it_was(folder: Path, fresh: Path, tmp_path: Path) -> None:
    process = Holder(folder)
    dsn = process.dsn()
    migrate(dsn)
    fill(dsn, folder)
    before = bodies(dsn)
    with psycopg.connect(dsn) as connection:
        connection.execute(OBSERVED, ["1000000"])
    manifest = backup(dsn, folder, tmp_path / "monday", ANA)
    fill(dsn, folder, 10)  # It goes on, and this is lost.
    postmaster(folder).kill()
    process.kill()

    with running(fresh) as dsn:  # A server that counts its transactions anew.
        restored, verified = restore(dsn, fresh, tmp_path / "monday", ANA)
        assert restored == manifest and manifest.rows["delivery"] == 500
        assert bodies(dsn) == before
        assert (verified.entries, verified.flaws) == (7, ())
        with snapshot(dsn, snapshot_now(dsn)) as known:
            assert [type_ for type_, _ in known.documents()] == ["order"]
        assert [head.total for head in trail_heads.read([fresh / "trail.heads"])] == [7]
        with connect(dsn, "a test") as connection:
            assert epoch(connection) == 2
            (entry,) = trail.history(connection, "database")
            assert (entry.what, entry.who, entry.why) == ("database.restore", "ana", "every night")
        fill(dsn, fresh, 1)  # And it goes on: numbers and the chain go on from there.
        with connect(dsn, "a test") as connection:
            after = trail.verify(connection, trail_heads.read([fresh / "trail.heads"]))
        assert (after.entries, after.flaws) == (15, ())
        assert len(bodies(dsn)) == 501


def test_a_backup_shows_one_moment_while_others_write(database: str, empty: str, tmp_path: Path) -> None:
    """Two rows are always committed together; a backup that saw half of a pair would count an odd number."""
    stop = threading.Event()

    def write() -> None:
        with psycopg.connect(database) as connection:
            while not stop.is_set():
                for _ in range(2):
                    connection.execute(
                        "INSERT INTO delivery (connection, kind, content_type, headers, body, sha256) "
                        "VALUES ('billing', 'hook', 'text/plain', '{}', 'x', sha256('x'))"
                    )
                connection.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifest = backup(database, tmp_path, tmp_path / "now", ANA)
    finally:
        stop.set()
        writer.join()
    restore(empty, tmp_path / "elsewhere", tmp_path / "now", ANA)
    assert len(bodies(empty)) == manifest.rows["delivery"] and manifest.rows["delivery"] % 2 == 0
    assert len(bodies(database)) > manifest.rows["delivery"]


def test_a_restore_replaces_nothing(database: str, tmp_path: Path) -> None:
    backup(database, tmp_path, tmp_path / "now", ANA)
    fill(database, tmp_path, 3)
    with pytest.raises(MachineFault, match=r"there are tables in the database already.*name an empty data folder"):
        restore(database, tmp_path, tmp_path / "now", ANA)
    assert len(bodies(database)) == 3


def test_a_backup_replaces_no_file_and_leaves_no_half_of_one(database: str, tmp_path: Path) -> None:
    (tmp_path / "there").write_text("mine")
    with pytest.raises(MachineFault, match="there: is there already"):
        backup(database, tmp_path, tmp_path / "there", ANA)
    assert (tmp_path / "there").read_text() == "mine"
    with pytest.raises(MachineFault, match="cannot be written"):
        backup(database, tmp_path, tmp_path / "no" / "such" / "folder", ANA)
    impatient = make_conninfo(database, options="-c lock_timeout=50ms")
    with psycopg.connect(database) as connection:
        connection.execute("LOCK TABLE delivery")
        with pytest.raises(errors.LockNotAvailable):
            backup(impatient, tmp_path, tmp_path / "stuck", ANA)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["there"]


def test_a_backup_is_for_its_owner_alone(database: str, tmp_path: Path) -> None:
    backup(database, tmp_path, tmp_path / "now", ANA)
    assert (tmp_path / "now").stat().st_mode & 0o777 == 0o600


def test_a_file_that_was_cut_or_changed_is_refused_before_anything_is_touched(
    database: str, empty: str, tmp_path: Path
) -> None:
    fill(database, tmp_path)
    file = tmp_path / "now"
    backup(database, tmp_path, file, ANA)
    whole = file.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for content in (whole[: len(whole) // 2], bytes(changed), b"", b"PGDMP"):
        file.write_bytes(content)
        with pytest.raises(InputFault, match="now: is not a whole backup"):
            restore(empty, tmp_path, file, ANA)
    with pytest.raises(InputFault, match="cannot be read"):
        restore(empty, tmp_path, tmp_path / "nothing", ANA)
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def repacked(file: Path, **changes: object) -> Path:
    """The same backup with another manifest, and its checksums in order."""
    other = file.with_name("other")
    with zipfile.ZipFile(file) as archive, zipfile.ZipFile(other, "w") as out:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "manifest.json":
                content = msgspec.json.encode(
                    msgspec.structs.replace(msgspec.json.decode(content, type=Manifest), **changes)
                )
            out.writestr(name, content)
    return other


def test_a_backup_that_does_not_hold_what_it_says_leaves_the_database_empty(
    database: str, empty: str, tmp_path: Path
) -> None:
    fill(database, tmp_path)
    manifest = backup(database, tmp_path, tmp_path / "now", ANA)
    file = repacked(tmp_path / "now", rows={**manifest.rows, "delivery": 501})
    with pytest.raises(InputFault, match="delivery came to 500 rows; its manifest says 501"):
        restore(empty, tmp_path, file, ANA)
    restore(empty, tmp_path, tmp_path / "now", ANA)
    assert len(bodies(empty)) == 500


def test_a_backup_of_a_newer_version_is_refused(database: str, empty: str, tmp_path: Path) -> None:
    manifest = backup(database, tmp_path, tmp_path / "now", ANA)
    newer = repacked(tmp_path / "now", migrations=(*manifest.migrations, "9999_later"), tieout="99.0")
    with pytest.raises(InputFault, match=r"was made by Tieout 99.0, which is newer \(9999_later\)"):
        restore(empty, tmp_path, newer, ANA)


def test_the_commands(database: str, empty: str, tmp_path: Path) -> None:
    environment = {**os.environ, "TIEOUT_DATA": str(tmp_path / "data"), "TIEOUT_DATABASE_URL": database}
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "settings.toml").write_text('[redact]\nfields = ["customer.email"]\n')
    fill(database, tmp_path / "data")
    with psycopg.connect(database) as connection:
        connection.execute(CONNECTED)
    written = CliRunner().invoke(
        cli.app, ["backup", str(tmp_path / "now"), "--why", "before the upgrade"], env=environment
    )
    assert written.exit_code == 0 and "rows in" in written.output, written.output
    elsewhere = {**environment, "TIEOUT_DATA": str(tmp_path / "new"), "TIEOUT_DATABASE_URL": empty}
    (tmp_path / "new").mkdir()
    read = CliRunner().invoke(cli.app, ["restore", str(tmp_path / "now")], env=elsewhere)
    assert f"put them into {tmp_path / 'new' / 'secret.keys'}" in read.output
    assert read.exit_code == 0 and "; 7 entries of the trail recomputed." in read.output, read.output
    assert (tmp_path / "new" / "settings.toml").read_text() == (tmp_path / "data" / "settings.toml").read_text()
    assert status(empty).pending == ()
    verified = CliRunner().invoke(cli.app, ["verify"], env=elsewhere)
    assert verified.exit_code == 0 and ": restored from a backup of 20" in verified.output
    with connect(database, "a test") as connection:
        assert trail.history(connection, "database")[0].why == "before the upgrade"
