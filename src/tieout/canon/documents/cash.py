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
    """Gross, as the customer paid it."""
    fee: Minor = 0
    """What the processor keeps of it."""
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
    """Functional currency per unit of payment currency, in the books."""


class Refund(Document, frozen=True, kw_only=True, tag="refund"):
    """Money given back."""

    payment: Ref
    amount: Minor
    """Gross."""
    refunded_at: dt.datetime | None = None
    status: Literal["pending", "succeeded", "failed"] = "succeeded"
    credit_memo: Ref | None = None
    payout: Ref | None = None


class Dispute(Document, frozen=True, kw_only=True, tag="dispute"):
    """A chargeback and how it ended."""

    payment: Ref
    amount: Minor
    """Gross."""
    opened_at: dt.datetime | None = None
    evidence_due_on: dt.date | None = None
    status: Literal["open", "won", "lost"] = "open"
    closed_at: dt.datetime | None = None


class Payout(Document, frozen=True, kw_only=True, tag="payout"):
    """What the processor pays out: ``amount = charges − fees − refunds − disputes − reserve + fx``.

    ``currency`` is the currency paid out in; the parts are in that currency too.
    """

    amount: Minor
    """What arrives at the bank."""
    paid_on: dt.date
    charges: Minor = 0
    """Gross of the payments in it."""
    fees: Minor = 0
    """Taken off."""
    refunds: Minor = 0
    """Taken off."""
    disputes: Minor = 0
    """Lost and taken off."""
    reserve: Minor = 0
    """Held back; negative when released."""
    fx: Minor = 0
    """Gain (positive) or loss of converting."""
    status: Literal["pending", "paid", "failed"] = "paid"


class BankLine(Document, frozen=True, kw_only=True, tag="bank_line"):
    """One booked line of a bank statement; money in is positive."""

    account: str
    """IBAN or number of the account."""
    amount: Minor
    """Money in is positive, money out negative."""
    booked_on: dt.date
    value_on: dt.date | None = None
    text: str = ""
    """The payer's words."""
    kind: Literal["customer", "payout", "interest", "tax_refund", "fee", "refund", "internal", "other"] = "customer"
    """What it is: of `customer` money a receipt is expected."""
    payout: Ref | None = None
    customer: Ref | None = None
    fx_rate: Decimal | None = None
    """Functional currency per unit of account currency, in the books."""


class CashApplication(Document, frozen=True, kw_only=True, tag="cash_application"):
    """What settles a receivable: cash of a payment, or withholding, discount, bank charge, write-off.

    ``refund`` and ``chargeback`` open the receivable again.
    """

    payment: Ref | None = None
    invoice: Ref
    kind: Literal["cash", "withholding", "discount", "bank_charge", "write_off", "refund", "chargeback"] = "cash"
    """What it settles with."""
    amount: Minor
    """Gross that it settles, or opens again."""
    applied_at: dt.datetime
    fx_rate: Decimal | None = None
    """Functional currency per unit of currency, in the books."""


class Deposit(Document, frozen=True, kw_only=True, tag="deposit"):
    """Cash received before there is an invoice: a liability."""

    order: Ref
    payment: Ref
    amount: Minor
    """Gross."""
    received_on: dt.date
    released_on: dt.date | None = None


class WriteOff(Document, frozen=True, kw_only=True, tag="write_off"):
    """A receivable given up, by whom and why."""

    invoice: Ref
    amount: Minor
    """Gross."""
    reason: str = ""
    approved_by: str = ""
    written_off_on: dt.date


class WithholdingCertificate(Document, frozen=True, kw_only=True, tag="withholding_certificate"):
    """The tax that a customer withheld from an invoice and paid to its authority."""

    invoice: Ref
    amount: Minor
    """Tax withheld."""
    received_on: dt.date | None = None
