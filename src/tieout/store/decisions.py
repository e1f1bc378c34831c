"""Versions of the policy: kept, read, and what a new one touches marked."""

from __future__ import annotations

import datetime as dt

from tieout.engine.decided import Decided

from .connection import Connection
from .statements import sql


def current(connection: Connection) -> tuple[int, Decided]:
    """The version that holds, and what it decides; (0, nothing decided) before the first."""
    row = connection.execute(sql("current_policy")).fetchone()
    return (0, Decided()) if row is None else (row[0], Decided.decode(row[1]))


def decide(connection: Connection, decided: Decided, who: str, why: str, now: dt.datetime) -> int:
    """Make this the policy that holds, in the transaction that is open; its version. All instances are marked."""
    parameters = {"who": who, "why": why, "hash": decided.policy.version, "body": decided.encode(), "now": now}
    ((version,),) = connection.execute(sql("decide"), parameters).fetchall()
    connection.execute(sql("mark_everything"), {"now": now})
    return int(version)
