"""Issued, and not in the books as issued: unposted, misposted, wrong tax, currency, period or revenue schedule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction

from ...canon.finding import Risk
from ..amounts import coins, whole
from ..arithmetic import later
from ..catalogue import ar_locks_on
from ..deal import Bill, Deal
from ..schedules import schedule_lines
from ..shapes import annual, complete, goods, hours, project, subscribed
from ..world import World
from .register import injects, note, off_the_rush, started, write

UNPOSTED, MISPOSTED = Risk.UNPOSTED_INVOICE, Risk.MISPOSTED_INVOICE


def billed(world: World, name: str, market: str | None = None) -> tuple[Deal, Bill]:
    """A monthly deal, and one of its bills to spoil."""
    deal, _ = subscribed(world, name, start=started(world, name), market=market)
    complete(deal)
    return deal, deal.bills[deal.rng.randrange(1, 5)]


def leave_unposted(deal: Deal, bill: Bill, name: str, error: str = "") -> None:
    """The ERP refused the bill (with its words), or never got it (without); what was issued today is not late yet."""
    bill.fate, bill.error = ("refused", error) if error else ("missing", "")
    deal.world.taken.add(bill.ref)
    if bill.on < deal.as_of:
        deal.leak(UNPOSTED, bill.key, bill.net, bill.on, note(name))


@injects(UNPOSTED)
def refused_for_a_tax_code(world: World, name: str) -> None:
    """The ERP knows the invoice and will not book it."""
    deal, bill = billed(world, name, "DE")
    leave_unposted(deal, bill, name, "Tax code S1 is not valid for account 8400")
    write(deal)


@injects(UNPOSTED)
def never_reached_the_erp(world: World, name: str) -> None:
    """The interface dropped it; the ERP has nothing."""
    deal, bill = billed(world, name)
    leave_unposted(deal, bill, name)
    write(deal)


@injects(UNPOSTED)
def three_refused_for_a_blocked_customer(world: World, name: str) -> None:
    """Three invoices of a customer whose account is blocked."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    for bill in deal.bills[2:5]:
        leave_unposted(deal, bill, name, "Customer account is blocked for posting")
    write(deal)


@injects(UNPOSTED)
def goods_invoice_never_posted(world: World, name: str) -> None:
    """One shipment, one invoice, no receivable."""
    deal, _ = goods(world, name, start=started(world, name, 20, 300))
    complete(deal)
    leave_unposted(deal, deal.bills[0], name)
    write(deal)


@injects(UNPOSTED)
def hours_invoice_refused(world: World, name: str) -> None:
    """Time and material without a project dimension in the ERP."""
    deal, _ = hours(world, name, start=off_the_rush(started(world, name)))
    complete(deal)
    leave_unposted(deal, deal.bills[0], name, "Dimension PROJECT is missing")
    write(deal)


@injects(UNPOSTED)
def milestone_invoice_stuck_in_draft(world: World, name: str) -> None:
    """The ERP has it as a draft, and nobody has released it."""
    deal, _ = project(world, name, start=started(world, name))
    complete(deal)
    bill = deal.bills[0]
    leave_unposted(deal, bill, name, "waiting for release")
    bill.erp = {"status": "draft", "error": ""}
    write(deal)


@injects(UNPOSTED)
def yesterdays_invoice_not_posted(world: World, name: str) -> None:
    """Issued yesterday morning: one day too late already."""
    day = world.as_of - dt.timedelta(days=1)
    deal, _ = subscribed(world, name, start=later(day, -3, day.day))
    deal.accepted_on = deal.start
    complete(deal, slow=False)
    leave_unposted(deal, deal.bills[-1], name)
    write(deal)


# --- booked otherwise -----------------------------------------------------------------------------------------------


def booked(deal: Deal, bill: Bill, amount: int, name: str) -> None:
    """The ERP's view differs by that much (its fields are set by the caller)."""
    deal.leak(MISPOSTED, bill.key, amount, deal.posted_day(bill), note(name))
    deal.world.taken.add(bill.ref)


def _booked_with(world: World, name: str, net: int, tax: int, market: str | None = None) -> None:
    """Net and tax in the ERP are so many percent of what was issued."""
    deal, bill = billed(world, name, market)
    (line,) = bill.lines
    issued_tax = whole(line.net * Fraction(line.charge.tax_rate))
    new_net, new_tax = whole(Fraction(line.net * net, 100)), whole(Fraction(issued_tax * tax, 100))
    bill.erp_amounts = (new_net, new_tax)
    booked(deal, bill, abs(new_net - line.net) + abs(new_tax - issued_tax), name)
    write(deal)


@injects(MISPOSTED)
def booked_too_low(world: World, name: str) -> None:
    """Digits swapped on the way."""
    _booked_with(world, name, 91, 100)


@injects(MISPOSTED)
def booked_too_high(world: World, name: str) -> None:
    """Ten percent too much, tax included."""
    _booked_with(world, name, 110, 110, "TX")


@injects(MISPOSTED)
def booked_without_its_tax(world: World, name: str) -> None:
    """The tax line was lost."""
    _booked_with(world, name, 100, 0, "DE")


@injects(MISPOSTED)
def booked_in_another_entity(world: World, name: str) -> None:
    """Billed by the German company, booked by the American one."""
    deal, bill = billed(world, name, "DE")
    rate = world.fx.rate(deal.currency, "USD", bill.on)
    bill.erp = {"entity": "US01", "fx_rate": rate}
    booked(deal, bill, bill.net, name)
    write(deal)


@injects(MISPOSTED)
def booked_in_another_currency(world: World, name: str) -> None:
    """The same number in dollars instead of euros."""
    deal, bill = billed(world, name, "FR")
    bill.erp = {"currency": "USD", "fx_rate": world.fx.rate("USD", "EUR", bill.on)}
    booked(deal, bill, bill.net, name)
    write(deal)


# --- only their own difference --------------------------------------------------------------------------------------


def _tax(deal: Deal, bill: Bill, answer: int, name: str) -> None:
    tax = sum(whole(line.net * Fraction(line.charge.tax_rate)) if line.tax is None else line.tax for line in bill.lines)
    bill.tax_answer = answer
    deal.leak(Risk.TAX_MISMATCH, bill.key, abs(tax - answer), bill.on, note(name))


@injects(Risk.TAX_MISMATCH)
def tax_not_charged(world: World, name: str) -> None:
    """The engine determined nineteen percent, the invoice has none."""
    deal, bill = billed(world, name, "DE")
    answer = whole(bill.net * Fraction(19, 100))
    bill.lines[0].tax = 0
    _tax(deal, bill, answer, name)
    write(deal)


@injects(Risk.TAX_MISMATCH)
def tax_at_the_reduced_rate(world: World, name: str) -> None:
    """Seven percent instead of nineteen."""
    deal, bill = billed(world, name, "DE")
    bill.lines[0].tax = whole(bill.net * Fraction(7, 100))
    _tax(deal, bill, whole(bill.net * Fraction(19, 100)), name)
    write(deal)


@injects(Risk.TAX_MISMATCH)
def tax_on_a_reverse_charge(world: World, name: str) -> None:
    """The customer owes it itself; it was charged all the same."""
    deal, bill = billed(world, name, "AT")
    bill.lines[0].tax = whole(bill.net * Fraction(20, 100))
    _tax(deal, bill, 0, name)
    write(deal)


@injects(Risk.CURRENCY_MISMATCH)
def billed_in_another_currency(world: World, name: str) -> None:
    """The number of the order in euros, on an invoice in dollars."""
    deal, bill = billed(world, name, "FR")
    bill.currency = "USD"
    deal.leak(Risk.CURRENCY_MISMATCH, bill.key, bill.net, bill.on, note(name), currency="USD")
    write(deal)


def _cut_off(deal: Deal, bill: Bill, period: dt.date, name: str) -> None:
    bill.period = f"{period:%Y-%m}"
    deal.leak(Risk.PERIOD_CUTOFF, bill.key, bill.net, deal.posted_day(bill), note(name))


def mid_month(deal: Deal) -> Iterator[Bill]:
    """The bills of neither the first nor the last days of a month."""
    return (bill for bill in deal.bills if 6 <= bill.on.day <= 24)


def _mid_month_deal(world: World, name: str) -> Deal:
    deal, _ = subscribed(world, name, start=started(world, name).replace(day=12))
    complete(deal)
    return deal


@injects(Risk.PERIOD_CUTOFF)
def posted_a_month_early(world: World, name: str) -> None:
    """Into the month before its issue."""
    deal = _mid_month_deal(world, name)
    bill = list(mid_month(deal))[2]
    _cut_off(deal, bill, later(bill.on, -1), name)
    write(deal)


@injects(Risk.PERIOD_CUTOFF)
def posted_a_month_late(world: World, name: str) -> None:
    """Into the next month, though its own was open."""
    deal = _mid_month_deal(world, name)
    bill = list(mid_month(deal))[1]
    _cut_off(deal, bill, later(bill.on, 1), name)
    write(deal)


@injects(Risk.PERIOD_CUTOFF)
def posted_beyond_the_next_open_period(world: World, name: str) -> None:
    """Its month was locked; it belonged into the next one, and went into the one after."""
    deal = _mid_month_deal(world, name)
    bill = list(mid_month(deal))[1]
    bill.posted_on = ar_locks_on(world, deal.entity.code, bill.on.replace(day=1)) + dt.timedelta(days=2)
    _cut_off(deal, bill, later(bill.on, 2), name)
    write(deal)


def _schedule(world: World, name: str, errors: dict[int, int], share: int = 0) -> None:
    deal, chain = annual(world, name, start=started(world, name, 10, 90))
    complete(deal)
    unit = coins(deal.currency, 1)
    months = schedule_lines(deal, chain)
    chain.schedule_errors = {at: change * unit - months[at].amount * share // 100 for at, change in errors.items()}
    running, worst, first = 0, 0, None
    for at, line in enumerate(months):
        running += chain.schedule_errors.get(at, 0)
        if line.period_end <= deal.as_of and running:
            worst, first = max(worst, abs(running)), first or line.period_end
    deal.leak(Risk.SCHEDULE_MISMATCH, f"revenue_schedule/erp/RS-{deal.stem}-{chain.line}", worst, first, note(name))
    write(deal)


@injects(Risk.SCHEDULE_MISMATCH)
def month_recognised_twice(world: World, name: str) -> None:
    """A correction by hand put some revenue into the wrong month, and took it out two months later."""
    _schedule(world, name, {3: 120, 5: -120})


@injects(Risk.SCHEDULE_MISMATCH)
def month_without_revenue(world: World, name: str) -> None:
    """The schedule skips a month."""
    _schedule(world, name, {4: 0}, share=100)


@injects(Risk.SCHEDULE_MISMATCH)
def schedule_drifts(world: World, name: str) -> None:
    """A little too much each month."""
    _schedule(world, name, dict.fromkeys(range(1, 7), 7))
