"""One money in: recorded and applied in time, or stuck; and the honest look-alikes that raise nothing.

June 2026: the 1st is a Monday. Amounts are cents.
"""

from __future__ import annotations

import datetime as dt

from tieout.canon.finding import Risk
from tieout.process.evaluate import evaluate
from tieout.process.flows.payment_to_cash import PaymentToCash
from tieout.process.instance import Instance


def test_a_card_payment_recorded_and_applied_is_silent(trade, row):
    outcome = trade.judge(
        trade.payment(11_900, 1), 30, receipts=(trade.receipt(11_900, 1, mirrors="payments/P1"),),
        applications=(trade.apply(11_900, 2, payment="erp/R1"),),
    )  # fmt: skip
    assert not outcome.findings
    assert row(outcome, "R5") == {"from": 11_900, "to": 11_900}
    assert row(outcome, "R6") == {"from": 11_900, "in transit": -11_900}


def test_captured_and_not_in_the_erp_after_two_business_days(trade, row, exposures):
    friday = trade.payment(11_900, 5)  # Monday and Tuesday are its two business days
    assert not trade.judge(friday, 9).findings
    late = trade.judge(friday, 10)
    assert exposures(late) == {Risk.UNRECORDED_CASH: 11_900}
    assert late.findings[0].since == friday.captured_at.date()
    assert row(late, "R5") == {"from": 11_900, "unrecorded": -11_900}


def test_a_payment_in_time_asks_to_be_looked_at_when_it_would_be_late(trade):
    outcome = trade.judge(trade.payment(11_900, 5), 8)
    assert outcome.wake_on.isoformat() == "2026-06-10"


def test_where_the_erp_export_is_incomplete_nothing_is_called_unrecorded(trade):
    outcome = trade.judge(trade.payment(11_900, 1), 30, known=lambda *_: False)
    assert not outcome.findings
    assert [u.amount for u in outcome.unknown] == [11_900]


def test_a_transfer_that_nobody_recorded_is_found_at_its_bank_line(trade, row, exposures):
    line = trade.bank_line(50_000, 1, text="INV 4711")
    outcome = trade.judge(None, 30, bank_lines=(line,))
    assert exposures(outcome) == {Risk.UNRECORDED_CASH: 50_000}
    assert outcome.findings[0].subject == "bank_line/bank/B1"
    assert row(outcome, "R5") == {"received": 50_000, "unrecorded": -50_000}
    assert row(outcome, "R6") == {"received": 50_000, "to": 50_000}


def test_interest_tax_refunds_fees_and_a_payout_are_not_customers_money(trade, row):
    for kind, amount in (
        ("interest", 312),
        ("tax_refund", 88_000),
        ("fee", -1_500),
        ("internal", 10_000),
        ("other", 7),
    ):
        outcome = trade.judge(None, 30, bank_lines=(trade.bank_line(amount, 1, kind=kind),))
        assert not outcome.findings
        assert not row(outcome, "R5")
        assert row(outcome, "R6") == {"other bank lines": amount, "to": amount}
    payout = trade.bank_line(9_700, 1, kind="payout", payout="payments/O1")
    assert not trade.judge(None, 30, bank_lines=(payout,)).positions, "it belongs to the payout"


def test_a_refund_by_bank_transfer_leaves_collected_as_it_was(trade, row):
    outcome = trade.judge(None, 30, bank_lines=(trade.bank_line(-2_000, 4, kind="refund"),))
    assert row(outcome, "R6") == {"refunds": -2_000, "to": -2_000}


def test_a_transfer_recorded_and_not_applied_is_on_account(trade, row, exposures):
    """Paid 400.00, of which 300.00 were applied: 100.00 on account."""
    receipt = trade.receipt(40_000, 10, bank_line="bank/B1", invoices=("billing/I1",))
    members = {
        "bank_lines": (trade.bank_line(40_000, 10),),
        "applications": (trade.apply(30_000, 11, payment="erp/R1"),),
        "invoices": (trade.invoice(59_500, 1), trade.posted(59_500, 1)),
    }
    assert not trade.judge(receipt, 11, **members).findings, "one business day to apply it"
    outcome = trade.judge(receipt, 12, **members)
    assert exposures(outcome) == {Risk.UNAPPLIED_CASH: 10_000}
    assert outcome.findings[0].variant == "on account"
    assert row(outcome, "R5") == {"received": 40_000, "on account": -10_000, "to": 30_000}
    assert row(outcome, "R6") == {"received": 40_000, "to": 40_000}


def test_money_of_an_unknown_payer_is_unidentified(trade, row):
    outcome = trade.judge(trade.receipt(7_500, 1, customer=None), 30)
    assert [(f.risk, f.exposure, f.variant) for f in outcome.findings] == [(Risk.UNAPPLIED_CASH, 7_500, "unidentified")]
    assert row(outcome, "R5") == {"received": 7_500, "unidentified": -7_500}
    assert [(m.number, m.amount, m.key) for m in outcome.measures] == [(29, 7_500, "unidentified, 0–30 days")]


def test_unapplied_cash_ages_from_the_value_day_of_the_bank(trade):
    receipt = trade.receipt(7_500, 20, value_on=trade.bank_line(1, 1).booked_on.replace(month=4))
    assert trade.judge(receipt, 30).measures[0].key == "on account, 61–90 days"


def test_paid_but_unposted_counts_once_at_the_invoice(trade, exposures):
    """1,190.00 paid for an invoice that the ERP refused: the stranded cash is the invoice's consequence."""
    payment = trade.payment(119_000, 1, invoices=("billing/I1",))
    receipts = (trade.receipt(119_000, 1, mirrors="payments/P1"),)
    refused = (trade.invoice(119_000, 1), trade.posted(119_000, 1, status="rejected", posted_at=None, error="item X"))
    assert not trade.judge(payment, 30, receipts=receipts, invoices=refused).findings
    accepted = (trade.invoice(119_000, 1), trade.posted(119_000, 9))
    outcome = trade.judge(payment, 30, receipts=receipts, invoices=accepted)
    assert exposures(outcome) == {Risk.UNAPPLIED_CASH: 119_000}


def test_more_paid_than_the_unposted_invoice_asks_for_leaves_the_rest(trade, exposures):
    payment = trade.payment(119_000, 1, invoices=("billing/I1",))
    outcome = trade.judge(
        payment, 30, receipts=(trade.receipt(119_000, 1, mirrors="payments/P1"),), invoices=(trade.invoice(100_000, 1),)
    )
    assert exposures(outcome) == {Risk.UNAPPLIED_CASH: 19_000}


def test_a_deposit_is_a_liability_until_its_order_is_invoiced(trade, row, exposures):
    receipt = trade.receipt(200_000, 1, deposit_for="crm/O1")
    silent = trade.judge(receipt, 30)
    assert not silent.findings
    assert row(silent, "R5") == {"received": 200_000, "deposits": -200_000}
    invoiced = (trade.invoice(500_000, 26),)  # a Friday: to be applied by Monday 29
    assert not trade.judge(receipt, 29, deposit_invoices=invoiced).findings
    late = trade.judge(receipt, 30, deposit_invoices=invoiced)
    assert exposures(late) == {Risk.UNAPPLIED_CASH: 200_000}
    assert (late.findings[0].variant, late.findings[0].since.day) == ("deposit", 26)


def test_partial_payments_and_one_payment_for_many_invoices_are_silent(trade):
    receipt = trade.receipt(30_000, 1, invoices=("billing/I1", "billing/I2"))
    both = (trade.apply(10_000, 2, invoice="erp/I1"), trade.apply(20_000, 2, invoice="erp/I2"))
    assert not trade.judge(receipt, 30, applications=both).findings


def test_a_lockbox_line_of_three_cheques_is_collected_once(trade, row):
    """One bank line of 600.00; cheques of 100, 200 and 250 recorded: 50.00 of it is recorded by nobody."""
    line = trade.bank_line(60_000, 2)
    found: dict[str, int] = {}
    for index, cheque in enumerate((10_000, 20_000, 25_000)):
        receipt = trade.receipt(cheque, 2, id=f"R{index}", method="lockbox", bank_line="bank/B1")
        outcome = trade.judge(
            receipt, 30, foreign=frozenset({line.key} if index else ()), bank_lines=(line,),
            applications=(trade.apply(cheque, 3),),
        )  # fmt: skip
        assert not outcome.findings
        for name, amount in row(outcome, "R5").items():
            found[name] = found.get(name, 0) + amount
    assert found == {"received": 60_000, "unrecorded": -5_000, "to": 55_000}


def test_withholding_and_early_payment_discount_settle_without_cash(trade):
    """Invoice 1,000.00: 980.00 paid, 2% discount taken. Another: 900.00 paid, 100.00 withheld against a certificate."""
    for paid, kind in ((98_000, "discount"), (90_000, "withholding")):
        outcome = trade.judge(
            trade.receipt(paid, 1), 30, applications=(trade.apply(paid, 2), trade.apply(100_000 - paid, 2, kind))
        )
        assert not outcome.findings


def test_a_refund_after_a_credit_note_is_silent(trade, row):
    """119.00 paid and applied; credit note; 119.00 refunded, which opens the receivable again."""
    outcome = trade.judge(
        trade.payment(11_900, 1), 30, receipts=(trade.receipt(11_900, 1, mirrors="payments/P1"),),
        applications=(trade.apply(11_900, 2), trade.apply(11_900, 12, "refund")), refunds=(trade.refund(11_900, 12),),
    )  # fmt: skip
    assert not outcome.findings
    assert row(outcome, "R5") == {"from": 11_900, "refunded": -11_900}


def test_disputes_lost_and_won_are_silent(trade, row):
    settled = {
        "receipts": (trade.receipt(11_900, 1, mirrors="payments/P1"),),
        "applications": (trade.apply(11_900, 2),),
    }
    won = trade.judge(trade.payment(11_900, 1), 30, disputes=(trade.dispute(11_900, 5, "won", 20),), **settled)
    assert not won.findings
    assert row(won, "R5") == {"from": 11_900, "to": 11_900}
    settled["applications"] += (trade.apply(11_900, 20, "chargeback"),)
    lost = trade.judge(trade.payment(11_900, 1), 30, disputes=(trade.dispute(11_900, 5, "lost", 20),), **settled)
    assert not lost.findings
    assert row(lost, "R5") == {"from": 11_900, "refunded": -11_900}


def test_failed_and_returned_payments_are_no_money(trade):
    for status in ("failed", "returned", "pending", "authorised", "cancelled"):
        outcome = trade.judge(trade.payment(11_900, 1, status=status), 30)
        assert not outcome.findings
        assert not outcome.positions


def test_more_applied_than_received_is_a_line_of_its_own(trade, row):
    outcome = trade.judge(trade.receipt(10_000, 1), 30, applications=(trade.apply(12_500, 2),))
    assert row(outcome, "R5") == {"received": 10_000, "over-applied": 2_500, "to": 12_500}


def test_applications_of_billing_are_another_view_of_the_same(trade, exposures):
    in_billing = trade.apply(11_900, 2).__class__(
        system="billing", id="A9", invoice="billing/I1", amount=11_900, applied_at=trade.receipt(1, 2).recorded_at
    )
    assert exposures(trade.judge(trade.receipt(11_900, 1), 30, applications=(in_billing,))) == {
        Risk.UNAPPLIED_CASH: 11_900
    }


def test_as_of_an_earlier_day_later_cash_has_not_come(trade, row):
    members = {
        "receipts": (trade.receipt(11_900, 2, mirrors="payments/P1"),),
        "applications": (trade.apply(11_900, 3),),
    }
    payment = trade.payment(11_900, 1)
    assert row(trade.judge(payment, 1, **members), "R5") == {"from": 11_900, "unrecorded": -11_900}
    assert row(trade.judge(payment, 2, **members), "R5") == {"from": 11_900, "on account": -11_900}
    assert row(trade.judge(payment, 3, **members), "R5") == {"from": 11_900, "to": 11_900}


def test_a_transfer_that_the_erp_took_itself_is_recorded_by_its_own_receipt(trade):
    """No processor captured it, so that no other receipt mirrors it: its own is the record."""
    receipt = trade.receipt(40_000, 10, method="transfer", bank_line="bank/B1")
    instance = Instance(receipt.key, receipt, {"payment": (receipt,), "bank_lines": (trade.bank_line(40_000, 10),)})
    states = {m.name: m for m in evaluate(PaymentToCash, instance, trade.policy, dt.date(2026, 6, 30)).milestones}
    assert states["recorded"].reached_at == receipt.recorded_at
    assert "captured" not in states
