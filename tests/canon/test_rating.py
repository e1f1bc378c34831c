"""What a quantity costs under each tier model, at every boundary."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.documents import Charge, Tier
from tieout.canon.rating import exact_rate, rate


def charge(model: str, *tiers: Tier, currency: str = "EUR", **fields: object) -> Charge:
    return Charge(
        system="billing", id="1", currency=currency, order="crm/1", line="1", product="crm/P", start_on=dt.date(2026, 1, 1),
        tier_model=model, tiers=tiers, **fields,
    )  # type: ignore[arg-type]  # fmt: skip


def tier(price: str, up_to: str | None = None, flat: str = "0") -> Tier:
    return Tier(Decimal(price), Decimal(up_to) if up_to else None, Decimal(flat))


TIERS = (tier("1.00", "10"), tier("0.80", "20", flat="5"), tier("0.50", flat="2.50"))


@pytest.mark.parametrize(
    ("quantity", "cents"),
    [
        ("0", 0),
        ("1", 100),
        ("10", 1000),
        ("10.5", 1540),  # 10 × 1.00, half a unit at 0.80, and 5.00 for having entered the second tier
        ("11", 1580),
        ("20", 2300),  # 10.00 + 8.00 + 5.00
        ("21", 2600),  # … + 0.50 + 2.50
        ("120", 7550),  # … + 50.00 + 2.50
    ],
)
def test_graduated_prices_each_tiers_units_by_the_tier(quantity, cents):
    assert rate(charge("graduated", *TIERS), Decimal(quantity)) == cents


@pytest.mark.parametrize(
    ("quantity", "cents"),
    [("0", 0), ("10", 1000), ("10.01", 1301), ("11", 1380), ("20", 2100), ("20.5", 1275), ("21", 1300), ("100", 5250)],
)
def test_volume_prices_all_units_by_the_tier_reached_and_may_fall(quantity, cents):
    """20 units cost 20 × 0.80 + 5.00 = 21.00; 21 units 21 × 0.50 + 2.50 = 13.00."""
    assert rate(charge("volume", *TIERS), Decimal(quantity)) == cents


@pytest.mark.parametrize(
    ("quantity", "cents"), [("0", 0), ("1", 900), ("100", 900), ("100.5", 1800), ("101", 1800), ("200", 1800)]
)
def test_a_package_is_paid_as_soon_as_it_is_started(quantity, cents):
    assert rate(charge("package", tier("0", "100"), unit_price=Decimal(9)), Decimal(quantity)) == cents


def test_flat_is_once_and_per_unit_is_each():
    assert rate(charge("flat", unit_price=Decimal(9)), Decimal(1000)) == 900
    assert rate(charge("flat", unit_price=Decimal(9)), Decimal(0)) == 0
    assert rate(charge("per_unit", unit_price=Decimal("0.0035")), Decimal(1000)) == 350
    assert rate(charge("per_unit", unit_price=Decimal("0.0035"), currency="JPY"), Decimal(1000)) == 4  # 3.5 yen
    assert rate(charge("per_unit", unit_price=Decimal("0.0035"), currency="KWD"), Decimal(1001)) == 3504  # 3.5035


def test_units_beyond_the_last_tier_are_priced_by_it():
    closed = (tier("1.00", "10"), tier("0.80", "20"))
    assert rate(charge("graduated", *closed), Decimal(30)) == 1000 + 1600
    assert rate(charge("volume", *closed), Decimal(30)) == 2400


def test_a_price_with_tax_inside_is_taken_apart_and_rounded_once():
    """3 × 10.00 with 19 % inside are 30.00 ÷ 1.19 = 25.2101 net, 25.21; unit by unit it would be 25.20."""
    inclusive = charge("per_unit", unit_price=Decimal(10), tax_behaviour="inclusive", tax_rate=Decimal("0.19"))
    assert rate(inclusive, Decimal(3)) == 2521
    assert exact_rate(inclusive, Fraction(119)) == 1000


@given(st.decimals(0, 1000, places=2), st.decimals(0, 1000, places=2))
def test_graduated_never_costs_less_for_more(a, b):
    graduated = charge("graduated", *TIERS)
    assert rate(graduated, min(a, b)) <= rate(graduated, max(a, b))
