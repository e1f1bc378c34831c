"""A company without leaks: the same for the same seed, complete in itself, and billed exactly as it was agreed."""

import ast
from collections import defaultdict
from pathlib import Path

import msgspec
import pytest

import tieout.simulate
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


def test_the_volume_mix_has_about_eight_records_an_order_and_some_of_everything():
    world = build(1, shard=2, orders=800, mix="volume")
    records = sum(len(docs) for docs in world.docs.values())
    assert 7 < records / 800 < 11
    assert len(world.docs["order"]) == 800
    assert world.leaks
    assert world.docs["shipment"]
    assert world.docs["entitlement"]


def test_shards_do_not_depend_on_one_another_and_share_no_document():
    one, two = build(1, shard=0, orders=200, mix="volume"), build(1, shard=1, orders=200, mix="volume")
    keys = [{doc.key for docs in world.docs.values() for doc in docs} for world in (one, two)]
    assert not keys[0] & keys[1]
    assert encoded(build(1, shard=1, orders=200, mix="volume")) == encoded(two)


def test_simulate_shares_no_formula_with_the_product():
    allowed = {"documents", "finding", "dates", "faults", "shape"}
    for path in Path(tieout.simulate.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                depth = len(path.relative_to(Path(tieout.simulate.__file__).parent).parts)
                if node.level == depth + 1 and node.module and node.module.split(".")[0] == "canon":
                    parts = node.module.split(".")[1:2] or [alias.name for alias in node.names]
                    assert set(parts) <= allowed, path
                elif node.level == depth + 1 or (node.level == 0 and (node.module or "").startswith("tieout")):
                    raise AssertionError(f"{path} imports {node.module}")
