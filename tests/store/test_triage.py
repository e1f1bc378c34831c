"""Findings become cases, one for each root cause, and cases follow their findings whatever order, batch or worker brings them."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import ConnectionPool

from tieout.canon.finding import Finding, Risk
from tieout.cases import Case
from tieout.policy import Policy
from tieout.policy.rates import FxRate
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge
from tieout.store.case_rows import decoded
from tieout.store.case_work import tick
from tieout.store.connection import Connection, open_pool, transact
from tieout.store.triage import triage

from .verdicts import NOON, commit, found

POLICY = Policy(base_currency="EUR").with_rates(
    (FxRate(currency="USD", to="EUR", rate=Fraction(9, 10), on=dt.date(2026, 6, 26), source="ECB"),)
)


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


def settle(pool: ConnectionPool[Connection], now: dt.datetime = NOON, limit: int = 1_000) -> dict[str, Case]:
    """Triage until nothing waits; the cases by key."""
    while triage(pool, POLICY, now, limit):
        pass
    return cases(pool)


def cases(pool: ConnectionPool[Connection]) -> dict[str, Case]:
    rows = transact(pool, lambda c: decoded(c.execute(b"SELECT to_json(case_)::text FROM case_ ORDER BY id"), Case))
    return {case.key: case for case in rows}


def events(pool: ConnectionPool[Connection], case: Case) -> list[str]:
    rows = transact(
        pool, lambda c: c.execute(b"SELECT what FROM case_event WHERE case_id = %s ORDER BY n", [case.id]).fetchall()
    )
    return [what for (what,) in rows]


def test_a_stale_item_code_that_holds_300_invoices_is_one_case(pool: ConnectionPool[Connection]) -> None:
    """300 invoices of 100.00 are refused for the item X9. It is mapped, and all of them go through: one case, closed by itself."""
    invoices = [found(Risk.UNPOSTED_INVOICE, f"invoice/b/{n:03}", 10_000) for n in range(300)]
    verdicts = {
        f"order/c/{n:03}": [
            invoice,
            found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", owner="master-data", why="X9 has no ERP item", holds=(invoice.subject,)),
        ]
        for n, invoice in enumerate(invoices)
    }  # fmt: skip
    commit(pool, verdicts)
    (case,) = settle(pool, limit=7).values()
    assert (case.key, case.title, case.owner, case.state) == (
        "crosswalk/item/X9", "X9 has no ERP item", "master-data", "open",
    )  # fmt: skip
    assert (case.findings, case.documents, case.exposure, case.severity) == (300, 300, 3_000_000, "high")
    commit(pool, {key: [] for key in list(verdicts)[:299]})
    (case,) = settle(pool).values()
    assert (case.state, case.findings, case.exposure, case.severity) == ("open", 1, 10_000, "low")
    commit(pool, {key: [] for key in verdicts})
    (case,) = settle(pool, NOON + dt.timedelta(hours=1)).values()
    assert (case.state, case.closed_at, case.exposure) == ("closed", NOON + dt.timedelta(hours=1), 0)
    assert events(pool, case)[0] == "opened" and events(pool, case)[-1] == "healed"


def test_what_comes_back_is_the_same_case_with_its_history(pool: ConnectionPool[Connection]) -> None:
    verdicts = {"order/c/1": [found(Risk.UNDERBILLED, "charge/b/1", 5_000)]}
    commit(pool, verdicts)
    (first,) = settle(pool).values()
    commit(pool, {"order/c/1": []})
    settle(pool)
    later = NOON + dt.timedelta(days=3)
    commit(pool, verdicts, later)
    (again,) = settle(pool, later).values()
    assert (again.id, again.state, again.returns, again.clock_at, again.opened_at) == (first.id, "open", 1, later, NOON)
    assert again.due_at > first.due_at
    assert events(pool, again) == ["opened", "healed", "reopened"]


def test_a_code_that_turns_out_to_be_missing_takes_over_what_it_holds(pool: ConnectionPool[Connection]) -> None:
    """The invoice's case is open already when another verdict tells why it is held; when the code is mended, the invoice is on its own."""
    invoice = found(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000, documents=("invoice/b/1", "order/c/1"))
    commit(pool, {"order/c/1": [invoice]})
    assert set(settle(pool)) == {"unposted_invoice/invoice/b/1"}
    gap = found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", holds=("order/c/1",))
    commit(pool, {"order/c/2": [gap]})
    held = settle(pool)
    assert held["crosswalk/item/X9"].exposure == 10_000
    assert held["unposted_invoice/invoice/b/1"].state == "closed"
    commit(pool, {"order/c/2": []})
    freed = settle(pool)
    assert freed["crosswalk/item/X9"].state == "closed"
    assert (freed["unposted_invoice/invoice/b/1"].state, freed["unposted_invoice/invoice/b/1"].returns) == ("open", 1)


def test_what_a_code_holds_up_is_counted_anew_though_nothing_else_of_it_changes(
    pool: ConnectionPool[Connection],
) -> None:
    for held in (("invoice/b/1",), ("invoice/b/1", "invoice/b/2")):
        commit(pool, {"order/c/1": [found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", holds=held)]})
        assert settle(pool)["crosswalk/item/X9"].documents == len(held)


def test_each_entity_has_its_share_of_a_case_of_several(pool: ConnectionPool[Connection]) -> None:
    """Item X9 holds EUR 100.00 in DE01 and USD 50.00 in US01, which is 45.00."""
    commit(pool, {
        "order/c/1": [found(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000, cause="crosswalk/item/X9")],
        "order/c/2": [found(Risk.UNPOSTED_INVOICE, "invoice/b/2", 5_000, cause="crosswalk/item/X9", entity="US01", currency="USD")],
    })  # fmt: skip
    (case,) = settle(pool).values()
    assert (case.entities, case.exposure, case.currency) == (("DE01", "US01"), 14_500, "EUR")
    assert case.amounts == {"stuck": {"EUR": 10_000, "USD": 5_000}}
    shares = transact(pool, lambda c: c.execute(b"SELECT entity, exposure FROM case_entity ORDER BY 1").fetchall())
    assert shares == [("DE01", 10_000), ("US01", 4_500)]
    commit(pool, {"order/c/2": []})
    settle(pool)
    assert transact(pool, lambda c: c.execute(b"SELECT count(*) FROM case_entity").fetchone()) == (0,)


def test_two_workers_open_one_case_for_one_cause(pool: ConnectionPool[Connection]) -> None:
    """Two workers triage while verdicts keep coming: 40 orders, all held by one code."""
    done = threading.Event()

    def work() -> None:
        while not done.is_set():
            triage(pool, POLICY, NOON, limit=3) or time.sleep(0.001)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for n in range(40):
        held = found(Risk.UNPOSTED_INVOICE, f"invoice/b/{n}", 1_000)
        gap = found(Risk.MASTER_DATA_GAP, "crosswalk/item/X9", holds=(f"invoice/b/{n}",))
        commit(pool, {f"order/c/{n}": [held], f"order/d/{n}": [gap]})
    done.set()
    for worker in workers:
        worker.join()
    still_open = {key: case for key, case in settle(pool).items() if case.state != "closed"}
    assert {key: (case.findings, case.exposure) for key, case in still_open.items()} == {
        "crosswalk/item/X9": (40, 40_000)
    }


def test_a_finding_that_cannot_be_followed_stops_nobody_else(pool: ConnectionPool[Connection]) -> None:
    """One of 30 findings cannot be read. The others have their cases; it is set aside with the reason, and followed when it is mended."""
    commit(pool, {f"order/c/{n}": [found(Risk.UNDERBILLED, f"charge/b/{n:02}", 1_000)] for n in range(30)})
    (kept,) = transact(pool, lambda c: c.execute(b"SELECT body FROM finding WHERE subject = 'charge/b/07'").fetchall())
    transact(pool, lambda c: c.execute(b"UPDATE finding SET body = '{' WHERE subject = 'charge/b/07'"))
    assert len(settle(pool)) == 29
    (aside,) = transact(pool, lambda c: c.execute(b"SELECT subject, reason FROM finding_set_aside").fetchall())
    assert aside[0] == "charge/b/07" and "DecodeError" in aside[1]
    transact(pool, lambda c: c.execute(b"UPDATE finding SET body = %s WHERE subject = 'charge/b/07'", kept))
    tick(pool, POLICY, NOON + dt.timedelta(hours=1))
    assert len(settle(pool)) == 30


RISKS = (Risk.UNPOSTED_INVOICE, Risk.UNDERBILLED, Risk.OVERBILLED, Risk.MASTER_DATA_GAP, Risk.OWNERSHIP_CONFLICT)
DOCUMENTS = (
    "invoice/b/1",
    "invoice/b/2",
    "customer/c/1",
    "customer/c/1#name",
    "crosswalk/item/X9",
    "crosswalk/item/Y1",
)


@st.composite
def some_finding(draw: st.DrawFn) -> Finding:
    risk = draw(st.sampled_from(RISKS))
    subject = draw(st.sampled_from(DOCUMENTS))
    overlay = risk in (Risk.MASTER_DATA_GAP, Risk.OWNERSHIP_CONFLICT)
    documents = draw(st.lists(st.sampled_from(DOCUMENTS), max_size=2, unique=True))
    return found(
        risk, subject, 0 if overlay else draw(st.integers(0, 500_000)), period=draw(st.sampled_from(("", "2026-06"))),
        currency=draw(st.sampled_from(("EUR", "USD"))), entity=draw(st.sampled_from(("DE01", "US01"))), documents=tuple(documents),
        holds=tuple(draw(st.lists(st.sampled_from(DOCUMENTS), max_size=3, unique=True))) if overlay else (),
        cause=draw(st.sampled_from(("", "", subject if overlay else "crosswalk/item/X9"))),
    )  # fmt: skip


steps = st.lists(
    st.tuples(st.sampled_from("abc"), st.lists(some_finding(), max_size=3), st.integers(0, 3), st.booleans()),
    min_size=1,
    max_size=8,
)


@given(steps)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_batching_and_repetition_gives_the_cases_of_what_stands(
    make_database: Callable[[str], str], steps: list[tuple[str, list[Finding], int, bool]]
) -> None:
    """Verdicts of three instances, triaged now and then in batches of any size, some changes told twice: at the end the open cases are
    those that `process.causes` makes of the findings that stand, to the cent.
    """
    with open_pool(make_database("template"), "a test", 1) as pool:
        stands: dict[str, list[Finding]] = {}
        for instance, findings, batch, twice in steps:
            commit(pool, {instance: findings})
            stands[instance] = findings
            if twice:
                transact(pool, lambda c: c.execute(
                    b"INSERT INTO finding_changed (risk, subject, period) SELECT risk, subject, period FROM finding"
                ))  # fmt: skip
            if batch:
                triage(pool, POLICY, NOON, batch)
        settled = settle(pool, limit=2)
    _, wanted = causes(merge(f for findings in stands.values() for f in findings), Valuation(POLICY, NOON.date()))
    got = {
        case.key: (case.title, case.risk, case.findings, case.documents, case.exposure, case.by_group)
        for case in settled.values() if case.state == "open"
    }  # fmt: skip
    assert got == {c.key: (c.title, c.risk, c.findings, c.documents, c.exposure_base, c.by_group) for c in wanted}
