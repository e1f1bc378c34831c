"""The partitions of history, one a month: made ahead by `tick`, so that nothing has to be moved when a month begins.

What comes in a month without a partition goes to `observation_rest`, and is moved when its partition is made.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any, Literal

import msgspec
from psycopg.sql import SQL, Composed, Identifier
from psycopg.sql import Literal as Value
from psycopg_pool import ConnectionPool

from tieout.canon.dates import add_months

from . import locks
from .connection import Connection, transact
from .statements import sql

log = logging.getLogger(__name__)

AHEAD = 2
"""Months after the current one that are ready."""


What = Literal["observations", "deliveries"]


class Archived(msgspec.Struct, frozen=True):
    """A month that was written to a file and taken out of the database."""

    what: What
    month: dt.date
    """Its first day."""
    file: str
    rows: int
    sha256: bytes
    archived_at: dt.datetime


def tick(pool: ConnectionPool[Connection], now: dt.datetime) -> list[str]:
    """Make the partitions of this month and the next ones, where they are missing; their names. Raises DatabaseLost."""
    this = now.astimezone(dt.UTC).date().replace(day=1)
    wanted = [add_months(this, ahead) for ahead in range(AHEAD + 1)]
    with pool.connection() as connection:
        there = months(connection)
    missing = [month for month in wanted if month not in there]
    return transact(pool, lambda connection: make(connection, missing)) if missing else []


def make(connection: Connection, wanted: list[dt.date]) -> list[str]:
    """Make partitions, and move into them what came before they were there. In the transaction that is open."""
    connection.execute(sql("lock_history"), {"lock": locks.HISTORY})
    there = months(connection)
    made = []
    for month in wanted:
        if month not in there:
            made.append(name_of(month))
            for statement in _making(month):
                connection.execute(statement)
    if made:
        log.info("partitions made: %s", ", ".join(made))
    return made


def make_for_rest(connection: Connection) -> list[str]:
    """Make the partitions of all that came in months without one."""
    return make(connection, [month for (month,) in connection.execute(sql("months_of_rest"))])


def months(connection: Connection) -> list[dt.date]:
    """The first days of the months that have a partition, the oldest first."""
    rows = connection.execute(sql("partitions_of_history")).fetchall()
    return [dt.date(int(name[12:16]), int(name[17:19]), 1) for (name,) in rows]


def archives(connection: Connection, what: What) -> list[Archived]:
    """What was archived, the oldest month first."""
    return [Archived(*row) for row in connection.execute(sql("read_archives"), {"what": what})]


def known_from(connection: Connection) -> dt.datetime | None:
    """The instant from which on history is whole here; None: from the beginning. Before it, only archives know."""
    last = archives(connection, "observations")[-1:]
    return start_of(add_months(last[0].month, 1)) if last else None


def name_of(month: dt.date) -> str:
    """Of a month's partition."""
    return f"observation_{month:%Y_%m}"


def start_of(month: dt.date) -> dt.datetime:
    """The instant at which a month begins here, which is in UTC."""
    return dt.datetime.combine(month, dt.time.min, dt.UTC)


def _making(month: dt.date) -> list[Composed]:
    names: dict[str, Any] = {
        "name": Identifier(name_of(month)), "begin": Value(start_of(month)), "end": Value(start_of(add_months(month, 1))),
    }  # fmt: skip
    # Attached, not created as a partition: so those who write to other months need not wait. The check spares the scan.
    statements = (
        "LOCK TABLE observation_rest IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE {name} (LIKE observation INCLUDING ALL, CHECK (recorded_at >= {begin} AND recorded_at < {end}))",
        "WITH moved AS (DELETE FROM observation_rest WHERE recorded_at >= {begin} AND recorded_at < {end} RETURNING *) "
        "INSERT INTO {name} SELECT * FROM moved",
        "ALTER TABLE observation ATTACH PARTITION {name} FOR VALUES FROM ({begin}) TO ({end})",
    )
    return [SQL(statement).format(**names) for statement in statements]
