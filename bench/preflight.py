"""Preflight over HTTP at 100 a second, beside the bare round trip to the database by the same way.

    ./dev bench preflight [COPIES] [ORDERS]     default 10 copies of a company of 5,000 orders of the volume mix

The company is taken in by a worker; its copies are made in the database, with names of their own, so that a million instances are there in
minutes. Asked is, in turn: a quote, an order with its charge, an amendment with the charge that replaces another, an invoice; half of them
as of a later day too. Requests are sent at their times whether or not those before are answered (`tieout web` is a process of its own, and
shares this machine's cores with the sender and PostgreSQL), and a request's time counts from when it should have been sent. The bare
round trip is GET /readyz: the same server, one statement.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator

import _live
import msgspec
from hooks import web

from tieout.canon.decode import encode
from tieout.canon.documents import Amendment, Charge, Document, Invoice, InvoiceLine, Order, Quote, QuoteLine
from tieout.simulate.company import build
from tieout.store.connection import connect
from tieout.store.people import Wish, add_token
from tieout.store.trail import By

SEED = 3
RATE = 100
SECONDS = 30
ROUNDS = 6
"""Of both sides in turn: other work on the machine stalls some of them."""
OWN = "-0-0"
"""In the names of everything that belongs to the company alone: its copies have another number there."""
APART = 100_000_000
"""Between the numbers of the instances of two copies."""
OURS = " LIKE '%%' || %(own)s || '%%'"
COPY = (
    f"INSERT INTO record SELECT {{record}} FROM record WHERE key{OURS} ON CONFLICT DO NOTHING",
    f"INSERT INTO edge SELECT {{edge}} FROM edge WHERE from_key{OURS} ON CONFLICT DO NOTHING",
    f"INSERT INTO instance OVERRIDING SYSTEM VALUE SELECT {{instance}} FROM instance WHERE id < %(apart)s AND key{OURS}",
    "INSERT INTO member SELECT {member} FROM member JOIN instance ON instance.id = member.instance "
    f"WHERE member.instance < %(apart)s AND instance.key{OURS}",
)
RENAMED = {"key", "body", "mirrors", "root", "from_key", "to_key", "anchor", "verdict"}


def main() -> None:
    copies, orders = (int(word) for word in (*sys.argv[1:], *("10", "5000")[len(sys.argv) - 1 :]))
    with _live.database() as (home, dsn):
        bodies = _live.company(SEED, orders)
        _live.copy_deliveries(dsn, bodies, 20)
        with _live.workers(home, 2):
            _live.settled(dsn)
        multiply(dsn, copies)
        token = prepared(dsn)
        rng = random.Random(SEED)
        asked = list(itertools.islice(proposals(rng, orders, copies), RATE * SECONDS))
        with web(home) as port:
            warm = [request("POST", "/v1/preflight", token, body) for body in asked[:400]]
            asyncio.run(sent(port, warm, 10_000))  # All at once: every connection plans its statements once.
            sides: dict[str, list[list[float]]] = {"bare": [], "preflight": []}
            for n in range(ROUNDS):
                part = asked[n * len(asked) // ROUNDS : (n + 1) * len(asked) // ROUNDS]
                sides["bare"].append(asyncio.run(sent(port, [request("GET", "/readyz", token)] * (len(part) // 2))))
                sides["preflight"].append(
                    asyncio.run(sent(port, [post(token, n, body) for n, body in enumerate(part)]))
                )
    for name, rounds in sides.items():
        took = [seconds for found in rounds for seconds in found]
        p99 = sorted(at(found, 0.99) for found in rounds)
        print(
            f"{name:<10} p50 {at(took, 0.5):5.1f} ms   p90 {at(took, 0.9):5.1f}   p99 {at(took, 0.99):5.1f}   most {at(took, 1):5.1f}   "
            f"p99 of {ROUNDS} rounds: {', '.join(f'{one:.1f}' for one in p99)}"
        )
    print(f"aim: p99 25 ms at {RATE}/s")


def at(times: list[float], share: float) -> float:
    """Milliseconds in which that share of the requests was answered."""
    return 1000 * sorted(times)[min(len(times) - 1, int(share * len(times)))]


def multiply(dsn: str, copies: int) -> None:
    """Copies of everything in the tables, under other names."""
    started = time.perf_counter()
    with connect(dsn, "bench", statement_seconds=3600) as connection:
        for n in range(1, copies):
            for statement in COPY:
                table = statement.split()[2]
                rows = connection.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                    [table],
                ).fetchall()
                columns = ", ".join(_copied(table, column) for (column,) in rows)
                parameters = {"own": OWN, "new": f"-{n}-0", "more": n * APART, "apart": APART}
                connection.execute(statement.format(**{table: columns}), parameters)  # type: ignore[arg-type]  # ours
            connection.commit()
    with connect(dsn, "bench", statement_seconds=3600) as connection:
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")
        counts = [connection.execute(f"SELECT count(*) FROM {name}").fetchone() for name in ("record", "instance")]  # type: ignore[arg-type]
    records, instances = (row[0] if row else 0 for row in counts)
    print(f"{records:,} records, {instances:,} instances are stored (copied in {time.perf_counter() - started:.0f} s)")


def _copied(table: str, column: str) -> str:
    """A column of a copy's row."""
    if column in ("body", "verdict"):
        return f"convert_to(replace(convert_from({column}, 'UTF8'), %(own)s, %(new)s), 'UTF8')"
    if column in RENAMED:
        return f"replace({table}.{column}, %(own)s, %(new)s)"
    if (table, column) in (("instance", "id"), ("member", "instance")):
        return f"{table}.{column} + %(more)s"
    return f"{table}.{column}"


def prepared(dsn: str) -> str:
    """A token that may ask."""
    with connect(dsn, "bench") as connection:
        wish = Wish(name="bench", kind="service", holder="crm", scopes=["preflight"])
        return add_token(connection, wish, By("bench", why="a benchmark"))[1]


def proposals(rng: random.Random, orders: int, copies: int) -> Iterator[bytes]:
    """Proposed documents, endlessly, about orders of any copy."""
    docs: dict[str, list[Document]] = {}
    for found in build(SEED, 0, orders=orders, mix="volume").docs.values():
        for document in found:
            docs.setdefault(document.type, []).append(document)
    charges = [d for d in docs["charge"] if isinstance(d, Charge) and d.kind == "recurring" and OWN in d.key]
    known = {d.ref: d for d in docs["order"] if isinstance(d, Order)}
    for n in itertools.count():
        charge = rng.choice(charges)
        proposed = _proposed(n, charge, known[charge.order])
        copy = rng.randrange(copies)
        text = b"[" + b",".join(map(encode, proposed)) + b"]"
        yield text.replace(OWN.encode(), f"-{copy}-0".encode()) if copy else text


def _proposed(n: int, charge: Charge, order: Order) -> list[Document]:
    header = {"entity": order.entity, "currency": order.currency, "customer": order.customer}
    if n % 4 == 0:
        lines = tuple(QuoteLine(id=line.id, product=line.product, net=line.net) for line in order.lines)
        return [Quote(system="crm", id=f"PF-{n}", status="accepted", lines=lines, **header)]
    if n % 4 == 1:
        new = msgspec.structs.replace(order, id=f"PF-{n}", quote=None)
        return [new, msgspec.structs.replace(charge, id=f"PF-{n}", order=new.ref, replaces=None, amendment=None)]
    if n % 4 == 2:
        day = _live.NOW.date()
        change = Amendment(
            system="crm",
            id=f"PF-{n}",
            order=order.ref,
            kind="upgrade",
            effective_on=day,
            accepted_at=_live.NOW,
            **header,
        )
        dearer = msgspec.structs.replace(charge, id=f"PF-{n}", start_on=day, replaces=charge.ref, amendment=change.ref)
        return [change, dearer]
    line = InvoiceLine(id="1", charge=charge.ref, net=10_000)
    return [
        Invoice(system="billing", id=f"PF-{n}", issued_at=_live.NOW, net=10_000, total=10_000, lines=(line,), **header)
    ]


def post(token: str, n: int, body: bytes) -> bytes:
    """One question; every second one asks for a later day too."""
    return request("POST", "/v1/preflight" + ("?later=2026-12-31" if n % 2 else ""), token, body)


def request(method: str, path: str, token: str, body: bytes = b"") -> bytes:
    """As it goes over the wire."""
    return (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def sent(port: int, requests: list[bytes], rate: int = RATE) -> list[float]:
    """Seconds of each, from when it should have been sent."""
    idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    statuses: Counter[bytes] = Counter()
    started = time.perf_counter()

    async def ask(n: int, content: bytes) -> float:
        due = started + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        reader, writer = idle.pop() if idle else await asyncio.open_connection("127.0.0.1", port)
        writer.write(content)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
        )
        await reader.readexactly(length)
        statuses[head.split(b" ", 2)[1]] += 1
        idle.append((reader, writer))
        return time.perf_counter() - due

    took = await asyncio.gather(*(ask(n, content) for n, content in enumerate(requests)))
    for _, writer in idle:
        writer.close()
    assert set(statuses) == {b"200"}, statuses
    return list(took)


if __name__ == "__main__":
    main()
