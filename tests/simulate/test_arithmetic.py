"""The company's own arithmetic, worked out by hand."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from itertools import islice

import pytest

from tieout.canon.documents import Charge, Tier
from tieout.simulate.amounts import whole
from tieout.simulate.arithmetic import (
    full_price,
    grid,
    months_between,
    portion,
    prorated,
    rated,
    served,
    slots,
    usage_price,
    value,
)


def day(text):
    return dt.date.fromisoformat(text)


def charge(**fields):
    base = {"system": "billing", "id": "C", "currency": "EUR", "order": "crm/O", "line": "1", "product": "crm/P",
            "start_on": day("2026-01-01"), "period_months": 1, "unit_price": Decimal(500)}  # fmt: skip
    return Charge(**(base | fields))


def test_a_half_goes_away_from_zero():
    assert [whole(Fraction(n, 2)) for n in (1, 3, -1, -3)] == [1, 2, -1, -2]
    assert whole(Fraction(149, 100)) == 1


def test_three_units_at_a_price_finer_than_a_cent():
    # 3 × 0.335 = 1.005 → 1.01
    assert full_price(charge(quantity=Decimal(3), unit_price=Decimal("0.335"))) == 101
    # The same in yen (1.005 → 1) and in dinars of three decimals (1.005 exactly).
    assert full_price(charge(quantity=Decimal(3), unit_price=Decimal("0.335"), currency="JPY")) == 1
    assert full_price(charge(quantity=Decimal(3), unit_price=Decimal("0.335"), currency="KWD")) == 1005


TIERS = (
    Tier(Decimal("0.10"), Decimal(100)),
    Tier(Decimal("0.08"), Decimal(500), Decimal(5)),
    Tier(Decimal("0.05"), None, Decimal(2)),
)


@pytest.mark.parametrize(
    ("model", "quantity", "price"),
    [
        ("per_unit", 50, "25"),  # 50 × 0.50
        ("flat", 50, "0.5"),
        ("flat", 0, "0"),
        ("graduated", 100, "10"),  # 100 × 0.10; the second tier is not entered
        ("graduated", 600, "54"),  # 10 + (400 × 0.08 + 5) + (100 × 0.05 + 2)
        ("volume", 100, "10"),
        ("volume", 101, "13.08"),  # 101 × 0.08 + 5
        ("volume", 600, "32"),  # 600 × 0.05 + 2: less than 500 × 0.08 + 5 = 45
    ],
)
def test_tier_models(model, quantity, price):
    assert rated(model, Decimal("0.50"), TIERS, Decimal(quantity)) == Fraction(price)


def test_started_packages_count():
    thousand = (Tier(Decimal(25), Decimal(1000)),)
    assert rated("package", Decimal(25), thousand, Decimal(1000)) == 25
    assert rated("package", Decimal(25), thousand, Decimal(1001)) == 50
    assert usage_price(charge(tier_model="package", tiers=thousand, unit_price=Decimal(25)), Decimal(2500)) == 7500


def test_periods_from_the_31st_keep_their_day():
    firsts = [period.first for period in islice(grid(day("2026-01-31"), None, 1), 4)]
    assert firsts == [day("2026-01-31"), day("2026-02-28"), day("2026-03-31"), day("2026-04-30")]


def test_a_stub_ends_before_the_anchor_and_is_priced_on_the_period_that_would_have_ended_there():
    stub, second = islice(grid(day("2026-06-16"), 1, 3), 2)
    assert (stub.first, stub.last, stub.full_first) == (day("2026-06-16"), day("2026-06-30"), day("2026-04-01"))
    assert (second.first, second.last) == (day("2026-07-01"), day("2026-09-30"))


@pytest.mark.parametrize(
    ("convention", "cents"),
    [
        ("day", 25000),  # 500 × 15 / 30
        ("30/360", 25000),  # 500 × 15 / 30
        ("month", 50000),
        ("none", 50000),
    ],
)
def test_half_of_june(convention, cents):
    june = next(iter(grid(day("2026-06-01"), None, 1)))
    assert prorated(charge(proration=convention), day("2026-06-16"), day("2026-06-30"), june) == cents


def test_half_of_a_year_by_each_convention():
    year = next(iter(grid(day("2026-01-01"), None, 12)))
    annual = charge(period_months=12, unit_price=Decimal(12000))
    rest = (day("2026-04-16"), day("2026-12-31"))
    assert whole(prorated(annual, *rest, year)) == 854795  # 12,000 × 260 / 365 = 8,547.945
    thirty = charge(period_months=12, unit_price=Decimal(12000), proration="30/360")
    assert whole(prorated(thirty, *rest, year)) == 850000  # 15 + 8 × 30 = 255 of 360
    started = charge(period_months=12, unit_price=Decimal(12000), proration="month")
    assert whole(prorated(started, *rest, year)) == 900000  # 8.5 months, 9 started


def test_an_upgrade_in_mid_month_leaves_two_lines_in_it():
    before = charge(start_on=day("2026-05-01"), end_on=day("2027-04-30"))
    after = charge(id="D", start_on=day("2026-06-16"), end_on=day("2027-04-30"), unit_price=Decimal(800))
    lines = [(c.id, a, b, whole(prorated(c, a, b, p))) for c, a, b, p in slots([before, after], day("2026-07-01"))]
    assert lines == [
        ("C", day("2026-05-01"), day("2026-05-31"), 50000),
        ("C", day("2026-06-01"), day("2026-06-15"), 25000),
        ("D", day("2026-06-16"), day("2026-06-30"), 40000),
        ("D", day("2026-07-01"), day("2026-07-31"), 80000),
    ]


def test_a_year_has_gone_by_in_months_and_days_of_the_current_one():
    # 1 June 2026 – 31 May 2027: at the end of 15 August two months and 15 of 31 days.
    assert portion(day("2026-06-01"), day("2027-05-31"), day("2026-08-15")) == Fraction(2 + Fraction(15, 31), 12)
    # No whole number of months: by days. 16 June – 30 June is 15 days.
    assert portion(day("2026-06-16"), day("2026-06-30"), day("2026-06-20")) == Fraction(5, 15)
    assert value(1_200_000, day("2026-06-01"), day("2027-05-31"), day("2026-06-30")) == 100_000


def test_service_counts_from_its_activation():
    june = (day("2026-06-01"), day("2026-06-30"))
    assert served(30000, *june, day("2026-06-11"), day("2026-06-30")) == 20000
    assert served(30000, *june, day("2026-06-11"), day("2026-06-15")) == 5000
    assert served(30000, *june, None, day("2026-06-30")) == 0
    assert served(30000, *june, day("2026-07-02"), day("2026-06-30")) == 0


def test_six_weeks_past_the_end():
    # 11 March to 20 April: one month (to 10 April) and 10 of the 30 days to 10 May.
    assert months_between(day("2026-03-11"), day("2026-04-20")) == 1 + Fraction(10, 30)
    assert months_between(day("2026-03-11"), day("2026-03-10")) == 0
