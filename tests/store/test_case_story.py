"""Cases on the live engine: documents come in, cases follow the verdicts, and heal when what is wrong is mended where it is wrong."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator

import msgspec
import pytest

from tieout.cases import Actor, Case, Conflict
from tieout.cases.actions import Assign, ClaimFixed, Comment
from tieout.policy.crosswalk import CrosswalkRow
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge
from tieout.store.case_rows import decoded
from tieout.store.case_views import Filter, list_cases, show_case
from tieout.store.case_work import act_on, act_on_many, tick
from tieout.store.connection import Pool, open_pool, transact
from tieout.store.decisions import current
from tieout.store.triage import triage

from .living import Company, sold

ANNA = Actor(holder="anna")
ITEM, OTHER = CrosswalkRow(code="SKU-7", target="I-200"), CrosswalkRow(code="SKU-8", target="I-300")


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    with open_pool(database, "a test", 6) as pool:
        yield pool


@pytest.fixture
def company(database: str, pool: Pool) -> Company:
    return Company(database, pool)


def follow(company: Company) -> list[Case]:
    """Triage and the clock, until nothing waits; the cases that are not closed."""
    policy = transact(company.pool, lambda c: current(c)[1].policy)
    while triage(company.pool, policy, company.now, 500) or tick(company.pool, policy, company.now):
        pass
    return list(transact(company.pool, lambda c: list_cases(c, Filter(), most=500)).cases)


def test_a_stale_code_is_one_case_for_its_300_invoices_and_heals_when_it_is_mapped(company: Company) -> None:
    """300 invoices of 100.00 are refused for SKU-7: one case of 30,000.00 for who keeps the codes. SKU-7 is mapped, yet the ERP has
    still to post them: each invoice is on its own then, until it is.
    """
    company.decide(lambda policy: policy.with_crosswalk("item", [OTHER]))
    company.deliver([document for n in range(300) for document in sold(n)])
    (case,) = follow(company)
    assert (case.key, case.owner, case.documents, case.exposure) == (
        "crosswalk/item/SKU-7",
        "master-data",
        300,
        3_000_000,
    )
    company.decide(lambda policy: policy.with_crosswalk("item", [ITEM]), "SKU-7 is I-200")
    company.settle()
    left = follow(company)
    assert case.id not in {other.id for other in left}
    assert sum(other.exposure for other in left) == 3_000_000
    assert all(other.risk == "unposted_invoice" and other.findings == 1 for other in left)


def test_live_cases_are_the_causes_that_an_audit_would_name(company: Company) -> None:
    company.decide(lambda policy: policy.with_crosswalk("item", [OTHER]))
    company.deliver(
        [document for n in range(7) for document in sold(n)]
        + [document for n in range(7, 10) for document in sold(n, "SKU-8")]
    )
    policy = transact(company.pool, lambda c: current(c)[1].policy)
    _, wanted = causes(merge(company.findings()), Valuation(policy, company.now.date()))
    assert len(wanted) > 1
    assert {(c.key, c.title, c.findings, c.documents, c.exposure) for c in follow(company)} == {
        (c.key, c.title, c.findings, c.documents, c.exposure_base) for c in wanted
    }  # fmt: skip


def test_a_claim_is_read_back_from_the_next_verdict(company: Company) -> None:
    """Anna says that it is posted. It is evaluated again and is not; then the ERP posts it, and the case is closed as fixed."""
    company.deliver(sold(1))
    (case,) = follow(company)
    policy = transact(company.pool, lambda c: current(c)[1].policy)
    transact(company.pool, lambda c: act_on(c, case.id, ClaimFixed(), ANNA, policy, company.now))
    assert company.waiting() == {"order_to_bill order/crm/O00001": 0}
    company.settle()
    (again,) = follow(company)
    assert again.claim is not None and again.claim.found == "still broken"
    transact(company.pool, lambda c: act_on(c, case.id, ClaimFixed(why="now it is"), ANNA, policy, company.now))
    *_, refused = sold(1)
    posted = msgspec.structs.replace(
        refused, status="posted", error="", posted_at=dt.datetime(2026, 6, 1, 10, tzinfo=dt.UTC), version=9
    )
    company.deliver([posted])
    assert follow(company) == []
    shown = transact(company.pool, lambda c: show_case(c, case.id))
    assert shown is not None and shown.case.claim is not None
    assert (shown.case.state, shown.case.claim.found) == ("closed", "fixed")


def test_people_act_while_workers_triage_and_nothing_is_lost(company: Company) -> None:
    """Two workers triage and keep the time, two people assign and comment: every answer stands, every event is counted once."""
    company.deliver([document for n in range(60) for document in sold(n)])
    cases = follow(company)
    policy = transact(company.pool, lambda c: current(c)[1].policy)
    done, failures, said = threading.Event(), [], []

    def work() -> None:
        while not done.is_set():
            try:
                triage(company.pool, policy, company.now, 7) or tick(
                    company.pool, policy, company.now + dt.timedelta(days=9), 11
                ) or time.sleep(0.002)
            except Exception as error:
                failures.append(error)

    def person(name: str) -> None:
        for n in range(4):
            wanted = [(case.id, None) for case in cases]
            action = Assign(to=name) if n % 2 else Comment(why=f"round {n}")
            said.extend(act_on_many(company.pool, wanted, action, Actor(holder=name), policy, company.now))

    threads = [threading.Thread(target=work) for _ in range(2)] + [
        threading.Thread(target=person, args=[name]) for name in ("anna", "ben")
    ]
    for thread in threads:
        thread.start()
    company.deliver([document for n in range(60, 90) for document in sold(n)])
    for thread in threads[2:]:
        thread.join()
    done.set()
    for thread in threads[:2]:
        thread.join()
    assert not failures
    assert [outcome.outcome for outcome in said] == ["done"] * 480
    assert len(follow(company)) == 90
    stored = transact(company.pool, lambda c: decoded(c.execute(b"SELECT to_json(case_)::text FROM case_"), Case))
    told = dict(company.ask("SELECT case_id, count(*) FROM case_event GROUP BY 1"))
    assert all(case.version == told[case.id] for case in stored)
    by_people = dict(company.ask("SELECT who, count(*) FROM case_event WHERE kind = 'person' GROUP BY 1"))
    assert by_people == {"anna": 240, "ben": 240}
    assert company.ask("SELECT count(*) FROM audit_entry WHERE what LIKE 'case.%%'") == [(480,)]


def test_of_two_who_act_on_what_they_saw_one_is_told_to_look_again(company: Company) -> None:
    company.deliver(sold(1))
    (case,) = follow(company)
    policy = transact(company.pool, lambda c: current(c)[1].policy)
    outcomes: list[str] = []

    def assign(name: str) -> None:
        try:
            transact(
                company.pool,
                lambda c: act_on(c, case.id, Assign(to=name), Actor(holder=name), policy, company.now, case.version),
            )
            outcomes.append("done")
        except Conflict:
            outcomes.append("look again")

    threads = [threading.Thread(target=assign, args=[name]) for name in ("anna", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["done", "look again"]
