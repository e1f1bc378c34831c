"""Master data: who is sold to, what is sold, at what price, under which registration."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from .header import Document, Ref, Tier


class Customer(Document, frozen=True, kw_only=True, tag="customer"):
    """A customer as one system knows it."""

    name: str
    country: str = ""
    """ISO 3166 code."""
    time_zone: str = "UTC"
    """Name such as Europe/Berlin: renewal windows open by it."""
    tax_id: str = ""
    """VAT or other tax number."""
    email: str = ""
    parent: Ref | None = None
    """The customer that it belongs to."""
    po_required: bool = False
    """Orders need a purchase order of the customer."""
    credit_check_required: bool = False
    """Orders need a credit check."""
    credit_checked_at: dt.datetime | None = None
    tax_id_validated_at: dt.datetime | None = None
    tax_exempt: bool = False
    """An exemption certificate is on file."""


class Product(Document, frozen=True, kw_only=True, tag="product"):
    """Something that is sold."""

    name: str
    sku: str = ""
    """The code that crosswalks lead from, where it is not the id."""
    kind: Literal["service", "goods", "hours", "usage", "fee"] = "service"
    tax_code: str = ""
    """The tax engine's code."""
    active: bool = True


class Price(Document, frozen=True, kw_only=True, tag="price"):
    """A list price of a product."""

    product: Ref
    unit_price: Decimal
    """Major units for one unit and period."""
    period_months: int = 0
    """0: not recurring."""
    tier_model: Literal["flat", "per_unit", "graduated", "volume", "package"] = "per_unit"
    tiers: tuple[Tier, ...] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class TaxRegistration(Document, frozen=True, kw_only=True, tag="tax_registration"):
    """Where a legal entity is registered for tax."""

    country: str
    """ISO 3166 code."""
    number: str
    """As the authority issued it."""
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class SupportCase(Document, frozen=True, kw_only=True, tag="support_case"):
    """A customer's complaint or request; may be the cause of a credit."""

    customer: Ref | None = None
    subject: str = ""
    opened_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    status: Literal["open", "closed"] = "open"
