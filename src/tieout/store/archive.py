"""Old months go to Parquet files and leave the database, each only after its file was read back and found to be whole.

Of observations, the newest of each document stays, in `observation_base`, so that every later day can still be shown as it was. Of
deliveries nothing stays: what they said is in the observations, but they cannot be replayed any more. One month is one transaction:
either its rows are here, or the file is written and `archive` says where.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from psycopg import errors
from psycopg.sql import SQL, Identifier, Literal

from tieout.canon.dates import add_months
from tieout.canon.faults import InputFault, MachineFault

from . import locks, parquet_file, trail
from .connection import Connection, connect
from .history import Archived, What, archives, make_for_rest, months, name_of, start_of
from .statements import sql

ROWS, BYTES = 10_000, 32 * 2**20
"""Of one batch at most; but one delivery at least."""
INSTANT = pa.timestamp("us", tz="UTC")
OBSERVATIONS = pa.schema([
    pa.field("key", pa.string(), nullable=False), pa.field("version", pa.int64(), nullable=False),
    pa.field("arrival", pa.int64(), nullable=False), pa.field("n", pa.int32(), nullable=False),
    pa.field("digest", pa.binary(), nullable=False), pa.field("body", pa.string(), nullable=False),
    pa.field("recorded_at", INSTANT, nullable=False),
])  # fmt: skip
DELIVERIES = pa.schema([
    pa.field("id", pa.int64(), nullable=False), pa.field("connection", pa.string(), nullable=False),
    pa.field("kind", pa.string(), nullable=False), pa.field("received_at", INSTANT, nullable=False),
    pa.field("content_type", pa.string(), nullable=False), pa.field("headers", pa.string(), nullable=False),
    pa.field("body", pa.binary(), nullable=False), pa.field("sha256", pa.binary(), nullable=False),
    pa.field("dedup_key", pa.string()), pa.field("state", pa.int16(), nullable=False), pa.field("reason", pa.string()),
    pa.field("documents", pa.int32()),
])  # fmt: skip
COLUMNS = SQL("key, version, arrival, n, digest, body, recorded_at")
ALL_COLUMNS = SQL("key, version, arrival, n, digest, body, recorded_at, xid")
"""With what has a meaning in this database alone."""

Done = Callable[[Archived], None]


def archive(dsn: str, before: dt.date, folder: Path, by: trail.By, now: dt.datetime, done: Done) -> list[Archived]:
    """Archive the observations of every month before that of ``before``, the oldest first, and tell each month as it is done.

    Raises InputFault for a month that is not over, MachineFault where a file cannot be written or does not hold what it should.
    """
    before = _month(before, now)
    finished = []
    with connect(dsn, "tieout archive", statement_seconds=0) as connection:
        connection.autocommit = True  # Each month is a transaction of its own.
        with connection.transaction():
            make_for_rest(connection)
        for month in [month for month in months(connection) if month < before]:
            try:
                with connection.transaction():
                    connection.execute(sql("lock_history"), {"lock": locks.HISTORY})
                    connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(Identifier(name_of(month))))
                    batches = _observations(connection, month)
                    one = _written(connection, "observations", month, folder, OBSERVATIONS, batches, by)
                    _keep_newest(connection, month)
            except errors.LockNotAvailable as error:
                raise MachineFault(
                    "somebody reads history for so long that the others would wait", where=name_of(month),
                    mend="what is archived already is done; run the same command again later",
                ) from error  # fmt: skip
            finished.append(one)
            done(one)
    return finished


def archive_deliveries(
    dsn: str, before: dt.date, folder: Path, by: trail.By, now: dt.datetime, done: Done
) -> list[Archived]:
    """The same for deliveries, as they came. Those that still wait stay, and go to the file of a later month."""
    before = _month(before, now)
    finished = []
    with connect(dsn, "tieout archive", statement_seconds=0) as connection:
        connection.autocommit = True
        taken = {one.month for one in archives(connection, "deliveries")}
        (oldest,) = connection.execute(sql("first_settled_delivery")).fetchone() or (None,)
        month = oldest.astimezone(dt.UTC).date().replace(day=1) if oldest else before
        while month < before:
            if month not in taken:
                with connection.transaction():
                    batches = _deliveries(connection, month)
                    one = _written(connection, "deliveries", month, folder, DELIVERIES, batches, by)
                finished.append(one)
                done(one)
            month = add_months(month, 1)
    return finished


def _month(before: dt.date, now: dt.datetime) -> dt.date:
    before = before.replace(day=1)
    if before > now.astimezone(dt.UTC).date().replace(day=1):
        raise InputFault(f"{before:%Y-%m} has not begun", mend="only months that are over are archived")
    return before


def _written(
    connection: Connection, what: What, month: dt.date, folder: Path, schema: pa.Schema, batches: Iterator[pa.RecordBatch],
    by: trail.By,
) -> Archived:  # fmt: skip
    """Write a month, and write down where it is."""
    file = folder.absolute() / f"{what}_{month:%Y_%m}.parquet"
    rows, sha256 = parquet_file.write(file, schema, batches)
    written = {"what": what, "month": month, "file": str(file), "rows": rows, "sha256": sha256}
    row = connection.execute(sql("insert_archive"), written).fetchone()
    assert row is not None
    told = {"file": str(file), "rows": rows, "sha256": sha256.hex()}
    trail.append(connection, by.did(f"{what}.archive", f"{month:%Y-%m}", after=told))
    return Archived(*row)


def _observations(connection: Connection, month: dt.date) -> Iterator[pa.RecordBatch]:
    with connection.cursor(name="history", binary=True) as cursor:
        cursor.execute(SQL("SELECT {} FROM {}").format(COLUMNS, Identifier(name_of(month))))
        while rows := cursor.fetchmany(ROWS):
            yield _batch(OBSERVATIONS, [(*row[:5], bytes(row[5]).decode(), row[6]) for row in rows])


def _deliveries(connection: Connection, month: dt.date) -> Iterator[pa.RecordBatch]:
    asked = {"after": 0, "before": start_of(add_months(month, 1)), "most": ROWS, "bytes": BYTES}
    while rows := connection.execute(sql("take_deliveries"), asked, binary=True).fetchall():
        yield _batch(DELIVERIES, rows)
        asked["after"] = rows[-1][0]


def _batch(schema: pa.Schema, rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _keep_newest(connection: Connection, month: dt.date) -> None:
    """Put the newest of each document into the base, and take the month out."""
    (has_base,) = connection.execute(sql("has_base")).fetchone() or (False,)
    sources = [SQL("SELECT {} FROM {}").format(ALL_COLUMNS, Identifier(name_of(month)))]
    if has_base:
        sources.append(SQL("SELECT {} FROM observation_base").format(ALL_COLUMNS))
    names: dict[str, Any] = {
        "columns": ALL_COLUMNS, "end": Literal(start_of(add_months(month, 1))), "month": Identifier(name_of(month)),
        "sources": SQL(" UNION ALL ").join(sources),
    }  # fmt: skip
    # The new base is made beside the old one, so that those who write wait for the exchange alone.
    statements = [
        "CREATE TABLE base_to_be (LIKE observation INCLUDING ALL, CHECK (recorded_at < {end}))",
        "INSERT INTO base_to_be ({columns}) SELECT DISTINCT ON (key) {columns} FROM ({sources}) AS archived "
        "ORDER BY key, version DESC, arrival DESC, n DESC, recorded_at DESC",
        "SET LOCAL lock_timeout = '3s'",  # Whoever wants to write waits for us, while we wait for those who read.
        "ALTER TABLE observation DETACH PARTITION {month}",
        "DROP TABLE {month}",
        *(
            ["ALTER TABLE observation DETACH PARTITION observation_base", "DROP TABLE observation_base"]
            if has_base
            else []
        ),
        "ALTER TABLE base_to_be RENAME TO observation_base",
        "ALTER TABLE observation ATTACH PARTITION observation_base FOR VALUES FROM (MINVALUE) TO ({end})",
    ]
    for statement in statements:
        connection.execute(SQL(statement).format(**names))
