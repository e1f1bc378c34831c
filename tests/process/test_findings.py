"""Findings of many instances: merged by identity, valued at a named rate, dearest and most urgent first, by cause."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.finding import Finding, Risk
from tieout.policy import Policy
from tieout.policy.rates import FxRate
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge, rank, totals, urgency

DAY = dt.date(2026, 6, 30)
POLICY = Policy(base_currency="EUR").with_rates(
    (FxRate(currency="USD", to="EUR", rate=Fraction(9, 10), on=dt.date(2026, 6, 26), source="ECB"),)
)
RATES = Valuation(POLICY, DAY)


def finding(risk: Risk, subject: str, exposure: int, **more) -> Finding:
    fields = {"entity": "DE01", "currency": "EUR", "owner": "AR", "why": f"{risk} of {subject}", **more}
    return Finding(risk=risk, subject=subject, exposure=exposure, **fields)


def test_slices_of_a_consolidated_invoice_are_one_finding():
    """Two orders on one invoice that the ERP refused: 600.00 + 114.00 tax and 400.00 + 76.00 tax."""
    first = finding(
        Risk.UNPOSTED_INVOICE,
        "invoice/b/1",
        60_000,
        tax=11_400,
        since=dt.date(2026, 6, 3),
        documents=("invoice/b/1", "o/1"),
    )
    second = finding(
        Risk.UNPOSTED_INVOICE,
        "invoice/b/1",
        40_000,
        tax=7_600,
        since=dt.date(2026, 6, 2),
        documents=("invoice/b/1", "o/2"),
    )
    (one,) = merge([second, first])
    assert (one.exposure, one.tax, one.since) == (100_000, 19_000, dt.date(2026, 6, 2))
    assert one.documents == ("invoice/b/1", "o/1", "o/2")


def test_months_of_usage_stay_apart():
    usage = [finding(Risk.UNBILLED_USAGE, "charge/b/1", 100, period=month) for month in ("2026-04", "2026-05")]
    assert len(merge(usage)) == 2


@given(st.permutations([("a", 100), ("b", 250), ("a", 30), ("c", 0), ("b", 250)]))
def test_merging_does_not_depend_on_the_order(parts):
    def of(some):
        return [finding(Risk.UNDERBILLED, f"charge/b/{name}", amount) for name, amount in some]

    assert merge(of(parts)) == merge(of(sorted(parts)))


def test_four_totals_in_euro_and_none_of_them_together():
    """Leakage: EUR 100.00 + USD 50.00 at 0.90 = 145.00. Stuck: 30.00. A currency without a rate is in no total."""
    found = [
        finding(Risk.UNDERBILLED, "charge/b/1", 10_000), finding(Risk.UNBILLED_SERVICE, "charge/b/2", 5_000, currency="USD"),
        finding(Risk.UNPOSTED_INVOICE, "invoice/b/1", 3_000), finding(Risk.UNDERBILLED, "charge/b/3", 7, currency="KWD"),
        finding(Risk.MASTER_DATA_GAP, "crosswalk/item/X", 0),
    ]  # fmt: skip
    rates = Valuation(POLICY, DAY)
    assert totals(found, rates) == {
        "leakage": 14_500, "stuck": 3_000, "overstatement": 0, "future at risk": 0, "difference": 0,
    }  # fmt: skip
    assert rates.used["USD"].on == dt.date(2026, 6, 26)
    assert rates.used["KWD"] is None


def test_a_near_deadline_lifts_a_smaller_finding():
    """1,000.00 that can be billed for another 11 months, and 700.00 for which the back-bill limit is tomorrow."""
    fresh = finding(Risk.UNDERBILLED, "charge/b/fresh", 100_000, since=dt.date(2026, 6, 1))
    expiring = finding(Risk.UNDERBILLED, "charge/b/old", 70_000, since=dt.date(2025, 7, 1))
    assert [f.subject for f in rank([fresh, expiring], DAY, RATES)] == ["charge/b/old", "charge/b/fresh"]
    assert urgency(expiring, DAY) == 1 + Fraction(30, 31)
    assert urgency(finding(Risk.MISSED_RENEWAL, "contract/c/1", 1, deadline=DAY), DAY) == 2


def test_one_stale_item_code_that_holds_300_invoices_is_one_cause():
    """300 invoices of 100.00; one more is unposted for a reason of its own; and an overbilled charge is not held by it."""
    invoices = [finding(Risk.UNPOSTED_INVOICE, f"invoice/b/{n}", 10_000) for n in range(300)]
    gap = finding(
        Risk.MASTER_DATA_GAP, "crosswalk/item/X9", 0, owner="master-data", why="item X9 has no code in the ERP",
        holds=tuple(f.subject for f in invoices),
    )  # fmt: skip
    other = finding(Risk.UNPOSTED_INVOICE, "invoice/b/other", 50_000)
    over = finding(Risk.OVERBILLED, "charge/b/1", 900, documents=("charge/b/1", "invoice/b/7"))
    marked, found = causes([*invoices, other, gap, over], RATES)
    dearest = found[0]
    assert (dearest.key, dearest.title, dearest.owner) == (
        "crosswalk/item/X9",
        "item X9 has no code in the ERP",
        "master-data",
    )
    assert (dearest.findings, dearest.documents, dearest.exposure_base) == (300, 300, 3_000_000)
    assert [(c.key, c.exposure_base) for c in found[1:]] == [
        ("unposted_invoice/invoice/b/other", 50_000), ("overbilled/charge/b/1", 900),
    ]  # fmt: skip
    assert sum(f.cause == "crosswalk/item/X9" for f in marked) == 301


def test_money_held_by_two_codes_counts_in_one_cause():
    held = finding(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000)
    gaps = [finding(Risk.MASTER_DATA_GAP, f"crosswalk/item/{c}", 0, holds=("invoice/b/1",)) for c in "BA"]
    _, found = causes([held, *gaps], RATES)
    assert [(c.key, c.exposure_base, c.documents) for c in found] == [
        ("crosswalk/item/A", 10_000, 1), ("crosswalk/item/B", 0, 1),
    ]  # fmt: skip


def test_leakage_and_a_renewal_at_risk_are_never_one_amount():
    """Blocked by differing dates: 500.00 of service is unbilled, and a renewal of 12,000.00 is at risk."""
    blocked = finding(Risk.BLOCKED_RENEWAL, "contract/c/1", 0, holds=("charge/b/1",))
    leak = finding(Risk.UNBILLED_SERVICE, "charge/b/1", 50_000)
    risk = finding(Risk.MISSED_RENEWAL, "contract/c/1", 1_200_000)
    _, (cause,) = causes([blocked, leak, risk], RATES)
    assert cause.exposure_base == 50_000
    assert cause.by_group == {"leakage": 50_000, "future at risk": 1_200_000}
