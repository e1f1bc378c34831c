"""What came in and where it went: payments, payouts, bank lines, applications."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from .header import Document, Minor, Ref


class Payment(Document, frozen=True, kw_only=True, tag="payment"):
    """Money from a customer: the processor's payment, or the receipt that the ERP recorded for it."""

    customer: Ref | None = None
    method: Literal["card", "wallet", "transfer", "lockbox", "direct_debit", "marketplace"] = "card"
    status: Literal["pending", "authorised", "succeeded", "failed", "returned", "cancelled"] = "succeeded"
    amount: Minor
    fee: Minor = 0
    authorised_at: dt.datetime | None = None
    captured_at: dt.datetime | None = None
    value_on: dt.date | None = None
    """Bank value date, from which unapplied cash ages."""
    recorded_at: dt.datetime | None = None
    invoices: tuple[Ref, ...] = ()
    """What the payer said that it pays."""
    payout: Ref | None = None
    bank_line: Ref | None = None
    deposit_for: Ref | None = None
    """The order that it is a deposit on; a liability until that order is invoiced."""
    fx_rate: Decimal | None = None


class Refund(Document, frozen=True, kw_only=True, tag="refund"):
    """Money given back."""

    payment: Ref
    amount: Minor
    refunded_at: dt.datetime | None = None
    status: Literal["pending", "succeeded", "failed"] = "succeeded"
    credit_memo: Ref | None = None
    payout: Ref | None = None


class Dispute(Document, frozen=True, kw_only=True, tag="dispute"):
    """A chargeback and how it ended."""

    payment: Ref
    amount: Minor
    opened_at: dt.datetime | None = None
    evidence_due_on: dt.date | None = None
    status: Literal["open", "won", "lost"] = "open"
    closed_at: dt.datetime | None = None


class Payout(Document, frozen=True, kw_only=True, tag="payout"):
    """What the processor pays out: ``amount = charges − fees − refunds − disputes − reserve + fx``.

    ``currency`` is the currency paid out in; the parts are in that currency too.
    """

    amount: Minor
    paid_on: dt.date
    charges: Minor = 0
    fees: Minor = 0
    refunds: Minor = 0
    disputes: Minor = 0
    reserve: Minor = 0
    fx: Minor = 0
    status: Literal["pending", "paid", "failed"] = "paid"


class BankLine(Document, frozen=True, kw_only=True, tag="bank_line"):
    """One booked line of a bank statement; money in is positive."""

    account: str
    amount: Minor
    booked_on: dt.date
    value_on: dt.date | None = None
    text: str = ""
    kind: Literal["customer", "payout", "interest", "tax_refund", "fee", "refund", "internal", "other"] = "customer"
    payout: Ref | None = None
    customer: Ref | None = None
    fx_rate: Decimal | None = None


class CashApplication(Document, frozen=True, kw_only=True, tag="cash_application"):
    """What settles a receivable: cash of a payment, or withholding, discount, bank charge, write-off.

    ``refund`` and ``chargeback`` open the receivable again.
    """

    payment: Ref | None = None
    invoice: Ref
    kind: Literal["cash", "withholding", "discount", "bank_charge", "write_off", "refund", "chargeback"] = "cash"
    amount: Minor
    applied_at: dt.datetime
    fx_rate: Decimal | None = None


class Deposit(Document, frozen=True, kw_only=True, tag="deposit"):
    """Cash received before there is an invoice: a liability."""

    order: Ref
    payment: Ref
    amount: Minor
    received_on: dt.date
    released_on: dt.date | None = None


class WriteOff(Document, frozen=True, kw_only=True, tag="write_off"):
    """A receivable given up, by whom and why."""

    invoice: Ref
    amount: Minor
    reason: str = ""
    approved_by: str = ""
    written_off_on: dt.date


class WithholdingCertificate(Document, frozen=True, kw_only=True, tag="withholding_certificate"):
    """The tax that a customer withheld from an invoice and paid to its authority."""

    invoice: Ref
    amount: Minor
    received_on: dt.date | None = None
