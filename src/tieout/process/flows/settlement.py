"""settlement: the processor's payouts, part of payment-to-cash."""

from __future__ import annotations

from tieout.canon.documents import BankLine, Payment, Payout, Refund
from tieout.canon.finding import Risk

from ..cash.settlement import judge_payout, judge_unclaimed_payout_line
from ..definition import Flow, anchor, control, milestone, related, unclaimed
from ..expressions import earliest


class Settlement(Flow):
    """From a processor's payout to the bank: it is the sum of its parts, and it arrives whole."""

    payout = anchor(Payout)
    payments = related(Payment, "payout")
    refunds = related(Refund, "payout")
    bank_lines = related(BankLine, "payout")

    paid_out = milestone(payout.paid_on, owner="treasury")
    banked = milestone(earliest(bank_lines.booked_on), after=paid_out, within="5 business days", owner="treasury")

    money = control(judge_payout, Risk.SHORT_SETTLEMENT)
    unclaimed_lines = unclaimed(bank_lines, judge_unclaimed_payout_line, naming=bank_lines.payout)
