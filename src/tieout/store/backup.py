"""Backup and restore: the whole database, as it was at one moment, in one file.

The file is a zip archive of what pg_dump writes (``database.dump``), the published heads of the trail and the settings of the data
folder, and ``manifest.json``, which says how many rows of each table there were at that moment. A restore goes into a database that has
nothing in it, is all or nothing, counts the rows again, verifies the trail, and begins a new epoch.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import SQL, Identifier

from tieout import __version__
from tieout.canon.faults import InputFault, MachineFault
from tieout.settings import NAME as SETTINGS

from . import binaries, trail, trail_heads
from .connection import Connection, connect
from .durable import sync_names
from .migrate import files, migrate
from .statements import sql

DUMP, MANIFEST = "database.dump", "manifest.json"
BESIDE = (trail_heads.NAME, SETTINGS)
"""Files of the data folder that go along."""
CHUNK = 2**20
LONG_AGO = "UPDATE {table} SET {column} = '3' WHERE {column} >= pg_snapshot_xmin(pg_current_snapshot())"
"""Transactions are numbered by each server anew: one whose number is still to come here was over long ago."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What is in a backup."""

    made_at: dt.datetime
    """The moment that it shows."""
    tieout: str
    postgresql: str
    migrations: tuple[str, ...]
    rows: dict[str, int]
    """Of each table."""


def backup(dsn: str, folder: Path, file: Path, by: trail.By, programs: Path | None = None) -> Manifest:
    """Write a backup while everything goes on. The file is there when it is whole, and for its owner alone.

    Raises MachineFault where it cannot be written, or the name is taken.
    """
    found = binaries.find(programs)
    if file.exists():
        raise MachineFault("is there already", where=str(file), mend="name a new file; a backup never replaces one")
    half = file.with_name(f"{file.name}.half")
    try:
        with _private(half) as out, _snapshot(dsn) as (connection, snapshot):
            manifest = _pack(out, dsn, folder, connection, snapshot, found)
        half.rename(file)
        sync_names(file.absolute().parent)
    except OSError as error:
        raise MachineFault(
            f"cannot be written: {error.strerror}", where=str(file), mend="name a place with room"
        ) from error
    finally:
        half.unlink(missing_ok=True)
    with connect(dsn, "tieout backup") as connection:
        told = {"made_at": manifest.made_at, "rows": sum(manifest.rows.values())}
        trail.append(connection, by.did("database.backup", "database", after=told))
    return manifest


def restore(
    dsn: str, folder: Path, file: Path, by: trail.By, programs: Path | None = None
) -> tuple[Manifest, trail.Verified]:
    """Put a backup into a database that has nothing in it; what the trail of it comes to. It is whole afterwards, or still empty.

    Raises InputFault for a file that is no whole backup, MachineFault where there is something in the database already.
    """
    found = binaries.find(programs)
    with _archive(file) as archive:
        manifest = _manifest(archive, file)
        with connect(dsn, "tieout restore", statement_seconds=0) as connection:
            if connection.execute(sql("tables_of_ours")).fetchone():
                raise MachineFault(
                    "there are tables in the database already, and a restore replaces nothing", where=dsn_shown(dsn),
                    mend="name an empty data folder with --data, or an empty database in TIEOUT_DATABASE_URL",
                )  # fmt: skip
        _unpack(archive, dsn, found, file)
        with connect(dsn, "tieout restore", statement_seconds=0) as connection:
            _check(connection, manifest, file)
            for table, column in connection.execute(sql("transaction_columns")).fetchall():
                names = {"table": Identifier(table), "column": Identifier(column)}
                connection.execute(SQL(LONG_AGO).format(**names))
            connection.execute(
                sql("begin_epoch"), {"reason": f"restored from a backup of {manifest.made_at.isoformat()}"}
            )
            told = {"made_at": manifest.made_at, "rows": sum(manifest.rows.values())}
            trail.append(connection, by.did("database.restore", "database", after=told))
        for name in BESIDE:
            if name in archive.namelist() and not (folder / name).exists():
                (folder / name).write_bytes(archive.read(name))
    migrate(dsn)
    with connect(dsn, "tieout restore", statement_seconds=0) as connection:
        connection.execute(b"ANALYZE")
        connection.commit()
        own = folder / trail_heads.NAME
        return manifest, trail.verify(connection, trail_heads.read([own] if own.exists() else []))


def epoch(connection: Connection) -> int:
    """The number of the current epoch: what was sent in an earlier one is asked for before it is sent again."""
    row = connection.execute(sql("current_epoch")).fetchone()
    assert row is not None
    return int(row[0])


def restores(connection: Connection) -> list[tuple[str, dt.datetime]]:
    """Why and when each epoch after the first began."""
    return connection.execute(sql("later_epochs")).fetchall()


def dsn_shown(dsn: str) -> str:
    """How a database is named to people: without its password."""
    return make_conninfo("", **{name: value for name, value in conninfo_to_dict(dsn).items() if name != "password"})


# Writing


def _pack(
    out: IO[bytes], dsn: str, folder: Path, connection: Connection, snapshot: str, found: binaries.Binaries
) -> Manifest:
    with zipfile.ZipFile(out, "w") as archive:
        options = ["--format=custom", "--compress=gzip:4", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
        with _program(found, "pg_dump", dsn, options, stdout=subprocess.PIPE) as dump:
            assert dump.stdout is not None
            manifest = _counted(connection)
            first = dump.stdout.read(CHUNK)  # From here on the snapshot is its own.
            connection.rollback()
            with archive.open(DUMP, "w", force_zip64=True) as entry:
                entry.write(first)
                shutil.copyfileobj(dump.stdout, entry, CHUNK)
        for name in BESIDE:
            if (folder / name).exists():
                archive.write(folder / name, name)
        archive.writestr(MANIFEST, msgspec.json.encode(manifest))
    out.flush()
    os.fsync(out.fileno())
    return manifest


@contextmanager
def _snapshot(dsn: str) -> Iterator[tuple[Connection, str]]:
    """A moment that several connections can look at."""
    with connect(dsn, "tieout backup", statement_seconds=0) as connection:
        connection.execute(b"SET idle_in_transaction_session_timeout = 0")
        connection.commit()
        connection.execute(b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        row = connection.execute(b"SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield connection, row[0]


def _counted(connection: Connection) -> Manifest:
    made_at, postgresql = connection.execute(b"SELECT now(), current_setting('server_version')").fetchone() or (
        None,
        "",
    )
    applied = connection.execute(sql("applied_migrations")).fetchall()
    return Manifest(
        made_at=made_at, tieout=__version__, postgresql=postgresql, migrations=tuple(name for (name,) in applied),
        rows=_rows(connection),
    )  # fmt: skip


def _rows(connection: Connection) -> dict[str, int]:
    counted = {}
    for (name,) in connection.execute(sql("tables_of_ours")).fetchall():
        row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(name))).fetchone()
        counted[name] = row[0] if row else 0
    return counted


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w+b") as file:
        yield file


# Reading


@contextmanager
def _archive(file: Path) -> Iterator[zipfile.ZipFile]:
    broken = InputFault(
        "is not a whole backup", where=str(file), mend="name a file that `tieout backup` wrote, or an earlier one"
    )
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError) as error:
        raise broken from error
    except OSError as error:
        raise InputFault(f"cannot be read: {error.strerror or error}", where=str(file)) from error


def _manifest(archive: zipfile.ZipFile, file: Path) -> Manifest:
    if not {MANIFEST, DUMP} <= set(archive.namelist()) or archive.testzip() is not None:
        raise zipfile.BadZipFile
    try:
        manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
    except msgspec.DecodeError as error:
        raise InputFault(f"its manifest cannot be read: {error}", where=str(file)) from error
    newer = [name for name in manifest.migrations if name not in files()]
    if newer:
        raise InputFault(
            f"was made by Tieout {manifest.tieout}, which is newer ({newer[0]})", where=str(file),
            mend="restore it with that version or a later one",
        )  # fmt: skip
    return manifest


def _unpack(archive: zipfile.ZipFile, dsn: str, found: binaries.Binaries, file: Path) -> None:
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    with _program(found, "pg_restore", dsn, options, stdin=subprocess.PIPE) as into, archive.open(DUMP) as dump:
        assert into.stdin is not None
        try:
            shutil.copyfileobj(dump, into.stdin, CHUNK)
            into.stdin.close()
        except BrokenPipeError:
            pass  # It says why.


def _check(connection: Connection, manifest: Manifest, file: Path) -> None:
    there = _rows(connection)
    different = [name for name in manifest.rows if there.get(name) != manifest.rows[name]]
    if different:
        name = different[0]
        connection.execute(sql("empty_again"))
        connection.commit()
        raise InputFault(
            f"{name} came to {there.get(name)} rows; its manifest says {manifest.rows[name]}", where=str(file)
        )


@contextmanager
def _program(
    found: binaries.Binaries, name: str, dsn: str, options: list[str], stdin: int | None = None, stdout: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:  # fmt: skip
    """A program of PostgreSQL on a database; its password is not on its command line. Raises MachineFault with its last words."""
    parameters = conninfo_to_dict(dsn)
    environment = {"PATH": os.defpath, "LC_ALL": "C", "HOME": os.environ.get("HOME", "/")}
    if password := parameters.pop("password", None):
        environment["PGPASSWORD"] = str(password)
    command = [str(found.folder / name), *options, f"--dbname={make_conninfo('', **parameters)}"]
    process = subprocess.Popen(
        command, stdin=stdin or subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, env=environment
    )
    try:
        yield process
        said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
        if process.wait():
            raise MachineFault(f"{name} failed: {said}", mend="`tieout doctor` looks at the machine")
    finally:
        process.kill()
        process.wait()
