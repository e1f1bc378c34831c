"""One receivable: posted, settled in every way there is, open. Row R4. Amounts are cents of June 2026."""

from __future__ import annotations

from decimal import Decimal


def test_an_invoice_settled_in_six_ways(trade, row):
    """1,190.00 = 700 cash + 119 withheld + 21 discount + 15 bank charge + 35 written off + 300 open."""
    applications = tuple(
        trade.apply(amount, 5, kind)
        for kind, amount in (
            ("cash", 70_000), ("withholding", 11_900), ("discount", 2_100), ("bank_charge", 1_500), ("write_off", 3_500),
        )
    )  # fmt: skip
    outcome = trade.judge(trade.posted(119_000, 1), 30, applications=applications)
    assert row(outcome, "R4") == {
        "from": 119_000, "applied": -70_000, "withholding": -11_900, "discount": -2_100, "bank charge": -1_500,
        "write-off": -3_500, "to": 30_000,
    }  # fmt: skip


def test_refund_and_chargeback_open_the_receivable_again(trade, row):
    applications = (
        trade.apply(119_000, 5), trade.apply(19_000, 9, "refund"), trade.apply(100_000, 9, "chargeback"),
    )  # fmt: skip
    outcome = trade.judge(trade.posted(119_000, 1), 30, applications=applications)
    assert row(outcome, "R4") == {
        "from": 119_000, "applied": -119_000, "refund": 19_000, "chargeback": 100_000, "to": 119_000,
    }  # fmt: skip


def test_a_write_off_that_is_also_applied_counts_once(trade, row):
    applied = (trade.apply(3_500, 5, "write_off"),)
    outcome = trade.judge(trade.posted(3_500, 1), 30, applications=applied, write_offs=(trade.write_off(3_500, 5),))
    assert row(outcome, "R4") == {"from": 3_500, "write-off": -3_500}
    alone = trade.judge(trade.posted(3_500, 1), 30, write_offs=(trade.write_off(3_500, 5),))
    assert row(alone, "R4") == {"from": 3_500, "write-off": -3_500}


def test_a_credit_memo_is_a_negative_receivable(trade, row):
    assert row(trade.judge(trade.posted_credit(5_950, 3), 30), "R4") == {"from": -5_950, "to": -5_950}


def test_an_invoice_that_the_erp_refused_is_no_receivable(trade):
    refused = trade.posted(119_000, 1, status="rejected", posted_at=None)
    assert not trade.judge(refused, 30).positions


def test_an_invoice_posted_in_july_into_june_is_in_the_books_of_june(trade, row):
    posted = trade.posted(119_000, 1, posted_at=trade.posted(1, 2).posted_at.replace(month=7))
    assert row(trade.judge(posted, 30), "R4") == {"from": 119_000, "to": 119_000}
    assert not trade.judge(posted, 29).positions
    ahead = trade.posted(119_000, 30, posting_period="2026-07")
    assert not trade.judge(ahead, 30).positions


def test_a_dollar_invoice_leaves_a_realised_gain(trade):
    """USD 2,000.00 at 0.90; paid 1,985.00 at 0.92, 15.00 bank charge: 1,800.00 − 1,826.20 − 13.80 + 40.00 = 0."""
    usd, late = {"currency": "USD"}, {"currency": "USD", "fx_rate": Decimal("0.92")}
    outcome = trade.judge(
        trade.posted(200_000, 1, fx_rate=Decimal("0.90"), **usd), 30,
        applications=(trade.apply(198_500, 20, **late), trade.apply(1_500, 20, "bank_charge", **late)),
    )  # fmt: skip
    assert {p.line: p.functional for p in outcome.positions} == {
        "from": 180_000, "applied": -182_620, "bank charge": -1_380, "fx": 4_000,
    }  # fmt: skip


def test_what_is_open_stays_at_the_rate_of_its_posting(trade):
    """USD 1,000.01 at 0.90; half of it, 500.00, paid at 0.92. Open: 500.01 × 0.90 = 450.009 → 450.01."""
    usd = {"currency": "USD"}
    outcome = trade.judge(
        trade.posted(100_001, 1, fx_rate=Decimal("0.90"), **usd), 30,
        applications=(trade.apply(50_000, 20, fx_rate=Decimal("0.92"), **usd),),
    )  # fmt: skip
    # 900.01 (900.009) − 460.00 + fx = 450.01
    assert {p.line: p.functional for p in outcome.positions} == {
        "from": 90_001, "applied": -46_000, "fx": 1_000, "to": 45_001,
    }  # fmt: skip
