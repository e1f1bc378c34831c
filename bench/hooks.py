"""Durable webhooks a second over HTTP, beside single-row commits by raw psycopg on as many connections.

    ./dev bench hooks [WEBHOOKS]        default 20,000 for each number of connections; the raw side does a fifth

Both sides run in this run on one server with its usual settings (fsync on), on a real disk. The webhooks are signed as Standard
Webhooks has it and sent over loopback to `tieout web`, a process of its own, each connection sending the next one when the one before is
answered. The sender, the web server and PostgreSQL share this machine's cores; the raw side has no HTTP, no signature and no sender.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop
from intake import BODY, raw

from tieout.store.connection import connect
from tieout.store.connections import Connection, add_connection
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.sealing import Sealer
from tieout.store.trail import By

CONNECTIONS = (1, 8, 64)
KEY = b"k" * 32


def request(name: str) -> bytes:
    """One webhook as it goes over the wire."""
    stamp = str(int(time.time()))
    signature = base64.b64encode(hmac.digest(KEY, f"{name}.{stamp}.".encode() + BODY, "sha256")).decode()
    return (
        "POST /hooks/billing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"webhook-id: {name}\r\nwebhook-timestamp: {stamp}\r\nwebhook-signature: v1,{signature}\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n"
    ).encode() + BODY


class Sender(asyncio.Protocol):
    """Sends its requests one after the other over one connection."""

    def __init__(self, requests: list[bytes]) -> None:
        self._requests = iter(requests)
        self._sent_at, self._heard = 0.0, b""
        self.took: list[float] = []
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def _next(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._sent_at = time.perf_counter()
            self._transport.write(following)  # type: ignore[attr-defined]

    def data_received(self, answer: bytes) -> None:
        self._heard += answer
        head, _, content = self._heard.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if length is None or len(content) < int(length[1]):
            return
        self._heard = b""
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError((head + content).decode()))
            return
        self.took.append(time.perf_counter() - self._sent_at)
        self._next()


async def send(port: int, parts: list[list[bytes]]) -> tuple[float, list[float]]:
    """Seconds in all, and those of each webhook."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    made = [await loop.create_connection(lambda part=part: Sender(part), "127.0.0.1", port) for part in parts]
    senders = [sender for _, sender in made]
    await asyncio.gather(*(sender.done for sender in senders))
    return time.perf_counter() - started, sorted(seconds for sender in senders for seconds in sender.took)


@contextmanager
def web(folder: Path) -> Iterator[int]:
    """The port of a `tieout web`."""
    command = [sys.executable, "-m", "tieout", "web", "--data", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        yield next(int(found[1]) for line in process.stdout if (found := re.search(r"listening on .*:(\d+)", line)))
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Print both sides and their ratio for each number of connections."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with tempfile.TemporaryDirectory(prefix="tieout-bench-", dir="/var/tmp") as name:
        folder = Path(name) / "data"
        Path(name).chmod(0o711)
        with running(folder) as dsn:
            migrate(dsn)
            with connect(dsn, "bench") as database:
                secret = "whsec_" + base64.b64encode(KEY).decode()
                billing = Connection(name="billing", kind="webhook", scheme="standard-webhooks", options={})
                add_connection(database, billing, secret, Sealer(folder / "secret.keys"), By("bench"))
            print("connections   raw commits/s   webhooks/s   ratio   p50 ms   p99 ms")
            with web(folder) as port:
                for connections in CONNECTIONS:
                    parts = [
                        [request(f"{connections}-{part}-{n}") for n in range(count // connections)]
                        for part in range(connections)
                    ]
                    seconds, took = uvloop.run(send(port, parts))
                    ours = len(took) / seconds
                    theirs = raw(dsn, count // 5, connections)
                    p50, p99 = (1000 * took[int(len(took) * q)] for q in (0.5, 0.99))
                    print(
                        f"{connections:>11} {theirs:>15,.0f} {ours:>12,.0f} {ours / theirs:>7.2f} {p50:>8.1f} {p99:>8.1f}"
                    )


if __name__ == "__main__":
    main()
