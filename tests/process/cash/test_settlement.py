"""One payout: what the processor kept, what arrived, what is short. Amounts are cents; 1 June 2026 is a Monday."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from tieout.canon.finding import Risk
from tieout.policy.rates import FxRate


def settled(trade, **more):
    """Charges 142.80 less fees 2.15: 140.65."""
    return trade.payout(more.pop("amount", 14_065), 3, charges=14_280, fees=215, **more)


def test_payout_and_bank_line_agree(trade, row):
    outcome = trade.judge(
        settled(trade), 30, payments=(trade.payment(14_280, 1, payout="payments/O1"),),
        bank_lines=(trade.bank_line(14_065, 5, kind="payout", payout="payments/O1"),),
    )  # fmt: skip
    assert not outcome.findings
    assert row(outcome, "R6") == {"in transit": 14_280, "fees": -215, "to": 14_065}


def test_refunds_disputes_and_a_reserve_that_is_held_back_are_parts(trade, row):
    payout = trade.payout(8_000, 3, charges=14_280, fees=280, refunds=3_000, disputes=1_000, reserve=2_000)
    outcome = trade.judge(
        payout, 30, payments=(trade.payment(14_280, 1),), bank_lines=(trade.bank_line(8_000, 4, kind="payout"),)
    )
    assert not outcome.findings
    assert row(outcome, "R6") == {
        "in transit": 14_280, "fees": -280, "refunds": -3_000, "disputes": -1_000, "reserve": -2_000, "to": 8_000,
    }  # fmt: skip


def test_paid_out_less_than_its_parts(trade, row, exposures):
    outcome = trade.judge(
        settled(trade, amount=13_065), 30, payments=(trade.payment(14_280, 1),),
        bank_lines=(trade.bank_line(13_065, 5, kind="payout"),),
    )  # fmt: skip
    assert exposures(outcome) == {Risk.SHORT_SETTLEMENT: 1_000}
    assert row(outcome, "R6") == {
        "in transit": 14_280, "fees": -215, "short settlement": -1_000, "to": 13_065,
    }  # fmt: skip


def test_the_bank_booked_less_than_was_paid_out(trade, exposures):
    lines = (trade.bank_line(10_000, 5, kind="payout"), trade.bank_line(4_000, 5, id="B2", kind="payout"))
    outcome = trade.judge(settled(trade), 30, bank_lines=lines)
    assert exposures(outcome) == {Risk.SHORT_SETTLEMENT: 65}


def test_a_payout_is_in_transit_for_five_business_days_and_then_missing(trade, row, exposures):
    payments = (trade.payment(14_280, 1),)
    due = trade.judge(settled(trade), 10, payments=payments)  # paid on Wednesday 3, due on Wednesday 10
    assert not due.findings
    assert row(due, "R6") == {"fees": -215, "in transit": 14_280 - 14_065}
    late = trade.judge(settled(trade), 11, payments=payments)
    assert exposures(late) == {Risk.SHORT_SETTLEMENT: 14_065}
    assert row(late, "R6") == {"in transit": 14_280, "fees": -215, "short settlement": -14_065}


def test_where_the_bank_file_is_incomplete_nothing_is_missing(trade):
    outcome = trade.judge(settled(trade), 30, known=lambda *_: False)
    assert not outcome.findings
    assert outcome.unknown[0].amount == 14_065


def test_a_pending_or_failed_payout_moved_nothing(trade):
    for status in ("pending", "failed"):
        outcome = trade.judge(settled(trade, status=status), 30, payments=(trade.payment(14_280, 1),))
        assert not outcome.findings
        assert not outcome.positions


def test_a_marketplace_disbursement_net_of_its_commission_is_silent(trade):
    payment = trade.payment(100_000, 1, method="marketplace", fee=15_000)
    payout = trade.payout(85_000, 8, charges=100_000, fees=15_000)
    outcome = trade.judge(payout, 30, payments=(payment,), bank_lines=(trade.bank_line(85_000, 9, kind="payout"),))
    assert not outcome.findings


def test_a_processor_that_settles_dollars_in_euro(trade, row):
    """USD 1,000.00 captured at 0.90; charges of EUR 905.00 less fees of 25.00 arrive: the difference is exchange."""
    payment = trade.payment(100_000, 1, currency="USD", fx_rate=Decimal("0.90"))
    payout = trade.payout(88_000, 3, charges=90_500, fees=2_500)
    outcome = trade.judge(payout, 30, payments=(payment,), bank_lines=(trade.bank_line(88_000, 4, kind="payout"),))
    assert not outcome.findings
    of = {
        currency: {p.line: p.amount for p in outcome.positions if p.currency == currency} for currency in ("USD", "EUR")
    }
    assert of["USD"] == {"in transit": 100_000, "fx": -100_000}
    assert of["EUR"] == {"fees": -2_500, "fx": 90_500, "to": 88_000}
    gain = sum(p.functional for p in outcome.positions if p.line == "fx")
    assert gain == 500, "905.00 arrived for what was carried at 900.00"


def test_a_dollar_account_carried_in_euro_closes_in_both_columns(trade):
    """USD 1,000.00 captured at 0.90, paid out at 0.91 (fees USD 30.00), booked at 0.92."""
    usd = {"currency": "USD"}
    ninety_one = FxRate(currency="USD", to="EUR", rate=Fraction("0.91"), on=dt.date(2026, 6, 1), source="ECB")
    payment = trade.payment(100_000, 1, fx_rate=Decimal("0.90"), **usd)
    payout = trade.payout(97_000, 3, charges=100_000, fees=3_000, **usd)
    line = trade.bank_line(97_000, 4, kind="payout", fx_rate=Decimal("0.92"), **usd)
    unknown_rate = trade.judge(payout, 30, payments=(payment,), bank_lines=(line,))
    assert [p.functional for p in unknown_rate.positions if p.line == "fees"] == [None]
    trade.policy = trade.policy.with_rates((ninety_one,))
    outcome = trade.judge(payout, 30, payments=(payment,), bank_lines=(line,))
    books = {p.line: p.functional for p in outcome.positions}
    # 900.00 − 27.30 (30.00 at 0.91) + fx = 892.40 (970.00 at 0.92)
    assert books == {"in transit": 90_000, "fees": -2_730, "to": 89_240, "fx": 1_970}
