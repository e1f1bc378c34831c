"""Connections that ask before every statement and every commit: how a simulation decides who goes next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from .connection import Connection, conninfo

Pace = Callable[[str], None]
"""Called with what is about to be done (``execute``, ``commit``); returns when it may be done, or raises what ends the worker."""


def open_paced(dsn: str, application: str, pace: Pace) -> ConnectionPool[Connection]:
    """One connection that ``pace`` is asked for at every turn."""

    class Paced(psycopg.Connection[tuple[Any, ...]]):
        def execute(self, *arguments: Any, **named: Any) -> psycopg.Cursor[tuple[Any, ...]]:
            pace("execute")
            return super().execute(*arguments, **named)

        @contextmanager
        def transaction(self, *arguments: Any, **named: Any) -> Iterator[psycopg.Transaction]:
            with super().transaction(*arguments, **named) as transaction:
                yield transaction
                pace("commit")

    return ConnectionPool(
        conninfo(dsn, application), connection_class=Paced, min_size=0, max_size=1, timeout=60, open=True
    )
