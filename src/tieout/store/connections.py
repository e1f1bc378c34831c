"""Connections: the accounts of other systems that hand something in here, with the secrets that prove it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from tieout.canon.faults import InputFault, nearest

from .connection import Connection as Database
from .sealing import Sealer
from .statements import sql
from .trail import By, append


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """One of them. Its secrets are not part of it."""

    name: str
    kind: str
    """webhook, folder, sftp or broker"""
    scheme: str
    options: dict[str, Any]
    created_at: dt.datetime | None = None
    secrets: int = 0
    """How many are good now."""


class Opened(msgspec.Struct, frozen=True):
    """A connection with its secrets, the newest first."""

    connection: Connection
    secrets: tuple[str, ...]

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"Opened({self.connection!r})"


def add_connection(database: Database, connection: Connection, secret: str, sealer: Sealer, by: By) -> None:
    """Add one; without a secret where ``secret`` is empty. Raises InputFault where there is one of that name."""
    values = {**msgspec.structs.asdict(connection), "options": msgspec.json.encode(connection.options).decode()}
    if not database.execute(sql("add_connection"), values).fetchall():
        raise InputFault(f"there is a connection {connection.name!r} already", mend="tieout connection list")
    if secret:
        database.execute(sql("add_secret"), {"name": connection.name, "sealed": sealer.seal(secret)})
    after = {"kind": connection.kind, "scheme": connection.scheme, "options": connection.options}
    append(database, by.did("connection.add", connection.name, after=after))


def rotate_secret(database: Database, name: str, secret: str, overlap: dt.timedelta, sealer: Sealer, by: By) -> None:
    """A new secret. The ones before are good for the overlap, so that the sender may change over in its own time."""
    find_connection(database, name)
    database.execute(sql("end_secrets"), {"name": name, "overlap": overlap})
    database.execute(sql("add_secret"), {"name": name, "sealed": sealer.seal(secret)})
    append(database, by.did("connection.rotate", name, after={"overlap_seconds": int(overlap.total_seconds())}))


def remove_connection(database: Database, name: str, by: By) -> None:
    """It is not listened to any more. What it handed in stays."""
    before = find_connection(database, name)
    database.execute(sql("remove_connection"), {"name": name})
    append(database, by.did("connection.remove", name, before={"kind": before.kind, "scheme": before.scheme}))


def reseal(database: Database, sealer: Sealer, by: By) -> int:
    """Seal every secret under the first key of the file. Returns how many."""
    rows = database.execute(sql("lock_secrets")).fetchall()
    for name, sealed in rows:
        database.execute(sql("replace_secret"), {"name": name, "old": sealed, "new": sealer.seal(sealer.open(sealed))})
    append(database, by.did("connection.reseal", "all", after={"secrets": len(rows)}))
    return len(rows)


def list_connections(database: Database) -> list[Connection]:
    """All of them by name."""
    rows = database.execute(sql("list_connections")).fetchall()
    return [
        Connection(name=name, kind=kind, scheme=scheme, options=options, created_at=created_at, secrets=secrets)
        for name, kind, scheme, options, created_at, secrets in rows
    ]


def find_connection(database: Database, name: str) -> Connection:
    """One by its name. Raises InputFault."""
    known = {connection.name: connection for connection in list_connections(database)}
    if name not in known:
        raise InputFault(f"there is no connection {name!r}", mend=nearest(name, known) or "tieout connection list")
    return known[name]


def open_connection(database: Database, name: str, sealer: Sealer) -> Opened | None:
    """One with its secrets that are good now; None where there is none of that name. Raises MachineFault where they cannot be opened."""
    row = database.execute(sql("open_connection"), {"name": name}).fetchone()
    if row is None:
        return None
    kind, scheme, options, sealed = row
    connection = Connection(name=name, kind=kind, scheme=scheme, options=options, secrets=len(sealed))
    return Opened(connection, tuple(sealer.open(one) for one in sealed))
