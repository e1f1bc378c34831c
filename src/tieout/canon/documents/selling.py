"""What was agreed: quote, contract, order, charge, amendment, renewal."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from .header import Document, Minor, Part, Ref, Tier


class QuoteLine(Part, frozen=True, kw_only=True):
    """One line of a quote; ``net`` is the value of one billing period (or the whole, for one-time lines)."""

    id: str
    product: Ref
    quantity: Decimal = Decimal(1)
    """Units offered."""
    net: Minor = 0


class Quote(Document, frozen=True, kw_only=True, tag="quote"):
    """An offer, and how far the customer has taken it."""

    customer: Ref
    status: Literal["draft", "approved", "accepted", "ordered", "rejected", "expired"] = "draft"
    discount_percent: Decimal = Decimal(0)
    """Percent off the list price: 12.5."""
    approved_discount_percent: Decimal | None = None
    """Percent that the deal desk allowed; None: it was not asked."""
    approved_at: dt.datetime | None = None
    accepted_at: dt.datetime | None = None
    signed_at: dt.datetime | None = None
    term_months: int | None = None
    """Length of the term offered."""
    lines: tuple[QuoteLine, ...] = ()


class Contract(Document, frozen=True, kw_only=True, tag="contract"):
    """A contract term. ``end_on`` None means evergreen."""

    customer: Ref
    signed_at: dt.datetime | None = None
    start_on: dt.date
    end_on: dt.date | None = None
    auto_renew: bool = False
    """Goes on for another term unless somebody gives notice."""
    notice_days: int = 0
    """Days before the end by which notice must be given."""
    renewal_months: int | None = None
    """Length of the next term; None: as long as the present one."""
    terminated_on: dt.date | None = None
    """Last day of service after a termination."""
    status: Literal["draft", "active", "cancelled", "terminated", "expired"] = "active"


class OrderLine(Part, frozen=True, kw_only=True):
    """One line of an order; ``net`` as on the quote line."""

    id: str
    product: Ref
    quantity: Decimal = Decimal(1)
    """Units ordered."""
    net: Minor = 0


class Order(Document, frozen=True, kw_only=True, tag="order"):
    """An accepted order: the anchor of order-to-bill."""

    customer: Ref
    quote: Ref | None = None
    contract: Ref | None = None
    accepted_at: dt.datetime | None = None
    effective_on: dt.date | None = None
    status: Literal["draft", "accepted", "cancelled"] = "accepted"
    purchase_order: str = ""
    """Number of the customer's purchase order."""
    channel: Literal["sales", "self_serve", "commerce", "marketplace", "reseller"] = "sales"
    lines: tuple[OrderLine, ...] = ()


class Charge(Document, frozen=True, kw_only=True, tag="charge"):
    """Order line × price segment: what every amount hangs on.

    A recurring charge is ``quantity × unit_price`` a period of ``period_months``. A later segment of the same order
    line names the one that it takes over from (``replaces``) and, where an amendment made it, the ``amendment``.
    """

    order: Ref
    line: str
    """Id of the order line."""
    contract: Ref | None = None
    subscription: Ref | None = None
    product: Ref
    kind: Literal["recurring", "one_time", "usage", "commitment", "milestone", "time"] = "recurring"
    timing: Literal["advance", "arrears", "milestone", "true_up"] = "advance"
    """When it is invoiced: before or after its period, on a milestone, at the end of a commitment."""
    trigger: Literal["contract_effective", "activation", "acceptance", "shipment", "approval"] = "contract_effective"
    """What must have happened before it may be invoiced."""
    period_months: int = 0
    """Months of a billing period; 0: one period from start to end."""
    anchor_day: int | None = None
    """Day of the month on which periods start; None: the start's own."""
    start_on: dt.date
    end_on: dt.date | None = None
    quantity: Decimal = Decimal(1)
    """Units of each period."""
    unit_price: Decimal = Decimal(0)
    """Major units for one unit and period; with tax where `tax_behaviour` is inclusive."""
    tier_model: Literal["flat", "per_unit", "graduated", "volume", "package"] = "per_unit"
    """How a quantity is priced; `tiers` for graduated, volume and package."""
    tiers: tuple[Tier, ...] = ()
    bill_day: int | None = None
    """Day of the following month on which arrears are invoiced; None: the day after the period."""
    proration: Literal["none", "second", "day", "30/360", "month"] = "day"
    """What a part of a period costs: all, by actual days, by 30-day months, by started months."""
    tax_behaviour: Literal["exclusive", "inclusive", "reverse_charge", "exempt", "out_of_scope"] = "exclusive"
    tax_rate: Decimal = Decimal(0)
    """As a fraction: 0.19 for 19 %."""
    amendment: Ref | None = None
    replaces: Ref | None = None
    price_reason: str = ""
    """Why the price is what it is (ramp, free, trial, pause); a price of 0 needs one."""
    back_bill_days: int = 365
    """Days after a usage month's end within which it may still be invoiced."""
    hold_over_price: Decimal | None = None
    """Major units for one unit and period of service after the end; None: the last price."""
    seller_of_record: Literal["us", "marketplace", "reseller"] = "us"
    """Whose invoice the customer gets."""
    performing_entity: str = ""
    """The legal entity that does the work, where it is another one."""


class Commitment(Document, frozen=True, kw_only=True, tag="commitment"):
    """A minimum that usage of ``charge`` is drawn against, prepaid or trued up at its end."""

    charge: Ref
    order: Ref | None = None
    amount: Minor
    """Net."""
    start_on: dt.date
    end_on: dt.date
    billed: Literal["prepaid", "true_up"] = "prepaid"
    """In advance and drawn down, or as the shortfall at its end."""


class Amendment(Document, frozen=True, kw_only=True, tag="amendment"):
    """A change to a running contract; the changed price segments are charges that name it."""

    order: Ref
    contract: Ref | None = None
    customer: Ref | None = None
    kind: Literal[
        "upgrade", "downgrade", "add", "remove", "price", "pause", "terminate", "co_term", "cancel_and_replace"
    ]
    status: Literal["draft", "accepted", "cancelled"] = "accepted"
    accepted_at: dt.datetime | None = None
    effective_on: dt.date
    delta_recurring: Minor = 0
    """Change of the recurring value of one billing period, net."""


class Renewal(Document, frozen=True, kw_only=True, tag="renewal"):
    """The renewal of one contract term."""

    contract: Ref
    status: Literal["open", "quoted", "agreed", "won", "lost"] = "open"
    opened_at: dt.datetime | None = None
    quoted_at: dt.datetime | None = None
    agreed_at: dt.datetime | None = None
    signed_at: dt.datetime | None = None
    extended_to: dt.date | None = None


class PurchaseOrder(Document, frozen=True, kw_only=True, tag="purchase_order"):
    """The customer's purchase order."""

    customer: Ref
    order: Ref | None = None
    number: str
    """The customer's own."""
    amount: Minor = 0
    """Net, at most; 0: unlimited."""
    received_at: dt.datetime | None = None
