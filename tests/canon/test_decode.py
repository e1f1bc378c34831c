"""Documents come in strictly: what is misspelt, mistyped or senseless is refused by field, with the value and the way to mend it."""

import contextlib
import datetime as dt
import json
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieout.canon.decode import decode, decoder, encode, from_plain, to_plain
from tieout.canon.documents import TYPES, Charge, Invoice, InvoiceLine, Tier, split_key, split_ref
from tieout.canon.faults import InputFault
from tieout.canon.sanity import flaws

from .generated import documents

INVOICE = {
    "type": "invoice",
    "system": "billing",
    "id": "INV-7",
    "currency": "EUR",
    "net": 10000,
    "tax": 1900,
    "total": 11900,
}
LINE = {"id": "1", "order": "crm/O-1", "net": 10000}


def fault(values: object, type_name: str = "") -> str:
    with pytest.raises(InputFault) as caught:
        decode(values if isinstance(values, bytes) else json.dumps(values), type_name, "invoices.jsonl line 3")
    return str(caught.value)


@pytest.mark.parametrize("type_name", TYPES)
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(drawn=st.data())
def test_whatever_is_written_is_read_back_the_same(type_name, drawn):
    document = drawn.draw(documents(type_name))
    written = encode(document)
    assert decode(written) == decode(written, type_name) == decoder(type_name).decode(written) == document
    assert from_plain(to_plain(document)) == document
    assert encode(decode(written)) == written


def test_an_invoice_is_read_with_its_lines():
    invoice = decode(json.dumps({**INVOICE, "lines": [LINE], "issued_at": "2026-06-30T22:30:00Z"}))
    assert isinstance(invoice, Invoice)
    assert invoice.lines == (InvoiceLine(id="1", order="crm/O-1", net=10000),)
    assert invoice.issued_at == dt.datetime(2026, 6, 30, 22, 30, tzinfo=dt.UTC)


def test_a_decimal_is_what_was_written_whether_a_text_or_a_number():
    for written in ('"0.123456789012345678"', "0.123456789012345678"):
        charge = decode(
            '{"type":"charge","system":"b","id":"1","order":"crm/1","line":"1","product":"crm/P","start_on":"2026-01-01",'
            f'"currency":"EUR","unit_price":{written}}}'
        )
        assert isinstance(charge, Charge)
        assert charge.unit_price == Decimal("0.123456789012345678")


def test_plain_values_may_be_days_and_decimals_already():
    plain = {"system": "b", "id": "1", "charge": "b/C", "quantity": Decimal("1.5"), "used_on": dt.date(2026, 6, 1)}
    assert to_plain(from_plain(plain, "usage")) == {
        "type": "usage", "system": "b", "id": "1", "charge": "b/C", "quantity": "1.5", "used_on": "2026-06-01",
    }  # fmt: skip


def test_ids_may_hold_slashes_and_are_cut_where_they_begin():
    shop = from_plain({"type": "order", "system": "shop", "id": "2026/17", "customer": "crm/A/1"})
    assert shop.key == "order/shop/2026/17"
    assert split_key(shop.key) == ("order", "shop", "2026/17")
    assert split_ref(shop.ref) == ("shop", "2026/17")


AT = "invoices.jsonl line 3"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "invoic"}, f"{AT} type: 'invoic' is not the document type expected (did you mean 'invoice'?)"),
        ({"type": None}, f"{AT} type: missing (name the document type, such as 'invoice')"),
        ({"nett": 1}, f"{AT} nett: unknown field (did you mean 'net'?)"),
        ({"warehouse": 1}, f"{AT} warehouse: unknown field (keep attributes of your own in ext)"),
        ({"net": "100.00"}, f"{AT} net: '100.00' is not an amount in minor units (write 1234 for 12.34)"),
        ({"net": 100.5}, f"{AT} net: 100.5 is not an amount in minor units (write 1234 for 12.34)"),
        ({"net": True}, f"{AT} net: True is not an amount in minor units (write 1234 for 12.34)"),
        ({"net": 10**16}, f"{AT} net: 10000000000000000 is beyond any amount (at most 1000000000000000 minor units)"),
        ({"net": 10**40}, f"{AT} net: 1{'0' * 40} is beyond any amount (at most 1000000000000000 minor units)"),
        ({"status": "isued"}, f"{AT} status: 'isued' is not a known value (did you mean 'issued'?)"),
        ({"due_on": "30.06.2026"}, f"{AT} due_on: '30.06.2026' is not a day (write it like 2026-06-30)"),
        ({"due_on": "2026-02-30"}, f"{AT} due_on: '2026-02-30' is not a day (write it like 2026-06-30)"),
        ({"due_on": "0026-06-30"}, f"{AT} due_on: 0026-06-30 lies outside 1900 to 2200 (correct the year)"),
        ({"issued_at": "2026-06-30"}, f"{AT} issued_at: '2026-06-30' is not an instant (write it like 2026-06-30T14:05:00Z)"),
        ({"issued_at": "1826-06-30T00:00:00Z"}, f"{AT} issued_at: 1826-06-30 lies outside 1900 to 2200 (correct the year)"),
        ({"fx_rate": "1,08"}, f"{AT} fx_rate: '1,08' is not a decimal number (write it like \"1234.56\")"),
        ({"fx_rate": "NaN"}, f"{AT} fx_rate: NaN is not a number (write it like 1234.56)"),
        ({"fx_rate": "1E+99999"}, f"{AT} fx_rate: 1E+99999 has too many digits (at most 18 before and after the point)"),
        ({"fx_rate": "-1"}, f"{AT} fx_rate: -1 is no rate (it must be above 0)"),
        ({"currency": "EURO"}, f"{AT} currency: unknown currency 'EURO' (did you mean 'EUR'?)"),
        ({"currency": ""}, f"{AT} currency: missing, though there is an amount in net (say which currency it is in)"),
        ({"id": ""}, f"{AT} id: empty (every document needs its id)"),
        ({"id": " INV-7"}, f"{AT} id: spaces around ' INV-7' (drop them)"),
        ({"id": "INV\u00007"}, f"{AT} id: 'INV\\x007' holds characters that cannot be seen (drop them)"),
        ({"id": "INV\u200b7"}, f"{AT} id: 'INV\\u200b7' holds characters that cannot be seen (drop them)"),
        ({"system": "a/b"}, f"{AT} system: 'a/b' holds a slash (only ids may: name the system without)"),
        ({"number": "7\u0007"}, f"{AT} number: '7\\x07' holds control characters (drop them)"),
        ({"customer": "C-1"}, f"{AT} customer: 'C-1' is not a reference (write it as system/id)"),
        ({"customer": 5}, f"{AT} customer: 5 is not a reference (write it as system/id)"),
        ({"refs": {"project": "P"}}, f"{AT} refs.project: 'P' is not a reference (write it as system/id)"),
        ({"ext": {"a": "\u0001"}}, f"{AT} ext.a: '\\x01' holds control characters (drop them)"),
        ({"ext": 5}, f"{AT} ext: 5 is not an object (write it as {{ … }})"),
        ({"lines": {}}, f"{AT} lines: {{}} is not a list of objects (write it as [ {{ … }} ])"),
        ({"lines": [LINE, 5]}, f"{AT} lines[1]: 5 is not an object (write it as {{ … }})"),
        ({"lines": [LINE, {"net": 1}]}, f"{AT} lines[1].id: missing (add it)"),
        ({"lines": [{**LINE, "chrge": "b/1"}]}, f"{AT} lines[0].chrge: unknown field (did you mean 'charge'?)"),
        ({"lines": [{**LINE, "net": "1"}]}, f"{AT} lines[0].net: '1' is not an amount in minor units (write 1234 for 12.34)"),
        ({"lines": [{**LINE, "net": 10**16}]}, f"{AT} lines[0].net: 10000000000000000 is beyond any amount (at most"),
        ({"lines": [{**LINE, "order": "O"}]}, f"{AT} lines[0].order: 'O' is not a reference (write it as system/id)"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_by_field_value_and_mend(change, message):
    assert fault({k: v for k, v in {**INVOICE, **change}.items() if v is not None}).startswith(message)


def test_what_is_no_document_at_all_says_so():
    assert fault(b"[]") == f"{AT}: not a document (one object in {{ }} is expected)"
    assert fault(b'{"type": "invoice"').startswith(f"{AT}: no JSON: Input data was truncated")
    assert (
        fault(b'{"type": "invoice", "system": "M\xfcnchen"}')
        == f"{AT}: byte 0xfc is not UTF-8 (save the file as UTF-8)"
    )
    assert fault(b"\xef\xbb\xbf{}") == f"{AT}: begins with a byte-order mark (save it as UTF-8 without BOM)"
    assert fault(b"[" * 100_000).startswith(f"{AT}: ")
    assert fault(json.dumps({**INVOICE, "total": 1}).replace('"total": 1', '"total": 1e999').encode()).startswith(
        f"{AT}: "
    )
    assert fault({**INVOICE, "total": None}).startswith(f"{AT} total: None is not an amount in minor units")
    assert fault({**INVOICE}, "payment") == f"{AT} type: 'invoice' is not the document type expected (write 'payment')"
    with pytest.raises(InputFault, match="there is no document type 'invoces'.*'invoice'"):
        decode(b"{}", "invoces")


def charge(**fields: object) -> Charge:
    base = {"system": "b", "id": "1", "currency": "EUR", "order": "crm/1", "line": "1", "product": "crm/P"}
    return Charge(**{**base, "start_on": dt.date(2026, 1, 1), **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"period_months": -1}, "period_months: -1 is out of range (from 0 to 1200)"),
        ({"anchor_day": 32}, "anchor_day: 32 is out of range (from 1 to 31)"),
        ({"tax_rate": Decimal(19)}, "tax_rate: 19 is not a rate of tax (write 0.19 for 19 %)"),
        ({"unit_price": Decimal(5), "currency": ""}, "currency: missing, though there is an amount in unit_price"),
        ({"tier_model": "volume"}, "tiers: missing, though the price is volume (give its tiers)"),
        (
            {"tiers": (Tier(Decimal(1), Decimal(10)), Tier(Decimal(1), Decimal(10)))},
            "tiers[1].up_to: 10 is not above 10 (put tiers in ascending order)",
        ),
        (
            {"tiers": (Tier(Decimal(1)), Tier(Decimal(1)))},
            "tiers[0].up_to: a tier without an end is not the last (give it",
        ),
        ({"tiers": (Tier(Decimal("inf")),)}, "tiers[0].unit_price: Infinity is not a number"),
    ],
)
def test_a_charge_that_could_not_be_priced_is_refused(fields, message):
    assert str(flaws(charge(**fields))[0].fault()).startswith(message)


def test_every_flaw_is_found_not_only_the_first():
    found = flaws(charge(id="", currency="XX", bill_day=40))
    assert [flaw.field for flaw in found] == ["id", "bill_day", "currency"]


@settings(max_examples=300, suppress_health_check=list(HealthCheck), deadline=None)
@given(changes=st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), max_size=6), cut=st.integers(0, 400))
def test_any_bytes_at_all_are_a_document_or_a_fault_of_theirs(changes, cut):
    content = bytearray(json.dumps({**INVOICE, "lines": [LINE]}).encode())
    for place, byte in changes:
        content[place % len(content)] = byte
    with contextlib.suppress(InputFault):
        decode(bytes(content[:cut] if cut < len(content) else content))


@pytest.mark.parametrize(
    "content", [b'{"ext":' * 100_000, b"[" * 100_000, b'{"type": "invoice", "lines": ' + b"[" * 100_000]
)
def test_what_is_nested_too_deeply_is_refused(content):
    assert fault(content)


def test_a_month_is_written_as_one():
    total = {"type": "source_total", "system": "erp", "id": "1", "currency": "EUR", "measure": "applied", "amount": 1}
    assert flaws(from_plain({**total, "period": "2026-06"})) == []
    assert fault({**total, "period": "06/2026"}) == f"{AT} period: '06/2026' is not a month (write it like 2026-06)"
