"""Service without a contract, and contracts that run out: unauthorised_service and missed_renewal."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import msgspec

from ...canon.documents import Charge
from ...canon.finding import Risk
from .. import billing, changes, renewals
from ..amounts import whole
from ..arithmetic import ONE_DAY, exact_price, full_price, in_minor, later, months_between
from ..catalogue import SEATS
from ..deal import BillLine, Chain, Deal
from ..shapes import complete, subscribed
from ..world import World
from .register import injects, late_lines, note, off_the_rush, received, started, write

UNAUTHORISED, RENEWAL = Risk.UNAUTHORISED_SERVICE, Risk.MISSED_RENEWAL


def per_month(charge: Charge) -> Fraction:
    """What a month past the end costs: the last price, or the hold-over price."""
    price = exact_price(charge)
    if charge.hold_over_price is not None:
        price = in_minor(charge.quantity * charge.hold_over_price, charge.currency)
    return price / charge.period_months


def unauthorised(
    deal: Deal, chain: Chain, last: dt.date, name: str, charge: Charge | None = None, billed: int = 0
) -> None:
    """The service went on after ``last``: its days to as_of (or its end), less what was billed of them."""
    through = min(deal.as_of, chain.deactivated_on or deal.as_of)
    first = last + ONE_DAY
    amount = whole(per_month(charge or chain.charge) * months_between(first, through)) - billed
    deal.leak(UNAUTHORISED, deal.entitlement_key(chain), amount, first, note(name))


def lapsed(world: World, name: str, months: int = 5, **more: object) -> tuple[Deal, Chain, dt.date]:
    """A contract that ended within the year and was lost; the service is still on. Its last day too."""
    deal, chain = subscribed(world, name, start=started(world, name, 10, 100), months=months, **more)  # type: ignore[arg-type]
    deal.renewal_left_to_chance = False
    assert deal.terms and deal.terms.end_on
    notice = renewals.notice_on(deal)
    deal.renewal = {
        "status": "lost",
        "opened": notice - dt.timedelta(days=58),
        "quoted": notice - dt.timedelta(days=40),
    }
    return deal, chain, deal.terms.end_on


@injects(UNAUTHORISED)
def on_past_the_end(world: World, name: str) -> None:
    """Lost, billed to the end, and never switched off."""
    deal, chain, end = lapsed(world, name)
    complete(deal)
    unauthorised(deal, chain, end, name)
    write(deal)


@injects(UNAUTHORISED)
def on_past_the_end_with_a_hold_over_price(world: World, name: str) -> None:
    """The contract has a dearer price for the time after its end."""
    deal, chain, end = lapsed(world, name, 6)
    price = round(chain.charge.unit_price * Decimal("1.5"), 0)
    chain.segments[0] = msgspec.structs.replace(chain.charge, hold_over_price=price)
    complete(deal)
    unauthorised(deal, chain, end, name)
    write(deal)


@injects(UNAUTHORISED)
def switched_off_weeks_late(world: World, name: str) -> None:
    """Off by now, but five weeks after the end."""
    deal, chain, end = lapsed(world, name, 6, item=SEATS)
    complete(deal)
    chain.deactivated_on = end + dt.timedelta(days=36)
    unauthorised(deal, chain, end, name)
    write(deal)


@injects(UNAUTHORISED)
def one_month_past_the_end_billed(world: World, name: str) -> None:
    """On past the end; billing sent one more invoice and then stopped."""
    deal, chain, end = lapsed(world, name)
    complete(deal)
    first, price = end + ONE_DAY, full_price(chain.charge)
    deal.bill(first, [BillLine(chain.charge, first, later(first, 1) - ONE_DAY, price)])
    unauthorised(deal, chain, end, name, billed=price)
    write(deal)


@injects(UNAUTHORISED)
def terminated_and_still_on(world: World, name: str) -> None:
    """The termination reached billing, and not provisioning."""
    deal, chain = subscribed(world, name, start=started(world, name))
    on = later(deal.start, 4) + dt.timedelta(days=deal.rng.randrange(0, 20))
    changes.stop(deal, chain, "terminate", on, on - dt.timedelta(days=25), off=False)
    complete(deal)
    unauthorised(deal, chain, on - ONE_DAY, name, chain.segments[0])
    write(deal)


@injects(UNAUTHORISED)
def quarterly_service_past_the_end(world: World, name: str) -> None:
    """Billed by quarter: the month costs a third of it."""
    deal, chain, end = lapsed(world, name, 6, period=3)
    complete(deal)
    unauthorised(deal, chain, end, name)
    write(deal)


def _unsigned(world: World, name: str, billed: int) -> None:
    deal, chain = subscribed(world, name, start=off_the_rush(started(world, name, 120, 260)), months=24)
    assert deal.terms
    deal.terms.signed_on, deal.terms.status = None, "draft"
    complete(deal)
    del deal.bills[billed:]
    amount = sum(received(deal, chain, due) for due in late_lines(deal, chain)) - sum(b.net for b in deal.bills)
    deal.leak(UNAUTHORISED, deal.entitlement_key(chain), amount, chain.activated_on, note(name))
    write(deal)


@injects(UNAUTHORISED)
def never_signed_never_billed(world: World, name: str) -> None:
    """Switched on before the signature, which never came; billing waits for it."""
    _unsigned(world, name, 0)


@injects(UNAUTHORISED)
def never_signed_billed_at_first(world: World, name: str) -> None:
    """Two months were billed before somebody saw that nothing was signed."""
    _unsigned(world, name, 2)


# --- renewals -------------------------------------------------------------------------------------------------------


def ending(world: World, name: str, days: int, months: int = 12, **more: object) -> Deal:
    """A contract that ends so many days after as_of (before it, if negative), with nothing done about it yet."""
    end = world.as_of + dt.timedelta(days=days)
    deal, _ = subscribed(world, name, start=later(end + ONE_DAY, -months), months=months, **more)  # type: ignore[arg-type]
    deal.end_with(end)
    deal.renewal_left_to_chance = False
    return deal


def at_risk(deal: Deal) -> int:
    """The next twelve months, or the next term where it is shorter, at the last price of every recurring line."""
    terms = deal.terms
    assert terms and terms.end_on
    months = terms.renewal_months or started_months(terms.start_on, terms.end_on)
    total = 0
    for chain in deal.chains:
        if chain.charge.kind == "recurring":
            total += whole(Fraction(full_price(chain.charge) * min(12, months), chain.charge.period_months))
    return total


def started_months(first: dt.date, last: dt.date) -> int:
    """The months of a term, a started one counted."""
    return -(-months_between(first, last) // 1)


def risk_of(deal: Deal, missed_on: dt.date, name: str) -> None:
    """Bill and write a deal whose renewal missed its step on that day."""
    billing.plan(deal)
    deal.leak(RENEWAL, deal.contract_key, at_risk(deal), missed_on, note(name))
    write(deal)


@injects(RENEWAL)
def renewal_never_opened(world: World, name: str) -> None:
    """The window has been open for weeks, and nobody looked."""
    deal = ending(world, name, deal_days(world, name, 50, 70))
    opening = renewals.notice_on(deal) - dt.timedelta(days=renewals.WINDOW_DAYS)
    risk_of(deal, deal.entity.add_business_days(opening, 5), name)


def deal_days(world: World, name: str, first: int, last: int) -> int:
    """A number of days, drawn anew for each deal."""
    return world.rng(f"days/{name}/{len(world.docs['order'])}").randrange(first, last)


@injects(RENEWAL)
def renewal_never_quoted(world: World, name: str) -> None:
    """Opened in time, and no quote a month before the notice date."""
    deal = ending(world, name, deal_days(world, name, 36, 55))
    notice = renewals.notice_on(deal)
    deal.renewal = {"status": "open", "opened": notice - dt.timedelta(days=59)}
    risk_of(deal, notice - dt.timedelta(days=renewals.QUOTE_DAYS), name)


@injects(RENEWAL)
def renewal_never_agreed(world: World, name: str) -> None:
    """Quoted, and the notice date went by without an answer."""
    deal = ending(world, name, deal_days(world, name, 5, 25), terms={"renewal_months": 6})
    notice = renewals.notice_on(deal)
    deal.renewal = {
        "status": "quoted", "opened": notice - dt.timedelta(days=57), "quoted": notice - dt.timedelta(days=33),
    }  # fmt: skip
    risk_of(deal, notice, name)


@injects(RENEWAL)
def renewal_agreed_never_extended(world: World, name: str) -> None:
    """Agreed two weeks ago, and no system extends the contract."""
    deal = ending(world, name, deal_days(world, name, 30, 45))
    notice = renewals.notice_on(deal)
    agreed = min(notice, world.as_of) - dt.timedelta(days=14)
    deal.renewal = {
        "status": "agreed", "opened": notice - dt.timedelta(days=60), "quoted": notice - dt.timedelta(days=45),
        "agreed": agreed,
    }  # fmt: skip
    risk_of(deal, deal.entity.add_business_days(agreed, 2), name)


@injects(RENEWAL)
def term_ended_and_nothing_done(world: World, name: str) -> None:
    """The term ended in silence; the service was switched off, and the customer might have stayed."""
    deal = ending(world, name, -deal_days(world, name, 20, 60), 8)
    assert deal.terms and deal.terms.end_on
    deal.switch_off(deal.terms.end_on)
    opening = renewals.notice_on(deal) - dt.timedelta(days=renewals.WINDOW_DAYS)
    risk_of(deal, deal.entity.add_business_days(opening, 5), name)


@injects(RENEWAL)
def two_lines_not_renewed(world: World, name: str) -> None:
    """Two lines, one of them yearly: each at its own period's price."""
    deal = ending(world, name, deal_days(world, name, 52, 72))
    first = deal.chains[0].charge
    deal.add(SEATS, deal.price(SEATS), period_months=3, start_on=first.start_on, end_on=first.end_on)
    opening = renewals.notice_on(deal) - dt.timedelta(days=renewals.WINDOW_DAYS)
    risk_of(deal, deal.entity.add_business_days(opening, 5), name)
