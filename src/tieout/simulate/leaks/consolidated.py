"""Invoices that bill several orders at once: the whole document is judged once, each order by its own lines."""

from __future__ import annotations

import datetime as dt

from ...canon.finding import Risk
from ..deal import Deal
from ..lookalikes.invoicing import consolidated, copied
from ..world import World
from .books import leave_unposted
from .register import drop_line, injects, late_lines, note, received, since, started, write
from .surplus import again


def _write(deals: list[Deal]) -> None:
    for deal in deals:
        deal.world.taken.add(deal.order)
        write(deal)


@injects(Risk.UNPOSTED_INVOICE)
def consolidated_invoice_refused(world: World, name: str) -> None:
    """Three orders hang on one refused invoice: one finding over the whole of it."""
    deals = consolidated(world, name, started(world, name))
    leave_unposted(deals[0], deals[0].bills[2], name, "Order reference is ambiguous")
    _write(deals)


@injects(Risk.DUPLICATE_DOCUMENT)
def consolidated_invoice_sent_twice(world: World, name: str) -> None:
    """Every line of it is surplus, in three orders."""
    deals = consolidated(world, name, started(world, name))
    again(deals[0], deals[0].bills[1], 2, name)
    _write(deals)


@injects(Risk.UNBILLED_SERVICE)
def one_order_left_out_of_a_consolidated_invoice(world: World, name: str) -> None:
    """Two of the three orders are on it."""
    deals = consolidated(world, name, started(world, name))
    left_out = deals[1]
    (chain,) = left_out.chains
    line = next(line for line in deals[0].bills[3].lines if line.charge is chain.charge)
    due = next(due for due in late_lines(left_out, chain) if due.first == line.first)
    drop_line(deals[0], line)
    left_out.leak(
        Risk.UNBILLED_SERVICE,
        line.charge.key,
        received(left_out, chain, due),
        since(left_out, line.bill_on),
        note(name),
    )
    _write(deals)


@injects(Risk.UNDERBILLED, Risk.OVERBILLED)
def one_order_too_cheap_and_one_too_dear(world: World, name: str) -> None:
    """On one invoice; they are not netted."""
    deals = consolidated(world, name, started(world, name))
    bill = deals[0].bills[2]
    cheap, dear = (next(line for line in bill.lines if line.charge is deal.chains[0].charge) for deal in deals[1:])
    less, more = cheap.net // 10, dear.net // 7
    cheap.net, dear.net = cheap.net - less, dear.net + more
    deals[1].leak(Risk.UNDERBILLED, cheap.charge.key, less, bill.on, note(name))
    deals[2].leak(Risk.OVERBILLED, dear.charge.key, more, bill.on, note(name))
    _write(deals)


@injects(Risk.CREDIT_LEAKAGE)
def one_line_of_a_consolidated_invoice_credited_without_cause(world: World, name: str) -> None:
    """A credit over one order's line of it, and nobody says why."""
    deals = consolidated(world, name, started(world, name))
    bill = deals[0].bills[2]
    line = next(line for line in bill.lines if line.charge is deals[2].chains[0].charge)
    credit = deals[0].credit(bill, bill.on + dt.timedelta(days=5), copied([line], 40), reason="price_correction")
    deals[0].leak(Risk.CREDIT_LEAKAGE, f"credit_memo/billing/{credit.id}", credit.net, credit.on, note(name))
    _write(deals)
