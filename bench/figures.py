"""Figures of the whole company out of the live engine's database: reading what is known, now and as it was then, and judging it.

    ./dev bench figures [ORDERS]     default 12,000 orders of the volume mix (about 100,000 documents)

Documents are put into the tables by COPY, a tenth of them with an older version that history keeps; then a snapshot of now and one of a
moment in the past are read and judged. The memory is this process's; those that share the work take about 500 MB each.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import _live
import msgspec
import psutil

from tieout.audit.live import known
from tieout.audit.span import Span
from tieout.canon.decode import decode
from tieout.store.connection import connect
from tieout.store.snapshot import Moment

DAY = dt.date(2026, 6, 30)
SHARD = 2_000


def rows(orders: int) -> Iterator[tuple[str, str, str, str, int, bytes]]:
    """Key, type, system, entity, version and body of every document, and an older version of a tenth of them."""
    for shard in range(-(-orders // SHARD)):
        for n, body in enumerate(_live.company(7, min(SHARD, orders - shard * SHARD), shard)):
            document = decode(body)
            yield document.key, document.type, document.system, document.entity, 1, body
            if n % 10 == 0:
                older = msgspec.structs.replace(document, ext={"seen": "before"})
                yield document.key, document.type, document.system, document.entity, 0, msgspec.json.encode(older)


def put(dsn: str, orders: int) -> int:
    """Into history, and the newest into the records; how many records."""
    with closing(connect(dsn, "bench", 3600)) as connection, connection.cursor() as cursor:
        columns = "key, version, arrival, n, digest, body, recorded_at"
        holders = set()
        with cursor.copy(f"COPY observation ({columns}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(["text", "int8", "int8", "int4", "bytea", "bytea", "timestamptz"])
            for n, (key, type_, system, entity, version, body) in enumerate(rows(orders)):
                holders.add((system, type_, entity))
                copy.write_row((key, version, n, 1, hashlib.sha256(body).digest(), body, _live.NOW))
        cursor.execute(
            "INSERT INTO record (key, type, system, entity, version, arrival, n, digest, body, root, deleted) SELECT DISTINCT ON (key) key,"
            " split_part(key, '/', 1), split_part(key, '/', 2), '', version, arrival, n, digest, body, key, false"
            " FROM observation ORDER BY key, version DESC"
        )
        records = cursor.rowcount
        cursor.executemany(
            "INSERT INTO holder (system, type, entity, recorded_at) VALUES (%s, %s, %s, %s)",
            [(*place, _live.NOW) for place in sorted(holders)],
        )
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE record, observation")
    return records


def main() -> None:
    """Time each part."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
    with _live.database() as (_, dsn):
        records = put(dsn, orders)
        print(f"{records:,} documents, {records + records // 10:,} observations")
        for name, moment in (("now", None), ("as known then", Moment(_live.NOW))):
            began = time.perf_counter()
            with known(dsn, moment) as documents:
                read = time.perf_counter() - began
                began = time.perf_counter()
                result = documents.judged(Span(as_of=DAY))
                judged = time.perf_counter() - began
            memory = psutil.Process().memory_info().rss / 2**20
            print(
                f"{name:>13}: read {read:6.1f} s ({records / read:,.0f}/s), judged {judged:6.1f} s, {result.instances:,} instances, "
                f"{len(result.findings):,} findings; {memory:.0f} MB"
            )


if __name__ == "__main__":
    main()
