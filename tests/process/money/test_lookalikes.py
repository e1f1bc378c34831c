"""What looks like a leak and is none: each of these must raise nothing, at any time."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from tieout.canon.documents import Tier

EVERY_DAY = [f"{dt.date(2026, 1, 1) + dt.timedelta(days=n)}" for n in range(0, 240, 1)]


def silent(shop: Any, *documents: Any, first: str = "2026-01-01", last: str = "2026-08-28") -> None:
    """Nothing is found on any day of the range, and every day's bridge closes."""
    for day in EVERY_DAY:
        if first <= day <= last:
            found = shop.judge(day, *documents).money()
            assert not found, f"{day}: {found}"


def invoiced(shop: Any, number: str, day: str, *lines: Any, **more: Any) -> list[Any]:
    invoice = shop.invoice(number, day, *lines, **more)
    return [invoice, shop.posted(invoice)]


MONTHS = [f"2026-0{n}" for n in range(1, 9)]


def test_annual_prepayment(shop: Any) -> None:
    silent(
        shop, shop.charge("12000", "2026-01-01", "2026-12-31", period_months=12), shop.active("2026-01-01"),
        invoiced(shop, "I1", "2026-01-02", shop.line(1_200_000, "2026-01-01", "2026-12-31")),
    )  # fmt: skip


def test_three_free_months_then_a_price(shop: Any) -> None:
    free = shop.charge("0", "2026-01-01", "2026-03-31", price_reason="free months")
    paid = shop.charge("500", "2026-04-01", id="CH2", replaces=free.ref)
    silent(shop, free, paid, shop.active("2026-01-01"), shop.monthly(50_000, *MONTHS[3:], charge="CH2"))


def test_trial_of_fourteen_days(shop: Any) -> None:
    """The price starts on 15 January, on its own grid: the 15th of every month."""
    trial = shop.charge("0", "2026-01-01", "2026-01-14", price_reason="trial", period_months=0)
    paid = shop.charge("500", "2026-01-15", id="CH2", replaces=trial.ref)
    bills = [
        invoiced(shop, f"I{n}", f"2026-0{n}-15", shop.line(50_000, f"2026-0{n}-15", f"2026-0{n + 1}-14", "CH2"))
        for n in range(1, 9)
    ]
    silent(shop, trial, paid, shop.active("2026-01-01"), *bills)


def test_ramp(shop: Any) -> None:
    first = shop.charge("400", "2026-01-01", "2026-03-31", price_reason="ramp")
    second = shop.charge("500", "2026-04-01", "2026-12-31", id="CH2", replaces=first.ref, price_reason="ramp")
    silent(
        shop, first, second, shop.active("2026-01-01"), shop.monthly(40_000, *MONTHS[:3]),
        shop.monthly(50_000, *MONTHS[3:], charge="CH2"),
    )  # fmt: skip


def paused(shop: Any) -> list[Any]:
    before = shop.charge("500", "2026-01-01", "2026-03-31")
    pause = shop.charge(
        "0", "2026-04-01", "2026-05-31", id="CH2", replaces=before.ref, amendment="crm/A1", price_reason="pause"
    )
    after = shop.charge("500", "2026-06-01", id="CH3", replaces=pause.ref, amendment="crm/A1")
    return [
        before, pause, after, shop.amendment("pause", "2026-04-01", "2026-03-20"), shop.active("2026-01-01"),
        shop.monthly(50_000, *MONTHS[:3]), shop.monthly(50_000, *MONTHS[5:], charge="CH3"),
    ]  # fmt: skip


def test_pause_without_invoices(shop: Any) -> None:
    silent(shop, *paused(shop))


def test_pause_with_invoices_of_nothing(shop: Any) -> None:
    silent(shop, *paused(shop), shop.monthly(0, "2026-04", "2026-05", charge="CH2"))


def test_usage_inside_a_prepaid_commitment(shop: Any) -> None:
    silent(
        shop, shop.metered("1", "2026-01-01"), shop.commitment(1_000_000, "2026-01-01", "2026-12-31"),
        [shop.used("700", f"2026-0{n}-10") for n in range(1, 8)],
    )  # fmt: skip


def volume(shop: Any) -> Any:
    tiers = (Tier(unit_price=Decimal(1), up_to=Decimal(1000)), Tier(unit_price=Decimal("0.8")))
    return shop.metered("0", "2026-01-01", tier_model="volume", tiers=tiers)


def test_a_volume_tier_that_lowers_the_price(shop: Any) -> None:
    """1,100 units cost 880.00, not 1,100.00 and not 1,080.00."""
    line = shop.line(88_000, "2026-05-01", "2026-05-31", quantity=Decimal(1100))
    silent(shop, volume(shop), shop.used("1100", "2026-05-20"), invoiced(shop, "I1", "2026-06-01", line))


def test_late_usage_that_lowers_the_price_of_what_is_billed(shop: Any) -> None:
    """900 units were billed at 900.00; 200 more make 1,100 units worth 880.00: nothing is missing."""
    line = shop.line(90_000, "2026-05-01", "2026-05-31", quantity=Decimal(900))
    silent(
        shop, volume(shop), shop.used("900", "2026-05-20"), shop.used("200", "2026-05-21", "2026-06-10"),
        invoiced(shop, "I1", "2026-06-01", line),
    )  # fmt: skip


def test_late_usage_inside_the_back_bill_limit(shop: Any) -> None:
    """Used in May, known on 10 June, billed on 1 July."""
    silent(
        shop, shop.metered("1", "2026-05-01"), shop.used("100", "2026-05-20"), shop.used("50", "2026-05-21", "2026-06-10"),
        invoiced(shop, "I1", "2026-06-01", shop.line(10_000, "2026-05-01", "2026-05-31", quantity=Decimal(100))),
        invoiced(shop, "I2", "2026-07-01", shop.line(5_000, "2026-05-01", "2026-05-31", quantity=Decimal(50))),
    )  # fmt: skip


def test_cancel_and_replace(shop: Any) -> None:
    """The old charge ends on 14 June with a credit for 16 of 30 days (266.67), the new one starts on its own grid."""
    old = shop.charge("500", "2026-01-01", "2026-06-14")
    new = shop.charge("700", "2026-06-15", id="CH2", line="2", amendment="crm/A1")
    credit = shop.credit(
        "CR1", "2026-06-15", "unused", shop.line(26_667, "2026-06-15", "2026-06-30"), of="I-2026-06", cause="crm/A1"
    )
    bills = [
        invoiced(shop, f"N{n}", f"2026-0{n}-15", shop.line(70_000, f"2026-0{n}-15", f"2026-0{n + 1}-14", "CH2"))
        for n in (6, 7, 8)
    ]
    silent(
        shop, old, new, shop.amendment("cancel_and_replace", "2026-06-15"), shop.active("2026-01-01", "2026-06-14"),
        shop.active("2026-06-15", id="E2", line="2"), shop.monthly(50_000, *MONTHS[:6]), credit, shop.posted(credit),
        *bills, first="2026-06-15",
    )  # fmt: skip


def test_credit_and_rebill(shop: Any) -> None:
    """May went out to the wrong address: credited on 5 May and billed anew on the same day."""
    first = invoiced(shop, "I1", "2026-05-01", shop.line(50_000, "2026-05-01", "2026-05-31"))
    credit = shop.credit(
        "CR1", "2026-05-05", "rebill", shop.line(50_000, "2026-05-01", "2026-05-31"), of="I1", cause="support/7"
    )
    again = invoiced(shop, "I2", "2026-05-05", shop.line(50_000, "2026-05-01", "2026-05-31"), replaces="billing/I1")
    silent(
        shop, shop.charge("500", "2026-05-01", "2026-05-31"), shop.active("2026-05-01", "2026-05-31"), first, credit,
        shop.posted(credit), again,
    )  # fmt: skip


def test_backdated_amendment(shop: Any) -> None:
    """Accepted on 20 April for 1 April: the 200.00 of April are billed on the 21st, and from May with the month."""
    base = shop.charge("500", "2026-01-01", "2026-03-31")
    new = shop.charge("700", "2026-04-01", id="CH2", replaces=base.ref, amendment="crm/A1")
    silent(
        shop, base, new, shop.amendment("upgrade", "2026-04-01", "2026-04-20"), shop.active("2026-01-01"),
        shop.monthly(50_000, *MONTHS[:4]),
        invoiced(shop, "D", "2026-04-21", shop.line(20_000, "2026-04-01", "2026-04-30", "CH2")),
        shop.monthly(70_000, *MONTHS[4:], charge="CH2"),
    )  # fmt: skip


def test_downgrade_with_its_credit_two_days_later(shop: Any) -> None:
    """800 → 500 on 16 June, accepted on the 15th; half of 300.00 is credited on the 17th."""
    base = shop.charge("800", "2026-01-01", "2026-06-15")
    less = shop.charge("500", "2026-06-16", id="CH2", replaces=base.ref, amendment="crm/A1")
    credit = shop.credit(
        "CR1", "2026-06-17", "unused", shop.line(15_000, "2026-06-16", "2026-06-30"), of="I-2026-06", cause="crm/A1"
    )
    silent(
        shop, base, less, shop.amendment("downgrade", "2026-06-16", "2026-06-15"), shop.active("2026-01-01"),
        shop.monthly(80_000, *MONTHS[:6]), credit, shop.posted(credit), shop.monthly(50_000, *MONTHS[6:], charge="CH2"),
    )  # fmt: skip


def test_consolidated_invoice_of_which_this_order_has_one_line(shop: Any) -> None:
    """The invoice's net is 1,700.00, 500.00 of it are this order's; another order speaks for the whole."""
    invoice = shop.invoice("I1", "2026-05-01", shop.line(50_000, "2026-05-01", "2026-05-31"), net=170_000)
    documents = shop.charge("500", "2026-05-01", "2026-05-31"), shop.active("2026-05-01", "2026-05-31"), invoice
    for day in EVERY_DAY:
        judged = shop.judge(day, *documents, foreign=("invoice/billing/I1",))
        assert judged.money() == {}
        assert judged.row("R3") == {}


def test_reverse_charge(shop: Any) -> None:
    charge = shop.charge("500", "2026-05-01", "2026-05-31", tax_behaviour="reverse_charge", tax_rate=Decimal("0.19"))
    silent(
        shop,
        charge,
        shop.active("2026-05-01", "2026-05-31"),
        shop.monthly(50_000, "2026-05"),
        shop.answer("I-2026-05", 0),
    )


def test_tax_inclusive_price_with_a_cent_of_rounding(shop: Any) -> None:
    """99.99 with 19% is 84.0252… net: 84.03 or 84.02, with 15.97 of tax; the tax engine says 15.96."""
    charge = shop.charge("99.99", "2026-05-01", "2026-05-31", tax_behaviour="inclusive", tax_rate=Decimal("0.19"))
    for net in (8_402, 8_403):
        line = shop.line(net, "2026-05-01", "2026-05-31")
        bills = invoiced(shop, "I1", "2026-05-01", line, tax=1_597)
        bills[1] = msgspec.structs.replace(bills[1], tax=1_596, total=net + 1_596)
        silent(shop, charge, shop.active("2026-05-01", "2026-05-31"), bills, shop.answer("I1", 1_596))


def test_evergreen_past_its_first_term(shop: Any) -> None:
    contract = shop.contract("2025-01-01", "2025-12-31", auto_renew=True)
    silent(
        shop, shop.order(contract=contract.ref), contract, shop.charge("500", "2026-01-01"), shop.active("2026-01-01"),
        shop.monthly(50_000, *MONTHS),
    )  # fmt: skip


def test_contract_that_a_signed_renewal_extended(shop: Any) -> None:
    contract = shop.contract("2025-04-01", "2026-03-31")
    silent(
        shop, shop.order(contract=contract.ref), contract, shop.renewal("2026-03-01", "2027-03-31"),
        shop.charge("500", "2026-01-01"), shop.active("2026-01-01"), shop.monthly(50_000, *MONTHS),
    )  # fmt: skip


def test_month_end_invoice_posted_to_the_next_period_by_policy(shop: Any) -> None:
    invoice = shop.invoice("I1", "2026-05-31", shop.line(50_000, "2026-06-01", "2026-06-30"))
    silent(
        shop, shop.charge("500", "2026-06-01", "2026-06-30"), shop.active("2026-06-01", "2026-06-30"), invoice,
        shop.posted(invoice, posting_period="2026-06"),
    )  # fmt: skip


def test_goodwill_that_somebody_approved(shop: Any) -> None:
    credit = shop.credit("CR1", "2026-05-05", "goodwill", shop.line(5_000), of="I-2026-05", approved_by="kim")
    documents = (
        shop.charge("500", "2026-05-01", "2026-05-31"),
        shop.active("2026-05-01", "2026-05-31"),
        shop.monthly(50_000, "2026-05"),
    )
    silent(shop, *documents, credit, shop.posted(credit))
    assert shop.judge("2026-06-30", *documents, credit, shop.posted(credit)).row("R2")["concessions"] == -5_000


def test_arrears_and_a_stub_up_to_the_first_of_the_month(shop: Any) -> None:
    """Starts on 20 January with anchor day 1: a stub of 12 of 31 days (193.55), billed on the 5th of February."""
    charge = shop.charge("500", "2026-01-20", timing="arrears", anchor_day=1, bill_day=5)
    bills = [invoiced(shop, "I1", "2026-02-05", shop.line(19_355, "2026-01-20", "2026-01-31"))]
    for n in range(2, 8):
        last = (dt.date(2026, n + 1, 1) - dt.timedelta(days=1)).isoformat()
        bills.append(invoiced(shop, f"I{n}", f"2026-0{n + 1}-05", shop.line(50_000, f"2026-0{n}-01", last)))
    silent(shop, charge, shop.active("2026-01-20"), *bills, last="2026-08-28")


def test_line_without_service_dates_takes_the_first_free_period(shop: Any) -> None:
    bills = [invoiced(shop, f"I{n}", f"2026-0{n}-01", shop.line(50_000)) for n in range(1, 9)]
    silent(shop, shop.charge("500", "2026-01-01"), shop.active("2026-01-01"), *bills)


def test_the_service_is_switched_off_one_business_day_after_the_end(shop: Any) -> None:
    contract = shop.contract("2026-01-01", "2026-04-30")
    silent(
        shop, shop.order(contract=contract.ref), contract, shop.charge("500", "2026-01-01", "2026-04-30"),
        shop.active("2026-01-01", "2026-05-01"), shop.monthly(50_000, *MONTHS[:4]),
    )  # fmt: skip


def test_an_amendment_that_was_called_off(shop: Any) -> None:
    base = shop.charge("500", "2026-01-01", "2026-03-31")
    never = shop.charge("900", "2026-04-01", id="CH2", replaces=base.ref, amendment="crm/A1")
    silent(
        shop, base, never, shop.amendment("upgrade", "2026-04-01", "2026-03-20", status="cancelled"),
        shop.active("2026-01-01"), shop.monthly(50_000, *MONTHS),
    )  # fmt: skip


def test_quarterly_true_up_that_was_billed(shop: Any) -> None:
    silent(
        shop, shop.metered("1", "2026-04-01", "2026-06-30"), shop.commitment(100_000, "2026-04-01", "2026-06-30", "true_up"),
        shop.used("600", "2026-04-10"),
        invoiced(shop, "I1", "2026-05-01", shop.line(60_000, "2026-04-01", "2026-04-30", quantity=Decimal(600))),
        invoiced(shop, "I2", "2026-07-01", shop.line(40_000, "2026-04-01", "2026-06-30")),
    )  # fmt: skip
