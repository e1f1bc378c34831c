"""Documents that nothing asks for: duplicate_document, unsupported_document, unentitled_billing."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec

from ...canon.finding import Risk
from ..amounts import whole
from ..arithmetic import portion
from ..deal import Bill, BillLine, Chain, Deal
from ..journals import journal
from ..lookalikes.invoicing import copied
from ..shapes import annual, complete, goods, hours, metered, subscribed
from ..world import World
from .register import injects, note, off_the_rush, ripe, started, write

DUPLICATE, UNSUPPORTED, UNENTITLED = Risk.DUPLICATE_DOCUMENT, Risk.UNSUPPORTED_DOCUMENT, Risk.UNENTITLED_BILLING


def again(deal: Deal, bill: Bill, days: int, name: str) -> Bill:
    """The same bill once more, so many days later."""
    on = min(bill.on + dt.timedelta(days=days), deal.as_of)
    second = deal.bill(on, copied(bill.lines), pay="none")
    if on == bill.on:
        second.hour, bill.hour = 20, min(bill.hour, 19)
    deal.leak(DUPLICATE, second.key, second.net, on, note(name))
    deal.world.taken.add(second.ref)
    return second


@injects(DUPLICATE)
def month_billed_twice(world: World, name: str) -> None:
    """The billing run was started again a day later."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    again(deal, deal.bills[3], 1, name)
    write(deal)


@injects(DUPLICATE)
def two_months_billed_twice(world: World, name: str) -> None:
    """Two invoices, each of them twice."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    again(deal, deal.bills[1], 4, name)
    again(deal, deal.bills[2], 9, name)
    write(deal)


@injects(DUPLICATE)
def shipment_billed_twice(world: World, name: str) -> None:
    """One shipment, two invoices on one day."""
    deal, _ = goods(world, name, start=started(world, name, 20, 280))
    complete(deal)
    again(deal, deal.bills[0], 0, name)
    write(deal)


@injects(DUPLICATE)
def year_billed_twice(world: World, name: str) -> None:
    """A prepaid year, billed again by hand five weeks later."""
    deal, chain = annual(world, name, start=started(world, name))
    chain.scheduled = False
    complete(deal)
    again(deal, deal.bills[0], 35, name)
    write(deal)


@injects(DUPLICATE)
def usage_billed_twice(world: World, name: str) -> None:
    """A month of usage on two invoices."""
    deal, _ = metered(world, name, "graduated", start=started(world, name).replace(day=1))
    complete(deal)
    again(deal, ripe(deal)[1], 2, name)
    write(deal)


@injects(DUPLICATE)
def hours_billed_twice(world: World, name: str) -> None:
    """A month of hours on two invoices."""
    deal, _ = hours(world, name, start=off_the_rush(started(world, name)))
    complete(deal)
    again(deal, ripe(deal)[0], 6, name)
    write(deal)


@injects(DUPLICATE)
def posted_twice(world: World, name: str) -> None:
    """One invoice of billing, two in the ERP: the interface repeated itself after a timeout."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    bill = deal.bills[2]
    write(deal)
    first = bill.written_erp
    assert first and first.posted_at
    second = msgspec.structs.replace(first, id=first.id + "-2", posted_at=first.posted_at + dt.timedelta(minutes=2))
    world.add(second)
    journal(world, second)
    deal.leak(DUPLICATE, second.key, second.net, deal.entity.day(second.posted_at), note(name))  # type: ignore[arg-type]
    world.taken.add(bill.ref)


# --- nothing asks for it --------------------------------------------------------------------------------------------


def _stray(world: World, name: str, names: str) -> None:
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    like = deal.bills[1]
    on = like.on + dt.timedelta(days=8)
    stray = deal.bill(on, [BillLine(like.lines[0].charge, on, on, like.net * 3 // 2)], pay="none")
    stray.names = names  # type: ignore[assignment]
    deal.leak(UNSUPPORTED, stray.key, stray.net, on, note(name))
    deal.world.taken.add(stray.ref)
    write(deal)


@injects(UNSUPPORTED)
def invoice_without_an_order(world: World, name: str) -> None:
    """Typed by hand: it names no order, no charge."""
    _stray(world, name, "nothing")


@injects(UNSUPPORTED)
def invoice_for_an_unknown_order(world: World, name: str) -> None:
    """It names an order that nobody has."""
    _stray(world, name, "unknown")


@injects(UNSUPPORTED)
def booked_by_hand_in_the_erp(world: World, name: str) -> None:
    """An invoice that exists in the ERP alone and names nothing."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    write(deal)
    like = deal.bills[1].written_erp
    assert like and like.posted_at
    lines = tuple(msgspec.structs.replace(line, order=None, line=None, charge=None) for line in like.lines)
    manual = msgspec.structs.replace(like, id=like.id + "-M", mirrors=None, lines=lines, number=like.id + "-M")
    world.add(manual)
    journal(world, manual)
    deal.leak(UNSUPPORTED, manual.key, manual.net, deal.entity.day(like.posted_at), note(name))


@injects(UNSUPPORTED)
def void_in_billing_alive_in_the_erp(world: World, name: str) -> None:
    """Voided in billing, where it was billed once more; the ERP kept the first one too."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    write(deal)
    bill = deal.bills[2]
    assert bill.written and bill.written_erp and bill.written_erp.posted_at
    ghost = msgspec.structs.replace(bill.written, id=bill.id + "-V", number=bill.id + "-V", status="void")
    alive = msgspec.structs.replace(bill.written_erp, id=bill.written_erp.id + "-V", number=ghost.id, mirrors=ghost.ref)
    world.add(ghost)
    world.add(alive)
    journal(world, alive)
    deal.leak(UNSUPPORTED, alive.key, alive.net, deal.entity.day(bill.written_erp.posted_at), note(name))


# --- billed and never switched on -----------------------------------------------------------------------------------


def unentitled(deal: Deal, chain: Chain, name: str) -> None:
    """The line was never activated: what is billed of the days gone by."""
    amount = 0
    for bill in deal.bills:
        for line in bill.lines:
            if line.charge is chain.charge and line.first and line.last:
                amount += whole(line.net * Fraction(portion(line.first, line.last, deal.as_of)))
    deal.leak(UNENTITLED, chain.charge.key, amount, chain.charge.start_on, note(name))


@injects(UNENTITLED)
def billed_and_still_pending(world: World, name: str) -> None:
    """Provisioning has had it as pending for months; billing bills."""
    deal, chain = subscribed(world, name, start=started(world, name, 150, 280), months=24)
    chain.activated_on = None
    complete(deal)
    unentitled(deal, chain, name)
    write(deal)


@injects(UNENTITLED)
def billed_and_unknown_to_provisioning(world: World, name: str) -> None:
    """Provisioning never heard of the order."""
    deal, chain = subscribed(world, name, start=started(world, name, 150, 280), months=24)
    chain.activated_on, chain.no_entitlement = None, True
    complete(deal)
    unentitled(deal, chain, name)
    write(deal)


@injects(UNENTITLED)
def prepaid_and_never_switched_on(world: World, name: str) -> None:
    """A year billed in advance: so far only the days gone by are too much."""
    deal, chain = annual(world, name, start=started(world, name, 120, 300), months=24)
    chain.activated_on, chain.scheduled = None, False
    complete(deal)
    unentitled(deal, chain, name)
    write(deal)
