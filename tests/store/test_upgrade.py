"""A database that is full and in use is brought up to date: nothing of it is lost, and who works on it meanwhile works on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import psycopg

from tieout.store.connection import connect
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.migrate import migrate, status

from .test_stages import UNBILLED, charge, order, service, year
from .told import EVERYTHING_KNOWN, engine

ENGINE = "0002_engine"
"""The first release of the tables in which a worker works."""


def test_a_filled_database_is_upgraded_while_documents_arrive_and_a_worker_of_before_works(
    make_database: Callable[[str], str],
) -> None:
    """The worker of before takes deliveries, touches and marks as its statements did; afterwards today's worker finds it all."""
    dsn = make_database("template0")
    migrate(dsn, until=ENGINE)
    assert status(dsn).pending
    bodies = [b"\n".join(told(n)) for n in range(300)]
    stop, faults, done = threading.Event(), [], []

    def deliver() -> None:
        with GroupCommit(dsn) as intake:
            while not stop.is_set() and bodies:
                body = bodies.pop()
                try:
                    told_ = Delivery(
                        connection="new", kind="api", content_type="application/x-ndjson", headers={}, body=body
                    )
                    intake.submit(told_).result()
                    done.append(body)
                except Exception as error:
                    faults.append(error)

    def work() -> None:
        """What the worker of before does all the time: claim, finish, mark."""
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not stop.is_set():
                try:
                    connection.execute(
                        "UPDATE delivery SET claimed_until = NULL, worker = 'old' WHERE id = (SELECT min(id) FROM delivery)"
                    )
                    connection.execute("INSERT INTO touched (key) VALUES ('order/crm/nobody')")
                    connection.execute(
                        "INSERT INTO instance (flow, key, dirty_at) VALUES ('order_to_bill', 'order/crm/nobody', now()) "
                        "ON CONFLICT (flow, key, stray) DO UPDATE SET dirty_at = now()"
                    )
                except psycopg.Error as error:
                    faults.append(error)

    threads = [threading.Thread(target=deliver), threading.Thread(target=work)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    migrate(dsn)
    time.sleep(0.3)
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(done) > 10
    assert status(dsn).pending == ()
    with engine(dsn) as acme:
        acme.decide(EVERYTHING_KNOWN)
        acme.settle(*year(1, 2, 3, 4, 5), order(), charge(), service())
        assert acme.findings() == {UNBILLED: 10_000}
        ((kept,),) = acme.ask("SELECT count(*) FROM record WHERE type = 'customer'")
    with connect(dsn, "test") as connection:
        assert connection.execute("SELECT count(*) FROM delivery WHERE state <> 1").fetchone() == (0,)
    assert kept == len(done)


def told(n: int) -> list[bytes]:
    return [b'{"type":"customer","system":"crm","id":"C-%d","name":"Customer %d","entity":"DE01"}' % (n, n)]
