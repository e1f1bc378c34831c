"""The flows that Tieout ships, by name. One file each; its body is the description that finance reads."""

from __future__ import annotations

from ..definition import Flow
from .amendment_sync import AmendmentSync
from .credit import Credit
from .order_to_bill import OrderToBill
from .payment_to_cash import PaymentToCash
from .quote_to_order import QuoteToOrder
from .receivable import Receivable
from .renewal import Renewal
from .settlement import Settlement

FLOWS: dict[str, type[Flow]] = {
    flow.name: flow
    for flow in (QuoteToOrder, OrderToBill, AmendmentSync, PaymentToCash, Settlement, Receivable, Credit, Renewal)
}
"""Name → flow, in the order in which money moves."""

__all__ = ["FLOWS"]
