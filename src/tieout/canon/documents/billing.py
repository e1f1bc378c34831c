"""What was asked for: invoices, credit memos and the tax answers behind them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

from .header import Document, Minor, Ref


class InvoiceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an invoice or credit memo; on a credit memo the amounts are positive and mean less."""

    id: str
    order: Ref | None = None
    line: str | None = None
    charge: Ref | None = None
    service_from: dt.date | None = None
    service_to: dt.date | None = None
    quantity: Decimal | None = None
    net: Minor = 0
    tax: Minor = 0


class Invoice(Document, frozen=True, kw_only=True, tag="invoice"):
    """An invoice as billing issued it, or as the ERP booked it (``posted_at``, ``posting_period``)."""

    number: str = ""
    customer: Ref | None = None
    subscription: Ref | None = None
    status: Literal["draft", "issued", "paid", "void", "uncollectible", "posted", "rejected"] = "issued"
    issued_at: dt.datetime | None = None
    due_on: dt.date | None = None
    net: Minor
    tax: Minor = 0
    rounding: Minor = 0
    total: Minor
    lines: tuple[InvoiceLine, ...] = ()
    replaces: Ref | None = None
    """The invoice that this one re-bills."""
    cleared_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    posted_at: dt.datetime | None = None
    posting_period: str = ""
    """Accounting period that it was booked in, ``YYYY-MM``."""
    fx_rate: Decimal | None = None
    """Functional currency per unit of document currency, on the ERP's view."""
    error: str = ""
    """Why the ERP refused it, in the ERP's words."""


class CreditMemo(Document, frozen=True, kw_only=True, tag="credit_memo"):
    """A credit against an invoice, and why."""

    number: str = ""
    customer: Ref | None = None
    invoice: Ref | None = None
    status: Literal["draft", "issued", "void", "posted", "rejected"] = "issued"
    reason: Literal["", "unused", "return", "goodwill", "rebill", "price_correction", "duplicate"] = ""
    cause: Ref | None = None
    """What justifies it: an amendment, a support case, a shipment."""
    approved_by: str = ""
    issued_at: dt.datetime | None = None
    net: Minor
    tax: Minor = 0
    rounding: Minor = 0
    total: Minor
    lines: tuple[InvoiceLine, ...] = ()
    posted_at: dt.datetime | None = None
    posting_period: str = ""
    fx_rate: Decimal | None = None
    error: str = ""


class TaxAnswer(Document, frozen=True, kw_only=True, tag="tax_answer"):
    """What the tax engine determined for one invoice."""

    invoice: Ref
    net: Minor
    tax: Minor
    rate: Decimal = Decimal(0)
    jurisdiction: str = ""
    committed: bool = True
