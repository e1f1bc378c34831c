"""Deliveries interpreted again from their bytes, after what could not be understood in them was mended.

Nothing is forgotten: a document counts by its version and the arrival of its delivery, which stay what they were. So replaying
what was understood rightly changes nothing, however often; what is read otherwise now takes the place of what was read then.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.faults import InputFault, nearest

from .connection import Connection, transact
from .interpret import INTERPRETED, REFUSED
from .statements import sql
from .trail import By, append

STATES = {"interpreted": INTERPRETED, "refused": REFUSED}
"""What may be replayed; what waits is interpreted anyhow."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries; what is not said is not asked for."""

    connection: str = ""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """Received before this."""
    state: str = "refused"
    """``refused``, ``interpreted`` or ``all``."""
    ids: tuple[int, ...] = ()


class Replayed(msgspec.Struct, frozen=True):
    """Deliveries that wait again."""

    ids: Sequence[int]
    visible: str
    """What had been committed before (pg_current_snapshot): what comes of them is not in it."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What has come of them so far."""

    waiting: int
    refused: int
    changed: int
    """Documents that are not what they were, new ones among them."""


def replay(pool: ConnectionPool[Connection], wish: Wish, by: By) -> Replayed:
    """Have deliveries interpreted again. Who asked is in the trail. Raises InputFault for a state that there is not."""
    if wish.state not in (*STATES, "all"):
        mend = nearest(wish.state, (*STATES, "all")) or f"one of {', '.join(STATES)} or all"
        raise InputFault(f"there is no state {wish.state!r}", where="state", mend=mend)

    def work(connection: Connection) -> Replayed:
        rows = connection.execute(
            sql("replay_deliveries"),
            {
                "states": list(STATES.values()) if wish.state == "all" else [STATES[wish.state]],
                "connection": wish.connection, "since": wish.since, "until": wish.until, "ids": list(wish.ids),
            },
        ).fetchall()  # fmt: skip
        row = connection.execute(sql("visible_now")).fetchone()
        assert row is not None
        ids = sorted(id_ for (id_,) in rows)
        if ids:
            asked = msgspec.structs.asdict(wish) | {"deliveries": len(ids), "first": ids[0], "last": ids[-1]}
            append(connection, by.did("delivery.replay", wish.connection or "deliveries", after=asked))
        return Replayed(ids, *row)

    return transact(pool, work)


def outcome(pool: ConnectionPool[Connection], replayed: Replayed) -> Outcome:
    """What has come of them."""

    def work(connection: Connection) -> Outcome:
        ids = {"ids": list(replayed.ids), "visible": replayed.visible}
        states: dict[int, int] = dict(connection.execute(sql("states_of_deliveries"), ids).fetchall())
        row = connection.execute(sql("changed_by_replay"), ids).fetchone()
        assert row is not None
        return Outcome(waiting=states.get(0, 0), refused=states.get(REFUSED, 0), changed=row[0])

    return transact(pool, work)
