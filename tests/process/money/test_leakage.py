"""Each class of leakage as a story, with the money worked out by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tieout.canon.documents import Tier
from tieout.canon.finding import Risk

APRIL_TO_JUNE = ("2026-04", "2026-05", "2026-06")


def test_a_service_that_runs_and_is_never_invoiced(shop: Any) -> None:
    """500.00 a month in advance from 1 April; April is whole, of May's 31 days 20 are served: 500.00 + 322.58."""
    judged = shop.judge("2026-05-20", shop.charge("500", "2026-04-01"), shop.active("2026-04-01"))
    assert judged.money() == {("unbilled_service", "CH1"): 50_000 + 32_258}
    found = judged.one(Risk.UNBILLED_SERVICE)
    assert found.amounts == {"billing_delayed": 100_000}
    assert f"{found.since}" == "2026-04-03"
    assert judged.row("R2") == {"from": 82_258, "late: unbilled_service": -82_258}
    assert judged.row("R1") == {"from": 100_000, "to": 82_258, "not yet fulfilled": -17_742}


def test_nothing_is_late_until_the_second_business_day_has_passed(shop: Any) -> None:
    """Bill date Wednesday 1 April, due Friday 3 April: late on Saturday, not before."""
    service = shop.charge("500", "2026-04-01"), shop.active("2026-04-01")
    assert shop.judge("2026-04-03", *service).money() == {}
    assert shop.judge("2026-04-04", *service).money() == {("unbilled_service", "CH1"): 6_667}


def test_what_may_have_been_invoiced_elsewhere_is_not_a_finding(shop: Any) -> None:
    """Billing's file is not complete: 4/30 of 500.00 were served, and whether they were billed nobody can say."""

    def known(role: str, type_: str, entity: str, day: object) -> bool:
        return type_ != "invoice"

    judged = shop.judge("2026-04-04", shop.charge("500", "2026-04-01"), shop.active("2026-04-01"), known=known)
    assert judged.money() == {}
    assert [(u.document, u.amount) for u in judged.outcome.unknown] == [("charge/billing/CH1", 6_667)]
    assert judged.row("R2") == {"from": 6_667, "not judged": -6_667}


def test_an_upgrade_that_nobody_charged(shop: Any) -> None:
    """500 → 800 on 16 June: half of the month's 300.00 more. The month is over: 150.00."""
    base = shop.charge("500", "2026-01-01")
    upgraded = shop.charge("800", "2026-06-16", id="CH2", replaces=base.ref, amendment="crm/A1")
    months = [f"2026-0{n}" for n in range(1, 7)]
    judged = shop.judge(
        "2026-06-30", base, upgraded, shop.amendment("upgrade", "2026-06-16"), shop.active("2026-01-01"),
        shop.monthly(50_000, *months),
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A1"): 15_000}
    assert f"{judged.one(Risk.MISSED_UPSELL).since}" == "2026-06-18"
    assert judged.row("R2")["late: missed_upsell"] == -15_000


def test_an_annual_prepayment_does_not_hide_the_upgrade(shop: Any) -> None:
    """12,000 prepaid for 2026, 13,200 a year from July: 605 for 184 of 365 days more, of them 62 days served.

    The upgrade's part costs 13,200 × 184/365 = 6,654.25, the old price 6,049.32: delta 604.93. Served July and August:
    [1 July, 31 December] is six whole months, two have gone by: 2,218.08 − 2,016.44 = 201.64.
    """
    base = shop.charge("12000", "2026-01-01", "2026-12-31", period_months=12)
    upgraded = shop.charge(
        "13200", "2026-07-01", "2026-12-31", period_months=12, id="CH2", replaces=base.ref, amendment="crm/A1"
    )
    invoice = shop.invoice("I1", "2026-01-01", shop.line(1_200_000, "2026-01-01", "2026-12-31"))
    judged = shop.judge(
        "2026-08-31", base, upgraded, shop.amendment("upgrade", "2026-07-01"), shop.active("2026-01-01"), invoice,
        shop.posted(invoice),
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A1"): 20_164}
    assert judged.one(Risk.MISSED_UPSELL).amounts == {"billing_delayed": 60_493}


def test_an_added_product_that_is_never_invoiced_is_the_amendments(shop: Any) -> None:
    added = shop.charge("90", "2026-05-01", id="CH2", line="2", amendment="crm/A1")
    judged = shop.judge(
        "2026-05-31", shop.charge("500", "2026-04-01"), added, shop.amendment("add", "2026-05-01"),
        shop.active("2026-04-01"), shop.active("2026-05-01", id="E2", line="2"),
        shop.monthly(50_000, "2026-04", "2026-05"),
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A1"): 9_000}


def test_upgrade_and_base_price_are_shared_between_their_classes(shop: Any) -> None:
    """June: 250.00 + 400.00 expected, 480.00 billed; 150.00 of the shortfall are the upgrade's, 20.00 are not."""
    base = shop.charge("500", "2026-06-01")
    upgraded = shop.charge("800", "2026-06-16", id="CH2", replaces=base.ref, amendment="crm/A1")
    judged = shop.judge(
        "2026-06-30", base, upgraded, shop.amendment("upgrade", "2026-06-16"), shop.active("2026-06-01"),
        shop.monthly(48_000, "2026-06"),
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A1"): 15_000, ("underbilled", "CH2"): 2_000}


def test_billed_below_contract_adds_up_over_the_months(shop: Any) -> None:
    judged = shop.judge(
        "2026-06-20", shop.charge("500", "2026-04-01"), shop.active("2026-04-01"), shop.monthly(45_000, *APRIL_TO_JUNE)
    )
    assert judged.money() == {("underbilled", "CH1"): 15_000}
    assert f"{judged.one(Risk.UNDERBILLED).since}" == "2026-04-01"


def test_usage_of_a_month_that_was_forgotten(shop: Any) -> None:
    """1,200 units in May: 1,000 at 0.10, 200 at 0.08 = 116.00; billed on 1 June, due 3 June."""
    charge = shop.metered(
        "0", "2026-05-01", tier_model="graduated",
        tiers=(Tier(unit_price=Decimal("0.10"), up_to=Decimal(1000)), Tier(unit_price=Decimal("0.08"))),
    )  # fmt: skip
    usage = shop.used("700", "2026-05-10"), shop.used("500", "2026-05-20")
    assert shop.judge("2026-06-03", charge, *usage).money() == {}
    judged = shop.judge("2026-06-04", charge, *usage)
    assert judged.money() == {("unbilled_usage", "CH1"): 11_600}
    assert (judged.one(Risk.UNBILLED_USAGE).period, f"{judged.one(Risk.UNBILLED_USAGE).since}") == (
        "2026-05",
        "2026-06-03",
    )


def test_late_usage_is_priced_at_the_margin(shop: Any) -> None:
    """700 of 1,200 units are billed (70.00); the rest is worth 116.00 − 70.00 = 46.00. Known 15 June, billed 1 July."""
    charge = shop.metered(
        "0", "2026-05-01", tier_model="graduated",
        tiers=(Tier(unit_price=Decimal("0.10"), up_to=Decimal(1000)), Tier(unit_price=Decimal("0.08"))),
    )  # fmt: skip
    invoice = shop.invoice("I1", "2026-06-01", shop.line(7_000, "2026-05-01", "2026-05-31", quantity=Decimal(700)))
    documents = (
        charge,
        invoice,
        shop.posted(invoice),
        shop.used("700", "2026-05-10"),
        shop.used("500", "2026-05-20", "2026-06-15"),
    )
    assert shop.judge("2026-07-03", *documents).money() == {}
    judged = shop.judge("2026-07-04", *documents)
    assert judged.money() == {("unbilled_usage", "CH1"): 4_600}
    assert f"{judged.one(Risk.UNBILLED_USAGE).since}" == "2026-07-03"


def test_the_right_quantity_at_too_low_a_price(shop: Any) -> None:
    charge = shop.metered("0.10", "2026-05-01")
    invoice = shop.invoice("I1", "2026-06-01", shop.line(9_000, "2026-05-01", "2026-05-31", quantity=Decimal(1000)))
    judged = shop.judge("2026-06-30", charge, shop.used("1000", "2026-05-10"), invoice, shop.posted(invoice))
    assert judged.money() == {("underbilled", "CH1"): 1_000}


def test_overage_beyond_a_prepaid_commitment(shop: Any) -> None:
    """1,000.00 prepaid; April 700, May 500 units at 1.00: 200.00 of May are to be paid."""
    charge = shop.metered("1", "2026-04-01")
    documents = (
        charge,
        shop.commitment(100_000, "2026-04-01", "2027-03-31"),
        shop.used("700", "2026-04-10"),
        shop.used("500", "2026-05-10"),
    )
    assert shop.judge("2026-06-30", *documents).money() == {("unbilled_usage", "CH1"): 20_000}


def test_a_missing_true_up(shop: Any) -> None:
    """1,000.00 committed for April to June, 600.00 used and billed: 400.00 on 1 July, due 3 July."""
    charge = shop.metered("1", "2026-04-01", "2026-06-30")
    invoice = shop.invoice("I1", "2026-05-01", shop.line(60_000, "2026-04-01", "2026-04-30", quantity=Decimal(600)))
    documents = (
        charge, shop.commitment(100_000, "2026-04-01", "2026-06-30", "true_up"), shop.used("600", "2026-04-10"), invoice,
        shop.posted(invoice),
    )  # fmt: skip
    assert shop.judge("2026-07-03", *documents).money() == {}
    judged = shop.judge("2026-07-04", *documents)
    assert judged.money() == {("unbilled_usage", "CH1"): 40_000}
    assert judged.one(Risk.UNBILLED_USAGE).period == "2026-06"


def test_usage_metered_beyond_the_back_bill_limit_is_lost_and_no_finding(shop: Any) -> None:
    charge = shop.metered("1", "2026-01-01", back_bill_days=60)
    judged = shop.judge("2026-06-30", charge, shop.used("50", "2026-01-10", "2026-04-02"))
    assert judged.money() == {}
    assert judged.row("R2") == {"from": 5_000, "lost": -5_000}


def test_a_setup_fee_a_shipment_a_milestone_and_hours(shop: Any) -> None:
    """Each is due two business days after its day: 1 June is a Monday, due 3 June; hours are billed on 1 July."""
    fee = shop.once("300", "2026-06-01")
    assert shop.judge("2026-06-03", fee).money() == {}
    assert shop.judge("2026-06-04", fee).money() == {("unbilled_service", "CH1"): 30_000}

    goods = shop.once("300", "2026-06-01", trigger="shipment")
    assert shop.judge("2026-06-30", goods).money() == {}
    assert shop.judge("2026-06-30", goods, shop.shipped("2026-06-24")).money() == {("unbilled_service", "CH1"): 30_000}

    step = shop.once("300", "2026-06-01", trigger="approval")
    assert shop.judge("2026-06-30", step, shop.project("CH1")).money() == {}
    judged = shop.judge("2026-06-30", step, shop.project("CH1", "2026-06-10"))
    assert judged.money() == {("unbilled_service", "CH1"): 30_000}
    assert f"{judged.one(Risk.UNBILLED_SERVICE).since}" == "2026-06-12"

    work = shop.charge("120.50", "2026-05-01", kind="time", timing="arrears", period_months=0)
    entries = (
        shop.hours("7.5", "2026-05-28", "2026-06-02"),
        shop.hours("2", "2026-06-03", "2026-06-04"),
        shop.hours("3", "2026-06-05"),
    )
    assert shop.judge("2026-07-03", work, *entries).money() == {}
    assert shop.judge("2026-07-04", work, *entries).money() == {("unbilled_service", "CH1"): 90_375 + 24_100}


def test_service_past_the_end_of_a_contract(shop: Any) -> None:
    """Ends 30 April; still on on 20 June: May whole, 20 of June's 30 days: 500.00 + 333.33."""
    contract = shop.contract("2026-01-01", "2026-04-30")
    documents = (
        shop.order(contract=contract.ref), contract, shop.charge("500", "2026-01-01", "2026-04-30"),
        shop.active("2026-01-01"), shop.monthly(50_000, "2026-01", "2026-02", "2026-03", "2026-04"),
    )  # fmt: skip
    assert shop.judge("2026-05-01", *documents).money() == {}
    judged = shop.judge("2026-06-20", *documents)
    assert judged.money() == {("unauthorised_service", "E1"): 83_333}
    found = judged.one(Risk.UNAUTHORISED_SERVICE)
    assert (f"{found.since}", found.variant) == ("2026-05-01", "past the contract's end")
    assert judged.row("R1") == {"from": 200_000, "to": 283_333, "outside contract": 83_333}
    assert judged.row("R2") == {"from": 283_333, "to": 200_000, "late: unauthorised_service": -83_333}


def test_hold_over_price_and_what_was_billed_for_those_days(shop: Any) -> None:
    """Held over at 600 a month: May and 20 days of June are worth 600.00 + 400.00; 500.00 were billed for May."""
    contract = shop.contract("2026-01-01", "2026-04-30")
    judged = shop.judge(
        "2026-06-20", shop.order(contract=contract.ref), contract, shop.active("2026-01-01"),
        shop.charge("500", "2026-01-01", "2026-04-30", hold_over_price=Decimal(600)),
        shop.monthly(50_000, "2026-01", "2026-02", "2026-03", "2026-04", "2026-05"),
    )  # fmt: skip
    assert judged.money() == {("unauthorised_service", "E1"): 50_000}


def test_service_after_a_termination(shop: Any) -> None:
    """Terminated as of 16 June, credited for the rest of June, and still on on 25 June: 10 days of 30 = 166.67."""
    base = shop.charge("500", "2026-06-01", "2026-12-31")
    invoice = shop.invoice("I1", "2026-06-01", shop.line(50_000, "2026-06-01", "2026-06-30"))
    credit = shop.credit(
        "CR1", "2026-06-16", "unused", shop.line(25_000, "2026-06-16", "2026-06-30"), of="I1", cause="crm/A1"
    )
    judged = shop.judge(
        "2026-06-25", base, shop.amendment("terminate", "2026-06-16", "2026-06-10"), shop.active("2026-06-01"), invoice,
        shop.posted(invoice), credit, shop.posted(credit),
    )  # fmt: skip
    assert judged.money() == {("unauthorised_service", "E1"): 16_667}
    assert judged.one(Risk.UNAUTHORISED_SERVICE).variant == "terminated"
    assert judged.row("R1") == {"from": 350_000, "terminated": -325_000, "to": 41_667, "outside contract": 16_667}


def test_service_under_a_contract_that_nobody_signed(shop: Any) -> None:
    """Since 1 June, as of 15 June: half of 500.00, whatever is due of it; once it is invoiced nothing is left."""
    contract = shop.contract("2026-06-01", "2027-05-31", signed_at=None)
    documents = (
        shop.order(contract=contract.ref),
        contract,
        shop.charge("500", "2026-06-01", "2027-05-31"),
        shop.active("2026-06-01"),
    )
    judged = shop.judge("2026-06-15", *documents)
    assert judged.money() == {("unauthorised_service", "E1"): 25_000}
    assert f"{judged.one(Risk.UNAUTHORISED_SERVICE).since}" == "2026-06-01"
    assert shop.judge("2026-06-15", *documents, shop.monthly(50_000, "2026-06")).money() == {}


def test_a_day_is_a_day_of_the_entity(shop: Any) -> None:
    """Activated 31 May, 22:30 UTC: it is 1 June in Berlin. On 1 June one day of thirty is served, not two."""
    import datetime as dt

    entitlement = shop.active("2026-06-01", activated_at=dt.datetime(2026, 5, 31, 22, 30, tzinfo=dt.UTC))
    judged = shop.judge("2026-06-01", shop.charge("300", "2026-05-01", trigger="activation"), entitlement)
    assert judged.row("R1")["to"] == 1_000


def test_a_cent_that_rounding_leaves_is_no_amendments(shop: Any) -> None:
    """Two upgrades in one month: the first was charged, the second not. Parts of 10 days of 31 round to a cent less.

    May: 100.00 × 10/31 = 32.26, 200.00 × 10/31 = 64.52, 300.00 × 11/31 = 106.45: 203.23. Billed 100.00 and the first
    upgrade's 67.74 for 21 days; short of it 35.49; the second upgrade's delta is 106.45 − 70.97 = 35.48.
    """
    one = shop.charge("100", "2026-05-01")
    two = shop.charge("200", "2026-05-11", id="CH2", replaces=one.ref, amendment="crm/A1")
    three = shop.charge("300", "2026-05-21", id="CH3", replaces=two.ref, amendment="crm/A2")
    invoice = shop.invoice("I2", "2026-05-11", shop.line(6_774, "2026-05-11", "2026-05-31", "CH2"))
    judged = shop.judge(
        "2026-05-31", one, two, three, shop.amendment("upgrade", "2026-05-11"),
        shop.amendment("upgrade", "2026-05-21", id="A2"), shop.active("2026-05-01"), shop.monthly(10_000, "2026-05"),
        invoice, shop.posted(invoice),
    )  # fmt: skip
    assert judged.money() == {("missed_upsell", "A2"): 3_548}
