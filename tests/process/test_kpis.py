"""Key figures from measures: what never ended is counted beside what did, and everything by value and by number."""

from __future__ import annotations

import datetime as dt

import pytest

from tieout.canon.documents import CreditMemo, Invoice
from tieout.policy import Policy
from tieout.process.findings import Valuation
from tieout.process.instance import Instance
from tieout.process.kpis import (
    CREDITED,
    DUE,
    ISSUE_HOURS,
    JOURNAL,
    NET_BILLED,
    RENEWAL,
    UNAPPLIED,
    Kpi,
    Measured,
    add_up,
    age_band,
    kpis,
    percent,
    quantile,
)
from tieout.process.measuring import measure_billing
from tieout.process.verdict import Measure, Outcome

DAY = dt.date(2026, 6, 30)
RATES = Valuation(Policy(base_currency="EUR"), DAY)
HEADER = {"entity": "DE01", "currency": "EUR"}


def figure(name: str, *measures: Measure, leakage: int = 0) -> Kpi:
    return next(k for k in kpis(add_up(measures), {"leakage": leakage}, RATES) if k.name == name)


def measure(name: str, key: str, number: int | None = None, amount: int = 0) -> Measure:
    return Measure(name, "DE01", "EUR", number, amount, key)


def test_the_age_of_what_was_never_invoiced_stands_beside_the_cycle_time():
    """Issued after 4, 6, 8, 10 and 100 hours; two that wait for 240 and 480 hours do not drop out."""
    done = [measure(ISSUE_HOURS, "done", hours) for hours in (4, 6, 8, 10, 100)]
    waiting = [measure(ISSUE_HOURS, "open", hours) for hours in (240, 480)]
    found = figure("Invoice cycle time: trigger to issue", *done, *waiting)
    assert (found.value, found.detail) == ("8.0 h", "p90 4.2 d; 2 still to be invoiced, for 10.0 d (p90 20.0 d)")


def test_billed_within_sla_by_value_and_by_number():
    """900.00 of 1,000.00 in time, but only one charge of three."""
    found = figure(
        "Billed within SLA", measure(DUE, "in time", None, 90_000), measure(DUE, "late", None, 4_000),
        measure(DUE, "late and open", None, 6_000),
    )  # fmt: skip
    assert (found.value, found.detail) == ("90.0 %", "of charges due, by value; 33.3 % by number; 1 late and open")


def test_renewals_by_ending_value():
    found = figure(
        "Renewed on time", measure(RENEWAL, "on time", -12, 600_000), measure(RENEWAL, "late", 9, 200_000),
        measure(RENEWAL, "churned", None, 100_000), measure(RENEWAL, "undecided", None, 100_000),
    )  # fmt: skip
    assert found.value == "60.0 %"
    assert found.parts == {
        "churned": "10.0 % (1)", "late": "20.0 % (1)", "on time": "60.0 % (1)", "undecided": "10.0 % (1)",
        "days from end": "-12",
    }  # fmt: skip


def test_unapplied_cash_in_bands():
    found = figure(
        "Unapplied cash over 30 days", measure(UNAPPLIED, f"on account, {age_band(30)}", 30, 10_000),
        measure(UNAPPLIED, f"on account, {age_band(31)}", 31, 5_000), measure(UNAPPLIED, f"deposit, {age_band(91)}", 91, 700),
    )  # fmt: skip
    assert found.value == "57.00 EUR"
    assert found.parts["on account, 0–30 days"] == "100.00 EUR (1)"
    assert found.parts["deposit, over 90 days"] == "7.00 EUR (1)"


def test_credit_memos_by_reason_with_rebill_pairs_apart():
    """Billed 10,000.00 less 300.00 credited = 9,700.00 net; 100.00 of the credits was billed again."""
    found = figure(
        "Credit memo rate", measure(NET_BILLED, "", None, 970_000), measure(CREDITED, "goodwill", None, 20_000),
        measure(CREDITED, "rebill", None, 10_000),
    )  # fmt: skip
    assert found.value == "2.1 %"
    assert found.parts == {"goodwill": "200.00 EUR", "rebill": "100.00 EUR"}


def test_manual_journals_and_leakage():
    found = figure("Manual journals", measure(JOURNAL, "accrual", None, 5), measure(JOURNAL, "unattributed", None, 7))
    assert (found.value, found.detail) == ("2", "1 without a reason")
    assert figure("Leakage of net billed", measure(NET_BILLED, "", None, 970_000), leakage=9_700).value == "1.0 %"


def test_nothing_measured_gives_no_figure():
    assert kpis((), {}, RATES) == ()


def test_amounts_without_a_rate_are_left_out_and_counts_are_not():
    found = kpis([Measured(JOURNAL, "DE01", "KWD", "x", 3, 900)], {}, RATES)
    assert [(k.value, k.parts) for k in found] == [("3", {"x": "3 (0.00 EUR)"})]


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 3, "33.3 %"), (1, 0, "–"), (-1, 8, "\u221212.5 %"), (1, 16, "6.3 %")]
)
def test_percent(part, whole, text):
    assert percent(part, whole) == text


def test_quantile_is_a_value_that_there_is():
    assert [quantile([3, 1, 2, 10], share) for share in (0, 50, 75, 90, 100)] == [1, 2, 3, 10, 10]


def at(day: int, hour: int) -> dt.datetime:
    return dt.datetime(2026, 6, day, hour, tzinfo=dt.UTC)


def test_billing_documents_are_measured_once_and_against_the_erps_views():
    """Issued at 9 and posted at 11; one refused; one that the ERP has not got; a goodwill credit; a draft."""

    def invoice(name: str, system: str = "billing", **more) -> Invoice:
        return Invoice(system=system, id=name, net=10_000, total=10_000, issued_at=at(29, 9), **HEADER, **more)

    invoices = (
        invoice("1"), invoice("1", "erp", mirrors="billing/1", posted_at=at(29, 11), status="posted"),
        invoice("2"), invoice("2", "erp", mirrors="billing/2", status="rejected", error="item X9 unknown"),
        invoice("3"), invoice("4", status="draft"), invoice("5"),
    )  # fmt: skip
    memo = CreditMemo(system="billing", id="C", net=500, total=500, issued_at=at(30, 9), reason="goodwill", **HEADER)
    outcome = Outcome()
    instance = Instance(
        "o", None, {"invoices": invoices, "credit_memos": (memo,)}, foreign=frozenset({"invoice/billing/5"})
    )
    measure_billing(instance, Policy.default(), DAY, outcome)
    sums = {(m.name, m.key): (m.count, m.amount) for m in add_up(outcome.measures)}
    assert sums == {
        ("net billed", ""): (4, 29_500), ("credited", "goodwill"): (1, 500), ("posting", "first pass"): (1, 0),
        ("posting", "refused"): (1, 0), ("issue to post", "done"): (1, 0), ("issue to post", "open"): (2, 0),
    }  # fmt: skip
    hours = [m.number for m in outcome.measures if m.key == "done"]
    assert hours == [2]
