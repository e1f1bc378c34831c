"""Metrics for Prometheus. Counted where things happen; what is in the database (queues, streams) is asked when somebody scrapes.

Each process counts for itself and is scraped for itself; but the workers that `tieout serve` starts count with it. Names and labels are a
contract (docs/operations.md); a label never holds what a customer or a document is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from .together import VARIABLE

REGISTRY = CollectorRegistry()
_asked: list[Collector] = []

DELIVERIES = Counter(
    "tieout_deliveries", "Deliveries handed in, by what became of them.", ["kind", "outcome"], registry=REGISTRY
)
INTERPRETED = Counter(
    "tieout_interpreted", "Deliveries that were understood or refused.", ["outcome"], registry=REGISTRY
)
DOCUMENTS = Counter("tieout_documents", "Documents understood.", ["type"], registry=REGISTRY)
EVALUATED = Counter("tieout_evaluated_instances", "Instances evaluated.", ["flow"], registry=REGISTRY)
PROBLEMS = Counter("tieout_instance_problems", "Instances that could not be evaluated.", ["flow"], registry=REGISTRY)
REFUSALS = Counter("tieout_refusals", "Requests, deliveries and documents refused.", ["reason"], registry=REGISTRY)
RETRIES = Counter("tieout_retries", "Transactions that were run again.", ["reason"], registry=REGISTRY)
DATABASE_ERRORS = Counter(
    "tieout_database_errors", "Errors of the database, by SQLSTATE.", ["sqlstate"], registry=REGISTRY
)
SECONDS = Histogram(
    "tieout_stage_seconds", "How long a batch of a stage, or a request, took.", ["stage"], registry=REGISTRY,
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)  # fmt: skip


def received(kind: str, outcome: str, count: int = 1) -> None:
    """Deliveries by kind (api, hook, file, broker) and outcome (kept, repeated, contradicted, refused, lost)."""
    DELIVERIES.labels(kind, outcome).inc(count)


def interpreted(outcome: str, count: int = 1) -> None:
    """Deliveries that were interpreted or refused."""
    INTERPRETED.labels(outcome).inc(count)


def documents(type_: str, count: int = 1) -> None:
    """Documents of a canonical type that were understood."""
    DOCUMENTS.labels(type_).inc(count)


def evaluated(flow: str, count: int = 1) -> None:
    """Instances of a flow that were evaluated."""
    EVALUATED.labels(flow).inc(count)


def problem(flow: str) -> None:
    """An instance could not be evaluated: a fault of ours, or of a flow."""
    PROBLEMS.labels(flow).inc()


def refused(reason: str, count: int = 1) -> None:
    """Something was refused. The reason is a word or two of ours, never text that came in."""
    REFUSALS.labels(reason).inc(count)


def retried(reason: str) -> None:
    """A transaction is run again."""
    RETRIES.labels(reason).inc()


def database_error(sqlstate: str | None) -> None:
    """The database said no, or nothing (None: the connection broke)."""
    DATABASE_ERRORS.labels(sqlstate or "connection").inc()


def took(stage: str) -> AbstractContextManager[object]:
    """Measures a block."""
    return SECONDS.labels(stage).time()


def spent(stage: str, seconds: float) -> None:
    """A batch of a stage took so long."""
    SECONDS.labels(stage).observe(seconds)


def ask(collector: Collector) -> Callable[[], None]:
    """Ask a collector at every scrape, too. Returns what ends that."""
    REGISTRY.register(collector)
    _asked.append(collector)

    def end() -> None:
        REGISTRY.unregister(collector)
        _asked.remove(collector)

    return end


def exposition(accept: str = "") -> tuple[bytes, str]:
    """All metrics, and their content type, in the form that a scraper accepts; those of other processes too, where they count together."""
    encode, content_type = choose_encoder(accept)
    if VARIABLE not in os.environ:
        return encode(REGISTRY), content_type
    together = CollectorRegistry()
    MultiProcessCollector(together)
    for collector in _asked:
        together.register(collector)
    return encode(together), content_type


def serve(port: int, address: str = "127.0.0.1") -> WSGIServer:
    """Answer scrapes on a port, from a thread of its own, until the server is shut down. For programs that serve nothing else."""
    server, _ = start_http_server(port, address, REGISTRY)
    return server
