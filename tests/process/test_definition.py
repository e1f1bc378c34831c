"""A flow is checked when its class is made, and evaluated by planned times."""

from __future__ import annotations

import datetime as dt

import pytest

from tieout.canon.documents import Charge, Entitlement, Invoice, InvoiceLine, Order
from tieout.canon.faults import FlowFault
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.process.definition import Flow, anchor, control, gate, milestone, related, unclaimed
from tieout.process.evaluate import evaluate
from tieout.process.expressions import count, earliest, every, exists, total
from tieout.process.instance import Instance

MONDAY = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
POLICY = Policy.default()


class Delivery(Flow):
    """From an accepted order to an invoice."""

    order = anchor(Order)
    charges = related(Charge, "order")
    entitlements = related(Entitlement, "order")
    invoices = related(Invoice, "lines.charge.order", views=True)

    accepted = milestone(order.accepted_at)
    provisioned = milestone(every(entitlements.activated_at), after=accepted, within="1 day", when=exists(entitlements))
    billable = gate(accepted, provisioned)
    invoiced = milestone(
        earliest(invoices.in_("billing").issued_at), after=billable, within="2 business days",
        risk=Risk.UNBILLED_SERVICE, exposure=total(charges.back_bill_days), owner="billing-ops",
    )  # fmt: skip


def order(**more: object) -> Order:
    return Order(system="crm", id="O1", entity="DE01", currency="EUR", customer="crm/C1", accepted_at=MONDAY, **more)  # type: ignore[arg-type]


def entitlement(activated_at: dt.datetime | None) -> Entitlement:
    return Entitlement(system="provisioning", id="E1", order="crm/O1", line="1", activated_at=activated_at)


def on(day: int) -> dt.date:
    return dt.date(2026, 6, day)


def state(verdict: object, name: str) -> object:
    return next(m for m in verdict.milestones if m.name == name)  # type: ignore[attr-defined]


def test_a_stuck_predecessor_does_not_hide_the_lateness_of_what_it_blocks() -> None:
    """Never provisioned: planned for Tuesday 2 June; the invoice is then due two business days later, Thursday 4 June."""
    instance = Instance("order/crm/O1", order(), {"order": (order(),), "entitlements": (entitlement(None),)})
    verdict = evaluate(Delivery, instance, POLICY, on(5))
    assert state(verdict, "provisioned").late
    assert state(verdict, "billable").held_by == ("provisioned",)
    assert state(verdict, "invoiced").late
    assert [f.since for f in verdict.findings] == [on(4)]
    assert evaluate(Delivery, instance, POLICY, on(4)).findings == ()


def test_before_its_time_nothing_is_late_and_the_verdict_says_when_to_look_again() -> None:
    instance = Instance("order/crm/O1", order(), {"order": (order(),), "entitlements": (entitlement(MONDAY),)})
    verdict = evaluate(Delivery, instance, POLICY, MONDAY + dt.timedelta(hours=1))
    assert verdict.findings == ()
    assert verdict.wake_at is not None
    assert verdict.wake_at.date() == on(3)


def test_what_is_not_proved_absent_is_never_late() -> None:
    def known(role: str, type_: str, entity: str, day: dt.date) -> bool:
        return type_ != "invoice"

    members = {"order": (order(),), "entitlements": (entitlement(MONDAY),)}
    verdict = evaluate(Delivery, Instance("order/crm/O1", order(), members, known=known), POLICY, on(20))
    assert verdict.findings == ()
    assert not state(verdict, "invoiced").known


def test_the_views_of_another_system_do_not_count_for_this_one() -> None:
    posted = Invoice(
        system="erp", id="9", mirrors="billing/1", issued_at=MONDAY, net=100, total=100,
        lines=(InvoiceLine(id="1", charge="billing/CH1", net=100),),
    )  # fmt: skip
    members = {"order": (order(),), "entitlements": (entitlement(MONDAY),), "invoices": (posted,)}
    verdict = evaluate(Delivery, Instance("order/crm/O1", order(), members), POLICY, on(20))
    assert [f.risk for f in verdict.findings] == [Risk.UNBILLED_SERVICE]


def test_a_misspelt_field_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(FlowFault, match="Order has no field 'acepted_at'.*did you mean 'accepted_at'"):

        class Bad(Flow):
            order = anchor(Order)
            accepted = milestone(order.acepted_at)


def test_a_path_that_leads_elsewhere_is_refused() -> None:
    with pytest.raises(FlowFault, match="Bad.invoices: path 'lines.charge' leads to Charge, not to Order"):

        class Bad(Flow):
            order = anchor(Order)
            invoices = related(Invoice, "lines.charge")


def test_a_field_that_is_no_reference_is_refused() -> None:
    with pytest.raises(FlowFault, match="Invoice.lines.chrge is no reference.*did you mean 'lines.charge'"):

        class Bad(Flow):
            order = anchor(Order)
            invoices = related(Invoice, "lines.chrge.order")


def test_steps_are_declared_in_order() -> None:
    later = milestone(earliest(Delivery.invoices.issued_at))
    with pytest.raises(FlowFault, match="'accepted' waits for a step that is declared later or elsewhere"):

        class Bad(Flow):
            order = anchor(Order)
            accepted = milestone(order.accepted_at, after=later)


def test_a_flow_needs_one_anchor_and_knows_its_name() -> None:
    with pytest.raises(FlowFault, match="flow Bad has 0 anchors"):

        class Bad(Flow):
            pass

    assert (Delivery.name, Delivery.title) == ("delivery", "From an accepted order to an invoice.")


def test_an_unclaimed_document_goes_to_its_own_control() -> None:
    seen: list[str] = []

    class Strays(Flow):
        """Counts strays."""

        order = anchor(Order)
        invoices = related(Invoice, "lines.order")
        money = control(lambda instance, policy, day, outcome: seen.append("order"))
        strays = unclaimed(invoices, lambda instance, policy, day, outcome: seen.append(instance.key))

    invoice = Invoice(system="billing", id="X", net=1, total=1)
    evaluate(Strays, Instance(invoice.key, None, {"invoices": (invoice,)}), POLICY, on(1))
    assert seen == ["invoice/billing/X"]
    assert count(Strays.invoices).getter()(Instance("", None, {"invoices": (invoice,)}), POLICY.role) == 1
