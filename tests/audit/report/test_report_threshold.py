"""A total may be too high for a scheduled run to go on: who names the limit badly is told what was meant."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tieout.audit.report.threshold import exceeded, parse
from tieout.audit.result import AuditResult, FxUsed
from tieout.canon.faults import InputFault, MappingFault
from tieout.canon.finding import Finding, Group, Risk

DAY = dt.date(2026, 6, 30)


def audit(**totals: int) -> AuditResult:
    return AuditResult(
        as_of=DAY, base_currency="EUR", totals=totals, fx=(FxUsed(currency="KWD", rate="3.01", on=DAY, source="CBK"),)
    )


def test_ten_thousand_is_allowed_and_a_cent_more_is_not() -> None:
    limit = parse("leakage 10000 EUR")
    assert exceeded(limit, audit(leakage=1_000_000)) == ""
    assert exceeded(limit, audit(leakage=1_000_001)) == (
        "Leakage is 10,000.01 EUR, more than the 10,000.00 EUR allowed."
    )


def test_a_total_of_two_words_and_grouped_digits_are_understood() -> None:
    limit = parse("Future at risk 1,000.50 eur")
    assert (limit.group, limit.limit, limit.currency) == (Group.FUTURE, 100_050, "EUR")
    assert parse("future 1 EUR").group is Group.FUTURE


def test_another_currency_is_converted_at_the_rate_of_the_audit() -> None:
    # 100.000 KWD at 3.01 are 301.00 EUR.
    limit = parse("stuck 100 KWD")
    assert exceeded(limit, audit(stuck=30_100)) == ""
    assert "100.000 KWD = 301.00 EUR" in exceeded(limit, audit(stuck=30_101))


def test_a_currency_without_a_rate_is_refused_rather_than_guessed() -> None:
    with pytest.raises(MappingFault, match="no rate from CHF to EUR"):
        exceeded(parse("stuck 100 CHF"), audit(stuck=1))


def test_findings_without_a_rate_leave_it_open_whether_the_total_is_within_the_limit() -> None:
    lost = Finding(
        risk=Risk.UNBILLED_SERVICE,
        subject="charge/billing/C-1",
        entity="CH01",
        currency="CHF",
        exposure=1,
        owner="x",
        why="x",
    )
    result = msgspec.structs.replace(audit(leakage=5), findings=(lost,))
    with pytest.raises(MappingFault, match="1 finding in CHF cannot be converted to EUR"):
        exceeded(parse("leakage 10 EUR"), result)
    assert exceeded(parse("stuck 10 EUR"), result) == ""
    assert exceeded(parse("leakage 0 EUR"), result) != "", "what is known is already too much"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("leakge 100 EUR", "did you mean 'leakage'?"),
        ("profit 100 EUR", "the totals are 'leakage', 'stuck', 'overstatement', 'future at risk'"),
        ("leakage 100 EURO", "did you mean 'EUR'?"),
        ("leakage lots EUR", "'lots' is not an amount"),
        ("leakage 1.005 EUR", "more decimals than EUR has"),
        ("leakage -1 EUR", "below 0"),
        ("leakage", "write it like 'leakage 10000 EUR'"),
    ],
)
def test_a_bad_limit_is_answered_with_what_was_meant(text: str, said: str) -> None:
    with pytest.raises(InputFault) as fault:
        parse(text)
    assert str(fault.value).startswith("--fail-over: ")
    assert said in str(fault.value)
