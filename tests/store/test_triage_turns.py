"""Two workers triage at once, and one of them is stopped before every one of its statements in turn, while the other one comes and goes."""

from __future__ import annotations

from collections.abc import Callable

from tieout.canon.finding import Finding, Risk
from tieout.policy import Policy
from tieout.store.connection import Pool, open_pool, transact
from tieout.store.paced import open_paced
from tieout.store.triage import triage

from ..sim.turns import Worker
from .verdicts import NOON, commit, found

POLICY = Policy(base_currency="EUR")
INVOICE = found(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000, documents=("invoice/b/1", "order/c/1"))
GAP = found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", holds=("order/c/1",))


def open_cases(pool: Pool) -> list[tuple[str, int]]:
    return transact(
        pool, lambda c: c.execute(b"SELECT key, exposure FROM case_ WHERE state <> 'closed' ORDER BY key").fetchall()
    )


def interrupted(dsn: str, stops: int, first: Finding, second: Finding) -> bool:
    """One worker is so many statements into triaging the first finding when another triages the second. Whether it was not done yet."""
    with open_pool(dsn, "other", 2) as pool:
        worker = Worker("one", lambda _name: False)
        with open_paced(dsn, "one", worker.pace) as paced:
            commit(pool, {"order/c/1": [first]})
            worker.begin(lambda: triage(paced, POLICY, NOON))
            for _ in range(stops):
                if worker.stopped:
                    worker.go()
            was_at_it = worker.stopped
            commit(pool, {"order/c/2": [second]})
            triage(pool, POLICY, NOON)
            while worker.stopped:
                worker.go()
            assert worker.error is None
            while triage(pool, POLICY, NOON):
                pass
        assert open_cases(pool) == [("crosswalk/item/X9", 10_000)], f"interrupted before statement {stops + 1}"
    return was_at_it


def test_what_holds_a_document_up_and_what_is_held_meet_in_one_case(make_database: Callable[[str], str]) -> None:
    """An invoice that was refused, and the missing code that is why, are found by two verdicts: whichever comes first, wherever the worker
    is that triages it.
    """
    for first, second in ((INVOICE, GAP), (GAP, INVOICE)):
        stops = 0
        while interrupted(make_database("template"), stops, first, second):
            stops += 1
        assert stops > 8, "it is to be stopped before each of its statements"
