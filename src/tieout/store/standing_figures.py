"""Whole-company figures as they were last computed. They are computed beside requests, never in one: who finds them old says so here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from tieout.canon.dates import month_end

from . import locks
from .connection import Connection, connect
from .statements import sql

FRESH = dt.timedelta(minutes=15)
"""How long figures are good although something was heard since."""


class Standing(msgspec.Struct, frozen=True):
    """Figures of a period and an entity, as they were last computed."""

    period: str
    """Empty: all months up to the day."""
    entity: str
    """Empty: the whole company."""
    wanted_at: dt.datetime | None
    computed_at: dt.datetime | None
    """None: never yet."""
    known_at: dt.datetime | None
    """The moment of the documents."""
    as_of: dt.date | None
    policy: int
    code: str | None
    body: bytes | None
    problem: str | None
    """Why they could not be computed when that was tried last."""


def read(connection: Connection, period: str, entity: str) -> Standing | None:
    """What there is; None where nobody ever asked."""
    row = connection.execute(sql("read_figure"), {"period": period, "entity": entity}).fetchone()
    return None if row is None else Standing(*row)


def is_fresh(connection: Connection, standing: Standing | None, now: dt.datetime) -> bool:
    """Whether they are under the policy that holds, and young or of all that was ever heard.

    Figures of months that are not over are good on the day that they were computed on.
    """
    if standing is None or standing.computed_at is None or standing.as_of is None:
        return False
    is_over = (
        bool(standing.period)
        and f"{standing.as_of:%Y-%m}" == standing.period
        and standing.as_of == month_end(standing.as_of)
    )
    if not is_over and standing.computed_at.date() != now.date():
        return False
    row = connection.execute(sql("heard_after"), {"at": standing.known_at}).fetchone()
    assert row is not None
    heard, policy = row
    return bool(policy == standing.policy and (not heard or now - standing.computed_at < FRESH))


def want(connection: Connection, period: str, entity: str, now: dt.datetime) -> None:
    """Ask for them to be computed."""
    connection.execute(sql("want_figure"), {"period": period, "entity": entity, "now": now})


def keep(connection: Connection, standing: Standing) -> None:
    """What was computed."""
    connection.execute(sql("keep_figure"), msgspec.structs.asdict(standing))


def failed(connection: Connection, period: str, entity: str, problem: str) -> None:
    """They could not be computed; nobody waits for them any more."""
    connection.execute(sql("figure_failed"), {"period": period, "entity": entity, "problem": problem})


@contextmanager
def alone(dsn: str) -> Iterator[Connection | None]:
    """A connection, while no other process of the installation computes; None where one does."""
    with connect(dsn, "tieout figures") as connection:
        connection.autocommit = True
        row = connection.execute(sql("try_to_compute"), {"lock": locks.FIGURES}).fetchone()
        yield connection if row is not None and row[0] else None


def next_wanted(connection: Connection) -> tuple[str, str] | None:
    """Period and entity of what was asked for first."""
    return connection.execute(sql("next_wanted_figure")).fetchone()
