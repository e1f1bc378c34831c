"""What a customer pays for, as the cash side needs it: an invoice, or an order that has none yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import NamedTuple

from ...canon.documents import CreditMemo
from ...canon.finding import Risk
from ..entities import Entity
from ..world import Pay, Receivable, World

NOT_VALID = frozenset({"draft", "void"})


class Bill(NamedTuple):
    """One thing to be paid. Amounts in minor units of ``currency``."""

    entity: Entity
    currency: str
    customer: str | None
    order: str
    issued_on: dt.date
    """The invoice's day of issue; of an order without an invoice the day that it was accepted."""
    due_on: dt.date
    total: int
    gross: int
    """What settles it: the total less its credit memos."""
    net: int = 0
    invoice: str | None = None
    """Billing's reference of the invoice; None: there is none yet."""
    number: str = ""
    erp: str | None = None
    """The ERP's reference; None: not posted, so that cash cannot be applied to it."""
    erp_customer: str | None = None
    ready_on: dt.date = dt.date.max
    """The day of posting: cash can be applied from then on."""
    pay: Pay = "any"
    credits: tuple[CreditMemo, ...] = ()


def posted_bills(world: World) -> Iterator[Bill]:
    """The receivables that the ERP holds in the entity and currency in which billing issued them."""
    for receivable in world.receivables:
        erp, invoice = receivable.erp, receivable.invoice
        if erp is None or erp.posted_at is None or receivable.open <= 0:
            continue
        if (erp.currency, erp.entity) != (invoice.currency, invoice.entity):
            continue
        bill = _bill(world, receivable)
        if bill.ready_on <= world.as_of:
            yield bill


def unposted_bills(world: World) -> Iterator[Bill]:
    """Invoices that the truth knows as unposted: paying them strands the cash, and adds no money."""
    unposted = {leak.subject for leak in world.leaks if leak.risk is Risk.UNPOSTED_INVOICE}
    for receivable in world.receivables:
        if receivable.erp is None and receivable.invoice.key in unposted and not receivable.credits:
            yield _bill(world, receivable)


def uninvoiced_orders(world: World) -> Iterator[Bill]:
    """Accepted orders of which nothing has been invoiced: a deposit on one is a liability and no finding."""
    invoiced = first_issues(world)
    for order in world.docs["order"]:
        if order.mirrors or order.status != "accepted" or order.accepted_at is None or order.ref in invoiced:
            continue
        entity = world.entities[order.entity]
        value = sum(line.net for line in order.lines)
        accepted_on = entity.day(order.accepted_at)
        if value > 0 and accepted_on <= world.as_of:
            yield Bill(entity, order.currency, order.customer, order.ref, accepted_on, accepted_on, value, value)


def first_issues(world: World) -> dict[str, dt.date]:
    """Order → day on which its first valid invoice was issued."""
    order_of = {charge.ref: charge.order for charge in world.docs["charge"]}
    first: dict[str, dt.date] = {}
    for invoice in world.docs["invoice"]:
        if invoice.mirrors or invoice.deleted or invoice.status in NOT_VALID or invoice.issued_at is None:
            continue
        day = world.entities[invoice.entity].day(invoice.issued_at)
        for line in invoice.lines:
            order = line.order or order_of.get(line.charge)
            if order and day < first.get(order, dt.date.max):
                first[order] = day
    return first


def _bill(world: World, receivable: Receivable) -> Bill:
    invoice, erp = receivable.invoice, receivable.erp
    assert invoice.issued_at is not None
    entity = world.entities[invoice.entity]
    issued_on = entity.day(invoice.issued_at)
    posted = erp is not None and erp.posted_at is not None
    return Bill(
        entity=entity,
        currency=invoice.currency,
        customer=invoice.customer,
        order=receivable.order,
        issued_on=issued_on,
        due_on=invoice.due_on or issued_on + dt.timedelta(days=30),
        total=(erp or invoice).total,
        gross=receivable.open,
        net=invoice.net,
        invoice=invoice.ref,
        number=invoice.number or invoice.id,
        erp=erp.ref if erp and posted else None,
        erp_customer=erp.customer if erp else None,
        ready_on=entity.day(erp.posted_at) if erp and erp.posted_at else dt.date.max,
        pay=receivable.pay,
        credits=tuple(receivable.credits),
    )
