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
    time_zone: str = "UTC"
    tax_id: str = ""
    email: str = ""
    parent: Ref | None = None
    po_required: bool = False
    credit_check_required: bool = False
    credit_checked_at: dt.datetime | None = None
    tax_id_validated_at: dt.datetime | None = None
    tax_exempt: bool = False


class Product(Document, frozen=True, kw_only=True, tag="product"):
    """Something that is sold."""

    name: str
    sku: str = ""
    kind: Literal["service", "goods", "hours", "usage", "fee"] = "service"
    tax_code: str = ""
    active: bool = True


class Price(Document, frozen=True, kw_only=True, tag="price"):
    """A list price of a product."""

    product: Ref
    unit_price: Decimal
    period_months: int = 0
    tier_model: Literal["flat", "per_unit", "graduated", "volume", "package"] = "per_unit"
    tiers: tuple[Tier, ...] = ()
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class TaxRegistration(Document, frozen=True, kw_only=True, tag="tax_registration"):
    """Where a legal entity is registered for tax."""

    country: str
    number: str
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


class SupportCase(Document, frozen=True, kw_only=True, tag="support_case"):
    """A customer's complaint or request; may be the cause of a credit."""

    customer: Ref | None = None
    subject: str = ""
    opened_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    status: Literal["open", "closed"] = "open"
