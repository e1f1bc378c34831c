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
                writer.write_batch(batch)  # A group of rows of its own.
        read = hashlib.sha256()
        back = pq.ParquetFile(half)
        found = sum(_fold(read, back.read_row_group(n)) for n in range(back.num_row_groups))
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


def _fold(into: Any, group: pa.RecordBatch | pa.Table) -> int:
    """Add a group of rows to a hash, column by column; how many."""
    for column in group.columns:
        into.update(msgspec.msgpack.encode(column.to_pylist()))
    return int(group.num_rows)
