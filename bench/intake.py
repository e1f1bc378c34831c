"""Durable deliveries a second: our group commit beside single-row commits by raw psycopg, the same rows into the same table.

    ./dev bench intake [DELIVERIES]        default 20,000; the raw side does a fifth

Both sides run in this run on one server with its usual settings (fsync on), on a real disk. Group commit uses one connection. Its
callers wait as a web server's do: up to 512 requests are under way at a time.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections import deque
from concurrent.futures import Future
from pathlib import Path

import psycopg

from tieout.store.embedded import running
from tieout.store.intake import Delivery, GroupCommit, Receipt
from tieout.store.migrate import migrate

BODY = b'{"type": "invoice.paid", "object": "%s"}' % (b"x" * 985)  # 1 KB
UNDER_WAY = 512
INSERT = (
    "INSERT INTO delivery (connection, kind, content_type, headers, body, sha256, dedup_key) "
    "VALUES ('billing', 'hook', 'application/json', '{}', %s, sha256(%s), %s)"
)


def raw(dsn: str, count: int, connections: int) -> float:
    """Deliveries a second of so many connections, each row committed by itself."""

    def send(part: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for number in range(count // connections):
                connection.execute(INSERT, [BODY, BODY, f"raw-{connections}-{part}-{number}"])

    threads = [threading.Thread(target=send, args=[part]) for part in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - started)


def grouped(dsn: str, count: int) -> float:
    """Deliveries a second, each of them answered after its commit."""
    under_way: deque[Future[Receipt]] = deque()
    with GroupCommit(dsn) as intake:
        started = time.perf_counter()
        for number in range(count):
            if len(under_way) == UNDER_WAY:
                under_way.popleft().result()
            headers = {"webhook-id": f"grouped-{number}"}
            delivery = Delivery(
                connection="billing", kind="hook", content_type="application/json", headers=headers, body=BODY,
                dedup_key=f"grouped-{number}",
            )  # fmt: skip
            under_way.append(intake.submit(delivery))
        while under_way:
            under_way.popleft().result()
        return count / (time.perf_counter() - started)


def main() -> None:
    """Print both sides and their ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="tieout-bench-", dir="/var/tmp") as name:
        Path(name).chmod(0o711)
        with running(Path(name) / "data") as dsn:
            migrate(dsn)
            one, eight, ours = raw(dsn, count // 5, 1), raw(dsn, count // 5, 8), grouped(dsn, count)
    print(f"raw psycopg, a commit a row, 1 connection    {one:>10,.0f} deliveries/s")
    print(f"raw psycopg, a commit a row, 8 connections   {eight:>10,.0f} deliveries/s")
    print(f"group commit, 1 connection                   {ours:>10,.0f} deliveries/s")
    print(
        f"ratio                                        {ours / one:>10.1f} x one, {ours / eight:.1f} x eight connections"
    )


if __name__ == "__main__":
    main()
