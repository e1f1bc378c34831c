"""The policy is changed while the company runs: exactly what a change touches is evaluated again, and nothing is committed over it."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from psycopg_pool import ConnectionPool

from tieout.canon.documents import AccountingPeriod, Contract, Customer, Document, Product, Quote, Subscription
from tieout.canon.faults import InputFault
from tieout.canon.finding import Risk
from tieout.engine.decided import Complete
from tieout.policy import Policy
from tieout.policy.casework import CaseRules
from tieout.policy.crosswalk import CrosswalkRow
from tieout.policy.rates import FxRate
from tieout.store import trail
from tieout.store.advance import Compass
from tieout.store.connection import Connection, connect, open_pool, transact
from tieout.store.decisions import current, history, version
from tieout.store.errors import Outdated
from tieout.store.stages import Stages

from .living import Company, sold

ITEM = CrosswalkRow(code="SKU-7", target="I-200")
OTHER = CrosswalkRow(code="SKU-8", target="I-300")


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 6) as pool:
        yield pool


@pytest.fixture
def company(database: str, pool: ConnectionPool[Connection]) -> Company:
    return Company(database, pool)


def mapped(*rows: CrosswalkRow) -> Policy:
    return Policy().with_crosswalk("item", rows)


def with_item(policy: Policy, *rows: CrosswalkRow) -> Policy:
    return policy.with_crosswalk("item", rows)


def gaps(company: Company) -> int:
    return sum(finding.risk is Risk.MASTER_DATA_GAP for finding in company.findings())


def test_a_fixed_item_code_releases_its_300_invoices_and_touches_nothing_else(company: Company) -> None:
    """SKU-7 has no item: 300 invoices are refused for it. It is mapped; the 50 orders of SKU-8 are left in peace."""
    company.decide(lambda policy: with_item(policy, OTHER))
    company.deliver([d for n in range(300) for d in sold(n)] + [d for n in range(300, 350) for d in sold(n, "SKU-8")])
    assert gaps(company) == 300
    before = company.evaluated()
    started = time.monotonic()
    changed = company.decide(lambda policy: with_item(policy, ITEM), "SKU-7 is I-200 in the ERP")
    waiting = company.waiting()
    assert changed.instances == len(waiting) == 300
    assert set(waiting.values()) == {0}, "somebody waits for it"
    company.settle()
    assert time.monotonic() - started < 5
    after = company.evaluated()
    again = {instance for instance in after if after[instance] != before[instance]}
    assert again == set(waiting) == {f"order_to_bill order/crm/O{n:05}" for n in range(300)}
    assert gaps(company) == 0
    assert not any(finding.cause for finding in company.findings())


def test_a_code_that_is_taken_away_or_changed_touches_who_read_it(company: Company) -> None:
    company.decide(lambda policy: with_item(policy, ITEM, OTHER))
    company.deliver([*sold(1), *sold(2, "SKU-8")])
    assert gaps(company) == 0
    company.decide(lambda policy: msgspec.structs.replace(policy, crosswalks=mapped(ITEM).crosswalks))
    assert company.waiting() == {"order_to_bill order/crm/O00002": 0}
    company.settle()
    assert gaps(company) == 1


def test_a_loose_table_is_read_under_any_spelling(company: Company) -> None:
    """The order says ``sku-7``; the row that is added says ``SKU-7``."""
    company.decide(lambda policy: policy.with_crosswalk("item", [OTHER], match="loose"))
    company.deliver(sold(1, "sku-7"))
    assert gaps(company) == 1
    assert company.decide(lambda policy: with_item(policy, ITEM)).instances == 1
    company.settle()
    assert gaps(company) == 0


def test_the_first_row_of_a_table_declares_it_and_touches_every_order(company: Company) -> None:
    company.deliver([*sold(1), *sold(2, "SKU-8")])
    assert gaps(company) == 0
    company.decide(lambda policy: with_item(policy, OTHER))
    assert set(company.waiting()) == {f"order_to_bill order/crm/O0000{n}" for n in (1, 2)}
    company.settle()
    assert gaps(company) == 1


def test_a_tolerance_of_one_entity_touches_its_instances(company: Company) -> None:
    company.deliver([*sold(1), *sold(2, entity="AT01"), *sold(3, entity="")])

    def looser(policy: Policy) -> Policy:
        entity = policy.entities["AT01"]
        rules = msgspec.structs.replace(entity.rules, tolerances={"line": 5})
        return msgspec.structs.replace(
            policy, entities={**policy.entities, "AT01": msgspec.structs.replace(entity, rules=rules)}
        )

    company.decide(looser)
    assert {name: lane for name, lane in company.waiting().items() if "order" in name} == {
        "order_to_bill order/crm/O00002": 1
    }
    company.settle()

    def everybodys(policy: Policy) -> Policy:
        return msgspec.structs.replace(policy, rules=msgspec.structs.replace(policy.rules, tolerances={"line": 9}))

    company.decide(everybodys)
    assert {name for name in company.waiting() if "order" in name} == {"order_to_bill order/crm/O00003"}, (
        "what holds for all holds where no entity is named; the others were worked out when the policy was read"
    )


def test_another_queue_touches_the_findings_of_its_class(company: Company) -> None:
    company.decide(lambda policy: with_item(policy, ITEM))
    company.deliver([*sold(1), *sold(2, "SKU-8")])

    def queue(policy: Policy) -> Policy:
        entity = policy.entities["DE01"]
        rules = msgspec.structs.replace(entity.rules, owners={Risk.MASTER_DATA_GAP.value: "Data desk"})
        return msgspec.structs.replace(
            policy, entities={**policy.entities, "DE01": msgspec.structs.replace(entity, rules=rules)}
        )

    company.decide(queue)
    assert set(company.waiting()) == {"order_to_bill order/crm/O00002"}
    company.settle()
    assert [f.owner for f in company.findings() if f.risk is Risk.MASTER_DATA_GAP] == ["Data desk"]


def test_how_cases_are_worked_changes_no_verdict_and_is_told_to_triage(company: Company) -> None:
    company.deliver(sold(1))
    company.ask("DELETE FROM finding_changed RETURNING id")

    def stricter(policy: Policy) -> Policy:
        entity = policy.entities["DE01"]
        rules = msgspec.structs.replace(entity.rules, cases=CaseRules(escalate_to=("controller",)))
        return msgspec.structs.replace(
            policy, entities={**policy.entities, "DE01": msgspec.structs.replace(entity, rules=rules)}
        )

    assert company.decide(stricter).instances == 0
    assert company.waiting() == {}
    assert len(company.ask("SELECT subject FROM finding_changed")) == len(company.findings()) > 0


def test_a_rate_touches_who_asked_for_it(company: Company) -> None:
    """A receivable in dollars, booked in euro; nobody else looks at the rate."""
    company.decide(lambda policy: msgspec.structs.replace(policy, systems={"netsuite": "erp"}))
    bill = msgspec.structs.replace(sold(1)[3], system="netsuite", id="N1", status="posted", currency="USD")
    bill = msgspec.structs.replace(bill, posted_at=bill.issued_at, posting_period="2026-06", lines=())
    company.deliver([*sold(2), bill])
    rate = FxRate(currency="USD", to="EUR", rate=Fraction(9, 10), on=dt.date(2026, 6, 1), source="ECB")
    company.decide(lambda policy: policy.with_rates([rate]))
    assert set(company.waiting()) == {"receivable invoice/netsuite/N1"}


def test_a_system_gets_its_role_and_its_documents_their_instances(company: Company) -> None:
    """Receivables are invoices of the ERP. Before anybody said that netsuite is one, there were none."""
    bill = msgspec.structs.replace(sold(1)[3], system="netsuite", id="N1", status="posted", lines=())
    bill = msgspec.structs.replace(bill, posted_at=bill.issued_at, posting_period="2026-06")
    company.deliver([bill])
    assert "receivable invoice/netsuite/N1" not in company.evaluated()
    company.decide(lambda policy: msgspec.structs.replace(policy, systems={"netsuite": "erp"}))
    company.settle()
    assert "receivable invoice/netsuite/N1" in company.evaluated()


def test_a_flow_that_is_let_run_finds_its_instances_and_one_that_is_stopped_loses_them(company: Company) -> None:
    flows = current_flows(company)
    company.change(lambda d: msgspec.structs.replace(d, flows=tuple(f for f in flows if f != "order_to_bill")))
    company.deliver(sold(1))
    assert not any(name.startswith("order_to_bill") for name in company.evaluated())
    company.change(lambda decided: msgspec.structs.replace(decided, flows=flows))
    company.settle()
    assert "order_to_bill order/crm/O00001" in company.evaluated()
    company.change(lambda d: msgspec.structs.replace(d, flows=tuple(f for f in flows if f != "order_to_bill")))
    company.settle()
    assert not any(name.startswith("order_to_bill") for name in company.evaluated())


def current_flows(company: Company) -> tuple[str, ...]:
    return transact(company.pool, lambda connection: current(connection)[1]).flows


def test_where_absence_is_proved_concerns_everybody(company: Company) -> None:
    company.deliver([*sold(1), *sold(2)])
    company.change(lambda decided: msgspec.structs.replace(decided, complete=(Complete(system="billing"),)))
    assert len(company.waiting()) == len(company.evaluated())


def test_the_owner_of_a_field_touches_documents_with_two_views(company: Company) -> None:
    """The ERP has another name for the customer than the CRM, which owns it: quotes of that customer show it."""
    customer = Customer(system="crm", id="C1", name="Acme GmbH", entity="DE01", currency="EUR")
    copy = Customer(system="erp", id="501", name="ACME Ltd", entity="DE01", currency="EUR", mirrors="crm/C1")
    quotes = [
        Quote(system="crm", id=f"Q{n}", customer=f"crm/C{n}", status="accepted", entity="DE01", currency="EUR")
        for n in (1, 2)
    ]
    company.deliver([customer, copy, *quotes])
    company.decide(lambda policy: msgspec.structs.replace(policy, ownership={"customer.name": "crm"}))
    assert set(company.waiting()) == {"quote_to_order quote/crm/Q1"}
    company.settle()
    (conflict,) = (f for f in company.findings() if f.risk is Risk.OWNERSHIP_CONFLICT)
    assert (conflict.subject, conflict.holds) == ("customer/crm/C1#name", ("customer/erp/501",))


HEADER = {"entity": "DE01", "currency": "EUR"}
VIEWS: dict[str, tuple[Document, dict[str, object]]] = {
    "customer.name": (Customer(system="crm", id="C1", name="Acme GmbH", **HEADER), {"name": "ACME Ltd"}),
    "product.kind": (Product(system="crm", id="SKU-7", name="Seat", **HEADER), {"kind": "goods"}),
    "contract.notice_days": (
        Contract(system="crm", id="K1", customer="crm/C1", start_on=dt.date(2026, 1, 1), notice_days=30, **HEADER),
        {"notice_days": 60},
    ),
    "subscription.recurring": (
        Subscription(
            system="billing", id="S1", customer="crm/C1", order="crm/O00001", start_on=dt.date(2026, 6, 1),
            recurring=10_000, **HEADER,
        ),
        {"recurring": 9_000},
    ),
    "charge.unit_price": (sold(1)[1], {"unit_price": Decimal(90)}),
    "entitlement.status": (sold(1)[2], {"status": "inactive"}),
}  # fmt: skip


@pytest.mark.parametrize("field", VIEWS)
def test_a_copy_that_contradicts_the_owner_of_a_field_is_found_in_some_flow(company: Company, field: str) -> None:
    """Customers and products by quotes, products, subscriptions and charges by orders, contracts by themselves."""
    type_, _, name = field.partition(".")
    owned, other = VIEWS[field]
    copy = msgspec.structs.replace(owned, system="erp", id="501", mirrors=owned.ref, **other)
    quote = Quote(system="crm", id="Q1", customer="crm/C1", status="accepted", **HEADER)
    agrees = msgspec.structs.replace(owned, system="psa", id="777", mirrors=owned.ref)
    company.decide(lambda policy: msgspec.structs.replace(policy, ownership={type_: "bank", field: owned.system}))
    company.deliver([*sold(1), quote, owned, copy, agrees])
    conflicts = [finding for finding in company.findings() if finding.risk is Risk.OWNERSHIP_CONFLICT]
    assert {(f.subject, f.holds) for f in conflicts} == {(f"{owned.key}#{name}", (copy.key,))}
    company.decide(lambda policy: msgspec.structs.replace(policy, ownership={field: "erp"}))
    company.settle()
    turned = {f.subject for f in company.findings() if f.risk is Risk.OWNERSHIP_CONFLICT}
    assert turned == {f"{copy.key}#{name}"}, "now the copy is right, and the original contradicts it"


def test_every_change_is_a_version_with_who_and_why_and_what_it_changed(company: Company) -> None:
    company.decide(lambda policy: with_item(policy, ITEM), "mapped by hand")
    moved = CrosswalkRow(code="SKU-7", target="I-201")
    company.decide(lambda p: msgspec.structs.replace(p, crosswalks=mapped(moved).crosswalks), "it moved")
    with connect(company.dsn, "a test") as connection:
        versions = history(connection)
        entries = trail.history(connection, "policy")
        first = version(connection, versions[1].id)[1]
    assert [(v.who, v.why) for v in versions] == [
        ("anna", "it moved"),
        ("anna", "mapped by hand"),
        ("anna", "the first"),
    ]
    assert first.policy.crosswalk("item").find("SKU-7", dt.date(2026, 6, 1)) == "I-200"
    assert [(e.who, e.kind, e.what, e.why) for e in entries[:1]] == [("anna", "person", "policy.change", "it moved")]
    about = "crosswalk item: SKU-7 always"
    assert msgspec.json.decode(entries[0].before or "")["decided"] == {about: "I-200"}
    assert msgspec.json.decode(entries[0].after or "")["decided"] == {about: "I-201"}


def test_nothing_is_made_of_a_change_that_changes_nothing(company: Company) -> None:
    company.deliver(sold(1))
    made = company.decide(lambda policy: with_item(policy, ITEM))
    company.settle()
    again = company.decide(lambda policy: policy)
    assert (again.version, again.changes, again.instances) == (made.version, (), 0)
    assert company.waiting() == {}


def test_who_decides_on_what_is_outdated_is_told(company: Company) -> None:
    """Anna and Ben look at the same version; Ben is faster, and Anna's change is not laid over his."""
    seen = company.decide(lambda policy: with_item(policy, ITEM)).version
    company.change(lambda decided: decided.__class__(policy=decided.policy), expected=seen)
    with pytest.raises(Outdated, match=f"version {seen + 1} .* holds by now"):
        company.change(lambda decided: decided, expected=seen)


def test_a_version_that_there_is_not(company: Company) -> None:
    with (
        connect(company.dsn, "a test") as connection,
        pytest.raises(InputFault, match="no version 99 .*there are 1 to 1"),
    ):
        version(connection, 99)


def test_a_change_waits_for_the_evaluations_under_way_and_none_is_committed_over_it(company: Company) -> None:
    """A worker judges by the old policy; meanwhile the code is mapped. The change waits, then touches what was judged."""
    company.decide(lambda policy: with_item(policy, OTHER))
    company.deliver(sold(1))
    judging, judged, order = threading.Event(), threading.Event(), []

    def judge() -> None:
        def work(connection: Connection) -> None:
            Compass().hold(connection)
            judging.set()
            judged.wait(10)
            connection.execute(b"UPDATE instance SET evaluated_at = now()")
            order.append("judged")

        transact(company.pool, work)

    def decide() -> None:
        company.decide(lambda policy: with_item(policy, ITEM))
        order.append("decided")

    threads = [threading.Thread(target=judge), threading.Thread(target=decide)]
    threads[0].start()
    assert judging.wait(10)
    threads[1].start()
    time.sleep(0.3)
    assert order == [], "the change waits"
    judged.set()
    for thread in threads:
        thread.join(20)
    assert order == ["judged", "decided"]
    assert company.waiting() == {"order_to_bill order/crm/O00001": 0}
    company.settle()
    assert gaps(company) == 0


def test_a_change_gets_its_turn_while_workers_evaluate_without_a_pause(company: Company) -> None:
    """Three workers hold the policy in turns that overlap: whoever changes it still gets in, and all is as if they had waited."""
    company.decide(lambda policy: with_item(policy, OTHER))
    company.deliver([document for n in range(60) for document in sold(n)])
    done, failures = threading.Event(), []

    def work(name: str) -> None:
        stages = Stages(company.pool, name, at_once=5)
        try:
            while not done.is_set():
                transact(
                    company.pool, lambda c: c.execute(b"UPDATE instance SET dirty_at = now() WHERE dirty_at IS NULL")
                )
                while stages.run("evaluate", company.now) and not done.is_set():
                    pass
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(3)]
    for worker in workers:
        worker.start()
    waits = []
    for n in range(5):
        time.sleep(0.2)
        started = time.monotonic()
        row = CrosswalkRow(code=f"X{n}", target="I-1") if n < 4 else ITEM
        company.decide(lambda policy, row=row: with_item(policy, row))  # type: ignore[misc]
        waits.append(time.monotonic() - started)
    done.set()
    for worker in workers:
        worker.join(20)
    assert failures == []
    assert max(waits) < 5
    company.settle()
    assert gaps(company) == 0


def test_a_period_that_is_locked_is_policy_and_concerns_everybody(company: Company) -> None:
    company.deliver(sold(1))
    before = company.evaluated()
    company.deliver(
        [
            AccountingPeriod(
                system="erp", id="2026-05", period="2026-05", ar_locked_on=dt.date(2026, 6, 5), entity="DE01"
            )
        ]
    )
    after = company.evaluated()
    assert all(after[name] > before[name] for name in before)
