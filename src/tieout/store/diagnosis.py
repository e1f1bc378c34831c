"""What an installation needs, looked at one by one: what was found, whether it will do, and how to mend it if not.

Nothing is made or changed. The installation's own server is started where its files are there already, and stopped again.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tieout.canon.faults import Fault, MachineFault
from tieout.settings import Settings

from . import binaries, cluster, migrate
from .binaries import OLDEST, first_shut
from .check import Check
from .condition import condition
from .connection import Connection, connect
from .connections import list_connections, open_connection
from .embedded import database
from .errors import DatabaseLost
from .sealing import Sealer

LOW_ON_DISK, OUT_OF_DISK = 2 * 2**30, 256 * 2**20
CLOCKS_APART = 2.0
"""Seconds by which the database's clock may differ from ours before it is worth a word."""


def diagnose(settings: Settings) -> Iterator[Check]:
    """Everything that can be looked at, in the order in which it should be mended."""
    yield Check("Python", "good", ".".join(map(str, sys.version_info[:3])))
    if settings.database_url:
        yield from _server(settings)
        return
    here = list(_own_server(settings))
    yield from here
    if any(check.state == "bad" for check in here):
        return
    if (settings.data_folder / "postgres" / "data").exists():
        yield from _server(settings)
    else:
        yield Check("database", "doubtful", "has not been made yet", "tieout migrate")


# The machine, for a server of our own


def _own_server(settings: Settings) -> Iterator[Check]:
    try:
        programs = binaries.find(settings.postgres_folder)
        yield Check("programs", "good", f"PostgreSQL {programs.version} in {programs.folder}")
        runs_as = cluster.identity()
        yield Check("user", "good", f"the server runs as user id {runs_as.uid}")
    except Fault as fault:
        yield Check("programs", "bad", f"{fault.where}: {fault.what}".removeprefix(": "), fault.mend)
        return
    yield from _folder(settings.data_folder, runs_as)
    yield from _files(settings.data_folder / "postgres" / "data", programs)


def _folder(folder: Path, runs_as: cluster.Identity) -> Iterator[Check]:
    there = next(place for place in (folder, *folder.parents) if place.exists())
    elsewhere = "name another data folder with --data or in TIEOUT_DATA"
    shut = first_shut(there, runs_as.uid, runs_as.gid)
    home = folder / "postgres"
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield Check("data folder", "bad", f"{folder}: {there} is not a folder that we may write to", elsewhere)
    elif shut is not None:
        found = f"{folder}: user id {runs_as.uid}, which the server runs as, cannot enter {shut}"
        yield Check("data folder", "bad", found, f"{elsewhere}, or: chmod o+x {shut}")
    elif home.exists() and home.stat().st_uid != runs_as.uid:
        found = f"{home} belongs to user id {home.stat().st_uid}, and the server would run as {runs_as.uid}"
        yield Check("data folder", "bad", found, "run Tieout as the user who made it, or chown it")
    else:
        yield Check("data folder", "good", str(folder) + ("" if there == folder else ", which will be made"))
    yield _disk(there)


def _disk(place: Path) -> Check:
    free = shutil.disk_usage(place).free
    found = f"{free / 2**30:.1f} GB free at {place}"
    if free < LOW_ON_DISK:
        return Check(
            "disk", "bad" if free < OUT_OF_DISK else "doubtful", found, "make room before the database needs it"
        )
    return Check("disk", "good", found)


def _files(files: Path, programs: binaries.Binaries) -> Iterator[Check]:
    """That the programs can read what is there."""
    try:
        made_by = (files / "PG_VERSION").read_text().strip()
    except OSError:  # Not made yet, or not ours to read: the check of the folder says which.
        return
    if made_by != str(programs.major):
        found = f"made by PostgreSQL {made_by}, which {programs.version} cannot read"
        yield Check(
            "files", "bad", found, f"name a folder with the programs of PostgreSQL {made_by} in TIEOUT_POSTGRES"
        )


# The server, whoever runs it


def _server(settings: Settings) -> Iterator[Check]:
    try:
        with database(settings) as dsn, connect(dsn, "tieout doctor", statement_seconds=10) as connection:
            yield Check("connection", "good", _place(dsn))
            yield from _looks(connection)
            tables = _tables(dsn)
            yield tables
            if tables.state == "good":
                yield from condition(connection)
                yield from _secrets(connection, settings.keys_file)
    except DatabaseLost as lost:
        mend = "see that it runs, and that host, user and password in TIEOUT_DATABASE_URL are right"
        yield Check("connection", "bad", str(lost), mend if settings.database_url else "see its log in the data folder")
    except Fault as fault:
        yield Check("connection", "bad", f"{fault.where}: {fault.what}".removeprefix(": "), fault.mend)
    except psycopg.Error as error:
        yield Check(
            "connection", "bad", " ".join(str(error).split()), "see that TIEOUT_DATABASE_URL is a PostgreSQL address"
        )


def _secrets(connection: Connection, keys: Path) -> Iterator[Check]:
    """Whether the secrets of connections can be opened, where there are any."""
    names = [one.name for one in list_connections(connection) if one.secrets]
    sealer = Sealer(keys)
    try:
        for name in names:
            open_connection(connection, name, sealer)
    except MachineFault as fault:
        yield Check("secrets", "bad", f"{fault.where}: {fault.what}", fault.mend)
    else:
        if names:
            yield Check("secrets", "good", f"those of {len(names)} connections are sealed, and {keys} opens them")


def _place(dsn: str) -> str:
    """Where a database is, without the password that may be in its address."""
    named = conninfo_to_dict(dsn)
    return f"database {named.get('dbname', '')} at {named.get('host', 'the usual socket')}, as {named.get('user', 'ourselves')}"


def _looks(connection: Connection) -> Iterator[Check]:
    def setting(name: str) -> str:
        return str(_one(connection, "SELECT current_setting(%s)", name))

    number = int(setting("server_version_num"))
    is_old = number < OLDEST * 10_000
    yield Check(
        "version",
        "bad" if is_old else "good",
        setting("server_version"),
        f"PostgreSQL {OLDEST} or newer" if is_old else "",
    )
    encoding = setting("server_encoding")
    mend = "make the database anew: CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
    yield Check("encoding", "good", encoding) if encoding == "UTF8" else Check("encoding", "bad", encoding, mend)
    if setting("transaction_read_only") == "on":
        yield Check(
            "writing", "bad", "this server only reads; it is a standby", "name the primary in TIEOUT_DATABASE_URL"
        )
    elif not _one(connection, "SELECT has_schema_privilege(current_schema(), 'CREATE')"):
        yield Check(
            "writing", "bad", "we may not make tables", "GRANT CREATE, USAGE ON SCHEMA public TO the user of Tieout"
        )
    careless = [name for name in ("fsync", "full_page_writes", "synchronous_commit") if setting(name) == "off"]
    if careless:
        found = f"off: {', '.join(careless)}; what was accepted can be lost in a crash"
        yield Check("durability", "bad", found, "switch them on in postgresql.conf")
    else:
        yield Check("durability", "good", "what is committed is on disk")
    yield _clock(connection)


def _clock(connection: Connection) -> Check:
    asked_at = dt.datetime.now(dt.UTC)
    told = _one(connection, "SELECT clock_timestamp()")
    took = dt.datetime.now(dt.UTC) - asked_at
    apart = abs((told - asked_at - took / 2).total_seconds())
    if apart > CLOCKS_APART:
        return Check(
            "clock",
            "doubtful",
            f"the database's differs from ours by {apart:.0f} s",
            "let both machines keep time by NTP",
        )
    return Check("clock", "good", "the database's agrees with ours")


def _tables(dsn: str) -> Check:
    stand = migrate.status(dsn)
    if stand.pending:
        return Check("tables", "bad", f"to apply: {', '.join(stand.pending)}", "tieout migrate")
    if stand.unknown:
        found = f"a newer version of Tieout applied {', '.join(stand.unknown)}"
        return Check("tables", "doubtful", found, "install the version that did, unless this is an upgrade under way")
    return Check("tables", "good", "up to date")


def _one(connection: Connection, query: str, *values: object) -> Any:
    row = connection.execute(query.encode(), values).fetchone()
    assert row is not None
    return row[0]
