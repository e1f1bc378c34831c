"""A company's exports into the live engine: what `tieout audit` reads, delivered as documents."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from tieout.audit.read import Loaded, load
from tieout.canon.decode import encode
from tieout.canon.documents import TYPES, Document
from tieout.setwise.hydrate import hydrate
from tieout.setwise.tables import table_name
from tieout.store.intake import Delivery, GroupCommit, Receipt

AT_ONCE = 1_000
"""Documents of one delivery."""
CONNECTION = "load"


class Delivered(msgspec.Struct, frozen=True):
    """What was delivered, and what could not be read."""

    documents: int
    deliveries: int
    repeated: int
    """Of the deliveries: those that were there already, with the same documents."""
    loaded: Loaded


def deliver(directory: Path, intake: GroupCommit, progress: Callable[[str, int, int], None]) -> Delivered:
    """Read the exports of a directory as its audit.toml says, and deliver every document. The same exports again are kept once.

    Raises MappingFault for a mapping that is wrong; rows that are wrong are refused one by one and named in the result.
    """
    connection = duckdb.connect()
    try:
        loaded = load(directory, connection, progress)
        waiting: list[Future[Receipt]] = []
        documents = 0
        for name in TYPES:
            for batch in _batches(connection, name):
                waiting.append(intake.submit(_delivery(batch)))
                documents += len(batch)
                progress("delivering", documents, 0)
                if len(waiting) > 50:
                    waiting[-50].result()  # What waits for its commit is held in memory.
        receipts = [future.result() for future in waiting]
    finally:
        connection.close()
    repeated = sum(receipt.outcome == "repeated" for receipt in receipts)
    return Delivered(documents, len(receipts), repeated, loaded)


def _batches(connection: duckdb.DuckDBPyConnection, name: str) -> Iterator[list[Document]]:
    found = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)} ORDER BY key")
    for rows in found.to_arrow_reader(AT_ONCE):
        if rows.num_rows:
            yield hydrate(TYPES[name], pa.Table.from_batches([rows]))


def _delivery(documents: list[Document]) -> Delivery:
    body = b"\n".join(map(encode, documents))
    return Delivery(
        connection=CONNECTION, kind="file", content_type="application/x-ndjson", headers={}, body=body,
        dedup_key=hashlib.sha256(body).hexdigest(),
    )  # fmt: skip
