"""renewal."""

from __future__ import annotations

from tieout.canon.documents import Charge, Contract, Order, Subscription
from tieout.canon.documents import Renewal as RenewalDocument
from tieout.canon.finding import Risk

from ..definition import Flow, anchor, control, milestone, related
from ..expressions import earliest, is_set
from ..renewing import judge_renewal, judge_term_agreement


class Renewal(Flow):
    """A contract term ends only on purpose: its renewal is opened, quoted, agreed and extended in time."""

    contract = anchor(Contract)
    contracts = related(Contract, "mirrors")
    renewals = related(RenewalDocument, "contract")
    orders = related(Order, "contract")
    charges = related(Charge, "contract", "order.contract")
    subscriptions = related(Subscription, "contract", "order.contract")

    signed = milestone(contract.signed_at, owner="sales-ops")
    started = milestone(contract.start_on, after=signed, owner="sales-ops")
    opened = milestone(earliest(renewals.opened_at), after=started, owner="renewals", when=is_set(contract.end_on))
    quoted = milestone(earliest(renewals.quoted_at), after=opened, owner="renewals", when=is_set(contract.end_on))
    agreed = milestone(earliest(renewals.agreed_at), after=quoted, owner="renewals", when=is_set(contract.end_on))
    extended = milestone(
        earliest(renewals.signed_at), after=agreed, within="2 business days", owner="renewals",
        when=is_set(contract.end_on),
    )  # fmt: skip

    money = control(judge_renewal, Risk.MISSED_RENEWAL)
    agreement = control(judge_term_agreement, Risk.BLOCKED_RENEWAL)
