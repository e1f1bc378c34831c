"""Where the heads of the trail's chain are written down outside of the database: a file in the data folder, and the log.

Whoever can rewrite the whole chain cannot rewrite these with it. Copy the file, or ship the log, to where the database's administrator
has no say: `tieout verify --heads FILE` holds the chain against any copy of it.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.faults import InputFault

from .connection import Connection, transact
from .trail import Head, heads_after, seal

log = logging.getLogger(__name__)

NAME = "trail.heads"


def seal_and_publish(pool: ConnectionPool[Connection], folder: Path) -> list[Head]:
    """Seal all that waits, and publish it. Any number of workers may call this as often as they like. Raises DatabaseLost."""
    while transact(pool, seal):
        pass
    with pool.connection() as connection:
        return publish(connection, folder)


def publish(connection: Connection, folder: Path) -> list[Head]:
    """Append to the file what the chain has and the file has not, on disk before it returns. Whatever was missed is made up for."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        whole = file.read().rpartition(b"\n")
        known = b"".join(whole[:2])
        file.truncate(len(known))  # A line that a crash cut short is written again.
        heads = heads_after(connection, max((head.batch for head in _parse(known, folder / NAME)), default=0))
        file.write(b"".join(msgspec.json.encode(head) + b"\n" for head in heads))
        file.flush()
        os.fsync(file.fileno())
    for head in heads:
        log.info("trail sealed up to batch %s: %s entries, head %s", head.batch, head.total, head.head)
    return heads


def read(files: Iterable[Path]) -> list[Head]:
    """The heads of these files. Raises InputFault for a file that cannot be read as such."""
    heads: list[Head] = []
    for path in files:
        try:
            heads += _parse(path.read_bytes(), path)
        except OSError as error:
            raise InputFault(f"cannot be read: {error.strerror}", where=str(path)) from error
    return heads


def _parse(content: bytes, path: Path) -> list[Head]:
    """Every whole line. What follows the last of them is being written at this moment."""
    decoder = msgspec.json.Decoder(Head)
    heads = []
    for number, line in enumerate(content.split(b"\n")[:-1], 1):
        try:
            heads.append(decoder.decode(line))
        except msgspec.DecodeError as error:
            raise InputFault(
                f"line {number} is not a head of the trail: {error}", where=str(path),
                mend="name a file that Tieout wrote, or a copy of it",
            ) from error  # fmt: skip
    return heads
