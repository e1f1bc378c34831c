"""Proposed documents are asked about before they are there: what would hold them up, what would be wrong, what would follow."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from psycopg_pool import ConnectionPool

from tieout.canon.documents import (
    AccountingPeriod,
    Amendment,
    Charge,
    Customer,
    Document,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    OrderLine,
    Product,
    Quote,
    QuoteLine,
    TaxRegistration,
)
from tieout.canon.finding import Risk
from tieout.engine.foreseen import Block, Foreseen
from tieout.policy.crosswalk import CrosswalkRow
from tieout.store.advance import Compass
from tieout.store.connection import Connection, open_pool
from tieout.store.preflight import preflight

from .living import NOON, Company, sold

HEADER: dict[str, Any] = {"entity": "DE01", "currency": "EUR"}
ACME = Customer(system="crm", id="C1", name="Acme GmbH", country="DE", tax_id="DE811569869", **HEADER)
SEAT = Product(system="crm", id="SKU-7", name="Seat", **HEADER)


def quote(product: str = "SKU-7", customer: str = "C1", net: int = 120_000, **more: Any) -> Quote:
    lines = (QuoteLine(id="1", product=f"crm/{product}", net=net),)
    fields = {
        "customer": f"crm/{customer}",
        "status": "accepted",
        "lines": lines,
        "accepted_at": NOON,
        **HEADER,
        **more,
    }
    return Quote(system="crm", id="Q1", **fields)


def deal(product: str = "SKU-7", price: int = 100, **more: Any) -> tuple[Order, Charge]:
    """An order of a year's service from July on, billed in advance, month by month."""
    order = Order(
        system="crm", id="O77", customer="crm/C1", accepted_at=NOON, effective_on=dt.date(2026, 7, 1),
        lines=(OrderLine(id="1", product=f"crm/{product}", net=price * 100),), **HEADER,
    )  # fmt: skip
    charge = Charge(
        system="billing", id="CH77", order=order.ref, line="1", product=f"crm/{product}", unit_price=Decimal(price),
        period_months=1, start_on=dt.date(2026, 7, 1), end_on=dt.date(2027, 6, 30), **HEADER, **more,
    )  # fmt: skip
    return order, charge


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


@pytest.fixture
def company(database: str, pool: ConnectionPool[Connection]) -> Company:
    company = Company(database, pool)
    company.decide(lambda p: p.with_crosswalk("item", [CrosswalkRow(code="SKU-7", target="I-200")]))
    company.deliver([ACME, SEAT])
    return company


def ask(company: Company, *documents: Document, later: dt.date | None = None, now: dt.datetime = NOON) -> Foreseen:
    return preflight(company.pool, Compass(), documents, now, later)


def one(foreseen: Foreseen, code: str) -> Block:
    (found,) = (block for block in foreseen.moments[0].blocks if block.code == code)
    return found


def test_an_order_that_is_in_order_and_the_twelve_invoices_that_follow(company: Company) -> None:
    foreseen = ask(company, *deal())
    (moment,) = foreseen.moments
    assert [block.code for block in moment.blocks] == []
    assert (moment.appear, moment.vanish, moment.differ) == ((), (), ())
    assert [(step.flow, step.anchor, step.is_new) for step in moment.instances] == [
        ("order_to_bill", "order/crm/O77", True)
    ]
    assert [invoice.net for invoice in foreseen.coming] == [10_000] * 12
    first = foreseen.coming[0]
    assert (first.parts[0].from_on, first.parts[0].to_on) == (dt.date(2026, 7, 1), dt.date(2026, 7, 31))
    assert first.due_on == dt.date(2026, 7, 3), "two business days after the bill date"


def test_nothing_of_it_is_kept(company: Company) -> None:
    tables = ("record", "edge", "instance", "member", "finding", "depends", "touched", "observation", "delivery")
    counts = [company.ask(f"SELECT count(*), max(xmin::text) FROM {table}") for table in tables]
    ask(company, *deal("SKU-8"), quote("SKU-9"))
    assert [company.ask(f"SELECT count(*), max(xmin::text) FROM {table}") for table in tables] == counts


def test_a_product_without_an_item_holds_the_money_of_the_deal(company: Company) -> None:
    product = msgspec.structs.replace(SEAT, id="SKU-8", active=False, name="Old seat")
    gap = one(ask(company, product, *deal("SKU-8")), "master_data_gap")
    assert (gap.where, gap.amount, gap.currency) == ("crosswalk/item/SKU-8", 120_000, "EUR")
    assert gap.mend == "tieout crosswalk set item SKU-8 TARGET"
    quoted = ask(company, product, quote("SKU-8"))
    assert one(quoted, "master_data_gap").amount == one(quoted, "product_inactive").amount == 120_000
    company.decide(lambda p: p.with_crosswalk("item", [CrosswalkRow(code="SKU-8", target="I-300")]))
    assert "master_data_gap" not in {block.code for block in ask(company, product, quote("SKU-8")).moments[0].blocks}


def test_the_gate_of_a_quote_says_what_holds_it_and_whose_that_is(company: Company) -> None:
    """The customer needs a purchase order and a credit check, and has signed nothing."""
    strict = msgspec.structs.replace(ACME, po_required=True, credit_check_required=True, version=2)
    company.deliver([strict])
    gate = one(ask(company, quote()), "gate_shut")
    assert gate.what == "aligned waits for: signed, credit checked, purchase order received"
    assert (gate.where, gate.mend, gate.amount) == (
        "quote/crm/Q1 quote_to_order.aligned",
        "ask sales-ops, credit",
        120_000,
    )
    checked = msgspec.structs.replace(strict, credit_checked_at=NOON, version=3)
    assert (
        one(ask(company, checked, quote(signed_at=NOON)), "gate_shut").what
        == "aligned waits for: purchase order received"
    )


def test_what_is_named_and_not_there(company: Company) -> None:
    missing = one(ask(company, quote(customer="C2")), "unknown_document")
    assert (missing.what, missing.where) == ("customer/crm/C2 is not known", "quote/crm/Q1 customer")
    both = ask(company, quote(customer="C2"), msgspec.structs.replace(ACME, id="C2"))
    assert "unknown_document" not in {block.code for block in both.moments[0].blocks}
    elsewhere = one(ask(company, quote(entity="DE1")), "unknown_entity")
    assert "DE01" in elsewhere.mend


def test_a_customer_abroad_without_a_tax_number(company: Company) -> None:
    registered = TaxRegistration(system="tax", id="R1", country="DE", number="DE1", **HEADER)
    abroad = msgspec.structs.replace(ACME, id="C2", country="FR", tax_id="", name="Acme SA")
    company.deliver([registered, abroad])
    missing = one(ask(company, quote(customer="C2")), "tax_registration_missing")
    assert (missing.where, missing.amount) == ("customer/crm/C2 tax_id", 120_000)
    assert "registered for tax in DE" in missing.what
    named = msgspec.structs.replace(abroad, tax_id="FR40303265045")
    assert not ask(company, named, quote(customer="C2")).moments[0].blocks[1:]
    order, charge = deal(tax_behaviour="reverse_charge")
    order = msgspec.structs.replace(order, customer="crm/C2")
    assert one(ask(company, order, charge), "tax_id_missing").where == "customer/crm/C2 tax_id"


def test_an_invoice_into_a_locked_period(company: Company) -> None:
    company.deliver(
        [AccountingPeriod(system="erp", id="P5", period="2026-05", ar_locked_on=dt.date(2026, 6, 5), **HEADER)]
    )
    line = InvoiceLine(id="1", charge="billing/CH00001", net=5_000)
    late = Invoice(
        system="billing", id="I9", issued_at=dt.datetime(2026, 5, 20, tzinfo=dt.UTC), net=5_000, total=5_000,
        posting_period="2026-05", lines=(line,), **HEADER,
    )  # fmt: skip
    foreseen = ask(company, *sold(1)[:3], late)
    assert one(foreseen, "period_locked").what == "receivables of 2026-05 are locked: it would be booked in 2026-06"
    assert one(foreseen, "posting_refused").amount == 5_000


def test_an_amendment_shows_what_it_changes_and_what_is_wrong_once_nobody_charges_it(company: Company) -> None:
    """An upgrade that is agreed and not charged is nothing today; by the end of August it is missed."""
    order, charge = deal()
    since = dt.datetime(2026, 7, 1, tzinfo=dt.UTC)
    served = Entitlement(system="provisioning", id="E77", order=order.ref, line="1", activated_at=since, **HEADER)
    company.deliver([order, charge, served, *sold(1)])
    upgrade = Amendment(
        system="crm", id="A1", order=order.ref, kind="upgrade", accepted_at=NOON, effective_on=dt.date(2026, 8, 1),
        delta_recurring=5_000, **HEADER,
    )  # fmt: skip
    segment = msgspec.structs.replace(
        charge,
        id="CH78",
        unit_price=Decimal(150),
        start_on=dt.date(2026, 8, 1),
        replaces=charge.ref,
        amendment=upgrade.ref,
    )
    foreseen = ask(company, upgrade, segment, later=dt.date(2026, 8, 31))
    today, later = foreseen.moments
    assert {(step.anchor, step.is_new) for step in today.instances} == {
        ("amendment/crm/A1", True),
        ("order/crm/O77", False),
    }
    assert (today.appear, today.vanish, today.differ) == ((), (), ())
    assert [invoice.net for invoice in foreseen.coming] == [10_000] + [15_000] * 11
    assert later.end_of == dt.date(2026, 8, 31)
    assert {(f.risk, f.exposure) for f in later.appear} >= {(Risk.MISSED_UPSELL, 5_000)}
    more = sum(f.exposure for f in later.appear) - sum(f.exposure for f in later.vanish)
    assert more + sum(pair.after.exposure - pair.before.exposure for pair in later.differ) == 5_000


def test_the_order_that_an_invoice_waited_for_takes_its_finding_away(company: Company) -> None:
    """An invoice names an order that nobody knows: unsupported. The order is proposed, and it would not be."""
    order, charge, served, bill, _ = sold(1)
    company.deliver([bill, *sold(2)])
    assert {finding.risk for finding in company.findings()} >= {Risk.UNSUPPORTED_DOCUMENT}
    (moment,) = ask(company, order, charge, served).moments
    assert {finding.risk for finding in moment.vanish} == {Risk.UNSUPPORTED_DOCUMENT}
    company.deliver([order, charge, served, *sold(1)])
    assert Risk.UNSUPPORTED_DOCUMENT not in {finding.risk for finding in company.findings()}


def test_what_it_foresees_is_what_comes(company: Company) -> None:
    """The findings after the documents have come are those that were foreseen."""
    company.deliver(document for n in range(5) for document in sold(n, "SKU-8"))
    before = {finding.identity for finding in company.findings()}
    documents = sold(9, "SKU-8")
    (moment,) = ask(company, *documents, now=company.now + dt.timedelta(hours=1)).moments
    company.deliver(documents)
    after = {finding.identity for finding in company.findings()}
    assert {finding.identity for finding in moment.appear} == after - before != set()
    assert {finding.identity for finding in moment.vanish} == before - after


def test_a_customer_in_thousands_of_quotes_is_looked_at_in_part_and_says_so(company: Company) -> None:
    company.deliver(msgspec.structs.replace(quote(), id=f"Q{n:04}") for n in range(230))
    renamed = msgspec.structs.replace(ACME, name="Acme AG", version=2)
    foreseen = ask(company, renamed)
    assert (len(foreseen.moments[0].instances), foreseen.left_out) == (200, 30)


def test_an_amount_without_a_rate(company: Company) -> None:
    missing = one(ask(company, quote(currency="USD")), "rate_missing")
    assert (missing.where, missing.currency) == ("rate/USD/EUR", "USD")


def test_every_code_is_on_the_page() -> None:
    root = Path(__file__).parents[2]
    source = (root / "src" / "tieout" / "engine" / "hindrances.py").read_text(encoding="utf-8")
    page = (root / "docs" / "preflight.md").read_text(encoding="utf-8")
    codes = set(re.findall(r'code="(\w+)"', source))
    assert len(codes) > 8
    assert {code for code in codes if f"`{code}`" not in page} == set()
