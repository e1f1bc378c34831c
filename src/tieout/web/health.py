"""``/healthz``, ``/readyz`` and ``/metrics``: whether this process answers, whether it could take a delivery now, and what it did."""

from __future__ import annotations

import msgspec

from tieout.store.connection import transact
from tieout.telemetry import metrics

from .means import Means
from .route import Plain


class Health(msgspec.Struct, frozen=True):
    """That somebody answers."""

    status: str


def alive(means: Means) -> Health:
    """Whether this process answers. It says nothing of the database: a process that waits for it needs no restart."""
    return Health("alive")


def ready(means: Means) -> Health:
    """Whether the database answers. 503 where it does not."""
    transact(means.pool, lambda connection: connection.execute("SELECT FROM delivery LIMIT 1"), patience=1)
    return Health("ready")


def show_metrics(means: Means) -> Plain:
    """This process's metrics, for Prometheus. They name no customer and no document."""
    body, media_type = metrics.exposition()
    return Plain(media_type, body)
