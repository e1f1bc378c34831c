"""order_to_bill."""

from __future__ import annotations

from tieout.canon.documents import (
    Amendment,
    Charge,
    Commitment,
    CreditMemo,
    Entitlement,
    Invoice,
    Order,
    Project,
    Renewal,
    RevenueSchedule,
    Shipment,
    Subscription,
    TaxAnswer,
    TimeEntry,
    Usage,
)
from tieout.canon.finding import Risk

from ..definition import Flow, anchor, control, gate, milestone, related, unclaimed
from ..expressions import computed, earliest, either, every, exists, latest
from ..measuring import measure_billing
from ..money import first_bill_on, judge_order, judge_unclaimed


class OrderToBill(Flow):
    """From an accepted order to a posted receivable: nothing fulfilled stays unbilled, nothing is billed twice."""

    order = anchor(Order)
    contract = related(order.contract)
    renewals = related(Renewal, "contract", of=contract)
    products = related(order.path("lines.product"), views=True)
    charges = related(Charge, "order", views=True)
    commitments = related(Commitment, "charge.order", views=True)
    amendments = related(Amendment, "order", views=True)
    subscriptions = related(Subscription, "order", views=True)
    entitlements = related(Entitlement, "order", views=True)
    usage = related(Usage, "charge.order")
    projects = related(Project, "order", views=True)
    time_entries = related(TimeEntry, "charge.order")
    shipments = related(Shipment, "order")
    invoices = related(Invoice, "lines.charge.order", "lines.order", views=True)
    credit_memos = related(CreditMemo, "lines.charge.order", "lines.order", views=True)
    tax_answers = related(TaxAnswer, "invoice", of=invoices)
    schedules = related(RevenueSchedule, "charge.order")

    accepted = milestone(order.accepted_at, owner="sales-ops")
    contract_signed = milestone(
        latest(contract.signed_at), after=accepted, within="1 business day", owner="sales-ops", when=exists(contract)
    )
    tax_determined = milestone(
        either(latest(tax_answers.known_at), earliest(invoices.in_("billing").issued_at)),
        after=accepted,
        within="1 business day",
        owner="tax",
        when=exists(tax_answers),
    )
    provisioned = milestone(
        every(entitlements.activated_at), after=accepted, within="1 day", owner="operations", when=exists(entitlements)
    )
    shipped = milestone(
        every(shipments.shipped_at),
        after=accepted,
        within="2 business days",
        owner="operations",
        when=exists(shipments),
    )
    billable = gate(accepted, contract_signed, provisioned, shipped)
    charge_due = milestone(computed(first_bill_on, "the first bill date of its priced charges"), owner="billing-ops")
    invoiced = milestone(
        earliest(invoices.in_("billing").issued_at), after=(billable, charge_due), within="2 business days",
        owner="billing-ops",
    )  # fmt: skip
    posted = milestone(earliest(invoices.in_("erp").posted_at), after=invoiced, within="4 hours", owner="AR")

    money = control(
        judge_order,
        Risk.UNAUTHORISED_SERVICE, Risk.MISSED_UPSELL, Risk.UNBILLED_USAGE, Risk.UNBILLED_SERVICE, Risk.UNDERBILLED,
        Risk.UNPOSTED_INVOICE, Risk.MISPOSTED_INVOICE, Risk.DUPLICATE_DOCUMENT, Risk.UNENTITLED_BILLING,
        Risk.CREDIT_LEAKAGE, Risk.OVERBILLED, Risk.MASTER_DATA_GAP, Risk.OWNERSHIP_CONFLICT, Risk.TAX_MISMATCH,
        Risk.CURRENCY_MISMATCH, Risk.PERIOD_CUTOFF, Risk.SCHEDULE_MISMATCH,
    )  # fmt: skip
    figures = control(measure_billing)
    unsupported = unclaimed(invoices, judge_unclaimed, Risk.UNSUPPORTED_DOCUMENT)
