"""Several things wrong with one deal: each slice of money belongs to the first class that applies."""

from __future__ import annotations

import datetime as dt

from ...canon.finding import Risk
from .. import billing, changes, renewals
from ..amounts import coins
from ..arithmetic import ONE_DAY, later
from ..deal import Bill, Deal
from ..lookalikes.invoicing import copied
from ..shapes import annual, complete, subscribed
from ..world import World
from .books import leave_unposted
from .missing import never_billed, skip
from .prices import reprice, times
from .register import injects, late_lines, note, received, since, started, write
from .surplus import again, unentitled
from .terms import at_risk, deal_days, ending, lapsed, unauthorised
from .upsells import missed


def _without(deal: Deal, bill: Bill) -> None:
    deal.bills.remove(bill)


@injects(Risk.MISSED_UPSELL, Risk.UNBILLED_SERVICE)
def upgrade_uncharged_and_a_month_skipped(world: World, name: str) -> None:
    """In the month without an invoice the delta is a missed upsell, and only the rest is unbilled service."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    on = later(deal.start, 3)
    changes.upgrade(deal, chain, on, on - dt.timedelta(days=8))
    first = later(deal.start, 5)
    _without(deal, next(bill for bill in deal.bills if bill.lines[0].first == first))
    taken = missed(deal, chain, deal.amendments[0], name)
    due = next(due for due in late_lines(deal, chain) if due.first == first)
    _, delta_received = taken[due.period_first, due.period_last]
    rest = received(deal, chain, due) - delta_received
    deal.leak(Risk.UNBILLED_SERVICE, due.charge.key, rest, since(deal, due.bill_on), note(name))
    write(deal)


@injects(Risk.MISSED_UPSELL, Risk.UNDERBILLED)
def upgrade_uncharged_and_a_discount_too_much(world: World, name: str) -> None:
    """One month was billed below even the old price: the delta is a missed upsell, the remainder underbilled."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    on = later(deal.start, 3)
    changes.upgrade(deal, chain, on, on - dt.timedelta(days=8))
    first = later(deal.start, 4)
    bill = next(bill for bill in deal.bills if bill.lines[0].first == first)
    less = bill.net // 5
    bill.lines[0].net -= less
    missed(deal, chain, deal.amendments[0], name)
    deal.leak(Risk.UNDERBILLED, chain.charge.key, less, bill.on, note(name))
    write(deal)


@injects(Risk.UNPOSTED_INVOICE, Risk.UNDERBILLED)
def underbilled_and_unposted(world: World, name: str) -> None:
    """What is on the invoice hangs before the ERP, what is not on it is underbilled."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    bill = deal.bills[3]
    reprice(deal, [bill], times(80), name)
    leave_unposted(deal, bill, name, "Line total differs from price list")
    write(deal)


@injects(Risk.MISSED_RENEWAL, Risk.UNAUTHORISED_SERVICE)
def term_ended_in_silence_and_still_on(world: World, name: str) -> None:
    """Nobody renewed it and nobody switched it off: the next term is at risk, and the days served are lost already."""
    deal = ending(world, name, -deal_days(world, name, 20, 70), 8)
    assert deal.terms and deal.terms.end_on
    opening = renewals.notice_on(deal) - dt.timedelta(days=renewals.WINDOW_DAYS)
    billing.plan(deal)
    missed_on = deal.entity.add_business_days(opening, 5)
    deal.leak(Risk.MISSED_RENEWAL, deal.contract_key, at_risk(deal), missed_on, note(name))
    unauthorised(deal, deal.chains[0], deal.terms.end_on, name)
    write(deal)


@injects(Risk.UNAUTHORISED_SERVICE, Risk.MISSED_UPSELL)
def upgraded_uncharged_and_past_the_end(world: World, name: str) -> None:
    """Until the end the delta is missing; after it the whole, upgraded service is unauthorised."""
    deal, chain, end = lapsed(world, name, 6)
    complete(deal)
    on = later(deal.start, 3) + dt.timedelta(days=11)
    changes.upgrade(deal, chain, on, on)
    missed(deal, chain, deal.amendments[0], name)
    unauthorised(deal, chain, end, name)
    write(deal)


@injects(Risk.DUPLICATE_DOCUMENT)
def duplicate_that_the_erp_refused(world: World, name: str) -> None:
    """A surplus invoice is judged once: it is a duplicate, and nobody misses it in the ERP."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    second = again(deal, deal.bills[2], 3, name)
    second.fate, second.error = "refused", "Document number exists already"
    write(deal)


@injects(Risk.UNENTITLED_BILLING)
def never_switched_on_and_billed_too_high(world: World, name: str) -> None:
    """Nothing was received: all that is billed of the days gone by is unentitled, and nothing is overbilled."""
    deal, chain = subscribed(world, name, start=started(world, name, 150, 280), months=24)
    chain.activated_on = None
    complete(deal)
    for bill in deal.bills:
        bill.lines[0].net += bill.lines[0].net // 8
    unentitled(deal, chain, name)
    write(deal)


@injects(Risk.UNPOSTED_INVOICE)
def unposted_with_a_wrong_tax(world: World, name: str) -> None:
    """The tax is wrong as well; that counts only on an invoice that is otherwise in order."""
    deal, _ = subscribed(world, name, start=started(world, name), market="DE")
    complete(deal)
    bill = deal.bills[2]
    bill.lines[0].tax, bill.tax_answer = 0, bill.net * 19 // 100
    leave_unposted(deal, bill, name, "Tax differs from the tax code's rate")
    write(deal)


@injects(Risk.UNBILLED_SERVICE, Risk.OVERBILLED)
def one_month_skipped_the_next_too_dear(world: World, name: str) -> None:
    """What is billed too much in one month does not make up for the other."""
    deal, chain = subscribed(world, name, start=started(world, name))
    complete(deal)
    skipped, dear = deal.bills[2], deal.bills[3]
    skip(deal, chain, skipped, name)
    reprice(deal, [dear], times(140), name)
    write(deal)


@injects(Risk.UNBILLED_SERVICE)
def unbilled_with_a_wrong_schedule(world: World, name: str) -> None:
    """The revenue schedule drifts too; a schedule is judged only on a charge that has no other finding."""
    deal, chain = annual(world, name, start=started(world, name))
    complete(deal)
    never_billed(deal, chain, name)
    chain.schedule_errors = {3: coins(deal.currency, 40)}
    write(deal)


@injects(Risk.CREDIT_LEAKAGE, Risk.DUPLICATE_DOCUMENT)
def duplicate_and_a_credit_without_cause(world: World, name: str) -> None:
    """A second invoice, and elsewhere a credit that nobody explains: each for itself."""
    deal, _ = subscribed(world, name, start=started(world, name))
    complete(deal)
    again(deal, deal.bills[1], 2, name)
    bill = deal.bills[3]
    credit = deal.credit(bill, bill.on + dt.timedelta(days=4), copied(bill.lines, 10), reason="")
    deal.leak(Risk.CREDIT_LEAKAGE, f"credit_memo/billing/{credit.id}", credit.net, credit.on, note(name))
    write(deal)


@injects(Risk.BLOCKED_RENEWAL, Risk.MISSED_RENEWAL)
def dates_differ_and_the_window_passes(world: World, name: str) -> None:
    """Billing has another end, so that nobody was reminded: the renewal was never opened."""
    deal = ending(world, name, deal_days(world, name, 50, 70))
    billing.plan(deal)
    assert deal.terms and deal.terms.end_on
    deal.subscription = {"end_on": deal.terms.end_on + ONE_DAY * 30}
    opening = renewals.notice_on(deal) - dt.timedelta(days=renewals.WINDOW_DAYS)
    missed_on = deal.entity.add_business_days(opening, 5)
    deal.leak(Risk.MISSED_RENEWAL, deal.contract_key, at_risk(deal), missed_on, note(name))
    deal.leak(Risk.BLOCKED_RENEWAL, deal.contract_key, 0, None, note(name))
    write(deal)
