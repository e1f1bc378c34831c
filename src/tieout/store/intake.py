"""Deliveries, committed in groups: whoever hands one in gets an answer when, and only when, it is on disk.

A commit costs a write to the disk however many rows it holds. So one thread takes all that arrived while it was busy with the commit
before, and commits it together; nobody waits for a group to fill. What the database refuses is found by halving the group, and the
rest of it is kept. Where the outcome of a commit is not known, the answer is `DatabaseLost`: the sender sends again, and its
``dedup_key`` sees to it that it is kept once.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import threading
from collections import Counter, deque
from concurrent.futures import Future
from typing import Any, Literal, Protocol, TypeVar

import msgspec
import psycopg

from tieout.telemetry import metrics

from .connection import RUN_AGAIN, Connection, arrays, connect
from .errors import DatabaseLost, DeliveryRefused, IntakeFull
from .statements import sql

log = logging.getLogger(__name__)

GROUP_ROWS, GROUP_BYTES = 1_000, 16 * 2**20
"""At most so much is committed together."""
WAITING_ROWS, WAITING_BYTES = 20_000, 256 * 2**20
"""At most so much waits for its commit."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What arrived, as it arrived."""

    connection: str
    kind: Literal["api", "hook", "file", "broker"]
    content_type: str
    headers: dict[str, str]
    body: bytes
    dedup_key: str | None = None
    """The sender's own name for it; the same one twice on a connection is kept once."""
    received_at: dt.datetime | None = None
    """None: now, by the database's clock."""


class Receipt(msgspec.Struct, frozen=True):
    """What became of a delivery, once it is committed."""

    id: int
    outcome: Literal["kept", "repeated", "contradicted"]
    """repeated: the connection has had this dedup_key with the same bytes, and ``id`` is that delivery · contradicted: with others.
    What contradicts is not kept; to answer that it was accepted would lose it."""


class Promise(Protocol):
    """How the answer gets to whoever waits for it: a `concurrent.futures.Future`, or something that is lighter for its caller."""

    def set_running_or_notify_cancel(self) -> bool:
        """Whether somebody still waits. From here on it is kept, whatever they do."""

    def set_result(self, result: Receipt) -> None:
        """It is committed."""

    def set_exception(self, exception: BaseException) -> None:
        """It is not."""


P = TypeVar("P", bound=Promise)


class _Waiting(msgspec.Struct, frozen=True):
    """A delivery as its row will be, and who waits for it."""

    delivery: Delivery
    headers: str
    sha256: bytes
    promise: Promise

    @property
    def size(self) -> int:
        """Bytes that it holds in memory, near enough."""
        return len(self.delivery.body) + len(self.headers) + 500


class GroupCommit:
    """Takes deliveries from any number of threads, and commits them in groups from one of its own. A context manager."""

    def __init__(self, dsn: str, *, waiting_rows: int = WAITING_ROWS, waiting_bytes: int = WAITING_BYTES) -> None:
        self._dsn, self._most_rows, self._most_bytes = dsn, waiting_rows, waiting_bytes
        self._waiting: deque[_Waiting] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="tieout-intake", daemon=True)

    def __enter__(self) -> GroupCommit:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, delivery: Delivery) -> Future[Receipt]:
        """Hand in a delivery. The future has its receipt once it is committed; else a StoreError says what the sender is told.

        Raises IntakeFull where too much waits already, or nothing is taken any more. A future that is cancelled before its group is
        formed is not kept.
        """
        return self.promise(delivery, Future())

    def promise(self, delivery: Delivery, promise: P) -> P:
        """The same with a promise of the caller's own. It is told from the thread that commits, and must not keep that waiting."""
        waiting = _Waiting(
            delivery, msgspec.json.encode(delivery.headers).decode(), hashlib.sha256(delivery.body).digest(), promise
        )
        with self._changed:
            if self._is_closed:
                raise IntakeFull("intake is closing")
            if len(self._waiting) >= self._most_rows or self._bytes + waiting.size > self._most_bytes:
                raise IntakeFull(
                    f"{len(self._waiting)} deliveries ({self._bytes / 2**20:.0f} MB) wait for their commit"
                )
            self._waiting.append(waiting)
            self._bytes += waiting.size
            self._changed.notify()
        return promise

    def close(self) -> None:
        """Take nothing more, and return when all that was taken is answered."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while group := self._next_group():
            self._answer(group)
        if self._connection is not None:
            self._connection.close()

    def _next_group(self) -> list[_Waiting]:
        """Everything that waits, up to the size of a group; empty when there will be no more."""
        with self._changed:
            while True:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return []
                if group := self._take():
                    return group

    def _take(self) -> list[_Waiting]:
        """From the head of those who wait. Who gave up meanwhile is left out."""
        group: list[_Waiting] = []
        size = 0
        while self._waiting and len(group) < GROUP_ROWS and (not group or size + self._waiting[0].size <= GROUP_BYTES):
            waiting = self._waiting.popleft()
            self._bytes -= waiting.size
            if waiting.promise.set_running_or_notify_cancel():
                size += waiting.size
                group.append(waiting)
        return group

    def _answer(self, group: list[_Waiting]) -> None:
        """Commit a group and tell everybody in it. Whatever happens, each of them gets an answer."""
        try:
            receipts = self._commit(group)
        except DeliveryRefused as refused:
            if len(group) == 1:
                metrics.received(group[0].delivery.kind, "refused")
                group[0].promise.set_exception(refused)
                return
            middle = len(group) // 2
            self._answer(group[:middle])
            self._answer(group[middle:])
        except BaseException as error:
            if not isinstance(error, DatabaseLost):
                log.exception("a group of %s deliveries was not committed", len(group))
            for kind, count in Counter(waiting.delivery.kind for waiting in group).items():
                metrics.received(kind, "lost", count)
            for waiting in group:  # Each its own: one exception raised in several threads mixes their tracebacks.
                waiting.promise.set_exception(DatabaseLost(str(error)))
        else:
            for waiting, receipt in zip(group, receipts, strict=True):
                waiting.promise.set_result(receipt)
            outcomes = Counter((w.delivery.kind, r.outcome) for w, r in zip(group, receipts, strict=True))
            for (kind, outcome), count in outcomes.items():
                metrics.received(kind, outcome, count)

    def _commit(self, group: list[_Waiting]) -> list[Receipt]:
        """The receipts of a group, all committed. Raises DeliveryRefused where it is about what a row holds, else DatabaseLost."""
        try:
            if self._connection is None or self._connection.closed:
                self._connection = connect(self._dsn, "tieout intake", statement_seconds=30)
                self._connection.autocommit = True
            return _store(self._connection, group)
        except UnicodeEncodeError as error:
            raise DeliveryRefused(str(error)) from error
        except psycopg.Error as error:
            if _is_about_a_row(error):
                raise DeliveryRefused(error.diag.message_primary or str(error)) from error
            if self._connection is not None:
                self._connection.close()
            raise DatabaseLost.because(error) from error


def _is_about_a_row(error: psycopg.Error) -> bool:
    """Whether what a row holds is at fault: of psycopg's own finding, or classes 22 data, 23 constraints and 54 limits."""
    return isinstance(error, psycopg.DataError | psycopg.IntegrityError) or (error.sqlstate or "")[:2] == "54"


def _store(connection: Connection, group: list[_Waiting]) -> list[Receipt]:
    """Insert a group: one statement, which is its own transaction, and committed when it returns."""
    deliveries = [waiting.delivery for waiting in group]
    parameters = arrays(deliveries, "connection", "kind", "received_at", "content_type", "body", "dedup_key")
    parameters |= arrays(group, "headers", "sha256")
    rows = _rows(connection, "insert_deliveries", parameters)
    receipts = [Receipt(id, "kept") for id, _ in rows]
    again = [position for position, (_, is_new) in enumerate(rows) if not is_new]
    if again:
        names = ("connection", "dedup_key", "sha256")
        keys = {name: [parameters[name][position] for position in again] for name in names}
        for position, (holder, is_same) in zip(again, _rows(connection, "find_deliveries_by_key", keys), strict=True):
            if holder is None:  # It held the key, and was archived at this moment.
                receipts[position] = _store(connection, [group[position]])[0]
            else:
                receipts[position] = Receipt(holder, "repeated" if is_same else "contradicted")
    return receipts


def _rows(connection: Connection, statement: str, parameters: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    while True:
        try:
            return connection.execute(sql(statement), parameters).fetchall()
        except RUN_AGAIN:
            continue
