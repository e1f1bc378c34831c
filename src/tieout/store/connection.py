"""Connections with our settings, transactions that run again, and rows handed over as arrays."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from tieout.telemetry import metrics

from .errors import DatabaseLost

T = TypeVar("T")
Connection = psycopg.Connection[tuple[Any, ...]]
Pool = ConnectionPool[Connection]

RUN_AGAIN = (errors.DeadlockDetected, errors.SerializationFailure)
ATTEMPTS = 8


_DERIVED = {"synchronous_commit": "off", "enable_seqscan": "off"}
"""Every statement of a worker goes by an index. A table that was small when it was last looked at is not read whole for that."""


def conninfo(dsn: str, application: str, statement_seconds: int = 60, *, derived: bool = False) -> str:
    """How to connect, with what every connection of ours asks for.

    A statement, a wait for a lock and a transaction that its worker forgot all end by themselves; a peer that fell silent is
    noticed within half a minute. ``derived``: for those who only write what can be worked out again from what was accepted. Their
    commits do not wait for the disk: after a crash the last of them may be undone, in order and whole, and are done again.
    """
    named = conninfo_to_dict(dsn)
    settings = {
        "timezone": "UTC",
        "statement_timeout": f"{statement_seconds}s",
        "lock_timeout": f"{min(statement_seconds, 30)}s",
        "idle_in_transaction_session_timeout": "60s",
    } | (_DERIVED if derived else {})
    ours = {
        "application_name": application, "client_encoding": "UTF8", "connect_timeout": "5",
        "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3", "tcp_user_timeout": "30000",
    }  # fmt: skip
    options = " ".join([*(f"-c {name}={value}" for name, value in settings.items()), str(named.get("options") or "")])
    return make_conninfo("", **{**ours, **named, "options": options.strip()})


def connect(dsn: str, application: str, statement_seconds: int = 60) -> Connection:
    """One connection. Raises DatabaseLost."""
    try:
        return psycopg.connect(conninfo(dsn, application, statement_seconds))
    except psycopg.OperationalError as error:
        raise DatabaseLost.because(error) from error


def open_pool(dsn: str, application: str, size: int, statement_seconds: int = 60, *, derived: bool = False) -> Pool:
    """Up to ``size`` connections, made when they are needed. A connection that broke while it lay idle is not handed out.

    ``derived``: as for `conninfo`.
    """
    return ConnectionPool(
        conninfo(dsn, application, statement_seconds, derived=derived), min_size=0, max_size=size, timeout=10, open=True,
        check=ConnectionPool.check_connection, name=application,
    )  # fmt: skip


def transact(pool: Pool, work: Callable[[Connection], T], attempts: int = ATTEMPTS, patience: float | None = None) -> T:
    """Run ``work`` in one transaction and commit it. On a deadlock or a serialization failure all of it is run again.

    So ``work`` changes nothing but the database, and computes its result anew each time. ``patience`` is how many seconds to wait for
    a connection, None the pool's own. Raises DatabaseLost where the connection
    cannot be had or breaks; whether the transaction was committed is then not known.
    """
    try:
        for attempt in range(1, attempts + 1):
            with pool.connection(timeout=patience) as connection:
                try:
                    with connection.transaction():
                        return work(connection)
                except RUN_AGAIN as error:
                    metrics.retried(type(error).__name__)
                    if attempt == attempts:
                        raise
            time.sleep(random.uniform(0, 0.005 * 2**attempt))  # Those who met do not meet again.
    except PoolTimeout as error:
        metrics.database_error(None)
        raise DatabaseLost.because(error) from error
    except psycopg.Error as error:
        metrics.database_error(error.sqlstate)
        if not is_lost(error):
            raise
        raise DatabaseLost.because(error) from error
    raise AssertionError("the last attempt returns or raises")


def is_lost(error: psycopg.Error) -> bool:
    """Whether an error is about the database and not about what was asked of it: the same may succeed later.

    By the class of its SQLSTATE (PostgreSQL documentation, appendix A): 08 connection, 53 resources, 57 intervention by an operator,
    58 the system, and 25006, a database that only reads; and what broke without one.
    """
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    if isinstance(error, errors.QueryCanceled):
        return False
    return error.sqlstate[:2] in ("08", "53", "57", "58") or error.sqlstate == "25006"


def is_about_a_value(error: Exception) -> bool:
    """Whether the database was asked about a value that it cannot have: a text with a zero byte, a number beyond 64 bits."""
    of_the_text = isinstance(error, psycopg.DataError) and error.sqlstate is None
    return of_the_text or isinstance(
        error, errors.NumericValueOutOfRange | errors.CharacterNotInRepertoire | UnicodeEncodeError
    )


def lacks_tables(error: BaseException) -> bool:
    """Whether the database is not, or not any more, as migrations have it."""
    return isinstance(error, errors.UndefinedTable | errors.UndefinedColumn)


def arrays(rows: Iterable[object], *fields: str) -> dict[str, list[Any]]:
    """The rows as one array for each field: parameters for ``unnest(%(field)b::text[], …)``.

    Write the placeholders with ``b``: binary arrays are some five times as fast as text ones.
    """
    listed = list(rows)
    return {field: [getattr(row, field) for row in listed] for field in fields}
