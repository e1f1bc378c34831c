"""Metered, past its billing day, and not invoiced: unbilled_usage."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ...canon.finding import Risk
from ..arithmetic import later, usage_price
from ..deal import BillLine, Deal, Meter
from ..shapes import committed, complete, metered
from ..world import World
from .register import drop, drop_line, injects, lines_of, note, ripe, since, started, write

RISK = Risk.UNBILLED_USAGE


def forget(deal: Deal, line: BillLine, amount: int, name: str) -> None:
    """One usage line was never billed, or so much of it."""
    deal.leak(RISK, line.charge.key, amount, since(deal, line.bill_on), note(name))


def _month_never_billed(world: World, name: str, model: str, at: int = 2, **more: str) -> None:
    deal, _ = metered(world, name, model, start=started(world, name).replace(day=1), **more)
    complete(deal)
    bill = ripe(deal)[at]
    (line,) = bill.lines
    assert line.quantity
    drop(deal, bill)
    forget(deal, line, usage_price(line.charge, line.quantity), name)
    write(deal)


@injects(RISK)
def usage_per_unit_never_billed(world: World, name: str) -> None:
    """A month of metered units, so much each."""
    _month_never_billed(world, name, "per_unit")


@injects(RISK)
def usage_in_graduated_tiers_never_billed(world: World, name: str) -> None:
    """A month in tiers that each have a price of their own."""
    _month_never_billed(world, name, "graduated", every="week")


@injects(RISK)
def usage_in_volume_tiers_never_billed(world: World, name: str) -> None:
    """A month in which the tier that was reached sets the price of all units."""
    _month_never_billed(world, name, "volume")


@injects(RISK)
def usage_in_packages_never_billed(world: World, name: str) -> None:
    """A month of started packages."""
    _month_never_billed(world, name, "package")


@injects(RISK)
def flat_month_of_usage_never_billed(world: World, name: str) -> None:
    """A month at one price for whatever was used."""
    _month_never_billed(world, name, "flat", 1)


@injects(RISK)
def one_week_of_usage_lost_on_the_way(world: World, name: str) -> None:
    """A week's meter readings never reached billing: the marginal price of those units is missing."""
    deal, chain = metered(world, name, "graduated", every="week", start=started(world, name).replace(day=1))
    complete(deal)
    (line,) = ripe(deal)[3].lines
    lost = next(use.quantity for use in chain.usage if line.first <= use.used_on <= line.last)  # type: ignore[operator]
    assert line.quantity
    total, billed = line.quantity, line.quantity - lost
    line.quantity, line.net = billed, usage_price(line.charge, billed)
    forget(deal, line, usage_price(line.charge, total) - line.net, name)
    write(deal)


@injects(RISK)
def late_usage_never_billed(world: World, name: str) -> None:
    """It became known two months later, within the limit, and no billing run picked it up."""
    deal, chain = metered(world, name, "graduated", start=started(world, name).replace(day=1), bill_day=4)
    month = later(deal.start, 2)
    chain.usage.append(Meter(month + dt.timedelta(days=8), Decimal(1300), later(month, 2, 15)))
    complete(deal)
    line = next(line for line in lines_of(deal) if line.quantity == 1300)
    drop_line(deal, line)
    forget(deal, line, line.net, name)
    write(deal)


@injects(RISK)
def all_usage_never_billed(world: World, name: str) -> None:
    """The usage plan was never switched on in billing."""
    deal, _ = metered(world, name, "per_unit", start=started(world, name, 60, 200).replace(day=1), every="week")
    complete(deal)
    for bill in ripe(deal):
        drop(deal, bill)
        forget(deal, bill.lines[0], bill.net, name)
    write(deal)


@injects(RISK)
def overage_never_billed(world: World, name: str) -> None:
    """Beyond what was prepaid: only the growth over the commitment leaks."""
    deal, chain = committed(world, name, "prepaid", share=40, start=started(world, name, 20, 60).replace(day=1))
    complete(deal)
    over = [b for b in ripe(deal) if b.lines[0].charge is chain.charge and b.net > 0]
    bill = over[1]
    (line,) = bill.lines
    drop(deal, bill)
    forget(deal, line, line.net, name)
    write(deal)


@injects(RISK)
def true_up_never_billed(world: World, name: str) -> None:
    """Less was used than committed to, and the rest was not billed at the end."""
    deal, _ = committed(world, name, "true_up", share=170, start=started(world, name, 20, 60).replace(day=1))
    complete(deal)
    line = next(line for line in lines_of(deal) if line.quantity is None)
    drop_line(deal, line)
    forget(deal, line, line.net, name)
    write(deal)
