"""From a delivery to the case that it makes: milliseconds from sending it to seeing the case, at a steady rate.

    ./dev bench latency [RATE] [SECONDS]       default 500 deliveries a second for 20 seconds

Each delivery is an order, its charge and its service, which nobody has billed: one finding, one case. They go over HTTP on loopback to
`tieout serve` with one worker, a process of its own; sender, web, worker and PostgreSQL share this machine's cores. Aim: p50 ≤ 300 ms,
p99 ≤ 1 s at 500/s.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import statistics
import subprocess
import sys
import threading
import time
from decimal import Decimal

import _live
import psycopg

from tieout.canon.decode import encode
from tieout.canon.documents import Charge, Entitlement, Invoice, Order, OrderLine
from tieout.store.connection import connect
from tieout.store.people import Wish, add_token
from tieout.store.trail import By

CONNECTIONS = 16


def body(n: int) -> bytes:
    """An order of which June is due and not billed."""
    start = dt.date(2026, 6, 1)
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    common = {"entity": "DE01", "currency": "EUR"}
    order = Order(
        system="crm", id=f"O{n}", customer="crm/C1", accepted_at=at, lines=(OrderLine(id="1", product="crm/P1"),), **common
    )  # fmt: skip
    charge = Charge(
        system="billing", id=f"CH{n}", order=order.ref, line="1", product="crm/P1", unit_price=Decimal(100),
        period_months=1, start_on=start, **common,
    )  # fmt: skip
    service = Entitlement(system="provisioning", id=f"E{n}", entity="DE01", order=order.ref, line="1", activated_at=at)
    return b"\n".join(map(encode, (order, charge, service)))


def first_invoice() -> bytes:
    """An invoice of long ago."""
    issued = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
    return encode(Invoice(system="billing", id="I", entity="DE01", currency="EUR", issued_at=issued, net=0, total=0))


class Seen:
    """Watches the cases, and notes when each was seen first."""

    def __init__(self, dsn: str, many: int) -> None:
        self.at: dict[str, float] = {}
        self._dsn, self._many = dsn, many
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Seen:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(60)

    def _watch(self) -> None:
        last = 0
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while len(self.at) < self._many:
                rows = connection.execute("SELECT id, key FROM case_ WHERE id > %s ORDER BY id", [last]).fetchall()
                now = time.perf_counter()
                for id_, key in rows:
                    last = id_
                    self.at[key.rpartition("/")[2]] = now
                time.sleep(0.01)


async def send(port: int, token: str, rate: int, many: int, sent: dict[str, float]) -> None:
    """Send at the rate, over several connections, each request when its time has come."""
    began = time.perf_counter()

    async def one(first: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for n in range(first, many, CONNECTIONS):
            content = body(n)
            await asyncio.sleep(max(0.0, began + n / rate - time.perf_counter()))
            sent[f"CH{n}"] = time.perf_counter()
            head = f"POST /v1/deliveries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            head += f"Content-Type: application/x-ndjson\r\nContent-Length: {len(content)}\r\n\r\n"
            writer.write(head.encode() + content)
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.split()[1].startswith(b"2"), answer
            length = next(int(x[15:]) for x in answer.lower().split(b"\r\n") if x.startswith(b"content-length:"))
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(one(first) for first in range(CONNECTIONS)))


def main() -> None:
    rate, seconds = (int(word) for word in (*sys.argv[1:], *("500", "20")[len(sys.argv) - 1 :]))
    many = rate * seconds
    with _live.database() as (folder, dsn):
        with connect(dsn, "bench") as connection:
            token = add_token(connection, Wish(name="b", kind="service", holder="b", scopes=["deliver"]), By("bench"))[
                1
            ]
        _live.copy_deliveries(dsn, [first_invoice()], 1)  # billing has told of invoices: what it lacks is not there
        command = [
            sys.executable,
            "-m",
            "tieout",
            "serve",
            "--data",
            str(folder),
            "--port",
            "0",
            "--as-of",
            "2026-06-30",
        ]
        served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert served.stdout is not None
            line = next(line for line in served.stdout if "listening" in line)
            port = int(line.rpartition(":")[2])
            time.sleep(3)  # until its worker works
            sent: dict[str, float] = {}
            with Seen(dsn, many) as seen:
                asyncio.run(send(port, token, rate, many, sent))
                took = max(sent.values()) - min(sent.values())
        finally:
            served.terminate()
            served.wait(60)
    waited = sorted((seen.at[key] - at) * 1000 for key, at in sent.items() if key in seen.at)
    print(f"{len(sent):,} deliveries sent at {len(sent) / took:.0f}/s (asked {rate}/s), {len(waited):,} cases seen")
    print(
        f"delivery → case: p50 {statistics.median(waited):.0f} ms, p99 {waited[int(len(waited) * 0.99)]:.0f} ms, "
        f"most {waited[-1]:.0f} ms (aim: p50 ≤ 300, p99 ≤ 1000)"
    )


if __name__ == "__main__":
    main()
