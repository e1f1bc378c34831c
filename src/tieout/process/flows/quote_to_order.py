"""quote_to_order."""

from __future__ import annotations

from tieout.canon.documents import Order, PurchaseOrder, Quote
from tieout.canon.finding import Risk

from ..definition import Flow, anchor, control, gate, milestone, related
from ..expressions import earliest, exists, is_, is_set, latest
from ..selling import judge_quote


class QuoteToOrder(Flow):
    """From an offer to one order that says the same: approved, accepted, signed, aligned, ordered."""

    quote = anchor(Quote)
    customer = related(quote.customer, views=True)
    products = related(quote.path("lines.product"), views=True)
    orders = related(Order, "quote", views=True)
    contract = related(orders.contract, views=True)
    purchase_orders = related(PurchaseOrder, "order", of=orders, views=True)

    approved = milestone(quote.approved_at, owner="deal desk", when=is_set(quote.approved_discount_percent))
    accepted = milestone(quote.accepted_at, after=approved, owner="sales-ops")
    signed = milestone(
        quote.signed_at, after=accepted, within="2 business days", owner="sales-ops",
        when=is_(quote.status, "accepted", "ordered"),
    )  # fmt: skip
    credit_checked = milestone(
        latest(customer.credit_checked_at), after=accepted, owner="credit", when=is_set(customer.credit_check_required)
    )
    purchase_order_received = milestone(
        earliest(purchase_orders.received_at), after=accepted, owner="sales-ops", when=is_set(customer.po_required)
    )
    aligned = gate(signed, credit_checked, purchase_order_received, owner="master-data")
    ordered = milestone(
        earliest(orders.accepted_at), after=aligned, within="1 business day", owner="sales-ops", when=exists(orders)
    )

    money = control(judge_quote, Risk.OWNERSHIP_CONFLICT)
