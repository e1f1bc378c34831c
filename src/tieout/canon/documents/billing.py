"""What was asked for: invoices, credit memos and the tax answers behind them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from .header import Document, Minor, Part, Ref


class InvoiceLine(Part, frozen=True, kw_only=True):
    """One line of an invoice or credit memo; on a credit memo the amounts are positive and mean less."""

    id: str
    order: Ref | None = None
    line: str | None = None
    """Id of the order line."""
    charge: Ref | None = None
    service_from: dt.date | None = None
    service_to: dt.date | None = None
    quantity: Decimal | None = None
    """Units invoiced."""
    net: Minor = 0
    """Without tax; on a credit memo positive, and less."""
    tax: Minor = 0
    """On top of net."""


class Invoice(Document, frozen=True, kw_only=True, tag="invoice"):
    """An invoice as billing issued it, or as the ERP booked it (``posted_at``, ``posting_period``)."""

    number: str = ""
    """The legal number."""
    customer: Ref | None = None
    subscription: Ref | None = None
    status: Literal["draft", "issued", "paid", "void", "uncollectible", "posted", "rejected"] = "issued"
    issued_at: dt.datetime | None = None
    due_on: dt.date | None = None
    net: Minor
    """Of all lines."""
    tax: Minor = 0
    """Of all lines."""
    rounding: Minor = 0
    """What the total was rounded by."""
    total: Minor
    """Gross: net + tax + rounding."""
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
    """The legal number."""
    customer: Ref | None = None
    invoice: Ref | None = None
    status: Literal["draft", "issued", "void", "posted", "rejected"] = "issued"
    reason: Literal["", "unused", "return", "goodwill", "rebill", "price_correction", "duplicate"] = ""
    cause: Ref | None = None
    """What justifies it: an amendment, a support case, a shipment."""
    approved_by: str = ""
    """Who allowed it."""
    issued_at: dt.datetime | None = None
    net: Minor
    """Positive, and less."""
    tax: Minor = 0
    """Of all lines."""
    rounding: Minor = 0
    """What the total was rounded by."""
    total: Minor
    """Gross: net + tax + rounding."""
    lines: tuple[InvoiceLine, ...] = ()
    posted_at: dt.datetime | None = None
    posting_period: str = ""
    """Accounting period that it was booked in."""
    fx_rate: Decimal | None = None
    """Functional currency per unit of document currency, in the books."""
    error: str = ""
    """Why the ERP refused it, in the ERP's words."""


class TaxAnswer(Document, frozen=True, kw_only=True, tag="tax_answer"):
    """What the tax engine determined for one invoice."""

    invoice: Ref
    net: Minor
    """Taxable amount."""
    tax: Minor
    """What is due on it."""
    rate: Decimal = Decimal(0)
    """As a fraction: 0.19 for 19 %."""
    jurisdiction: str = ""
    committed: bool = True
    """Reported to the authority, not only estimated."""
