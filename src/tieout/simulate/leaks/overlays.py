"""Master data that holds money up, and views that contradict their owner: the overlays, which carry no money."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from ...canon.documents import Customer, Order, Quote
from ...canon.finding import Risk
from .. import catalogue, changes
from ..arithmetic import later
from ..catalogue import Item
from ..deal import Deal
from ..shapes import complete, subscribed
from ..world import World
from .books import leave_unposted
from .register import injects, note, started, write
from .terms import deal_days, ending

GAP, CONFLICT, BLOCKED = Risk.MASTER_DATA_GAP, Risk.OWNERSHIP_CONFLICT, Risk.BLOCKED_RENEWAL

# --- master data ----------------------------------------------------------------------------------------------------


def gap(deal: Deal, item: Item, name: str) -> None:
    """The item has no code in the ERP on the day that the order takes effect."""
    deal.leak(GAP, f"crosswalk/item/{item.id}", 0, deal.start, note(name))


def _held(world: World, name: str, item: Item, start: dt.date, market: str | None, orders: int = 1) -> None:
    for _ in range(orders):
        deal, _ = subscribed(world, name, item=item, start=start, market=market)
        complete(deal)
        gap(deal, item, name)
        for bill in deal.bills:
            leave_unposted(deal, bill, name, f"Item {item.id} is unknown")
        write(deal)


@injects(GAP, Risk.UNPOSTED_INVOICE)
def retired_item_holds_invoices(world: World, name: str) -> None:
    """The ERP item was retired half-way through the year; nothing sold since then can be booked."""
    _held(world, name, catalogue.EDGE, catalogue.edge_retired_on(world) + dt.timedelta(days=40), "DE", 2)


@injects(GAP, Risk.UNPOSTED_INVOICE)
def new_tier_was_never_mapped(world: World, name: str) -> None:
    """The new tier is sold; the ERP has never heard of it."""
    _held(world, name, catalogue.TIER4, started(world, name, 200, 260), "DE")


@injects(GAP, Risk.UNPOSTED_INVOICE)
def item_is_not_mapped_in_japan(world: World, name: str) -> None:
    """Mapped for every entity but one."""
    _held(world, name, catalogue.FLEET, started(world, name, 200, 260), "JP")


@injects(GAP)
def unmapped_and_booked_by_hand(world: World, name: str) -> None:
    """No code; somebody books the invoices by hand, so that no money is held up yet."""
    deal, _ = subscribed(world, name, item=catalogue.TIER4, start=started(world, name, 150, 260), market="DE")
    complete(deal)
    gap(deal, catalogue.TIER4, name)
    write(deal)


# --- views that contradict their owner --------------------------------------------------------------------------------


def _respell(world: World, name: str, system: str, field: str, value: Any) -> None:
    """Another system has a field of a customer otherwise than the CRM, which owns it."""
    deal, _ = subscribed(world, name, start=started(world, name), market="DE")
    complete(deal)
    write(deal)
    docs = world.docs["customer"]
    at = next(n for n, doc in enumerate(docs) if doc.mirrors == deal.account.crm and doc.system == system)
    view = docs[at]
    assert isinstance(view, Customer)
    other = value(getattr(view, field)) if callable(value) else value
    docs[at] = msgspec.structs.replace(view, **{field: other})
    deal.leak(CONFLICT, f"customer/{deal.account.crm}#{field}", 0, None, note(name))


@injects(CONFLICT)
def tax_id_mistyped_in_the_erp(world: World, name: str) -> None:
    """Two digits swapped."""
    _respell(world, name, "erp", "tax_id", lambda text: text[:3] + text[4] + text[3] + text[5:] + "0")


@injects(CONFLICT)
def old_name_in_billing(world: World, name: str) -> None:
    """The customer was renamed, and billing was not told."""
    _respell(world, name, "billing", "name", lambda text: text + " i. L.")


@injects(CONFLICT)
def old_address_in_the_erp(world: World, name: str) -> None:
    """Invoices go to somebody who left."""
    _respell(world, name, "erp", "email", "gone@old.example")


@injects(CONFLICT)
def another_country_in_billing(world: World, name: str) -> None:
    """It moved, and is still taxed where it was."""
    _respell(world, name, "billing", "country", "PL")


@injects(CONFLICT)
def notice_differs_in_the_erp(world: World, name: str) -> None:
    """The ERP's view of the contract has another notice."""
    deal, _ = subscribed(world, name, start=started(world, name), months=24, terms={"in_erp": True})
    complete(deal)
    deal.erp_contract = {"notice_days": 90}
    deal.leak(CONFLICT, f"{deal.contract_key}#notice_days", 0, None, note(name))
    write(deal)


def _quote(deal: Deal) -> tuple[int, Quote]:
    docs = deal.world.docs["quote"]
    at = next(n for n, doc in enumerate(docs) if doc.id == f"Q-{deal.stem}")
    quote = docs[at]
    assert isinstance(quote, Quote)
    return at, quote


def _requote(world: World, name: str, field: str, **fields: Any) -> None:
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    write(deal)
    at, quote = _quote(deal)
    if field == "lines":
        line = quote.lines[0]
        fields = {
            "lines": (msgspec.structs.replace(line, quantity=line.quantity + 3, net=line.net + 5000), *quote.lines[1:])
        }
    world.docs["quote"][at] = msgspec.structs.replace(quote, **fields)
    deal.leak(CONFLICT, f"{quote.key}#{field}", 0, None, note(name))


@injects(CONFLICT)
def ordered_other_than_quoted(world: World, name: str) -> None:
    """The customer accepted more than was ordered."""
    _requote(world, name, "lines")


@injects(CONFLICT)
def discount_above_the_approved(world: World, name: str) -> None:
    """Thirty percent, where ten were approved."""
    _requote(world, name, "discount_percent", discount_percent=Decimal(30), approved_discount_percent=Decimal(10))


@injects(CONFLICT)
def ordered_and_never_accepted(world: World, name: str) -> None:
    """The order was entered before the customer said yes."""
    _requote(world, name, "accepted_at", accepted_at=None, signed_at=None, status="approved")


@injects(CONFLICT)
def two_orders_for_one_quote(world: World, name: str) -> None:
    """The quote was turned into an order twice."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    write(deal)
    order = next(doc for doc in world.docs["order"] if doc.ref == deal.order)
    assert isinstance(order, Order)
    world.add(msgspec.structs.replace(order, id=order.id + "-2"))
    deal.leak(CONFLICT, f"{_quote(deal)[1].key}#orders", 0, None, note(name))


@injects(CONFLICT)
def amendment_takes_effect_on_another_day(world: World, name: str) -> None:
    """Sales agreed to the fifteenth; billing changed the price on the first."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 4)
    changes.upgrade(deal, chain, on, on - dt.timedelta(days=20))
    complete(deal)
    amendment = deal.amendments[0]
    deal.amendments[0] = msgspec.structs.replace(amendment, effective_on=on - dt.timedelta(days=14))
    deal.leak(CONFLICT, f"{amendment.key}#effective_on", 0, None, note(name))
    write(deal)


@injects(CONFLICT)
def amendment_worth_another_amount(world: World, name: str) -> None:
    """The CRM books a larger upgrade than billing made of it."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 4)
    changes.upgrade(deal, chain, on, on - dt.timedelta(days=5))
    complete(deal)
    deal.misstated_delta = 12345
    deal.leak(CONFLICT, f"{deal.amendments[0].key}#delta_recurring", 0, None, note(name))
    write(deal)


# --- renewals held up -------------------------------------------------------------------------------------------------


def _blocked(world: World, name: str, **subscription: Any) -> None:
    """The contract's renewal is in step; billing has other terms."""
    deal = ending(world, name, deal_days(world, name, 92, 110))
    complete(deal)
    deal.subscription = {
        field: value(deal.terms.end_on) if callable(value) else value  # type: ignore[union-attr]
        for field, value in subscription.items()
    }
    deal.leak(BLOCKED, deal.contract_key, 0, None, note(name))
    write(deal)


@injects(BLOCKED)
def billing_ends_a_month_later(world: World, name: str) -> None:
    """CRM and billing disagree about the last day."""
    _blocked(world, name, end_on=lambda end: later(end, 1))


@injects(BLOCKED)
def billing_renews_by_itself(world: World, name: str) -> None:
    """Billing would go on by itself; the contract would not."""
    _blocked(world, name, auto_renew=True)


@injects(BLOCKED)
def billing_knows_no_end(world: World, name: str) -> None:
    """An open end in billing, a fixed one in the contract."""
    _blocked(world, name, end_on=None)


@injects(BLOCKED)
def erp_ends_a_week_earlier(world: World, name: str) -> None:
    """The ERP's view of the contract ends too early."""
    deal = ending(world, name, deal_days(world, name, 92, 110))
    complete(deal)
    assert deal.terms and deal.terms.end_on
    deal.terms.in_erp = True
    deal.erp_contract = {"end_on": deal.terms.end_on - dt.timedelta(days=7)}
    deal.leak(BLOCKED, deal.contract_key, 0, None, note(name))
    write(deal)
