"""Stuck documents and differences: what the ERP has, or has not, made of an invoice."""

from __future__ import annotations

from typing import Any

import pytest
from tests.process.money.conftest import POLICY, on

from tieout.canon.documents import AccountingPeriod, OrderLine, Product
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.policy.crosswalk import CrosswalkRow


def may(shop: Any, net: int = 50_000) -> Any:
    return shop.line(net, "2026-05-01", "2026-05-31")


def served(shop: Any) -> tuple[Any, Any]:
    return shop.charge("500", "2026-05-01", "2026-05-31"), shop.active("2026-05-01", "2026-05-31")


def test_an_invoice_that_the_erp_refused(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-01", may(shop), tax=9_500)
    documents = *served(shop), invoice, shop.refused(invoice, "unknown item P1")
    assert shop.judge("2026-05-01", *documents).money() == {}
    judged = shop.judge("2026-06-30", *documents)
    found = judged.one(Risk.UNPOSTED_INVOICE)
    assert judged.money() == {("unposted_invoice", "I1"): 50_000}
    assert (found.tax, f"{found.since}", found.variant) == (9_500, "2026-05-01", "refused")
    assert "unknown item P1" in found.why
    assert judged.row("R3") == {"from": 50_000, "tax": 9_500, "unposted": -59_500}


def test_a_consolidated_invoice_is_unposted_once_and_whole(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-01", may(shop), net=170_000)
    assert shop.judge("2026-06-30", *served(shop), invoice).money() == {("unposted_invoice", "I1"): 170_000}
    assert shop.judge("2026-06-30", *served(shop), invoice, foreign=(invoice.key,)).money() == {}


@pytest.mark.parametrize(
    ("changed", "exposure"),
    [
        ({"net": 45_000, "tax": 8_550}, 5_000 + 950),
        ({"tax": 0}, 9_500),
        ({"net": 50_001, "tax": 9_499}, 0),
        ({"entity": "US01"}, 50_000),
        ({"currency": "USD"}, 50_000),
    ],
)
def test_posted_otherwise_than_issued(shop: Any, changed: dict[str, Any], exposure: int) -> None:
    invoice = shop.invoice("I1", "2026-05-01", may(shop), tax=9_500)
    judged = shop.judge("2026-06-30", *served(shop), invoice, shop.posted(invoice, "2026-05-02", **changed))
    assert judged.money() == ({("misposted_invoice", "I1"): exposure} if exposure else {})
    if exposure:
        assert f"{judged.one(Risk.MISPOSTED_INVOICE).since}" == "2026-05-02"


def test_invoice_tax_is_not_what_the_tax_engine_said(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-01", may(shop), tax=9_500)
    documents = *served(shop), invoice, shop.posted(invoice)
    assert shop.judge("2026-06-30", *documents, shop.answer("I1", 3_500)).money() == {("tax_mismatch", "I1"): 6_000}
    assert shop.judge("2026-06-30", *documents, shop.answer("I1", 3_500, committed=False)).money() == {}
    assert shop.judge("2026-06-30", *served(shop), invoice, shop.answer("I1", 3_500)).money() == {
        ("unposted_invoice", "I1"): 50_000
    }


def test_invoiced_in_another_currency_than_ordered(shop: Any) -> None:
    """The numbers count as if they were euros; the bridge keeps the currencies apart."""
    invoice = shop.invoice("I1", "2026-05-01", may(shop), currency="USD")
    judged = shop.judge("2026-06-30", *served(shop), invoice, shop.posted(invoice))
    assert judged.money() == {("currency_mismatch", "I1"): 50_000}
    assert judged.one(Risk.CURRENCY_MISMATCH).currency == "USD"
    assert judged.row("R2", "EUR") == {"from": 50_000, "other currency or entity": -50_000}
    assert judged.row("R2", "USD") == {"other currency or entity": 50_000, "to": 50_000}


def test_posted_in_the_wrong_period(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-04", may(shop))
    judged = shop.judge("2026-06-30", *served(shop), invoice, shop.posted(invoice, posting_period="2026-06"))
    assert judged.money() == {("period_cutoff", "I1"): 50_000}
    locked = POLICY.with_periods(
        [AccountingPeriod(system="erp", id="P5", entity="DE01", period="2026-05", ar_locked_on=on("2026-06-02"))]
    )
    late = shop.posted(invoice, "2026-06-03", posting_period="2026-06")
    assert shop.judge("2026-06-30", *served(shop), invoice, late, policy=locked).money() == {}


def test_a_posting_is_in_the_books_in_its_period(shop: Any) -> None:
    """Issued on 31 May and posted that evening into June: at the end of May it is cut-off, at the end of June posted."""
    invoice = shop.invoice("I1", "2026-05-31", may(shop))
    documents = *served(shop), invoice, shop.posted(invoice, posting_period="2026-06")
    assert shop.judge("2026-05-31", *documents).row("R3") == {"from": 50_000, "cut-off": -50_000}
    assert shop.judge("2026-06-30", *documents).row("R3") == {"from": 50_000, "to": 50_000}


def test_a_credit_memo_is_posted_as_less(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-01", may(shop), tax=9_500)
    credit = shop.credit("CR1", "2026-05-05", "goodwill", shop.line(5_000), of="I1", tax=950, approved_by="kim")
    documents = *served(shop), invoice, shop.posted(invoice), credit
    assert shop.judge("2026-06-30", *documents, shop.posted(credit)).row("R3") == {
        "from": 45_000, "tax": 8_550, "to": 53_550
    }  # fmt: skip
    assert shop.judge("2026-06-30", *documents).row("R3") == {
        "from": 45_000, "tax": 8_550, "credits not posted": 5_950, "to": 59_500
    }  # fmt: skip


def test_a_stale_item_code_holds_the_invoice_and_is_its_cause(shop: Any) -> None:
    """One case for master data; the invoice that the ERP refused points at it. Mapped again, the gap is gone."""
    stale = POLICY.with_crosswalk("item", [CrosswalkRow(code="P1", target="4000", to_on=on("2025-12-31"))])
    invoice = shop.invoice("I1", "2026-05-01", may(shop))
    documents = *served(shop), invoice, shop.refused(invoice, "unknown item")
    judged = shop.judge("2026-06-30", *documents, policy=stale)
    gap = judged.one(Risk.MASTER_DATA_GAP)
    assert (gap.subject, gap.exposure, gap.holds) == ("crosswalk/item/P1", 0, (invoice.key,))
    assert judged.one(Risk.UNPOSTED_INVOICE).cause == "crosswalk/item/P1"
    assert judged.outcome.reads == {"crosswalk/item/P1"}
    mended = stale.with_crosswalk("item", [CrosswalkRow(code="P1", target="4001", from_on=on("2026-01-01"))])
    assert {f.risk for f in shop.judge("2026-06-30", *documents, policy=mended).findings} == {Risk.UNPOSTED_INVOICE}


def test_an_upgrade_to_a_product_without_an_item_is_held_by_master_data(shop: Any) -> None:
    """The seed case: the tier of the upgrade has no item; what it leaves uncharged, 150.00, has that as its cause."""
    mapped = POLICY.with_crosswalk("item", [CrosswalkRow(code="P1", target="4000")])
    base = shop.charge("500", "2026-06-01")
    upgraded = shop.charge("800", "2026-06-16", id="CH2", product="crm/P2", replaces=base.ref, amendment="crm/A1")
    judged = shop.judge(
        "2026-06-30", base, upgraded, shop.amendment("upgrade", "2026-06-16"), shop.active("2026-06-01"),
        shop.monthly(50_000, "2026-06"), policy=mapped,
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A1"): 15_000, ("master_data_gap", "P2"): 0}
    assert judged.one(Risk.MISSED_UPSELL).cause == "crosswalk/item/P2"
    assert judged.one(Risk.MASTER_DATA_GAP).holds == ("amendment/crm/A1",)


def test_a_copy_that_differs_from_its_owner(shop: Any) -> None:
    owned = Policy(ownership={"product": "crm"}, entities=POLICY.entities)
    original = shop.make(Product, "crm", "P1", name="Seats", tax_code="A")
    copy = shop.make(Product, "erp", "4000", name="Seats", tax_code="B", mirrors="crm/P1", sku="")
    judged = shop.judge(
        "2026-06-30", shop.order(lines=(OrderLine(id="1", product="crm/P1"),)), original, copy, policy=owned
    )
    found = judged.one(Risk.OWNERSHIP_CONFLICT)
    assert (found.subject, found.exposure, found.holds) == ("product/crm/P1#tax_code", 0, ("product/erp/4000",))
    assert shop.judge("2026-06-30", original, copy).money() == {}


def test_a_schedule_that_runs_ahead_of_the_service(shop: Any) -> None:
    """1,200.00 for a year, 100.00 a month; the ERP put 400.00 into January and 100.00 into February: 300.00 ahead."""
    charge = shop.charge("1200", "2026-01-01", "2026-12-31", period_months=12)
    bill = shop.invoice("I1", "2026-01-01", shop.line(120_000, "2026-01-01", "2026-12-31"))
    documents = charge, shop.active("2026-01-01"), bill, shop.posted(bill)
    right = shop.schedule(("2026-01-31", 10_000), ("2026-02-28", 10_000))
    wrong = shop.schedule(("2026-01-31", 40_000), ("2026-02-28", 10_000))
    judged = shop.judge("2026-02-28", *documents, right)
    assert judged.money() == {}
    assert judged.row("R7") == {"from": 20_000, "to": 20_000}
    assert shop.judge("2026-03-10", *documents, right).row("R7")["month not ended"] == -3_226
    judged = shop.judge("2026-02-28", *documents, wrong)
    assert judged.money() == {("schedule_mismatch", "S-CH1"): 30_000}
    assert judged.row("R7") == {"from": 20_000, "allocation": 30_000, "to": 50_000}


def test_a_schedule_of_a_charge_with_another_finding_is_not_judged(shop: Any) -> None:
    charge = shop.charge("1200", "2026-01-01", "2026-12-31", period_months=12)
    judged = shop.judge("2026-02-28", charge, shop.active("2026-01-01"), shop.schedule(("2026-01-31", 40_000)))
    assert judged.money() == {("unbilled_service", "CH1"): 20_000}
