"""amendment_sync."""

from __future__ import annotations

from tieout.canon.documents import Amendment, Charge, Entitlement, Invoice, Subscription
from tieout.canon.finding import Risk

from ..definition import Flow, anchor, control, milestone, related
from ..expressions import earliest, exists
from ..selling import judge_amendment


class AmendmentSync(Flow):
    """A change to a running contract reaches every system: billing, service, ledger, invoice."""

    amendment = anchor(Amendment)
    order = related(amendment.order, views=True)
    contract = related(amendment.contract, views=True)
    amendments = related(Amendment, "mirrors")
    charges = related(Charge, "amendment", views=True)
    replaced = related(charges.replaces)
    subscriptions = related(Subscription, "order", of=order, views=True)
    entitlements = related(Entitlement, "order", of=order, views=True)
    invoices = related(Invoice, "lines.charge", of=charges, views=True)

    accepted = milestone(amendment.accepted_at, owner="sales-ops")
    billing_updated = milestone(
        earliest(charges.known_at), after=accepted, within="4 hours", owner="billing-ops", when=exists(charges)
    )
    charged = milestone(
        earliest(invoices.in_("billing").issued_at), after=billing_updated, owner="billing-ops", when=exists(charges)
    )
    posted = milestone(
        earliest(invoices.in_("erp").posted_at), after=charged, within="4 hours", owner="AR", when=exists(charges)
    )

    money = control(judge_amendment, Risk.OWNERSHIP_CONFLICT)
