"""The audit trail, backup and archive: entries appended, sealed and verified a second; rows backed up, restored and archived a second.

    ./dev bench operations [ENTRIES]        default 100,000

Beside a raw COPY of as many rows of the same size into one table, in the same run on the same server with its usual settings.
"""

from __future__ import annotations

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from psycopg.conninfo import make_conninfo

from tieout.store import trail
from tieout.store.archive import archive
from tieout.store.backup import backup, restore
from tieout.store.connection import connect, open_pool, transact
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.trail import By

AT_ONCE = 1_000
ENTRY = By("ana", why="a bulk action").did("case.assign", "case/4711", {"assignee": ""}, {"assignee": "ben"})
OBSERVED = b"""
INSERT INTO observation (key, version, arrival, n, digest, body, recorded_at)
SELECT 'invoice/billing/' || n %% 50000, n, n, 0, sha256('x'), convert_to(repeat('{"note":"a line"}', 60), 'UTF8'), '2026-01-15'
FROM generate_series(1, %s) AS n
"""


def timed(name: str, rows: int, work: Callable[[], object]) -> None:
    """Print how many rows a second."""
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    print(f"{name:<44} {rows / seconds:>10,.0f} rows/s   {seconds:6.1f} s", flush=True)


def main() -> None:
    """Run all of it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with running(folder / "data") as dsn:
            migrate(dsn)
            on_the_trail(dsn, rows)
            on_the_files(dsn, folder, rows)


def on_the_trail(dsn: str, rows: int) -> None:
    with open_pool(dsn, "bench", 1) as pool, connect(dsn, "bench", 3600) as connection:
        connection.execute(b"CREATE TABLE raw (LIKE audit_entry)")

        def copy() -> None:
            with connection.cursor().copy(b"COPY raw FROM STDIN") as into:
                for n in range(rows):
                    into.write_row(
                        (
                            n,
                            "2026-01-01",
                            "ana",
                            "person",
                            "case.assign",
                            "case/4711",
                            "a bulk action",
                            '{"a":""}',
                            '{"a":"b"}',
                        )
                    )
            connection.commit()

        def append() -> None:
            for _ in range(rows // AT_ONCE):
                transact(pool, lambda c: trail.append(c, *[ENTRY] * AT_ONCE))

        def seal() -> None:
            while transact(pool, trail.seal):
                pass

        timed("raw COPY", rows, copy)
        timed(f"entries appended, {AT_ONCE:,} a transaction", rows, append)
        timed("entries sealed", rows, seal)
        timed("entries verified", rows, lambda: trail.verify(connection))


def on_the_files(dsn: str, folder: Path, rows: int) -> None:
    with connect(dsn, "bench", 3600) as connection:
        connection.execute(OBSERVED, [rows])
    file, total = folder / "backup", 3 * rows  # raw, entries, observations
    timed("backup", total, lambda: backup(dsn, folder, file, By("bench")))
    with connect(make_conninfo(dsn, dbname="postgres"), "bench") as connection:
        connection.autocommit = True
        connection.execute(b"CREATE DATABASE elsewhere")
    timed(
        "restore, checked",
        total,
        lambda: restore(make_conninfo(dsn, dbname="elsewhere"), folder / "new", file, By("bench")),
    )
    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    months = dt.date(2026, 2, 1)
    timed("archive, read back", rows, lambda: archive(dsn, months, folder / "out", By("bench"), now, lambda _one: None))


if __name__ == "__main__":
    main()
