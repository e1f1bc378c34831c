"""What waits in the database, as metrics: how much, and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import msgspec
import psycopg
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from psycopg_pool import ConnectionPool, PoolTimeout

from .connection import Connection
from .statements import sql

MOST = 1_000_000
"""Where counting ends."""
FRESH = 5.0
"""Seconds for which an answer is good: many may scrape, and the database is asked once."""


class Queue(msgspec.Struct, frozen=True):
    """Something that workers take from."""

    name: str
    depth: int
    age: float | None
    """Seconds that the first of it has waited; None where nothing waits or nobody keeps the time."""


class Pulse(msgspec.Struct, frozen=True):
    """How a stream is doing."""

    connection: str
    type: str
    entity: str
    age: float | None
    """Seconds since its last document."""
    is_silent: bool


def feel(connection: Connection) -> list[Pulse]:
    """Every stream."""
    rows = connection.execute(sql("feel_streams")).fetchall()
    return [
        Pulse(connection, type_, entity, None if age is None else float(age), is_silent)
        for connection, type_, entity, age, is_silent in rows
    ]


def measure(connection: Connection) -> list[Queue]:
    """Every queue: deliveries, touched documents, instances and those of storms, findings for cases, the trail; and what was refused."""
    rows = connection.execute(sql("measure_queues"), {"most": MOST}).fetchall()
    return [Queue(name, depth, None if age is None else float(age)) for name, depth, age in rows]


class Queues(Collector):
    """Asks the database at a scrape. One that does not answer is told too, and everything else is scraped all the same."""

    def __init__(self, pool: ConnectionPool[Connection], fresh: float = FRESH) -> None:
        self._pool, self._fresh = pool, fresh
        self._lock = threading.Lock()
        self._asked = -fresh
        self._known: tuple[list[Queue], list[Pulse]] | None = None

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The names, without asking the database."""
        return iter(_families([], [], is_up=True))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The values."""
        with self._lock:
            if time.monotonic() - self._asked >= self._fresh:
                self._known = self._ask()
                self._asked = time.monotonic()
            return iter(_families(*(self._known or ([], [])), is_up=self._known is not None))

    def _ask(self) -> tuple[list[Queue], list[Pulse]] | None:
        try:
            with self._pool.connection(timeout=2) as connection:
                return measure(connection), feel(connection)
        except (psycopg.Error, PoolTimeout):
            return None


def _families(queues: list[Queue], pulses: list[Pulse], *, is_up: bool) -> list[GaugeMetricFamily]:
    depth = GaugeMetricFamily("tieout_queue_depth", "How much waits.", labels=["queue"])
    age = GaugeMetricFamily("tieout_queue_age_seconds", "For how long the first of it has waited.", labels=["queue"])
    for queue in queues:
        depth.add_metric([queue.name], queue.depth)
        age.add_metric([queue.name], queue.age or 0.0)
    names = ["connection", "type", "entity"]
    silent = GaugeMetricFamily("tieout_stream_silent", "Whether less comes than is expected.", labels=names)
    last = GaugeMetricFamily("tieout_stream_age_seconds", "Since the last document of a stream.", labels=names)
    for pulse in pulses:
        labels = [pulse.connection, pulse.type, pulse.entity]
        silent.add_metric(labels, float(pulse.is_silent))
        if pulse.age is not None:
            last.add_metric(labels, pulse.age)
    up = GaugeMetricFamily("tieout_database_up", "Whether the database answers.", value=float(is_up))
    return [up, depth, age, silent, last]
