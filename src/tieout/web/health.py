"""``/healthz`` and ``/readyz``: whether this process answers, and whether it could take a delivery now."""

from __future__ import annotations

import msgspec

from tieout.store.connection import transact

from .means import Means


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
