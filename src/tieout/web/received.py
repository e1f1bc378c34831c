"""``GET /v1/deliveries``: what became of what was handed in."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from tieout.store.connection import transact
from tieout.store.received import Received, State, find_received

from .caller import Caller
from .deliveries import connection_of
from .means import Means
from .refusal import not_found

PATIENCE = 3.0


class Which(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which deliveries."""

    connection: str = ""
    """Those of this connection; api/NAME is what NAME handed in by the API."""
    state: State | None = None
    """Those in this state."""
    before: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The `next` of the page before."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class ReceivedList(msgspec.Struct, frozen=True):
    """Some deliveries."""

    deliveries: tuple[Received, ...]
    next: int | None
    """For `before`, where there may be more."""


def list_received(means: Means, caller: Caller, query: Which) -> ReceivedList:
    """Deliveries and what became of them, the newest first.

    Who is limited to legal entities sees what they handed in themselves: what others' deliveries hold is not sorted by entity.
    """
    of = query.connection
    if caller.entities is not None:
        own = connection_of(caller)
        if of not in ("", own):
            return ReceivedList((), None)
        of = own
    found = transact(
        means.pool,
        lambda connection: find_received(connection, of=of, state=query.state, before=query.before, limit=query.limit),
        patience=PATIENCE,
    )
    return ReceivedList(tuple(found), found[-1].id if len(found) == query.limit else None)


def read_received(means: Means, caller: Caller, id: str) -> Received:
    """One delivery and what became of it: whether its documents are known by now, or why it was not understood."""
    of = "" if caller.entities is None else connection_of(caller)
    number = int(id) if re.fullmatch(r"\d{1,18}", id) else 0
    found = transact(means.pool, lambda connection: find_received(connection, of=of, ids=[number]), patience=PATIENCE)
    if not found:
        raise not_found(
            f"there is no delivery {id!r}", "its number is in the answer to who handed it in; old ones are archived"
        )
    return found[0]
