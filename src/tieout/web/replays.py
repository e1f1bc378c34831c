"""``POST /v1/replays``: deliveries interpreted again, after what could not be understood in them was mended."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from tieout.store.replay import Wish, replay
from tieout.store.trail import By

from .caller import Caller
from .means import Means
from .refusal import Refusal


class Replay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries; what is not given does not matter."""

    connection: str = ""
    """Only what came on this connection."""
    since: dt.datetime | None = None
    """Only what was received at or after this."""
    until: dt.datetime | None = None
    """Only what was received before this."""
    state: Literal["refused", "interpreted", "all"] = "refused"
    deliveries: tuple[int, ...] = ()
    """Only these, by number."""
    why: str = ""
    """Goes into the audit trail."""


class Waiting(msgspec.Struct, frozen=True):
    """What waits to be interpreted again."""

    deliveries: int
    """How many."""


def replay_deliveries(means: Means, caller: Caller, body: Replay) -> Waiting:
    """Have deliveries interpreted again from the bytes that came.

    A document counts by its version and the arrival of its delivery, which stay what they were: what was understood rightly is not
    changed, however often it is replayed; what was read wrongly is replaced by what is read now. Deliveries belong to no legal
    entity, so only who may work everywhere may replay them.
    """
    if caller.entities is not None:
        raise Refusal(
            403, f"{caller.holder} works for some entities only", mend="ask somebody who works for all of them"
        )
    wish = Wish(
        connection=body.connection, since=body.since, until=body.until, state=body.state, ids=body.deliveries
    )  # fmt: skip
    kind: Literal["person", "service"] = "person" if caller.kind == "person" else "service"
    return Waiting(len(replay(means.pool, wish, By(caller.holder, kind, body.why)).ids))
