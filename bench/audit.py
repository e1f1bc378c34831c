"""What an audit of a whole company costs: `tieout audit` beside DuckDB's bare read and join of the same files.

    ./dev bench audit [--orders 10000,100000,1000000] [--cache DIR] [--runs N]

Companies of the volume mix, about eight records an order, are made up once and kept in the cache folder (default: a folder
`tieout-bench` among the system's temporary files). Each size is audited as a process of its own, as a user does; seconds and
processor seconds are the best of the runs (other work on the machine only adds), memory is the largest sum over all its
processes. What the audit found is held against the truth, to the cent. Printed, never a test.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from tieout.simulate.exports import company
from tieout.simulate.score import score

SEED = 1
SIZES = (10_000, 100_000, 1_000_000)
DUCKDB_MEMORY = "2GB"
BARE = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], config={{"memory_limit": "{memory}"}})
for statement in {statements!r}:
    connection.execute(statement)
"""
JOINS = tuple(
    f"SELECT count(*), sum({amount}) FROM {left} AS a JOIN {right} AS b ON {key} = b.id"
    for left, right, key, amount in (
        ("charge", '"order"', """split_part(a."order", '/', 2)""", "1"),
        ("entitlement", '"order"', """split_part(a."order", '/', 2)""", "1"),
        ("shipment", '"order"', """split_part(a."order", '/', 2)""", "1"),
        ("(SELECT unnest(lines) AS line FROM invoice)", "charge", "split_part(a.line.charge, '/', 2)", "a.line.net"),
        ("invoice", "invoice", "split_part(a.mirrors, '/', 2)", "b.net"),
        ("payment", "payment", "split_part(a.mirrors, '/', 2)", "b.amount"),
        ("cash_application", "payment", "split_part(a.payment, '/', 2)", "a.amount"),
        ("cash_application", "invoice", "split_part(a.invoice, '/', 2)", "a.amount"),
        ("payment", "payout", "split_part(a.payout, '/', 2)", "a.amount"),
        ("bank_line", "payout", "split_part(a.payout, '/', 2)", "a.amount"),
    )
)
"""The references that carry nearly all of the mix, each joined once and added up."""


class Cost(NamedTuple):
    """Of one process with its children: wall seconds, processor seconds, bytes at the peak, of all and of the largest child."""

    seconds: float
    cpu: float
    peak: int
    child: int


def main() -> int:
    """Print a line a size, and how seconds per order grow from the first to the last."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--orders", default=",".join(map(str, SIZES)))
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "tieout-bench")
    parser.add_argument("--runs", type=int, default=1)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores; the bare side reads every file into a table and joins {len(JOINS)} references")
    print(
        "    orders    records   audit s   cpu s   peak MB  worker MB   bare s   cpu s   ratio   cpu ratio   µs/order   truth"
    )
    each: list[float] = []
    wrong = False
    for orders in map(int, options.orders.split(",")):
        folder = made(options.cache, orders)
        with tempfile.TemporaryDirectory(prefix="tieout-bench-") as name:
            scratch = Path(name)
            audits = [audited(folder, scratch / "found.json") for _ in range(options.runs)]
            bares = [bare(folder, scratch / f"bare{run}.duckdb") for run in range(options.runs)]
            perfect = score(scratch / "found.json", folder / "truth.json").perfect
        ours, theirs = best(audits), best(bares)
        wrong = wrong or not perfect
        each.append(ours.seconds / orders)
        print(
            f"{orders:>10,} {records(folder):>10,} {ours.seconds:>9.1f} {ours.cpu:>7.1f} {ours.peak / 2**20:>9,.0f}"
            f" {ours.child / 2**20:>10,.0f}"
            f" {theirs.seconds:>8.1f} {theirs.cpu:>7.1f} {ours.seconds / theirs.seconds:>7.1f} {ours.cpu / theirs.cpu:>11.1f}"
            f" {each[-1] * 1e6:>10.0f}   {'exact' if perfect else 'NOT EXACT'}",
            flush=True,
        )
    print(f"seconds per order, last to first: {each[-1] / each[0]:.2f}")
    return 1 if wrong else 0


def made(cache: Path, orders: int) -> Path:
    """The company of a size, made up if it is not there yet."""
    folder = cache / f"volume-{SEED}-{orders}"
    if not (folder / "truth.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        company(SEED, orders, "volume", False, (), folder)
    return folder


def audited(folder: Path, found: Path) -> Cost:
    """One audit, its findings written as JSON."""
    return cost_of([sys.executable, "-m", "tieout", "audit", str(folder), "--quiet", "--json", str(found)])


def bare(folder: Path, database: Path) -> Cost:
    """DuckDB reading the same files into tables as they are, and joining them."""
    statements = [
        f'CREATE TABLE "{name}" AS SELECT * FROM read_parquet({paths!r})' for name, paths in files(folder).items()
    ]
    return cost_of(
        [sys.executable, "-c", BARE.format(memory=DUCKDB_MEMORY, statements=[*statements, *JOINS]), str(database)]
    )


def files(folder: Path) -> dict[str, list[str]]:
    """The Parquet files of each type, whatever their system."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.rglob("*.parquet")):
        name = path.parent.name if path.stem.startswith("part-") else path.stem
        found.setdefault(name, []).append(str(path))
    return found


def records(folder: Path) -> int:
    """Rows of all files."""
    import duckdb

    paths = [path for found in files(folder).values() for path in found]
    ((count,),) = duckdb.connect().execute(f"SELECT sum(num_rows) FROM parquet_file_metadata({paths!r})").fetchall()
    return int(count)


def best(costs: list[Cost]) -> Cost:
    """The least of each."""
    return Cost(*(min(part) for part in zip(*costs, strict=True)))


def cost_of(command: list[str]) -> Cost:
    """Run a command and watch it."""
    began, before = time.perf_counter(), os.times()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    watch = _Watch(process.pid)
    code = process.wait()
    watch.stop()
    after = os.times()
    if code:
        raise SystemExit(f"{' '.join(command[:5])} … ended with exit code {code}")
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Cost(time.perf_counter() - began, cpu, watch.peak, watch.child)


class _Watch(threading.Thread):
    """Adds up, five times a second, the resident memory of a process and all its children; where /proc is."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.peak, self.child, self.over = pid, 0, 0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.2):
            first, *children = map(_resident, _tree(self.pid))
            self.peak = max(self.peak, first + sum(children))
            self.child = max(self.child, *children, 0)

    def stop(self) -> None:
        """No more."""
        self.over.set()
        self.join()


def _tree(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            try:
                found += map(int, task.read_text().split())
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    """Resident memory; what processes share is counted in each."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
