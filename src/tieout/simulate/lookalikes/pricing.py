"""Prices and periods that surprise: prepaid, free, ramped, committed, tiered, prorated, taxed."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import msgspec

from .. import papers
from ..amounts import decimals, whole
from ..arithmetic import ONE_DAY, later
from ..catalogue import CALLS, PLATFORM, SEATS, SUPPORT, VAULT
from ..deal import Chain, Deal, Meter
from ..shapes import annual, committed, complete, subscribed, tiers_for
from ..world import World
from .register import early, lookalike


def finish(deal: Deal) -> None:
    """Bill and write a deal in which nothing is wrong."""
    complete(deal)
    papers.write(deal)


def split(deal: Deal, chain: Chain, on: dt.date, before: Decimal, reason: str) -> None:
    """Another price (and why) until ``on``, the agreed one from then on."""
    agreed = chain.charge.unit_price
    chain.segments[0] = msgspec.structs.replace(
        chain.charge, unit_price=before, price_reason=reason, end_on=on - ONE_DAY
    )
    deal.follow_on(chain, on, unit_price=agreed, end_on=deal.terms.end_on if deal.terms else None)


@lookalike
def annual_prepay(world: World, name: str) -> None:
    """A whole year billed and paid on the first day: far more than was received."""
    finish(annual(world, name, start=early(world, 75))[0])


@lookalike
def two_years_paid_yearly(world: World, name: str) -> None:
    """A two-year contract billed a year in advance."""
    finish(annual(world, name, months=24, start=early(world, 12))[0])


@lookalike
def free_months(world: World, name: str) -> None:
    """Three months free, then the price; nothing is billed for them."""
    deal, chain = subscribed(world, name, start=early(world, 30))
    split(deal, chain, later(deal.start, 3), Decimal(0), "free")
    finish(deal)


@lookalike
def trial(world: World, name: str) -> None:
    """A trial of fourteen days before the first paid period, whose grid starts with it."""
    deal, chain = subscribed(world, name, start=early(world, 44), months=None, channel="self_serve")
    first = chain.charge
    paid_from = deal.start + dt.timedelta(days=14)
    chain.segments[0] = msgspec.structs.replace(
        first, unit_price=Decimal(0), price_reason="trial", end_on=paid_from - ONE_DAY, period_months=0
    )
    deal.follow_on(chain, paid_from, unit_price=first.unit_price, period_months=1, end_on=None)
    finish(deal)


@lookalike
def ramp(world: World, name: str) -> None:
    """A price that rises as agreed at the start, in the middle of the contract."""
    deal, chain = subscribed(world, name, item=SUPPORT, start=early(world, 20))
    split(deal, chain, later(deal.start, 4), round(chain.charge.unit_price / 2, decimals(deal.currency)), "ramp")
    finish(deal)


@lookalike
def usage_inside_commitment(world: World, name: str) -> None:
    """Metered, and covered by what was prepaid."""
    finish(committed(world, name, "prepaid", share=180, start=early(world, 10).replace(day=1))[0])


@lookalike
def usage_over_commitment(world: World, name: str) -> None:
    """Metered beyond what was prepaid: only the growth is billed."""
    finish(committed(world, name, "prepaid", share=45, start=early(world, 40).replace(day=1))[0])


@lookalike
def commitment_trued_up(world: World, name: str) -> None:
    """Less was used than committed to: the rest is billed at the end."""
    finish(committed(world, name, "true_up", share=150, start=early(world, 70).replace(day=1))[0])


@lookalike
def commitment_outgrown(world: World, name: str) -> None:
    """More was used than committed to: there is nothing to true up."""
    finish(committed(world, name, "true_up", share=40, start=early(world, 70).replace(day=1))[0])


@lookalike
def volume_tier_lowers_price(world: World, name: str) -> None:
    """More units reach a cheaper tier: 2,100 cost less than 1,900."""
    deal = Deal(world, name, start=early(world, 40).replace(day=1))
    deal.sign(12)
    chain = deal.add(
        CALLS, Decimal(0), kind="usage", timing="arrears", tier_model="volume", tiers=tiers_for("volume", deal.currency)
    )
    month = deal.start
    for count in range(9):
        end = later(month, 1) - ONE_DAY
        half = month + dt.timedelta(days=14)
        for day, units in ((half, 1900), (end, 200 if count % 2 else 50)):
            if day <= deal.as_of:
                chain.usage.append(Meter(day, Decimal(units), day))
        month = end + ONE_DAY
    finish(deal)


@lookalike
def seats_in_tiers(world: World, name: str) -> None:
    """A recurring price that depends on the number of seats."""
    deal, chain = subscribed(world, name, item=SEATS, start=early(world, 60), quantity=1)
    chain.segments[0] = msgspec.structs.replace(
        chain.charge, tier_model="graduated", tiers=tiers_for("graduated", deal.currency), quantity=Decimal(7300)
    )
    finish(deal)


@lookalike
def tax_inclusive_rounded_on_lines(world: World, name: str) -> None:
    """Prices that contain their tax: each line rounded for itself leaves the invoice a cent beside the sum."""
    finish(_inclusive(world, name, early(world, 90)))


@lookalike
def tax_inclusive_rounded_on_invoice(world: World, name: str) -> None:
    """The same with the cent as the invoice's rounding."""
    deal = _inclusive(world, name, early(world, 91))
    complete(deal)
    for bill in deal.bills:
        net = bill.net
        gross = whole(net * (1 + Fraction(deal.tax_rate)))
        bill.lines[0].tax = gross - net - sum(whole(line.net * Fraction(deal.tax_rate)) for line in bill.lines[1:])
        bill.rounding = 1
    papers.write(deal)


def _inclusive(world: World, name: str, start: dt.date) -> Deal:
    deal = Deal(world, name, market="DE", start=start, channel="self_serve")
    deal.tax = "inclusive"
    for item, price in ((VAULT, "99.99"), (SUPPORT, "14.49"), (SEATS, "9.99")):
        deal.add(item, Decimal(price), period_months=1, end_on=None, quantity=Decimal(deal.rng.randrange(1, 4)))
    return deal


@lookalike
def a_cent_off(world: World, name: str) -> None:
    """Billing rounds a line one minor unit lower than the contract: within the tolerance."""
    deal, _ = subscribed(world, name, start=early(world, 120))
    complete(deal)
    deal.bills[1].lines[0].net -= 1
    deal.bills[2].lines[0].net += 1
    papers.write(deal)


@lookalike
def reverse_charge(world: World, name: str) -> None:
    """A customer in another country of the union owes the tax itself."""
    finish(subscribed(world, name, market="FR", start=early(world, 50))[0])


@lookalike
def exempt_customer(world: World, name: str) -> None:
    """An exempt customer in a state with sales tax."""
    finish(subscribed(world, name, market="US", start=early(world, 51))[0])


@lookalike
def ends_of_short_months(world: World, name: str) -> None:
    """A service that starts on the 31st: its periods start on the 30th, the 28th, and on the 31st again."""
    day = next(d for n in range(80) if (d := early(world, n)).day == 31)
    finish(subscribed(world, name, start=day)[0])


@lookalike
def first_period_to_the_first(world: World, name: str) -> None:
    """Billed by calendar months from the middle of one: the first is a stub, by 30/360."""
    start = early(world, 60).replace(day=12)
    finish(subscribed(world, name, start=start, months=None, charge={"anchor_day": 1, "proration": "30/360"})[0])


@lookalike
def stub_in_started_months(world: World, name: str) -> None:
    """Quarters from the first of a month; the stub counts started months."""
    start = early(world, 60).replace(day=20)
    finish(
        subscribed(world, name, start=start, period=3, months=None, charge={"anchor_day": 1, "proration": "month"})[0]
    )


@lookalike
def stub_at_full_price(world: World, name: str) -> None:
    """A company that does not prorate: the stub costs a whole month."""
    start = early(world, 60).replace(day=25)
    finish(subscribed(world, name, start=start, months=None, charge={"anchor_day": 1, "proration": "none"})[0])


@lookalike
def in_arrears_on_the_fifth(world: World, name: str) -> None:
    """Received all through the last month, and billed on the fifth of the next one."""
    start = early(world, 70).replace(day=1)
    finish(subscribed(world, name, start=start, charge={"timing": "arrears", "bill_day": 5})[0])


@lookalike
def dinars(world: World, name: str) -> None:
    """A currency of three decimals, sold by the German company."""
    finish(subscribed(world, name, market="KW", start=early(world, 33), item=PLATFORM, period=12)[0])


@lookalike
def first_invoice_waits_for_activation(world: World, name: str) -> None:
    """Billed from activation, which came twelve days after the start."""
    deal, chain = subscribed(world, name, start=early(world, 140), charge={"trigger": "activation"})
    chain.activated_on = deal.start + dt.timedelta(days=12)
    finish(deal)
