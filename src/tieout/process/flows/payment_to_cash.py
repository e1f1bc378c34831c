"""payment_to_cash."""

from __future__ import annotations

from tieout.canon.documents import CashApplication, Deposit, Dispute, Invoice, Payment, Refund
from tieout.canon.finding import Risk

from ..cash.payment import judge_payment, judge_unclaimed_line
from ..cash.plain import PAYMENTS
from ..definition import Flow, anchor, control, milestone, related, unclaimed
from ..expressions import earliest, either, exists, is_, is_set


class PaymentToCash(Flow):
    """From a payment to settled receivables: what came in is recorded, and what is recorded is applied."""

    payment = anchor(Payment)
    receipts = related(Payment, "mirrors", source="erp")
    bank_lines = related(payment.bank_line, receipts.bank_line)
    applications = related(CashApplication, "payment", source="erp")
    refunds = related(Refund, "payment")
    disputes = related(Dispute, "payment")
    invoices = related(payment.invoices, receipts.invoices, views=True, seldom=True)
    deposits = related(Deposit, "payment", source="erp", seldom=True)
    deposit_order = related(payment.deposit_for, seldom=True)
    deposit_invoices = related(Invoice, "lines.charge.order", "lines.order", of=deposit_order, seldom=True)

    captured = milestone(payment.captured_at, owner="treasury", when=is_(payment.method, "card", "wallet"))
    banked = milestone(earliest(bank_lines.booked_on), after=captured, owner="treasury", when=exists(bank_lines))
    recorded = milestone(
        either(earliest(receipts.recorded_at), payment.recorded_at), after=captured, within="2 business days", owner="treasury",
        when=is_(payment.status, "succeeded"),
    )  # fmt: skip
    applied = milestone(
        earliest(applications.applied_at), after=recorded, within="4 business hours", owner="cash application",
        when=is_set(payment.invoices),
    )  # fmt: skip

    money = control(judge_payment, Risk.UNRECORDED_CASH, Risk.UNAPPLIED_CASH)
    unrecorded = unclaimed(bank_lines, judge_unclaimed_line, Risk.UNRECORDED_CASH)
    quiet = PAYMENTS
