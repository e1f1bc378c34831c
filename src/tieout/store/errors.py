"""What can go wrong between us and the database, sorted by what the caller does next.

    StoreError
    ├── DatabaseLost      it cannot be reached, or cannot commit now: nothing was acknowledged  → later (the web answers 503)
    ├── IntakeFull        more is waiting for its commit than memory is meant to hold           → later (503)
    ├── Outdated          what it was thought for is not what holds by now: nothing was changed        → look again (409)
    └── DeliveryRefused   the database cannot keep this one as it is                            → the sender changes it (422)

Deadlocks and serialization failures are not here: `connection.transact` runs the transaction again.
"""

from __future__ import annotations

from typing import Self

import psycopg


class StoreError(Exception):
    """Something of the store that its caller has an answer to."""


class DatabaseLost(StoreError):
    """The database cannot be reached, or cannot commit now (shut down, read-only, disk full)."""

    @classmethod
    def because(cls, error: psycopg.Error) -> Self:
        """From what the driver said, in one line."""
        return cls(" ".join(str(error).split()) or type(error).__name__)


class IntakeFull(StoreError):
    """More is waiting for its commit than memory is meant to hold."""


class Outdated(StoreError):
    """Somebody else changed it meanwhile; says what holds by now."""


class DeliveryRefused(StoreError):
    """The database cannot keep this delivery as it is; says why."""
