"""From deliveries to findings: stories of documents that come late, twice, wrongly tied, or while somebody else is at work."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest

from tieout.canon.documents import (
    AccountingPeriod,
    Charge,
    Contract,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
)
from tieout.canon.finding import Risk
from tieout.engine.decided import Complete, Decided
from tieout.policy import Policy
from tieout.process.verdict import Verdict
from tieout.store.advance import Compass
from tieout.store.connection import transact
from tieout.store.expand import expand
from tieout.store.interpret import claim, keep, read

from .told import EVERYTHING_KNOWN, Engine, engine

UNBILLED = (Risk.UNBILLED_SERVICE.value, "charge/billing/CH1")
UNSUPPORTED = Risk.UNSUPPORTED_DOCUMENT.value
MONTHS = tuple(range(1, 7))


@pytest.fixture
def acme(database: str) -> Iterator[Engine]:
    """An engine to which whatever is not told does not exist."""
    with engine(database) as made:
        made.decide(EVERYTHING_KNOWN)
        yield made


def at(month: int, day: int = 1) -> dt.datetime:
    return dt.datetime(2026, month, day, 9, tzinfo=dt.UTC)


def order(number: str = "1") -> Order:
    return Order(
        system="crm", id=f"O{number}", entity="DE01", currency="EUR", customer="crm/C1", accepted_at=at(1),
        lines=(OrderLine(id="1", product="crm/P1"),),
    )  # fmt: skip


def charge(number: str = "1") -> Charge:
    """100.00 a month in advance, from January."""
    return Charge(
        system="billing", id=f"CH{number}", entity="DE01", currency="EUR", order=f"crm/O{number}", line="1",
        product="crm/P1", unit_price=Decimal(100), period_months=1, start_on=dt.date(2026, 1, 1),
    )  # fmt: skip


def service(number: str = "1") -> Entitlement:
    return Entitlement(
        system="provisioning", id=f"E{number}", entity="DE01", order=f"crm/O{number}", line="1", activated_at=at(1)
    )


def line(number: str, month: int, position: int = 1) -> InvoiceLine:
    first = dt.date(2026, month, 1)
    last = dt.date(2026, month + 1, 1) - dt.timedelta(days=1)
    return InvoiceLine(id=str(position), charge=f"billing/CH{number}", service_from=first, service_to=last, net=10_000)


def invoice(month: int, number: str = "1", *lines: InvoiceLine) -> Invoice:
    parts = lines or (line(number, month),)
    net = sum(part.net for part in parts)
    return Invoice(
        system="billing", id=f"I{number}-{month}", number=f"I{number}-{month}", entity="DE01", currency="EUR",
        customer="billing/C1", issued_at=at(month), lines=parts, net=net, total=net,
    )  # fmt: skip


def posted(bill: Invoice, **changed: object) -> Invoice:
    return msgspec.structs.replace(
        bill, system="erp", id=f"E{bill.id}", mirrors=bill.ref, status="posted", posted_at=bill.issued_at,
        posting_period=f"{bill.issued_at:%Y-%m}", **changed,
    )  # fmt: skip


def year(*months: int) -> list[Invoice]:
    return [one for month in months for one in (invoice(month), posted(invoice(month)))]


def test_documents_in_any_order_and_what_is_late_closes_by_itself(acme: Engine) -> None:
    """June is not invoiced: 100.00 × 30/30 are served. The invoice comes, and the finding goes."""
    acme.settle(*year(1, 2, 3, 4, 5), service())
    assert all(risk == UNSUPPORTED for risk, _ in acme.findings())
    acme.settle(charge())
    acme.settle(order())
    assert acme.findings() == {UNBILLED: 10_000}
    acme.settle(*year(6))
    assert acme.findings() == {}
    assert {stray for _, _, stray in acme.instances()} == {""}


def test_the_same_delivery_again_changes_nothing(acme: Engine) -> None:
    everything = [order(), charge(), service(), *year(1, 2, 3, 4, 5)]
    acme.settle(*everything)
    before = acme.instances(), acme.ask("SELECT count(*) FROM observation")
    evaluated = acme.ask("SELECT max(evaluated_at) FROM instance")
    acme.now += dt.timedelta(minutes=1)
    acme.settle(*everything)
    assert (acme.instances(), acme.ask("SELECT count(*) FROM observation")) == before
    assert acme.ask("SELECT max(evaluated_at) FROM instance") == evaluated


def test_an_old_version_that_comes_late_has_no_say(acme: Engine) -> None:
    """The invoice of June was void (version 3) after it was issued (version 2), whatever comes last."""
    june = msgspec.structs.replace(invoice(6), version=2)
    void = msgspec.structs.replace(june, version=3, status="void")
    acme.settle(order(), charge(), service(), *year(1, 2, 3, 4, 5), void)
    assert acme.findings() == {UNBILLED: 10_000}
    acme.settle(june)
    assert acme.findings() == {UNBILLED: 10_000}
    assert acme.ask("SELECT version FROM record WHERE key = %s", june.key) == [(3,)]
    assert len(acme.ask("SELECT 1 FROM observation WHERE key = %s", june.key)) == 2


def test_without_versions_what_arrived_last_counts_however_it_is_interpreted(acme: Engine) -> None:
    first, second = invoice(6), msgspec.structs.replace(invoice(6), status="void")
    acme.tell(first)
    acme.tell(second)
    taken = claim(acme.pool, "worker", acme.now, 10)
    for delivery in reversed(taken):
        keep(acme.pool, "worker", acme.now, [read(delivery)])
    acme.settle()
    ((body,),) = acme.ask("SELECT body FROM record WHERE key = %s", first.key)
    assert b'"void"' in bytes(body)


def test_a_wrong_tie_is_undone(acme: Engine) -> None:
    """The ERP's document of June first says that it mirrors May, then that it mirrors June: June was not posted meanwhile."""
    wrong = msgspec.structs.replace(posted(invoice(6)), mirrors=invoice(5).ref, version=1)
    acme.settle(order(), charge(), service(), *year(1, 2, 3, 4, 5), invoice(6), wrong)
    meanwhile = acme.findings()
    assert (Risk.UNPOSTED_INVOICE.value, invoice(6).key) in meanwhile
    right = msgspec.structs.replace(posted(invoice(6)), version=2)
    acme.settle(right)
    assert acme.findings() == {}
    assert acme.ask("SELECT key FROM record WHERE root = %s ORDER BY key", invoice(5).key) == [
        (invoice(5).key,), (posted(invoice(5)).key,),
    ]  # fmt: skip


def test_a_consolidated_invoice_gives_each_order_its_lines(acme: Engine) -> None:
    """One invoice bills June of two orders; then the second order's line is corrected away, and its June is unbilled."""
    months = [invoice(m, n) for m in (1, 2, 3, 4, 5) for n in ("1", "2")]
    both = invoice(6, "1", line("1", 6), line("2", 6, 2))
    told = [d for n in ("1", "2") for d in (order(n), charge(n), service(n))]
    acme.settle(*told, *months, *map(posted, months), both, posted(both))
    assert acme.findings() == {}
    held = acme.ask(
        "SELECT anchor, shared, owns FROM member WHERE key = %s AND flow = 'order_to_bill' ORDER BY anchor", both.key
    )
    assert held == [("order/crm/O1", True, True), ("order/crm/O2", True, False)]
    alone = msgspec.structs.replace(invoice(6), version=1)
    acme.settle(alone, msgspec.structs.replace(posted(alone), version=1))
    assert acme.findings() == {(UNBILLED[0], "charge/billing/CH2"): 10_000}
    held = acme.ask("SELECT anchor, shared, owns FROM member WHERE key = %s AND flow = 'order_to_bill'", both.key)
    assert held == [("order/crm/O1", False, True)]


def test_two_workers_that_add_the_two_ends_of_a_path_at_once_do_not_miss_the_join(acme: Engine) -> None:
    """The invoice names the charge, the charge the order: each is committed by another worker, neither sees the other's."""
    acme.settle(order(), service(), *year(1, 2, 3, 4, 5))
    acme.tell(charge())
    acme.tell(invoice(6), posted(invoice(6)))
    one, two = claim(acme.pool, "one", acme.now, 1), claim(acme.pool, "two", acme.now, 1)
    assert one != two
    together = threading.Barrier(2)

    def work(name: str, taken: list) -> None:
        together.wait()
        keep(acme.pool, name, acme.now, [read(delivery) for delivery in taken])
        expand(acme.pool, Compass(), acme.now)

    threads = [threading.Thread(target=work, args=pair) for pair in (("one", one), ("two", two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    acme.settle()
    assert acme.findings() == {}


def test_an_order_that_is_deleted_leaves_its_invoices_unsupported(acme: Engine) -> None:
    acme.settle(order(), charge(), service(), *year(1, 2))
    acme.settle(msgspec.structs.replace(order(), version=1, deleted=True))
    assert {risk for risk, _ in acme.findings()} == {UNSUPPORTED}
    assert len([stray for flow, _, stray in acme.instances() if flow == "order_to_bill" and stray]) == 2
    acme.settle(msgspec.structs.replace(order(), version=2))
    assert UNSUPPORTED not in {risk for risk, _ in acme.findings()}


def test_nothing_is_late_where_absence_is_not_proved(acme: Engine) -> None:
    """Billing is said to be complete until March only: of April to June nobody can say whether they were billed (G11)."""
    acme.decide(Decided(complete=(Complete(system="*", to_on=dt.date(2026, 3, 31)),)))
    acme.settle(order(), charge(), service(), *year(1, 2, 3))
    assert acme.findings() == {}
    acme.decide(EVERYTHING_KNOWN)
    acme.settle()
    assert acme.findings() == {UNBILLED: 30_000}


def test_another_system_that_holds_documents_takes_the_proof_away(acme: Engine) -> None:
    """A second billing system tells of an invoice, and is not complete: what the first one lacks it may have."""
    roles = Policy(systems={"billing2": "billing"})
    acme.decide(Decided(policy=roles, complete=(Complete(system="billing", type="*"), Complete(system="provisioning"))))
    acme.settle(order(), charge(), service(), *year(1, 2, 3, 4, 5))
    assert acme.findings() == {UNBILLED: 10_000}
    other = msgspec.structs.replace(invoice(1, "9"), system="billing2")
    acme.settle(other)
    assert UNBILLED not in acme.findings()


def test_a_policy_is_not_changed_under_an_evaluation(acme: Engine) -> None:
    """Who changes it waits for the evaluation under way, and the verdict is then worked out again under the new one."""
    acme.tell(order(), charge(), service(), *year(1, 2, 3, 4, 5))
    for stage in ("interpret", "expand"):
        acme.worker.run(stage, acme.now)
    evaluating, decided = threading.Event(), threading.Event()

    def hold(connection: object) -> None:
        acme.worker.compass.hold(connection)  # type: ignore[arg-type]
        evaluating.set()
        assert not decided.wait(0.3), "the policy changed while an evaluation held it"

    holder = threading.Thread(target=transact, args=(acme.pool, hold))
    holder.start()
    evaluating.wait()
    tolerant = Decided(policy=Policy(base_currency="EUR"), complete=())
    version = acme.decide(tolerant)
    decided.set()
    holder.join()
    acme.settle()
    assert acme.ask("SELECT DISTINCT policy FROM instance") == [(version,)]
    assert acme.findings() == {}


def test_an_accounting_period_that_closes_is_policy_that_arrives(acme: Engine) -> None:
    before = acme.ask("SELECT stamp FROM policy_current")
    june = AccountingPeriod(
        system="erp", id="2026-06", entity="DE01", period="2026-06", start_on=dt.date(2026, 6, 1),
        end_on=dt.date(2026, 6, 30), closed=True,
    )  # fmt: skip
    acme.settle(order(), charge(), service(), *year(1, 2, 3, 4, 5))
    acme.settle(june)
    assert acme.ask("SELECT stamp FROM policy_current") > before
    assert acme.ask("SELECT count(*) FROM instance WHERE dirty_at IS NOT NULL") == [(0,)]


def test_time_alone_makes_an_order_late(acme: Engine) -> None:
    """At noon of 1 July nothing is missing; a week later July's invoice is, and nobody told anything."""
    acme.now = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
    acme.settle(order(), charge(), service(), *year(*MONTHS))
    assert acme.findings() == {}
    for _ in range(7):
        acme.now += dt.timedelta(days=1)
        acme.settle()
    assert acme.findings().keys() == {UNBILLED}


def test_what_is_over_and_settled_is_not_woken_every_day(acme: Engine) -> None:
    """A contract that ended and is paid: looked at once more at midnight, then left in peace."""
    ended = msgspec.structs.replace(charge(), end_on=dt.date(2026, 3, 31))
    off = msgspec.structs.replace(service(), deactivated_at=at(4))
    contract = Contract(
        system="crm", id="K1", entity="DE01", customer="crm/C1", start_on=dt.date(2026, 1, 1),
        end_on=dt.date(2026, 3, 31), signed_at=at(1), status="expired",
    )  # fmt: skip
    acme.settle(msgspec.structs.replace(order(), contract=contract.ref), contract, ended, off, *year(1, 2, 3))
    assert acme.findings() == {}
    for _ in range(3):
        acme.now += dt.timedelta(days=1)
        acme.settle()
    rests = acme.ask("SELECT flow FROM instance WHERE wake_at IS NULL")
    assert ("order_to_bill",) in rests


def test_a_delivery_that_cannot_be_read_is_set_aside_with_its_reason_and_the_others_go_on(acme: Engine) -> None:
    acme.tell_bytes(b"{nonsense", "application/json")
    acme.tell_bytes(
        b'{"type":"invoice","system":"billing","id":"I","net":"12,34","total":0}\n' + msgspec.json.encode(order())
    )
    acme.settle(charge())
    rows = acme.ask("SELECT state, documents, reason FROM delivery ORDER BY id")
    assert [(state, documents) for state, documents, _ in rows] == [(2, 0), (1, 1), (1, 1)]
    assert "no JSON" in rows[0][2]
    assert "document 1: net: '12,34' is not an amount in minor units" in rows[1][2]
    assert ("order_to_bill", order().key, "") in acme.instances()


def test_a_delivery_that_kills_its_worker_is_tried_alone_and_then_set_aside(acme: Engine) -> None:
    """Five times a worker died with it in hand; its neighbours are interpreted, it waits for a person."""
    acme.tell(order())
    acme.tell(charge())
    for _ in range(5):
        claim(acme.pool, "doomed", acme.now, 1)
        acme.now += dt.timedelta(minutes=2)
    acme.settle()
    rows = acme.ask("SELECT state, reason FROM delivery ORDER BY id")
    assert rows[0][0] == 2
    assert "stopped its worker 5 times" in rows[0][1]
    assert rows[1] == (1, None)


def test_who_lost_its_claim_does_not_say_what_became_of_a_delivery(acme: Engine) -> None:
    acme.tell(order())
    (mine,) = claim(acme.pool, "slow", acme.now, 1)
    later = acme.now + dt.timedelta(minutes=2)
    (theirs,) = claim(acme.pool, "quick", later, 1)
    assert theirs.id == mine.id
    keep(acme.pool, "slow", acme.now, [read(mine)])
    assert acme.ask("SELECT state FROM delivery") == [(0,)]
    assert acme.ask("SELECT count(*) FROM record") == [(0,)]
    keep(acme.pool, "quick", later, [read(theirs)])
    assert acme.ask("SELECT state FROM delivery") == [(1,)]


def late(acme: Engine) -> set[str]:
    """The steps of the order that are late."""
    ((verdict,),) = acme.ask("SELECT verdict FROM instance WHERE flow = 'order_to_bill' AND stray = ''")
    return {step.name for step in msgspec.json.decode(bytes(verdict), type=Verdict).milestones if step.late}


def test_a_scan_that_broke_off_makes_nothing_late(acme: Engine) -> None:
    """Half of billing's invoices were read when the permission was lost: nobody declares that this is all (G11)."""
    before = Decided(complete=(Complete(system="provisioning"), Complete(system="billing", type="charge")))
    acme.decide(before)
    acme.settle(order(), charge(), service(), *year(1, 2, 3))
    assert acme.findings() == {}
    acme.settle(*year(4, 5))
    assert acme.findings() == {}
    acme.decide(
        Decided(complete=(*before.complete, Complete(system="billing", type="invoice"), Complete(system="erp")))
    )
    acme.settle()
    assert acme.findings() == {UNBILLED: 10_000}


def test_a_step_that_is_stuck_does_not_hide_that_the_next_one_is_late(acme: Engine) -> None:
    """Nobody switched the service on, so nobody invoices it: both steps are late by their planned times, and no money is claimed twice."""
    stuck = msgspec.structs.replace(service(), activated_at=None)
    acme.settle(*year(1), msgspec.structs.replace(invoice(1), version=1, deleted=True), order(), charge(), stuck)
    assert {"provisioned", "invoiced"} <= late(acme)
    assert UNBILLED not in acme.findings()
    acme.settle(msgspec.structs.replace(service(), version=1))
    assert "provisioned" not in late(acme)
    assert acme.findings()[UNBILLED] == 60_000


def test_deliveries_whose_worker_died_are_taken_over_one_at_a_time(acme: Engine) -> None:
    """A worker died with fifty in hand, one of which may have done it: whoever takes them has one in hand at a time."""
    for n in range(50):
        acme.tell(order(str(n)))
    assert len(claim(acme.pool, "doomed", acme.now, 100)) == 50
    acme.tell(order("fresh"))
    acme.now += dt.timedelta(seconds=11)
    taken = claim(acme.pool, "heir", acme.now, 100)
    assert [delivery.attempts for delivery in taken] == [2, 1]
    acme.now += dt.timedelta(seconds=11)
    acme.settle()
    assert acme.ask("SELECT state, count(*) FROM delivery GROUP BY state") == [(1, 51)]
