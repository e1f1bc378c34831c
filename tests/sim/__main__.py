"""``./dev sim SEED``: one run or several under faults. Exit 0, or the seed, what it broke, and the shortest schedule that was found."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from tieout.store.connection import connect
from tieout.store.embedded import running
from tieout.store.migrate import migrate

from .run import STEPS, Run, shortest

SHOWN = 60


def main() -> int:
    """Run the seeds of the command line."""
    parser = argparse.ArgumentParser(prog="./dev sim", description=__doc__)
    parser.add_argument("seeds", help="a seed, or FIRST-LAST")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps under faults")
    parser.add_argument("--orders", type=int, default=5, help="orders of the company")
    given = parser.parse_args()
    first, _, last = given.seeds.partition("-")
    memory = Path("/dev/shm")  # what is killed here is workers, never the machine: it need not reach a disk
    folder = Path(tempfile.mkdtemp(prefix="tieout-sim-", dir=memory if memory.is_dir() else None))
    folder.chmod(0o711)
    failed = 0
    try:
        with running(folder / "database") as dsn:
            for seed in range(int(first), int(last or first) + 1):
                failed += not _one(dsn, seed, given.orders, given.steps)
    finally:
        shutil.rmtree(folder)
    return 1 if failed else 0


def _one(dsn: str, seed: int, orders: int, steps: int) -> bool:
    def make() -> Run:
        return Run(fresh(dsn), seed, orders)

    run = make()
    try:
        outcome = run.run(steps)
    finally:
        run.close()
    if not outcome.broken:
        print(
            f"seed {seed}: {outcome.steps} steps, {outcome.kills} kills, {len(run.story.expected)} verdicts as they should be"
        )
        return True
    outcome = shortest(make, outcome)
    print(f"seed {seed} breaks after {outcome.steps} steps: " + "; ".join(outcome.broken))
    for said in outcome.schedule[-SHOWN:]:
        print(f"    {said}")
    return False


def fresh(dsn: str) -> str:
    """A database of its own, up to date and empty; takes the place of the one before."""
    from psycopg.conninfo import make_conninfo

    with connect(make_conninfo(dsn, dbname="postgres"), "sim") as connection:
        connection.autocommit = True
        connection.execute("DROP DATABASE IF EXISTS sim WITH (FORCE)")
        connection.execute("CREATE DATABASE sim")
    own = make_conninfo(dsn, dbname="sim")
    migrate(own)
    return own


if __name__ == "__main__":
    sys.exit(main())
