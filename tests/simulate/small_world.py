"""A shard with nothing but posted invoices, to be paid."""

from __future__ import annotations

import datetime as dt

from tieout.canon.documents import CreditMemo, Invoice, InvoiceLine, Order, OrderLine
from tieout.simulate.world import Receivable, World


def posted(
    world: World, entity: str, currency: str, net: int, issued_on: dt.date, *, pay: str = "any", customer: int = 1
):
    """One order, its invoice with 10% tax and the ERP's view of it, due after 30 days."""
    place = world.entities[entity]
    order = Order(
        system="crm", id=world.id("SO"), entity=entity, currency=currency, customer=f"crm/C-{customer}",
        accepted_at=place.at(issued_on - dt.timedelta(days=20)),
        lines=(OrderLine(id="1", product="crm/P", net=net),),
    )  # fmt: skip
    tax = net // 10
    invoice = Invoice(
        system="billing", id=world.id("INV"), entity=entity, currency=currency, customer=f"billing/C-{customer}",
        number=f"2026/{world.id('N')}", issued_at=place.at(issued_on), due_on=issued_on + dt.timedelta(days=30),
        net=net, tax=tax, total=net + tax, lines=(InvoiceLine(id="1", order=order.ref, line="1", net=net, tax=tax),),
    )  # fmt: skip
    rate = None if currency == place.functional else world.fx.rate(currency, place.functional, issued_on)
    erp = Invoice(
        system="erp", id=f"E-{invoice.id}", entity=entity, currency=currency, customer=f"erp/C-{customer}",
        status="posted", issued_at=invoice.issued_at, posted_at=place.at(issued_on, 10), mirrors=invoice.ref,
        posting_period=f"{issued_on:%Y-%m}", net=net, tax=tax, total=net + tax, lines=invoice.lines, fx_rate=rate,
    )  # fmt: skip
    for doc in (order, invoice, erp):
        world.add(doc)
    receivable = Receivable(invoice=invoice, erp=erp, order=order.ref, pay=pay)  # type: ignore[arg-type]
    world.receivables.append(receivable)
    return receivable


def credited(world: World, receivable: Receivable, net: int, on: dt.date) -> None:
    """A credit memo of that net against the invoice, posted on the same day."""
    place = world.entities[receivable.invoice.entity]
    tax = net // 10
    memo = CreditMemo(
        system="billing", id=world.id("CM"), entity=place.code, currency=receivable.invoice.currency, reason="goodwill",
        approved_by="head of AR", invoice=receivable.invoice.ref, issued_at=place.at(on), net=net, tax=tax, total=net + tax,
    )  # fmt: skip
    view = CreditMemo(
        system="erp", id=f"E-{memo.id}", entity=place.code, currency=memo.currency, status="posted", mirrors=memo.ref,
        invoice=receivable.erp.ref if receivable.erp else None, posted_at=place.at(on, 11), posting_period=f"{on:%Y-%m}",
        net=net, tax=tax, total=net + tax, fx_rate=receivable.erp.fx_rate if receivable.erp else None,
    )  # fmt: skip
    world.add(memo)
    world.add(view)
    receivable.credits.append(view)


def small_world(seed: int = 1, *, clean: bool = False, only=(), invoices: int = 240, shard: int = 0) -> World:
    """A year of invoices of 40 customers in three entities and four currencies; every tenth with a credit memo."""
    world = World(seed, shard, orders=invoices, clean=clean, only=only)
    rng = world.rng("small")
    for n in range(invoices):
        entity, currency = rng.choice(
            (("DE01", "EUR"), ("DE01", "EUR"), ("US01", "USD"), ("JP01", "JPY"), ("DE01", "KWD"))
        )
        issued_on = world.start + dt.timedelta(days=rng.randrange(20, 360))
        receivable = posted(world, entity, currency, rng.randrange(10_000, 900_000), issued_on, customer=n % 40)
        if n % 10 == 0:
            credited(
                world, receivable, receivable.invoice.net // 5, min(world.as_of, issued_on + dt.timedelta(days=12))
            )
    return world
