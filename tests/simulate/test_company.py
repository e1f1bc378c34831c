"""A company without leaks: the same for the same seed, complete in itself, and billed exactly as it was agreed."""

from collections import defaultdict

import msgspec
import pytest

from tieout.canon.documents import TYPES, Document
from tieout.simulate.company import build
from tieout.simulate.lookalikes import LOOKALIKES


@pytest.fixture(scope="module")
def company():
    return build(3, orders=260, clean=True)


def encoded(world):
    return msgspec.json.encode([world.docs, world.leaks])


def test_the_same_seed_makes_the_same_company_byte_by_byte():
    assert encoded(build(5, orders=180)) == encoded(build(5, orders=180))
    assert encoded(build(5, orders=180)) != encoded(build(6, orders=180))


@pytest.mark.parametrize("seed", range(1, 4))
def test_every_look_alike_is_in_every_company_and_a_clean_one_has_no_leak(seed):
    world = build(seed, orders=150, clean=True)
    assert set(LOOKALIKES) <= world.shown
    assert world.leaks == []
    assert len(world.docs["order"]) == 150


def test_every_document_decodes_strictly_as_its_type(company):
    for name, docs in company.docs.items():
        for doc in docs:
            assert msgspec.json.decode(msgspec.json.encode(doc), type=TYPES[name]) == doc


def test_ids_are_unique_within_system_and_type(company):
    keys = [doc.key for docs in company.docs.values() for doc in docs]
    assert len(keys) == len(set(keys))


REFERENCES = {
    "order": ("customer:customer", "quote:quote", "contract:contract"),
    "quote": ("customer:customer",),
    "charge": ("order:order", "contract:contract", "subscription:subscription", "product:product", "replaces:charge",
               "amendment:amendment"),
    "entitlement": ("order:order", "product:product", "customer:customer"),
    "usage": ("charge:charge",),
    "commitment": ("charge:charge", "order:order"),
    "time_entry": ("charge:charge", "project:project"),
    "shipment": ("order:order", "charge:charge"),
    "amendment": ("order:order", "contract:contract"),
    "invoice": ("customer:customer", "mirrors:invoice", "replaces:invoice"),
    "credit_memo": ("customer:customer", "invoice:invoice", "mirrors:credit_memo"),
    "tax_answer": ("invoice:invoice",),
    "renewal": ("contract:contract",),
    "revenue_schedule": ("charge:charge", "order:order"),
    "subscription": ("order:order", "contract:contract", "customer:customer"),
}  # fmt: skip


def test_references_lead_somewhere(company):
    known = {f"{name}/{doc.ref}" for name, docs in company.docs.items() for doc in docs}
    for name, fields in REFERENCES.items():
        for doc in company.docs[name]:
            for field, target in (pair.split(":") for pair in fields):
                ref = getattr(doc, field)
                assert ref is None or f"{target}/{ref}" in known, (doc.key, field)
    for invoice in company.docs["invoice"]:
        for line in invoice.lines:
            assert f"order/{line.order}" in known
            assert line.charge is None or f"charge/{line.charge}" in known


def test_headers_add_up_to_their_lines(company):
    for doc in company.docs["invoice"] + company.docs["credit_memo"]:
        assert doc.net == sum(line.net for line in doc.lines), doc.key
        assert doc.tax == sum(line.tax for line in doc.lines), doc.key
        assert doc.total == doc.net + doc.tax + doc.rounding


def instants(doc: Document):
    return [getattr(doc, field) for field in doc.__struct_fields__ if field.endswith("_at") and getattr(doc, field)]


def test_nothing_happened_after_the_last_day(company):
    for docs in company.docs.values():
        for doc in docs:
            if doc.entity:
                for instant in instants(doc):
                    assert company.entities[doc.entity].day(instant) <= company.as_of, doc.key


def test_all_four_currencies_and_three_entities_sell(company):
    sold = {(order.entity, order.currency) for order in company.docs["order"]}
    assert {("DE01", "EUR"), ("DE01", "KWD"), ("US01", "USD"), ("JP01", "JPY")} <= sold


def test_every_issued_invoice_has_a_receivable_and_a_tax_answer(company):
    issued = {
        i.ref for i in company.docs["invoice"] if i.system == "billing" and i.status == "issued" and not i.deleted
    }
    assert {receivable.invoice.ref for receivable in company.receivables} == issued
    assert {answer.invoice for answer in company.docs["tax_answer"]} == issued


def test_the_journal_balances(company):
    sides = defaultdict(int)
    for entry in company.docs["journal_entry"]:
        for line in entry.lines:
            sides[entry.id] += line.debit - line.credit
    assert not any(sides.values())
