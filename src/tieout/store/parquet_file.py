"""Parquet files that are believed only after they were read back."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from tieout.canon.faults import MachineFault

from .durable import sync_names


def write(file: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> tuple[int, bytes]:
    """Write batches to a file, on disk before it has its name; its rows and its sha256.

    Raises MachineFault where it cannot be written, or reading it gives other rows than were written.
    """
    half = file.with_name(f"{file.name}.half")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        rows, written = 0, hashlib.sha256()
        with pq.ParquetWriter(half, schema, compression="zstd") as writer:
            for batch in batches:
                rows += _fold(written, batch)
                writer.write_batch(batch)
        read = hashlib.sha256()
        found = sum(_fold(read, batch) for batch in pq.ParquetFile(half).iter_batches())
        if (found, read.digest()) != (rows, written.digest()):
            raise MachineFault(
                f"holds {found} rows where {rows} were written, or others; nothing was taken out of the database", where=str(file),
                mend="look at the disk, and archive to another",
            )  # fmt: skip
        with half.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").digest()
            os.fsync(content.fileno())
        half.rename(file)
        sync_names(file.absolute().parent)
        return rows, sha256
    except OSError as error:
        raise MachineFault(
            f"cannot be written: {error.strerror or error}", where=str(file), mend="name a folder with room"
        ) from error
    finally:
        half.unlink(missing_ok=True)


def _fold(into: Any, batch: pa.RecordBatch) -> int:
    """Add the rows of a batch to a hash; how many."""
    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        into.update(msgspec.msgpack.encode(row))
    return int(batch.num_rows)
