"""Every reference of every type leads to a type, and paths follow them."""

import pytest

from tieout.canon.documents import TYPES, CreditMemo, Customer, Invoice, Order, Payment, Product, Project
from tieout.canon.faults import FlowFault
from tieout.canon.references import references, target, walk
from tieout.canon.shape import shapes

ANY = {("credit_memo", "cause")}  # may be an amendment, a support case, a shipment


@pytest.mark.parametrize("type_name", TYPES)
def test_every_reference_field_is_known(type_name):
    type_ = TYPES[type_name]
    written = {f.name for f in shapes(type_) if f.kind in ("ref", "refs") and (type_name, f.name) not in ANY}
    for field in shapes(type_):
        if field.struct is not None:
            written |= {f"{field.name}.{inner.name}" for inner in shapes(field.struct) if inner.kind == "ref"}
    assert set(references(type_)) == written


def test_fields_named_otherwise_than_their_target():
    assert target(Customer, "parent") is Customer
    assert target(Payment, "deposit_for") is Order
    assert target(Payment, "invoices") is Invoice
    assert target(Invoice, "mirrors") is target(Invoice, "replaces") is Invoice


def test_a_path_goes_through_lines_from_document_to_document():
    assert walk(Invoice, "lines.charge.order") is Order
    assert walk(Invoice, "lines.charge.product") is Product
    assert walk(Project, "milestones.charge.order.customer.parent") is Customer
    assert walk(CreditMemo, "invoice.replaces") is Invoice


@pytest.mark.parametrize(
    ("type_", "path", "message"),
    [
        (Invoice, "lines.chrge", "flow: Invoice.lines.chrge is no reference (did you mean 'lines.charge'?)"),
        (Invoice, "net", "flow: Invoice.net is no reference ("),
        (Invoice, "lines.charge.ordr", "flow: Charge.ordr is no reference (did you mean 'order'?)"),
        (Payment, "invoices.xyz", "flow: Invoice.xyz is no reference (references of Invoice: mirrors, customer"),
    ],
)
def test_a_path_that_leads_nowhere_names_the_nearest(type_, path, message):
    with pytest.raises(FlowFault) as caught:
        walk(type_, path, "flow")
    assert str(caught.value).startswith(message)
