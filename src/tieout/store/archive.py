"""Old months of history go to Parquet files and leave the database, each only after its file was read back and found to be whole.

Of what leaves, the newest observation of each document stays, in `observation_base`, so that every later day can still be shown as it was.
One month is one transaction: either its rows are here, or the file is written and `archive` says where.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import errors
from psycopg.sql import SQL, Identifier, Literal

from tieout.canon.dates import add_months
from tieout.canon.faults import InputFault, MachineFault

from . import trail
from .connection import Connection, connect
from .history import LOCK, Archived, archives, make_for_rest, months, name_of, start_of
from .statements import sql

BATCH = 20_000
SCHEMA = pa.schema([
    pa.field("key", pa.string(), nullable=False), pa.field("version", pa.int64(), nullable=False),
    pa.field("arrival", pa.int64(), nullable=False), pa.field("n", pa.int32(), nullable=False),
    pa.field("digest", pa.binary(), nullable=False), pa.field("body", pa.string(), nullable=False),
    pa.field("recorded_at", pa.timestamp("us", tz="UTC"), nullable=False),
])  # fmt: skip
COLUMNS = SQL("key, version, arrival, n, digest, body, recorded_at")
ALL_COLUMNS = SQL("key, version, arrival, n, digest, body, recorded_at, xid")
"""With what has a meaning in this database alone."""


def archive(
    dsn: str,
    before: dt.date,
    folder: Path,
    by: trail.By,
    now: dt.datetime,
    done: Callable[[Archived], None] = lambda _one: None,
) -> list[Archived]:
    """Archive every month that ended before the month of ``before``, the oldest first, and tell each as it is done.

    Raises InputFault for a month that is not over, MachineFault where a file cannot be written or does not hold what it should.
    """
    before = before.replace(day=1)
    if before > now.astimezone(dt.UTC).date().replace(day=1):
        raise InputFault(f"{before:%Y-%m} has not begun", mend="only months that are over are archived")
    finished = []
    with connect(dsn, "tieout archive", statement_seconds=0) as connection:
        connection.autocommit = True  # Each month is a transaction of its own.
        with connection.transaction():
            make_for_rest(connection)
        for month in [month for month in months(connection) if month < before]:
            try:
                with connection.transaction():
                    one = _archive(connection, month, folder, by)
            except errors.LockNotAvailable as error:
                raise MachineFault(
                    "somebody reads history for so long that the others would wait", where=name_of(month),
                    mend="what is archived already is done; run the same command again later",
                ) from error  # fmt: skip
            finished.append(one)
            done(one)
    return finished


def _archive(connection: Connection, month: dt.date, folder: Path, by: trail.By) -> Archived:
    connection.execute(sql("lock_history"), {"lock": LOCK})
    partition = Identifier(name_of(month))
    connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(partition))
    file = folder / f"{name_of(month)}.parquet"
    rows, sha256 = _write(connection, month, file)
    _keep_newest(connection, month)
    connection.execute(
        sql("insert_archive"), {"month": month, "file": str(file.absolute()), "rows": rows, "sha256": sha256}
    )
    told = {"file": str(file.absolute()), "rows": rows, "sha256": sha256.hex()}
    trail.append(connection, by.did("history.archive", f"{month:%Y-%m}", after=told))
    return archives(connection)[-1]


def _write(connection: Connection, month: dt.date, file: Path) -> tuple[int, bytes]:
    """The rows of a month in a file that was read back; how many, and the file's sha256."""
    half = file.with_name(f"{file.name}.half")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        written = hashlib.sha256()
        rows = 0
        with pq.ParquetWriter(half, SCHEMA, compression="zstd") as writer:
            for batch in _batches(connection, month):
                rows += _fold(written, batch)
                writer.write_batch(batch)
        read = hashlib.sha256()
        found = sum(_fold(read, batch) for batch in pq.ParquetFile(half).iter_batches(BATCH))
        if (found, read.digest()) != (rows, written.digest()):
            raise MachineFault(
                f"holds {found} rows where {rows} were written, or others; nothing was taken out of the database", where=str(file),
                mend="look at the disk, and archive to another",
            )  # fmt: skip
        with half.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").digest()
            os.fsync(content.fileno())
        half.rename(file)
        return rows, sha256
    except OSError as error:
        raise MachineFault(
            f"cannot be written: {error.strerror or error}", where=str(file), mend="name a folder with room"
        ) from error
    finally:
        half.unlink(missing_ok=True)


def _batches(connection: Connection, month: dt.date) -> Iterator[pa.RecordBatch]:
    with connection.cursor(name="history", binary=True) as cursor:
        cursor.itersize = BATCH
        cursor.execute(SQL("SELECT {} FROM {}").format(COLUMNS, Identifier(name_of(month))))
        while rows := cursor.fetchmany(BATCH):
            columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
            columns[5] = [bytes(body).decode() for body in columns[5]]
            arrays = [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _fold(into: Any, batch: pa.RecordBatch) -> int:
    """Add the rows of a batch to a hash; how many."""
    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        into.update(msgspec.msgpack.encode(row))
    return int(batch.num_rows)


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
        "ORDER BY key, version DESC, arrival DESC, n DESC",
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
