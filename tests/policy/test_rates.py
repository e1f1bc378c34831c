"""Exchange rates: always with their day and source, never guessed."""

import datetime as dt
from fractions import Fraction

import pytest

from tieout.canon.faults import MappingFault
from tieout.canon.money import convert
from tieout.policy import Policy, parse

ROWS = [
    {"currency": "USD", "to": "EUR", "rate": "0.90", "on": "2026-06-01", "source": "ECB"},
    {"currency": "USD", "to": "EUR", "rate": "0.92", "on": "2026-06-15", "source": "ECB"},
    {"currency": "EUR", "to": "KWD", "rate": 0.333, "on": dt.date(2026, 6, 1)},
]
POLICY = Policy.default().with_rates(ROWS, "fx.csv", "treasury")


def test_the_rate_of_a_day_is_the_latest_on_or_before_it():
    assert POLICY.rate("USD", "EUR", dt.date(2026, 5, 31)) is None
    first = POLICY.rate("USD", "EUR", dt.date(2026, 6, 14))
    assert first is not None
    assert (first.rate, first.on, first.source) == (Fraction(9, 10), dt.date(2026, 6, 1), "ECB")
    second = POLICY.rate("USD", "EUR", dt.date(2026, 12, 31))
    assert second is not None
    assert second.rate == Fraction(92, 100)
    assert convert(200_000, "USD", "EUR", second.rate) == 184_000  # USD 2,000.00 are EUR 1,840.00


def test_a_rate_from_toml_is_the_decimal_that_was_written():
    kwd = POLICY.rate("EUR", "KWD", dt.date(2026, 6, 1))
    assert kwd is not None
    assert kwd.rate == Fraction(333, 1000)
    assert kwd.source == "treasury"


def test_a_currency_in_itself_is_one():
    same = POLICY.rate("EUR", "EUR", dt.date(2026, 6, 1))
    assert same is not None
    assert same.rate == 1


def test_a_rate_is_turned_round_only_where_that_is_declared():
    day = dt.date(2026, 6, 20)
    assert POLICY.rate("EUR", "USD", day) is None
    declared = parse({"fx": {"inverse": True, "rows": ROWS}}, "audit.toml")
    turned = declared.rate("EUR", "USD", day)
    assert turned is not None
    assert (turned.rate, turned.source) == (Fraction(100, 92), "inverse of ECB")
    direct = declared.with_rates([{"currency": "EUR", "to": "USD", "rate": 1.08, "on": "2026-06-02"}]).rate(
        "EUR", "USD", day
    )
    assert direct is not None
    assert direct.rate == Fraction(108, 100)  # published beats turned round


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"rate": "0,92"}, "fx.csv [fx row 1] rate: '0,92' is not a number (write it like 1.0825)"),
        ({"rate": "0"}, "fx.csv [fx row 1] rate: 0 is no rate (it must be above 0)"),
        ({"rate": "nan"}, "fx.csv [fx row 1] rate: 'nan' is not a number (write it like 1.0825)"),
        ({"rate": True}, "fx.csv [fx row 1] rate: True is not a number (write it like 1.0825)"),
        ({"on": ""}, "fx.csv [fx row 1] on: missing (say which day the rate is of)"),
        ({"on": "2026-13-01"}, "fx.csv [fx row 1] on: '2026-13-01' is not a day (write it like 2026-06-30)"),
        ({"on": "1826-01-01"}, "fx.csv [fx row 1] on: 1826-01-01 lies outside 1900 to 2200 (correct the year)"),
        ({"currency": "EURO"}, "fx.csv [fx row 1] currency: unknown currency 'EURO' (did you mean 'EUR'?)"),
        ({"currency": "EUR"}, "fx.csv [fx row 1] to: EUR in itself needs no rate (drop the row)"),
        ({"sorce": "ECB"}, "fx.csv [fx row 1] sorce: unknown key (did you mean 'source'?)"),
    ],
)
def test_a_wrong_rate_is_refused_by_name(row, message):
    with pytest.raises(MappingFault) as caught:
        Policy.default().with_rates([{**ROWS[0], **row}], "fx.csv")
    assert str(caught.value) == message


def test_one_pair_has_one_rate_a_day():
    with pytest.raises(MappingFault) as caught:
        POLICY.with_rates([{**ROWS[0], "rate": "0.91"}], "more.csv")
    assert str(caught.value) == "more.csv fx: USD in EUR on 2026-06-01 is both 0.9 and 0.91 (keep one of them)"
    assert POLICY.with_rates([ROWS[0]]) == POLICY  # the same rate twice is one rate
