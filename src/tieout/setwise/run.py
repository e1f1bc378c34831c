"""Evaluate whole sets: prepare every flow's instances in DuckDB, judge ranges of them on all cores, gather the sums."""

from __future__ import annotations

import datetime as dt
import gc
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from multiprocessing import resource_tracker
from pathlib import Path

import duckdb
import msgspec

from tieout.policy import Policy
from tieout.process.definition import Flow
from tieout.process.evaluate import judge
from tieout.process.instance import Instance, Known

from . import quiet
from .assemble import Prepared, Range, pieces_of, prepare, ranges, read
from .flows import load
from .gather import Gathered, Items
from .quiet import Days

AT_ONCE = 10_000
"""Anchors of one range: enough to pay for its queries, few enough for 500 MB a process."""
_WORTH_IT = 4
"""Ranges from which on starting processes pays."""
_MEMORY_OF_A_WORKER = "200MB"
"""Of its database; its documents need as much again."""

Progress = Callable[[str, int, int], None]
"""(what is being done, how many are done, of how many)."""


class Task(msgspec.Struct, frozen=True):
    """What to evaluate: which flows, under which policy, as of when."""

    flows: tuple[str, ...]
    """Names or paths, as `flows.load` takes them."""
    policy: Policy
    known: Known
    as_of: dt.date
    before: dt.date | None = None
    """The day before the bridge's period; None: the bridge begins with the first document."""
    entities: tuple[str, ...] = ()
    items: str = ""
    """Folder for every position, itemised; none if empty."""


def evaluate_all(
    database: Path, connection: duckdb.DuckDBPyConnection, task: Task, progress: Progress,
    processes: int | None = None, at_once: int = AT_ONCE, set_based: bool = True,
) -> Gathered:  # fmt: skip
    """Evaluate all instances of the task's flows on the documents in ``connection``, whose file is ``database``.

    ``processes``: how many to share the work among (default: all cores), in ranges of ``at_once`` anchors. ``set_based``: quiet
    instances are judged all at once (not where every position is wanted, itemised); the answer is the same.
    The connection is closed where work is shared among processes (DuckDB lets several read or one write).
    """
    flows = [load(name) for name in task.flows]
    roles = {system: task.policy.role(system) for system in _systems(connection)}
    prepared: list[Prepared] = []
    days = Days(task.as_of, task.before) if set_based and not task.items else None
    quiet.declare(connection, task.policy, roles, _every(connection, "entity"))
    for i, flow in enumerate(flows):
        progress("joining documents", i, len(flows))
        prepared.append(prepare(connection, flow, roles, task.entities, at_once, days))
    progress("joining documents", len(flows), len(flows))
    pieces = [piece for i, ready in enumerate(prepared) for piece in ranges(i, ready)]
    workers = min(processes or os.cpu_count() or 1, len(pieces))
    gathered = Gathered()
    for ready in prepared:
        if ready.settled is not None:
            gathered.merge(ready.settled)
    if workers < 2 or sum(ready.anchors for ready in prepared) < _WORTH_IT * at_once:
        _here(connection, flows, prepared, pieces, task, progress, gathered)
    else:
        connection.close()
        _shared(
            database,
            [msgspec.structs.replace(ready, settled=None) for ready in prepared],
            pieces,
            task,
            progress,
            workers,
            gathered,
        )
    return gathered


def instances(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], policy: Policy, known: Known
) -> Iterator[Instance]:
    """Every instance of one flow, in this process: for explanations and tests."""
    roles = {system: policy.role(system) for system in _systems(connection)}
    ready = prepare(connection, flow, roles, (), AT_ONCE)
    for piece in ranges(0, ready):
        yield from read(connection, flow, ready, piece, known, whole=True)


def instances_of(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], policy: Policy, known: Known, keys: list[str]
) -> Iterator[Instance]:
    """The instances of one flow that hold any of these documents."""
    roles = {system: policy.role(system) for system in _systems(connection)}
    ready = prepare(connection, flow, roles, (), AT_ONCE)
    for piece in pieces_of(connection, flow, ready, keys):
        yield from read(connection, flow, ready, piece, known, whole=True)


def _systems(connection: duckdb.DuckDBPyConnection) -> list[str]:
    return _every(connection, "system")


def _every(connection: duckdb.DuckDBPyConnection, field: str) -> list[str]:
    """Every value of a field of the header, over all documents."""
    tables = connection.execute(
        "SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'doc\\_%' ESCAPE '\\' AND estimated_size > 0"
    ).fetchall()
    found: set[str] = set()
    for (table,) in tables:
        found.update(value for (value,) in connection.execute(f"SELECT DISTINCT {field} FROM {table}").fetchall())
    return sorted(value for value in found if value is not None)


def _here(
    connection: duckdb.DuckDBPyConnection, flows: list[type[Flow]], prepared: list[Prepared], pieces: list[Range],
    task: Task, progress: Progress, gathered: Gathered,
) -> None:  # fmt: skip
    items = Items(Path(task.items), "items-0") if task.items else None
    for i, piece in enumerate(pieces):
        progress("evaluating", i, len(pieces))
        _range(connection, flows[piece.flow], prepared[piece.flow], piece, task, gathered, items)
    progress("evaluating", len(pieces), len(pieces))


def _range(
    connection: duckdb.DuckDBPyConnection, flow: type[Flow], ready: Prepared, piece: Range, task: Task,
    gathered: Gathered, items: Items | None,
) -> None:  # fmt: skip
    """Judge one range. Its documents are many and die together: the cycle collector would only walk them in vain."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        for instance in read(connection, flow, ready, piece, task.known):
            judged = judge(flow, instance, task.policy, task.as_of)
            earlier = None
            if task.before is not None:
                earlier = judge(flow, instance, task.policy, task.before, controls_only=True)
            gathered.add(flow, judged, earlier)
            if items is not None:
                items.add(judged.outcome.positions)
                if earlier is not None:
                    items.add(earlier.outcome.positions, before=True)
    finally:
        if enabled:
            gc.enable()
    if items is not None:
        items.flush()


def _shared(
    database: Path, prepared: list[Prepared], pieces: list[Range], task: Task, progress: Progress, workers: int,
    gathered: Gathered,
) -> None:  # fmt: skip
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, _Worker.start, (str(database), prepared, task))
    try:
        waiting = iter(pieces)
        running: set[Future[Gathered]] = set()
        done = 0
        while True:
            while len(running) < workers * 2 and (piece := next(waiting, None)) is not None:
                with _born_deaf():
                    running.add(pool.submit(_Worker.work, piece))
            if not running:
                return
            ready, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ready:
                gathered.merge(future.result())
                done += 1
                progress("evaluating", done, len(pieces))
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes that start meanwhile do not hear Ctrl-C, which a terminal sends to all: the one that started them ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would lift the mask
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Worker:
    """One process's share: its own read-only connection, flows and policy."""

    mine: _Worker

    def __init__(self, database: str, prepared: list[Prepared], task: Task) -> None:
        config: dict[str, str | bool | int | float | list[str]] = {"threads": "1", "memory_limit": _MEMORY_OF_A_WORKER}
        self.connection = duckdb.connect(database, read_only=True, config=config)
        self.flows = [load(name) for name in task.flows]
        self.prepared, self.task = prepared, task
        self.items = Items(Path(task.items), f"items-{os.getpid()}") if task.items else None

    @classmethod
    def start(cls, database: str, prepared: list[Prepared], task: Task) -> None:
        """Make this process's worker."""
        cls.mine = cls(database, prepared, task)

    @classmethod
    def work(cls, piece: Range) -> Gathered:
        """Judge one range in this process."""
        mine, gathered = cls.mine, Gathered()
        ready = mine.prepared[piece.flow]
        _range(mine.connection, mine.flows[piece.flow], ready, piece, mine.task, gathered, mine.items)
        return gathered
