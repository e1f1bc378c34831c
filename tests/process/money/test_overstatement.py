"""Each class of overstatement as a story, with the money worked out by hand."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tieout.canon.finding import Risk


def month(shop: Any, *more: Any) -> list[Any]:
    """500.00 for May 2026, served, invoiced and posted."""
    return [
        shop.charge("500", "2026-05-01", "2026-05-31"), shop.active("2026-05-01", "2026-05-31"),
        *shop.monthly(50_000, "2026-05"), *more,
    ]  # fmt: skip


def may(shop: Any, net: int = 50_000, **more: Any) -> Any:
    return shop.line(net, "2026-05-01", "2026-05-31", **more)


def test_the_same_month_invoiced_twice(shop: Any) -> None:
    second = shop.invoice("I2", "2026-05-03", may(shop, tax=9_500), tax=9_500)
    judged = shop.judge("2026-06-30", *month(shop), second, shop.posted(second))
    assert judged.money() == {("duplicate_document", "I2"): 50_000}
    assert judged.one(Risk.DUPLICATE_DOCUMENT).tax == 9_500
    assert judged.row("R2") == {"from": 50_000, "duplicate": 50_000, "to": 100_000}


def test_a_duplicate_that_is_not_in_the_erp_is_judged_once(shop: Any) -> None:
    second = shop.invoice("I2", "2026-05-03", may(shop))
    judged = shop.judge("2026-06-30", *month(shop), second)
    assert judged.money() == {("duplicate_document", "I2"): 50_000}
    assert judged.row("R3") == {"from": 100_000, "surplus, not posted": -50_000, "to": 50_000}


def test_one_line_that_comes_twice_is_overbilled_and_no_duplicate(shop: Any) -> None:
    other = shop.once("300", "2026-05-01", id="CH2", line="2")
    second = shop.invoice("I2", "2026-05-03", may(shop), shop.line(30_000, charge="CH2", id="2"))
    judged = shop.judge("2026-06-30", *month(shop, other), second, shop.posted(second))
    assert judged.money() == {("overbilled", "CH1"): 50_000}


def test_a_consolidated_invoice_sent_twice(shop: Any) -> None:
    """Of 1,700.00 this order sees its own 500.00, twice; the second document repeats the first one's net."""
    first, second = (shop.invoice(n, "2026-05-01", may(shop), net=170_000) for n in ("I1", "I2"))
    documents = shop.charge("500", "2026-05-01", "2026-05-31"), shop.active("2026-05-01", "2026-05-31"), first, second
    judged = shop.judge("2026-06-30", *documents, foreign=(first.key, second.key))
    assert judged.money() == {("duplicate_document", "I2"): 50_000}


def test_a_rebill_without_its_credit_is_a_duplicate(shop: Any) -> None:
    again = shop.invoice("I2", "2026-05-03", may(shop), replaces="billing/I-2026-05")
    judged = shop.judge("2026-06-30", *month(shop), again, shop.posted(again))
    assert judged.money() == {("duplicate_document", "I2"): 50_000}


def test_the_erp_booked_one_invoice_twice(shop: Any) -> None:
    documents = month(shop)
    again = shop.posted(documents[2], "2026-05-04", id="E-again")
    judged = shop.judge("2026-06-30", *documents, again)
    assert judged.money() == {("duplicate_document", "E-again"): 50_000}
    found = judged.one(Risk.DUPLICATE_DOCUMENT)
    assert (found.subject, f"{found.since}") == ("invoice/erp/E-again", "2026-05-04")
    assert judged.row("R3") == {"from": 50_000, "ERP only": 50_000, "to": 100_000}


def test_an_invoice_that_nothing_asks_for(shop: Any) -> None:
    stray = shop.invoice("X1", "2026-05-03", may(shop, charge="unheard-of"), tax=9_500)
    judged = shop.judge_unclaimed("2026-06-30", stray)
    assert judged.money() == {("unsupported_document", "X1"): 50_000}
    assert judged.row("R2") == {"unsupported": 50_000, "to": 50_000}
    assert judged.row("R3") == {"from": 50_000, "tax": 9_500, "surplus, not posted": -59_500}


def test_an_erp_invoice_that_mirrors_nothing(shop: Any) -> None:
    stray = msgspec.structs.replace(shop.posted(shop.invoice("X1", "2026-05-03", may(shop))), mirrors=None)
    judged = shop.judge_unclaimed("2026-06-30", stray)
    assert judged.money() == {("unsupported_document", "EX1"): 50_000}
    assert judged.row("R3") == {"ERP only": 50_000, "to": 50_000}
    assert judged.row("R2") == {}


def test_where_the_erp_is_the_biller_its_unclaimed_invoice_was_billed(shop: Any) -> None:
    stray = msgspec.structs.replace(shop.posted(shop.invoice("X1", "2026-05-03", may(shop))), mirrors=None)
    judged = shop.judge_unclaimed("2026-06-30", stray, known=lambda role, type_, entity, day: type_ != "invoice")
    assert judged.money() == {("unsupported_document", "EX1"): 50_000}
    assert judged.row("R3") == {"from": 50_000, "to": 50_000}


def test_an_order_that_may_be_in_a_file_we_do_not_have(shop: Any) -> None:
    stray = shop.invoice("X1", "2026-05-03", may(shop, charge="unheard-of"))
    judged = shop.judge_unclaimed("2026-06-30", stray, known=lambda role, type_, entity, day: type_ != "order")
    assert judged.money() == {}
    assert [u.amount for u in judged.outcome.unknown if "ordered" in u.what] == [50_000]


def test_an_order_whose_charges_are_in_a_file_that_we_do_not_have(shop: Any) -> None:
    """A shop that exports orders and invoices and no charges is not told that all of its invoices are wrong."""
    invoice = shop.invoice("I1", "2026-05-03", shop.line(50_000, charge=None, order="crm/O1"))
    judged = shop.judge("2026-06-30", shop.order(), invoice, known=lambda role, type_, entity, day: type_ != "charge")
    assert judged.money() == {}
    assert ("whether a charge asks for it", 50_000) in [(u.what, u.amount) for u in judged.outcome.unknown]
    assert judged.row("R2") == {"not judged": 50_000, "to": 50_000}
    everything = shop.judge("2026-06-30", shop.order(), invoice, shop.posted(invoice))
    assert everything.money() == {("unsupported_document", "I1"): 50_000}


def test_the_erp_keeps_an_invoice_that_billing_voided(shop: Any) -> None:
    void = shop.invoice("I2", "2026-05-03", may(shop), status="void")
    posted = msgspec.structs.replace(shop.posted(void), status="posted")
    judged = shop.judge("2026-06-30", *month(shop), void, posted)
    assert judged.money() == {("unsupported_document", "EI2"): 50_000}


def test_a_cancelled_order_is_no_order(shop: Any) -> None:
    """What was invoiced for it nobody asks for."""
    judged = shop.judge("2026-06-30", shop.order(status="cancelled"), *month(shop))
    assert judged.money() == {("unsupported_document", "I-2026-05"): 50_000}


def test_billed_and_never_switched_on(shop: Any) -> None:
    """500.00 for June, as of 15 June: 250.00 are for days gone by; one business day after 1 June nothing is said."""
    documents = (
        shop.charge("500", "2026-06-01", "2026-12-31"),
        shop.active("2026-06-01", activated_at=None),
        shop.monthly(50_000, "2026-06"),
    )
    assert shop.judge("2026-06-02", *documents).money() == {}
    judged = shop.judge("2026-06-15", *documents)
    assert judged.money() == {("unentitled_billing", "CH1"): 25_000}
    assert judged.row("R2") == {"unentitled": 25_000, "in advance": 25_000, "to": 50_000}


@pytest.mark.parametrize(
    ("reason", "more", "amount"),
    [
        ("", {}, 5_000),
        ("goodwill", {}, 5_000),
        ("goodwill", {"approved_by": "kim"}, 0),
        ("return", {}, 5_000),
        ("return", {"cause": "support/7"}, 0),
        ("price_correction", {}, 5_000),
    ],
)
def test_credits_with_and_without_a_cause(shop: Any, reason: str, more: Any, amount: int) -> None:
    credit = shop.credit("CR1", "2026-05-10", reason, may(shop, 5_000), of="I-2026-05", **more)
    judged = shop.judge("2026-06-30", *month(shop), credit, shop.posted(credit))
    assert judged.money() == ({("credit_leakage", "CR1"): amount} if amount else {})


def test_the_same_cause_credited_twice(shop: Any) -> None:
    more = {"of": "I-2026-05", "approved_by": "kim", "cause": "support/7"}
    credits = [shop.credit(n, "2026-05-10", "goodwill", may(shop, 5_000), **more) for n in ("CR1", "CR2")]
    judged = shop.judge("2026-06-30", *month(shop), *credits, *map(shop.posted, credits))
    assert judged.money() == {("credit_leakage", "CR2"): 5_000}


def test_a_credit_larger_than_its_invoice_line(shop: Any) -> None:
    """The line is 500.00, credited are 620.00; May was billed twice by mistake of price, so nothing is missing."""
    documents = [shop.charge("0", "2026-05-01", "2026-05-31"), *month(shop)[1:]]
    credit = shop.credit("CR1", "2026-05-10", "price_correction", may(shop, 62_000), of="I-2026-05", cause="support/7")
    judged = shop.judge("2026-06-30", *documents, credit, shop.posted(credit))
    assert judged.money() == {("credit_leakage", "CR1"): 12_000}


def test_more_given_back_than_was_billed(shop: Any) -> None:
    """Goodwill of 620.00 on an invoice of 500.00: approved or not, 120.00 of it never were the customer's."""
    credit = shop.credit("CR1", "2026-05-10", "goodwill", may(shop, 62_000), of="I-2026-05", approved_by="kim")
    judged = shop.judge("2026-06-30", *month(shop), credit, shop.posted(credit))
    assert judged.money() == {("credit_leakage", "CR1"): 12_000}


def test_more_credited_as_unused_than_the_contract_makes_too_much(shop: Any) -> None:
    """Ends on 15 May: 500.00 × 15/31 = 241.94 are right, 258.06 too much; credited are 300.00."""
    credit = shop.credit("CR1", "2026-05-16", "unused", may(shop, 30_000), of="I-2026-05", cause="crm/A1")
    judged = shop.judge(
        "2026-06-30", shop.charge("500", "2026-05-01", "2026-12-31"), shop.active("2026-05-01", "2026-05-15"),
        shop.amendment("terminate", "2026-05-16"), shop.monthly(50_000, "2026-05"), credit, shop.posted(credit),
    )  # fmt: skip
    assert judged.money() == {("credit_leakage", "CR1"): 4_194}


def test_billed_above_the_contract(shop: Any) -> None:
    documents = shop.charge("500", "2026-05-01"), shop.active("2026-05-01"), shop.monthly(55_000, "2026-05", "2026-06")
    judged = shop.judge("2026-06-20", *documents)
    assert judged.money() == {("overbilled", "CH1"): 10_000}
    assert f"{judged.one(Risk.OVERBILLED).since}" == "2026-05-01"


def test_a_cent_a_line_is_not_worth_a_word(shop: Any) -> None:
    documents = shop.charge("500", "2026-05-01"), shop.active("2026-05-01")
    assert shop.judge("2026-06-20", *documents, shop.monthly(50_001, "2026-05", "2026-06")).money() == {}
    assert shop.judge("2026-06-20", *documents, shop.monthly(50_002, "2026-05", "2026-06")).money() == {
        ("overbilled", "CH1"): 4
    }


def test_billed_on_after_the_end(shop: Any) -> None:
    """The charge ended on 31 May and the service is off; June's 500.00 are for nothing."""
    june = shop.invoice("I2", "2026-06-01", shop.line(50_000, "2026-06-01", "2026-06-30"))
    judged = shop.judge("2026-06-20", *month(shop), june, shop.posted(june))
    assert judged.money() == {("overbilled", "CH1"): 50_000}


def test_terminated_and_not_credited(shop: Any) -> None:
    """Terminated as of 16 June, switched off: 250.00 of June are too much once two business days have passed."""
    documents = (
        shop.charge("500", "2026-06-01", "2026-12-31"), shop.active("2026-06-01", "2026-06-15"),
        shop.amendment("terminate", "2026-06-16", "2026-06-10"), shop.monthly(50_000, "2026-06"),
    )  # fmt: skip
    assert shop.judge("2026-06-18", *documents).money() == {}
    assert shop.judge("2026-06-19", *documents).money() == {("overbilled", "CH1"): 25_000}


def test_a_return_that_credits_more_than_the_line(shop: Any) -> None:
    """Goods of 500.00 came back and 620.00 were credited: 500.00 are the concession, 120.00 are too much."""
    credit = shop.credit("CR1", "2026-05-10", "return", may(shop, 62_000), of="I-2026-05", cause="support/7")
    judged = shop.judge("2026-06-30", *month(shop), credit, shop.posted(credit))
    assert judged.money() == {("credit_leakage", "CR1"): 12_000}
    assert judged.row("R2")["concessions"] == -50_000
