"""Documents find their anchor along the flow's paths, whatever the order in which they came, and sets equal one by one."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import pytest
import sqlglot

from tieout.canon.documents import BusinessObject, Charge, Contract, Document, Event, Invoice, InvoiceLine, Order
from tieout.canon.finding import Position
from tieout.policy import Policy
from tieout.process.definition import Flow, anchor, control, related, unclaimed
from tieout.process.instance import Instance, everything_known
from tieout.process.verdict import Outcome
from tieout.setwise.dialects import render
from tieout.setwise.insert import insert
from tieout.setwise.plan import plan
from tieout.setwise.run import instances


def _count(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    outcome.positions.append(Position("R1", "seen", "DE01", "EUR", 1, instance.key))


class Billing(Flow):
    """Orders with their invoices."""

    order = anchor(Order)
    contract = related(order.contract)
    charges = related(Charge, "order")
    invoices = related(Invoice, "lines.charge.order", "lines.order", "subscription.order", views=True)
    seen = control(_count)
    strays = unclaimed(invoices, _count)


def order(id: str, **more: object) -> Order:
    return Order(system="crm", id=id, entity="DE01", currency="EUR", customer="crm/C1", **more)  # type: ignore[arg-type]


def charge(id: str, of: str) -> Charge:
    return Charge(
        system="billing", id=id, entity="DE01", currency="EUR", order=of, line="1", product="crm/P1",
        start_on=dt.date(2026, 1, 1),
    )  # fmt: skip


def invoice(id: str, *lines: InvoiceLine, system: str = "billing", mirrors: str | None = None) -> Invoice:
    net = sum(line.net for line in lines)
    return Invoice(
        system=system, id=id, entity="DE01", currency="EUR", net=net, total=net, lines=lines, mirrors=mirrors
    )


def line(id: str, net: int, **more: str) -> InvoiceLine:
    return InvoiceLine(id=id, net=net, **more)


COMPANY: list[Document] = [
    Contract(system="crm", id="K1", customer="crm/C1", start_on=dt.date(2026, 1, 1)),
    order("O1", contract="crm/K1"),
    order("O2", contract="crm/K1"),
    order("SO-2", mirrors="crm/O2").__class__(system="erp", id="SO-2", mirrors="crm/O2", customer="erp/C1"),
    charge("CH1", "crm/O1"),
    charge("CH2", "erp/SO-2"),
    invoice("I1", line("1", 100, charge="billing/CH1")),
    invoice(
        "I2", line("1", 200, charge="billing/CH2"), line("2", 50, charge="billing/CH1"), line("3", 7, order="crm/O2")
    ),
    invoice("9", line("1", 250), system="erp", mirrors="billing/I2"),
    invoice("I3", line("1", 999, order="crm/NOBODY")),
    invoice("10", line("1", 999), system="erp", mirrors="billing/I3"),
]


def assembled(documents: list[Document]) -> dict[str, Instance]:
    connection = duckdb.connect()
    insert(connection, documents)
    return {i.key: i for i in instances(connection, Billing, Policy.default(), everything_known)}


def seen(instance: Instance) -> dict[str, list[object]]:
    return {
        relation: [
            (d.key, [part.net for part in d.lines], instance.owns(d)) if relation == "invoices" else d.key
            for d in found
        ]
        for relation, found in instance.members.items()
    }


def test_a_consolidated_invoice_gives_each_order_its_own_lines_and_one_of_them_the_whole() -> None:
    found = assembled(COMPANY)
    first, second = found["order/crm/O1"], found["order/crm/O2"]
    assert seen(first)["invoices"] == [
        ("invoice/billing/I1", [100], True), ("invoice/billing/I2", [50], False), ("invoice/erp/9", [250], False),
    ]  # fmt: skip
    assert seen(second)["invoices"] == [("invoice/billing/I2", [200, 7], True), ("invoice/erp/9", [250], True)]


def test_a_reference_to_another_systems_view_leads_to_the_same_document() -> None:
    """The charge names the ERP's view of the order; it belongs to the CRM's order all the same."""
    assert seen(assembled(COMPANY)["order/crm/O2"])["charges"] == ["charge/billing/CH2"]


def test_the_mirror_is_no_anchor_of_its_own_and_both_orders_share_the_contract() -> None:
    found = assembled(COMPANY)
    assert sorted(key for key in found if key.startswith("order/")) == ["order/crm/O1", "order/crm/O2"]
    assert seen(found["order/crm/O1"])["contract"] == seen(found["order/crm/O2"])["contract"] == ["contract/crm/K1"]


def test_an_invoice_that_names_no_known_order_is_unclaimed_together_with_its_view() -> None:
    stray = assembled(COMPANY)["invoice/billing/I3"]
    assert stray.anchor is None
    assert [d.key for d in stray.get("invoices")] == ["invoice/billing/I3", "invoice/erp/10"]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_does_not_matter(seed: int) -> None:
    shuffled = list(COMPANY)
    random.Random(seed).shuffle(shuffled)
    expected, found = assembled(COMPANY), assembled(shuffled)
    assert {k: {r: list(d) for r, d in i.members.items()} for k, i in found.items()} == {
        k: {r: list(d) for r, d in i.members.items()} for k, i in expected.items()
    }


def test_a_cycle_of_mirrors_ends_in_nothing_worse_than_two_documents() -> None:
    a = invoice("A", line("1", 1, order="crm/O1"), mirrors="billing/B")
    b = invoice("B", line("1", 1, order="crm/O1"), mirrors="billing/A")
    found = assembled([order("O1"), a, b])
    assert [d.key for d in found["order/crm/O1"].get("invoices")] == ["invoice/billing/A", "invoice/billing/B"]


def test_events_relate_things_that_name_one_another_nowhere() -> None:
    class Parcels(Flow):
        """Orders and the parcels that left for them."""

        order = anchor(BusinessObject, kind="order")
        events = related(Event, "objects")
        items = related(events.objects, kind="item")
        packing = related(Event, "objects", of=items, activity="pack")
        parcels = related(packing.objects, kind="parcel")

    def event(id: str, activity: str, *objects: str) -> Event:
        at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        return Event(system="log", id=id, activity=activity, at=at, objects=tuple(f"log/{o}" for o in objects))

    documents: list[Document] = [
        BusinessObject(system="log", id=id, kind=kind)
        for id, kind in (("o1", "order"), ("o2", "order"), ("i1", "item"), ("i2", "item"), ("p1", "parcel"))
    ]
    documents += [event("1", "place", "o1", "i1"), event("2", "place", "o2", "i2"), event("3", "pack", "i1", "p1")]
    connection = duckdb.connect()
    insert(connection, documents)
    found = {i.key: i for i in instances(connection, Parcels, Policy.default(), everything_known)}
    assert [d.id for d in found["object/log/o1"].get("parcels")] == ["p1"]
    assert found["object/log/o2"].get("parcels") == ()


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "spark"])
def test_one_plan_is_rendered_for_every_engine(dialect: str) -> None:
    steps = plan(Billing, {"billing": "billing"}, frozenset({"invoice", "order"}), row="row_id")
    rendered = render(steps, dialect)
    assert len(rendered) == len(steps.sources) + len(steps.selects) == 4 + 5
    for statement in rendered:
        assert sqlglot.parse_one(statement, read=dialect) is not None


def test_several_processes_find_what_one_finds(tmp_path: Path) -> None:
    """The same set in one process and in two: same instances, same sums (a flow from a file, as a user has it)."""
    flow = tmp_path / "counting.py"
    flow.write_text(
        "from tieout.canon.documents import Charge, Order\n"
        "from tieout.canon.finding import Position\n"
        "from tieout.process import Flow, anchor, control, related\n"
        "def count(instance, policy, day, outcome):\n"
        "    outcome.positions.append(Position('R1', 'charges', 'DE01', 'EUR', len(instance.get('charges')), instance.key))\n"
        "class Counting(Flow):\n"
        "    '''Counts charges.'''\n"
        "    order = anchor(Order)\n"
        "    charges = related(Charge, 'order')\n"
        "    seen = control(count)\n"
    )
    from tieout.setwise import run

    documents: list[Document] = [order(f"O{i}") for i in range(400)]
    documents += [charge(f"CH{i}", f"crm/O{i // 3}") for i in range(900)]

    def sums(name: str, at_once: int, processes: int) -> tuple[int, int, int]:
        path = tmp_path / name
        connection = duckdb.connect(str(path))
        insert(connection, documents)
        task = run.Task((str(flow),), Policy.default(), everything_known, dt.date(2026, 6, 30))
        found = run.evaluate_all(path, connection, task, lambda *_: None, processes, at_once)
        (charges,) = found.lines.values()
        return found.instances, charges.end, charges.count

    assert sums("one.duckdb", 10_000, 1) == sums("two.duckdb", 50, 2) == (400, 900, 300)
