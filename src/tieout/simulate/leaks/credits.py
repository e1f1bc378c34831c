"""Credits that nothing justifies: credit_leakage."""

from __future__ import annotations

import datetime as dt

from ...canon.finding import Risk
from .. import changes
from ..arithmetic import later
from ..deal import Bill, BillLine, Credit, Deal
from ..lookalikes.invoicing import complaint, copied
from ..shapes import complete, goods, subscribed
from ..world import World
from .register import injects, note, started, write

RISK = Risk.CREDIT_LEAKAGE


def excess(deal: Deal, credit: Credit, amount: int, name: str) -> None:
    """So much of a credit memo is not justified."""
    deal.leak(RISK, f"credit_memo/billing/{credit.id}", amount, credit.on, note(name))


def _billed(world: World, name: str) -> tuple[Deal, Bill, dt.date]:
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    bill = deal.bills[2]
    return deal, bill, bill.on + dt.timedelta(days=11)


@injects(RISK)
def credit_without_a_reason(world: World, name: str) -> None:
    """A third given back, and nobody says why."""
    deal, bill, on = _billed(world, name)
    credit = deal.credit(bill, on, copied(bill.lines, 30), reason="")
    excess(deal, credit, credit.net, name)
    write(deal)


@injects(RISK)
def goodwill_nobody_approved(world: World, name: str) -> None:
    """Goodwill without a name under it."""
    deal, bill, on = _billed(world, name)
    credit = deal.credit(bill, on, copied(bill.lines, 20), reason="goodwill")
    excess(deal, credit, credit.net, name)
    write(deal)


@injects(RISK)
def correction_without_a_cause(world: World, name: str) -> None:
    """A price correction that names no case and no amendment."""
    deal, bill, on = _billed(world, name)
    credit = deal.credit(bill, on, copied(bill.lines, 15), reason="price_correction")
    excess(deal, credit, credit.net, name)
    write(deal)


@injects(RISK)
def rebill_credit_without_a_rebill_or_cause(world: World, name: str) -> None:
    """Credited to be billed again, without a cause; it never was billed again."""
    deal, bill, on = _billed(world, name)
    credit = deal.credit(bill, on, copied(bill.lines), reason="rebill")
    excess(deal, credit, credit.net, name)
    write(deal)


@injects(RISK)
def unused_part_credited_twice(world: World, name: str) -> None:
    """The downgrade was credited, and three weeks later once more."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 3) + dt.timedelta(days=9)
    changes.downgrade(deal, chain, on, on)
    complete(deal)
    bill = next(bill for bill in deal.bills if bill.credits)
    first = bill.credits[0]
    second = deal.credit(bill, first.on + dt.timedelta(days=21), copied(first.lines), cause=first.cause)
    excess(deal, second, second.net, name)
    write(deal)


@injects(RISK)
def goodwill_given_twice(world: World, name: str) -> None:
    """One complaint, approved once, credited on two days."""
    deal, bill, on = _billed(world, name)
    cause = complaint(deal, on, "Outage")
    deal.credit(bill, on, copied(bill.lines, 10), reason="goodwill", approved_by="m.keller", cause=cause)
    second = deal.credit(
        bill, on + dt.timedelta(days=5), copied(bill.lines, 10), reason="goodwill", approved_by="m.keller", cause=cause
    )
    excess(deal, second, second.net, name)
    write(deal)


@injects(RISK)
def return_credited_too_high(world: World, name: str) -> None:
    """Goods came back, and more was credited than had been billed."""
    deal, _ = goods(world, name, start=started(world, name, 20, 250))
    complete(deal)
    bill = deal.bills[0]
    on = bill.on + dt.timedelta(days=12)
    credit = deal.credit(bill, on, copied(bill.lines, 130), reason="return", cause=complaint(deal, on, "Return"))
    excess(deal, credit, credit.net - bill.net, name)
    write(deal)


@injects(RISK)
def unused_part_credited_too_high(world: World, name: str) -> None:
    """Half as much again as the downgrade makes too much."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 3) + dt.timedelta(days=16)
    changes.downgrade(deal, chain, on, on)
    complete(deal)
    credit = next(bill for bill in deal.bills if bill.credits).credits[0]
    right = credit.net
    credit.lines[0].net = right * 3 // 2
    excess(deal, credit, credit.net - right, name)
    write(deal)


@injects(RISK)
def credited_for_an_upgrade(world: World, name: str) -> None:
    """An upgrade makes nothing unused, and yet a week was credited."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 4) + dt.timedelta(days=8)
    changes.upgrade(deal, chain, on, on)
    complete(deal)
    bill = next(bill for bill in deal.bills if bill.lines[0].first == later(deal.start, 4))
    part = BillLine(bill.lines[0].charge, on, bill.lines[0].last, bill.net // 4)
    credit = deal.credit(bill, on + dt.timedelta(days=3), [part], cause=deal.amendments[0].ref)
    excess(deal, credit, credit.net, name)
    write(deal)
