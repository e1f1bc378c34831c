"""Memory of a worker with a million deliveries waiting, and how fast it works them off.

    ./dev bench backlog [DELIVERIES] [SECONDS]     default 1,000,000 waiting, watched for 60 seconds

Each delivery is one document of a company of the volume mix, copied again and again under other ids. Aim: at most 500 MB.
"""

from __future__ import annotations

import sys
import time
from itertools import cycle, islice

import _live

SOURCE = 2_000
"""Orders of the company that is copied."""


def bodies(count: int) -> list[bytes]:
    """So many documents: the company's, and its copies, whose ids have a number before them."""
    first = _live.company(5, SOURCE)
    found = []
    for n, body in enumerate(islice(cycle(first), count)):
        copy = n // len(first)
        found.append(body if not copy else body.replace(b"-0-", b"-%d-" % copy))
    return found


def main() -> None:
    count, seconds = (int(word) for word in (*sys.argv[1:], *("1000000", "60")[len(sys.argv) - 1 :]))
    with _live.database() as (folder, dsn):
        began = time.perf_counter()
        every = bodies(count)
        for n in range(0, count, 100_000):
            _live.copy_deliveries(dsn, every[n : n + 100_000], 1)
        print(f"{count:,} deliveries wait ({time.perf_counter() - began:.0f} s to put them there)")
        with _live.workers(folder, 1) as processes, _live.Memory(processes) as memory:
            time.sleep(seconds)
        with _live.connect(dsn, "bench") as connection:
            ((left,),) = connection.execute("SELECT count(*) FROM delivery WHERE state = 0").fetchall()
            ((judged,),) = connection.execute("SELECT count(*) FROM instance WHERE evaluated_at IS NOT NULL").fetchall()
    print(
        f"one worker at most {memory.most / 2**20:.0f} MB (aim: 500); in {seconds} s it interpreted {count - left:,} and judged {judged:,} "
        "instances"
    )


if __name__ == "__main__":
    main()
