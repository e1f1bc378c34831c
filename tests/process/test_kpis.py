"""Key figures from measures: what never ended is counted beside what did, and everything by value and by number."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tieout.canon.documents import (
    Charge,
    CreditMemo,
    Entitlement,
    Invoice,
    InvoiceLine,
    Order,
    Project,
    ProjectMilestone,
    Shipment,
)
from tieout.canon.finding import Finding, Risk
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
from tieout.process.money import judge_unclaimed
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


def measured(
    findings: tuple[Finding, ...] = (), foreign: frozenset[str] = frozenset(), **members
) -> dict[tuple[str, str], Any]:
    """(name, key) → (how many, amount) or, for hours, the hours."""
    order = Order(system="crm", id="O", customer="crm/C", accepted_at=at(1, 9), **HEADER)
    outcome = Outcome()
    outcome.findings += findings
    measure_billing(Instance("o", order, members, foreign=foreign), Policy.default(), DAY, outcome)
    sums = add_up(outcome.measures)
    return {(m.name, m.key): list(m.numbers) if m.numbers else (m.count, m.amount) for m in sums}


def invoice(name: str, *lines: InvoiceLine, system: str = "billing", **more) -> Invoice:
    fields = {"issued_at": at(29, 9), **HEADER, **more}
    return Invoice(system=system, id=name, net=10_000, total=10_000, lines=lines, **fields)


def test_billing_documents_are_measured_once_and_against_the_erps_views():
    """Issued at 9 and posted at 11; one refused; one that the ERP has not got; another order's; a goodwill credit; a draft."""
    invoices = (
        invoice("1"), invoice("1", system="erp", mirrors="billing/1", posted_at=at(29, 11), status="posted"),
        invoice("2"), invoice("2", system="erp", mirrors="billing/2", status="rejected", error="item X9 unknown"),
        invoice("3"), invoice("4", status="draft"), invoice("5"), invoice("6", issued_at=at(30, 9) + dt.timedelta(days=1)),
    )  # fmt: skip
    memo = CreditMemo(system="billing", id="C", net=500, total=500, issued_at=at(30, 9), reason="goodwill", **HEADER)
    found = measured(invoices=invoices, credit_memos=(memo,), foreign=frozenset({"invoice/billing/5"}))
    waiting = found.pop(("issue to post", "open"))
    assert [round(hours) for hours in waiting] == [39, 39], "to the end of the 30th"
    assert found == {
        ("net billed", ""): (1, 29_500), ("credited", "goodwill"): (1, 500), ("posting", "first pass"): (1, 0),
        ("posting", "refused"): (1, 0), ("issue to post", "done"): [2],
    }  # fmt: skip


def test_an_invoice_that_was_refused_and_posted_at_the_second_try():
    second = invoice("1b", system="erp", mirrors="billing/1", posted_at=at(29, 20), status="posted")
    first = invoice("1a", system="erp", mirrors="billing/1", status="rejected", error="item X9 unknown")
    for views in ((first, second), (second, first)):
        found = measured(invoices=(invoice("1"), *views))
        assert found["posting", "refused before"] == (1, 0)
        assert found["issue to post", "done"] == [11]


def test_speed_is_that_of_the_last_quarter_and_the_oldest_open_invoice_stays():
    old = {"issued_at": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}
    done = (invoice("1", **old), invoice("1", system="erp", mirrors="billing/1", posted_at=at(1, 1), **old))
    assert measured(invoices=done) == {("net billed", ""): (1, 10_000)}
    (hours,) = measured(invoices=(invoice("1", **old),))["issue to post", "open"]
    assert hours > 24 * 180


def test_from_bill_date_to_issue():
    """In advance from the 15th, issued on Wednesday 17 (two business days): in time, 48 hours. From the 12th: late.

    Usage of May is billed on the 10th of June; a line in arrears the day after its period; hours approved in May on the first
    of June, which is 16 days before.
    """
    head = {"order": "crm/O", "line": "1", "product": "crm/P", "start_on": dt.date(2026, 1, 1), **HEADER}
    charges = (
        Charge(system="billing", id="A", period_months=1, **head),
        Charge(system="billing", id="R", period_months=1, timing="arrears", **head),
        Charge(system="billing", id="U", kind="usage", bill_day=10, **head), Charge(system="billing", id="T", kind="time", **head),
    )  # fmt: skip

    def line(charge: str, first: dt.date, last: dt.date) -> InvoiceLine:
        return InvoiceLine(id="1", charge=f"billing/{charge}", net=100, service_from=first, service_to=last)

    june, may = (dt.date(2026, month, 1) for month in (6, 5))
    lines = (
        line("A", june.replace(day=15), june.replace(day=30)), line("A", june.replace(day=12), june.replace(day=14)),
        line("R", may.replace(day=17), june.replace(day=16)), line("U", may, may.replace(day=31)), line("T", may, may),
    )  # fmt: skip
    found = measured(invoices=(invoice("1", *lines, issued_at=at(17, 9)),), charges=charges)
    assert sorted(found["trigger to issue", "done"]) == [0, 48, 120, 168, 384]
    assert (found["charges due", "in time"], found["charges due", "late"]) == ((2, 200), (3, 300))


def test_from_what_a_one_time_charge_waits_for_to_its_invoice():
    """Invoiced on Wednesday 17 June. Set-up due with the contract on the 15th: 2 days. Goods that left on the 10th (and again on
    the 12th): 7. A milestone approved on the 16th: 1. Installation on the 17th: 0. One that nobody approved has no bill date, and
    goods that left before the order was accepted (on the 1st) are due with it: 16 days.
    """
    head = {"order": "crm/O", "product": "crm/P", "kind": "one_time", "start_on": dt.date(2026, 6, 15), **HEADER}
    charges = (
        Charge(system="billing", id="S", line="1", **head),
        Charge(system="billing", id="G", line="2", trigger="shipment", **head),
        Charge(system="billing", id="M", line="3", **{**head, "kind": "milestone"}),
        Charge(system="billing", id="I", line="4", trigger="activation", **head),
        Charge(system="billing", id="N", line="5", **{**head, "kind": "milestone"}),
        Charge(system="billing", id="E", line="6", trigger="shipment", **head),
    )
    project = Project(
        system="psa", id="P", order="crm/O", **HEADER,
        milestones=(
            ProjectMilestone(id="1", charge="billing/M", approved_at=at(16, 8)), ProjectMilestone(id="2", charge="billing/N"),
        ),
    )  # fmt: skip
    sent = {"system": "commerce", "order": "crm/O", **HEADER}
    shipments = (
        Shipment(id="2", line="2", shipped_at=at(12, 8), **sent), Shipment(id="1", line="2", shipped_at=at(10, 8), **sent),
        Shipment(id="3", line="6", shipped_at=dt.datetime(2026, 5, 20, tzinfo=dt.UTC), **sent),
    )  # fmt: skip
    service = Entitlement(system="provisioning", id="E", order="crm/O", line="4", activated_at=at(17, 8), **HEADER)
    lines = [InvoiceLine(id=c.id, charge=c.ref, net=100) for c in charges]
    found = measured(
        invoices=(invoice("1", *lines, issued_at=at(17, 9)),), charges=charges, projects=(project,), shipments=shipments,
        entitlements=(service,),
    )  # fmt: skip
    assert sorted(found["trigger to issue", "done"]) == [0, 24, 48, 168, 384]
    assert (found["charges due", "in time"], found["charges due", "late"]) == ((3, 300), (2, 200))


def test_an_invoice_that_no_order_claims_was_billed_all_the_same():
    outcome = Outcome()
    stray = Instance("o", None, {"invoices": (invoice("1"), invoice("2", status="draft"))})
    judge_unclaimed(stray, Policy.default(), DAY, outcome)
    assert [(m.name, m.amount) for m in outcome.measures] == [(NET_BILLED, 10_000)]


def test_what_was_never_invoiced_counts_at_its_whole_value():
    """A yearly 12,000.00, due since the 20th, of which 1,000.00 was served."""
    missing = Finding(
        risk=Risk.UNBILLED_SERVICE, subject="charge/b/1", exposure=100_000, amounts={"billing_delayed": 1_200_000},
        since=dt.date(2026, 6, 20), owner="billing-ops", why="", **HEADER,
    )  # fmt: skip
    assert measured((missing,)) == {
        ("trigger to issue", "open"): [240],
        ("charges due", "late and open"): (1, 1_200_000),
    }
