"""Minor units: exact for every currency, rounded once, and never lost when they are shared out."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.faults import InputFault
from tieout.canon.money import (
    EXPONENTS,
    Money,
    allocate,
    convert,
    exponent,
    format_amount,
    format_minor,
    price,
    round_half_away,
    to_decimal,
    to_minor,
)  # fmt: skip

AMOUNTS = st.integers(-(10**15), 10**15)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


def published() -> dict[str, int]:
    text = (Path(__file__).parent / "iso4217.txt").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {code: int(digits) for digits, *codes in lines for code in codes}


def test_every_active_currency_has_the_decimals_that_iso_4217_gives_it():
    active = published()
    assert len(active) == 165
    assert {code: EXPONENTS.get(code) for code in active} == active
    withdrawn = set(EXPONENTS) - set(active)
    assert {"HRK", "BGN", "ANG", "ZWL"} <= withdrawn
    assert len(withdrawn) == 14


def test_euros_yen_and_dinars():
    assert to_minor("12.34", "EUR") == 1234
    assert to_minor("1234", "JPY") == 1234
    assert to_minor("1.234", "KWD") == 1234
    assert to_minor(Decimal("-0.0001"), "CLF") == -1
    assert to_minor("1.500", "EUR") == 150  # trailing zeros are no decimals
    assert str(Money.of("-1234.5", "EUR")) == "\u22121,234.50 EUR"
    assert format_minor(-1234, "KWD") == "-1.234"
    assert format_amount(1234567, "JPY") == "1,234,567"


@given(AMOUNTS, CURRENCIES)
def test_major_and_minor_units_are_the_same_money(minor, currency):
    assert to_minor(to_decimal(minor, currency), currency) == minor
    assert to_minor(format_minor(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("value", "currency", "message"),
    [
        ("12.345", "EUR", "12.345 has more decimals than EUR has (2) (round it at its source)"),
        ("0.5", "JPY", "0.5 has more decimals than JPY has (0) (round it at its source)"),
        ("12,34", "EUR", "'12,34' is not an amount (write it like 1234.56)"),
        ("", "EUR", "'' is not an amount (write it like 1234.56)"),
        ("NaN", "EUR", "'NaN' is not an amount (write it like 1234.56)"),
        ("Infinity", "EUR", "'Infinity' is not an amount (write it like 1234.56)"),
        ("1", "EURO", "unknown currency 'EURO' (did you mean 'EUR'?)"),
        ("1", "eur", "unknown currency 'eur' (did you mean 'EUR'?)"),
        ("1", "", "unknown currency '' (use an ISO 4217 code such as EUR)"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(value, currency, message):
    with pytest.raises(InputFault) as caught:
        to_minor(value, currency)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("1/2", 1), ("-1/2", -1), ("3/2", 2), ("5/2", 3), ("-5/2", -3), ("249/100", 2), ("-251/100", -3), ("0", 0)],
)
def test_halves_go_away_from_zero(value, rounded):
    assert round_half_away(Fraction(value)) == rounded


@given(st.fractions())
def test_rounding_moves_by_at_most_a_half_and_treats_both_signs_alike(value):
    assert abs(round_half_away(value) - value) <= Fraction(1, 2)
    assert round_half_away(-value) == -round_half_away(value)


def test_a_price_is_rounded_once_at_the_end():
    """3 × 0.335 EUR = 1.005 EUR, that is 1.01; rounding the price first would give 1.02."""
    assert price(Decimal(3), Decimal("0.335"), "EUR") == 101
    assert price(Decimal("0.5"), Decimal(33), "JPY") == 17
    assert price(Decimal("-0.5"), Decimal(33), "JPY") == -17


def test_a_conversion_goes_from_decimals_to_decimals():
    """USD 2,000.00 at 0.92 are EUR 1,840.00; EUR 10.00 at 163.425 are JPY 1,634.25, that is 1,634; KWD has three."""
    assert convert(200_000, "USD", "EUR", Fraction(92, 100)) == 184_000
    assert convert(1_000, "EUR", "JPY", Fraction(163_425, 1000)) == 1_634
    assert convert(1_634, "JPY", "KWD", Fraction(2, 1000)) == 3_268


def test_ten_euros_shared_by_three():
    assert allocate(1000, [1, 1, 1]) == [333, 334, 333]
    assert allocate(-1000, [1, 1, 1]) == [-333, -334, -333]
    assert allocate(100, [0, 3, 0]) == [0, 100, 0]
    assert allocate(100, [0, 0]) == [100, 0]
    assert allocate(5, [-1, -1]) == [3, 2]


@given(AMOUNTS, WEIGHTS)
def test_an_allocation_loses_nothing_and_no_part_is_off_by_a_whole_unit(total, weights):
    parts = allocate(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    if whole:
        assert all(abs(part - Fraction(total * weight, whole)) < 1 for part, weight in zip(parts, weights, strict=True))
        assert all(part == 0 for part, weight in zip(parts, weights, strict=True) if weight == 0)


@given(AMOUNTS, WEIGHTS, CURRENCIES)
def test_money_is_allocated_like_its_minor_units(total, weights, currency):
    assert sum((part.minor for part in Money(total, currency).allocate(weights)), 0) == total


@pytest.mark.parametrize(
    ("weights", "message"), [([], "nothing to allocate to"), ([1, -1], "weights of both signs have no share")]
)
def test_an_allocation_that_makes_no_sense_is_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        allocate(100, weights)


def test_money_adds_up_within_its_currency_only():
    assert Money(100, "EUR") + Money(23, "EUR") - Money(3, "EUR") == -Money(-120, "EUR")
    assert Money(100, "EUR") < Money(101, "EUR")
    with pytest.raises(ValueError, match="EUR and USD do not add up: convert with a rate and a date first"):
        Money(100, "EUR") + Money(100, "USD")
    with pytest.raises(InputFault, match="unknown currency"):
        Money(100, "XX")
    assert exponent("KWD") == 3
