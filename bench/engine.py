"""Observations a second, from delivery to verdict, beside COPY of the same bytes into one table.

    ./dev bench engine [ORDERS] [DELIVERY]     default 10,000 orders of the volume mix (about 85,000 documents), 20 documents a delivery

One worker, then two, each from an empty database, each a process of its own; fsync on, on a real disk. What waits when the clock starts is
in the inbox; the clock stops when every verdict stands.
"""

from __future__ import annotations

import sys
import time

import _live


def run(bodies: list[bytes], at_once: int, count: int) -> None:
    """One side: so many workers."""
    with _live.database() as (home, dsn):
        _live.copy_deliveries(dsn, bodies, at_once)
        with _live.workers(home, 0):
            bare = min(_live.bare_copy(dsn, bodies) for _ in range(3))
        started = time.perf_counter()
        with _live.workers(home, count) as processes, _live.Memory(processes) as memory:
            ready = time.perf_counter() - started
            _live.settled(dsn)
            seconds = time.perf_counter() - started - ready
            spent = sum(sum(process.cpu_times()[:2]) for process in processes)
        with _live.connect(dsn, "bench") as connection:
            ((instances,),) = connection.execute("SELECT count(*) FROM instance").fetchall()
    rate = len(bodies) / seconds
    print(
        f"{count} worker{'s' if count > 1 else ' '}: {rate:8,.0f} observations/s ({seconds:.1f} s, {spent:.1f} s of their processors, "
        f"{memory.most / 2**20:.0f} MB the largest), {instances:,} verdicts"
    )
    print(
        f"   COPY: {len(bodies) / bare:8,.0f} rows/s; 1/{len(bodies) / bare / rate:.0f} of it (aim 1/10, and 10,000/s with two)"
    )


def main() -> None:
    orders, at_once = (int(word) for word in (*sys.argv[1:], *("10000", "20")[len(sys.argv) - 1 :]))
    bodies = _live.company(3, orders)
    print(f"{len(bodies):,} documents, {sum(map(len, bodies)) / len(bodies):.0f} bytes each, {at_once} a delivery")
    for count in (1, 2):
        run(bodies, at_once, count)


if __name__ == "__main__":
    main()
