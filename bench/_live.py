"""What the benchmarks of the live engine share: a served database, a company's documents in it, workers as processes of their own."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
from psycopg.types.json import Jsonb

from tieout.canon.decode import encode
from tieout.canon.documents import Document
from tieout.engine.decided import Complete, Decided
from tieout.simulate.company import build
from tieout.store.connection import connect
from tieout.store.decisions import decide
from tieout.store.embedded import running
from tieout.store.migrate import migrate

NOW = dt.datetime(2026, 6, 30, 23, tzinfo=dt.UTC)
EVERYTHING_KNOWN = Decided(complete=(Complete(system="*"),))
WAITING = """
SELECT EXISTS (SELECT FROM delivery WHERE state = 0) OR EXISTS (SELECT FROM touched) OR EXISTS (SELECT FROM holding_changed)
    OR EXISTS (SELECT FROM instance WHERE dirty_at IS NOT NULL)
"""


@contextmanager
def database() -> Iterator[tuple[Path, str]]:
    """A data folder on the disk with a database that is up to date and empty, but for a policy that knows everything."""
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder:
        Path(folder).chmod(0o711)
        home = Path(folder) / "data"
        with running(home) as dsn:
            migrate(dsn)
            with connect(dsn, "bench") as connection:
                decide_first(connection)
            yield home, dsn


def decide_first(connection: psycopg.Connection) -> None:
    """The policy of a bench: every absence is proved."""
    arguments = (connection, EVERYTHING_KNOWN)
    try:
        from tieout.store.trail import By

        decide(*arguments, By("bench", why="a benchmark"), NOW)
    except TypeError:
        decide(*arguments, "bench", "a benchmark", NOW)


def company(seed: int, orders: int, shard: int = 0) -> list[bytes]:
    """The documents of a company of the volume mix as JSON, shuffled."""
    documents: list[Document] = [
        d for found in build(seed, shard, orders=orders, mix="volume").docs.values() for d in found
    ]
    random.Random(seed).shuffle(documents)
    return [encode(document) for document in documents]


def copy_deliveries(dsn: str, bodies: list[bytes], at_once: int) -> None:
    """Put documents into the inbox, so many a delivery, by COPY: what waits when a benchmark begins."""
    columns = "connection, kind, content_type, headers, body, sha256"
    into = f"COPY delivery ({columns}) FROM STDIN (FORMAT BINARY)"
    with connect(dsn, "bench") as connection, connection.cursor() as cursor, cursor.copy(into) as copy:
        copy.set_types(["text", "text", "text", "jsonb", "bytea", "bytea"])
        for n in range(0, len(bodies), at_once):
            body = b"\n".join(bodies[n : n + at_once])
            digest = hashlib.sha256(body).digest()
            copy.write_row(("bench", "api", "application/x-ndjson", Jsonb({}), body, digest))


def bare_copy(dsn: str, bodies: list[bytes]) -> float:
    """Seconds for COPY of the same bytes into one table without an index, committed."""
    with connect(dsn, "bench") as connection:
        connection.execute("DROP TABLE IF EXISTS bare; CREATE TABLE bare (body bytea)")
        connection.commit()
        started = time.perf_counter()
        with connection.cursor() as cursor, cursor.copy("COPY bare FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["bytea"])
            for body in bodies:
                copy.write_row((body,))
        connection.commit()
        return time.perf_counter() - started


@contextmanager
def workers(home: Path, count: int) -> Iterator[list[psutil.Process]]:
    """So many `tieout worker` processes on the data folder, which end with the block."""
    command = [sys.executable, "-m", "tieout", "worker", "--data", str(home), "--as-of", f"{NOW:%Y-%m-%d}"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()  # "working"
        yield [psutil.Process(process.pid) for process in started]
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(60)


def settled(dsn: str, patience: float = 1800.0) -> None:
    """Return when nothing waits any more."""
    until = time.monotonic() + patience
    with psycopg.connect(dsn, autocommit=True) as connection:
        while any(connection.execute(WAITING).fetchone() or ()):
            if time.monotonic() > until:
                raise TimeoutError("it did not settle")
            time.sleep(0.1)


class Memory:
    """The most memory that processes took together, and any of them alone, while it watched."""

    def __init__(self, processes: list[psutil.Process]) -> None:
        self.most = 0
        self._processes = processes
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.2):
            self.most = max(self.most, *(process.memory_info().rss for process in self._processes))
