"""The injections by name, and what several of them need to know of a deal."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from typing import NamedTuple

from ...canon.finding import Risk
from .. import papers
from ..arithmetic import Due, served
from ..billing import due_lines, due_on, is_late
from ..deal import Bill, BillLine, Chain, Deal
from ..world import World

Spoil = Callable[[World, str], None]


class Injection(NamedTuple):
    """One way to lose money: its name, the classes it leaks into, and the function that makes one such deal."""

    name: str
    risks: frozenset[Risk]
    spoil: Spoil


LEAKS: list[Injection] = []


def injects(*risks: Risk) -> Callable[[Spoil], Spoil]:
    """Register an injection under its function's name; it is made only where all its classes are wanted."""

    def register(spoil: Spoil) -> Spoil:
        LEAKS.append(Injection(spoil.__name__, frozenset(risks), spoil))
        return spoil

    return register


def note(name: str) -> str:
    """The variant as people read it."""
    return name.replace("_", " ")


def started(world: World, name: str, first: int = 62, last: int = 125) -> dt.date:
    """A start so many days into the year, drawn anew for each deal.

    By default late enough that the renewal of a yearly contract is not decided by as_of: what is amended after it was
    billed is then still the last thing that was agreed.
    """
    rng: random.Random = world.rng(f"start/{name}/{len(world.docs['order'])}")
    return world.start + dt.timedelta(days=rng.randrange(first, last))


def off_the_rush(day: dt.date) -> dt.date:
    """The same month, but not its last days, so that no period begins within the grace before as_of."""
    return day.replace(day=min(day.day, 20))


def late_lines(deal: Deal, chain: Chain) -> list[Due]:
    """The lines of a chain that are due and, were they not billed, late at as_of."""
    return [due for due in due_lines(deal, chain) if is_late(deal, due.bill_on)]


def received(deal: Deal, chain: Chain, due: Due) -> int:
    """How much of a line the customer has received by as_of."""
    off = min(deal.as_of, chain.deactivated_on or deal.as_of)
    return served(due.net, due.first, due.last, chain.activated_on, off)


def since(deal: Deal, bill_on: dt.date | None) -> dt.date:
    """The day from which something not billed counts: its due date."""
    assert bill_on
    return due_on(deal, bill_on)


def ripe(deal: Deal) -> list[Bill]:
    """The bills all of whose lines would be late by now if they were not there."""
    return [bill for bill in deal.bills if all(line.bill_on and is_late(deal, line.bill_on) for line in bill.lines)]


def drop(deal: Deal, bill: Bill) -> None:
    """The bill was never made."""
    deal.bills.remove(bill)


def drop_line(deal: Deal, line: BillLine) -> None:
    """The line was never billed; neither was its bill, where it was the only one."""
    for bill in list(deal.bills):
        if line in bill.lines:
            bill.lines.remove(line)
            if not bill.lines:
                drop(deal, bill)


def lines_of(deal: Deal) -> list[BillLine]:
    """Every line of every bill."""
    return [line for bill in deal.bills for line in bill.lines]


def write(deal: Deal) -> None:
    """Write the spoilt deal."""
    papers.write(deal)
