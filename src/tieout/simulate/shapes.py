"""The ordinary deals: what this company sells every day, in every way of pricing, billing and delivering it.

A shape returns a deal and its main line, not yet billed: whoever asked for it may still change it, then calls
`complete`, may spoil the bills, and calls `papers.write`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from ..canon.documents import Commitment, Tier
from . import billing, catalogue, renewals
from .amounts import coins, decimals
from .arithmetic import ONE_DAY, later
from .catalogue import CALLS, CONSULTING, MIGRATION, ROUTER, SENSOR, STORAGE, SUITE, Item, in_currency
from .deal import Chain, Deal, Meter, Work
from .world import World


def complete(deal: Deal, slow: bool = True) -> None:
    """Let the contract be renewed or end, and plan the bills."""
    renewals.follow(deal)
    billing.plan(deal, slow)


def subscribed(
    world: World,
    name: str,
    *,
    item: Item = SUITE,
    period: int = 1,
    months: int | None = 12,
    quantity: int | None = None,
    terms: dict[str, Any] | None = None,
    charge: dict[str, Any] | None = None,
    **deal: Any,
) -> tuple[Deal, Chain]:
    """A recurring service: so many months a period, under a contract of so many months (None: evergreen)."""
    made = Deal(world, name, **deal)
    made.sign(months, **(terms or {}))
    units = quantity or made.rng.randrange(1, 40)
    if item is catalogue.PLATFORM or item is catalogue.TIER4:
        units = quantity or 1
    price = made.price(item) * (1 if item is catalogue.PLATFORM else period)
    chain = made.add(item, price, quantity=Decimal(units), period_months=period, **(charge or {}))
    return made, chain


def annual(world: World, name: str, **more: Any) -> tuple[Deal, Chain]:
    """A year paid in advance, with a revenue schedule in the ERP."""
    deal, chain = subscribed(world, name, item=catalogue.PLATFORM, period=12, **more)
    chain.scheduled = True
    return deal, chain


def tiers_for(model: str, currency: str) -> tuple[Tier, ...]:
    """A price list of three steps for API calls, in the deal's currency."""

    def price(euros: str) -> Decimal:
        return in_currency(euros, currency, 2)

    if model == "graduated":
        flat = in_currency("5", currency)
        return (
            Tier(price("0.08"), Decimal(1000)),
            Tier(price("0.06"), Decimal(5000), flat),
            Tier(price("0.04"), None, flat),
        )
    if model == "volume":
        return (
            Tier(price("0.09"), Decimal(2000)),
            Tier(price("0.05"), Decimal(8000)),
            Tier(price("0.03"), None, in_currency("10", currency)),
        )
    return (Tier(price("25"), Decimal(500)),) if model == "package" else ()


def metered(
    world: World, name: str, model: str = "per_unit", *, every: str = "month", **more: Any
) -> tuple[Deal, Chain]:
    """A metered service billed a month in arrears under a tier model; ``every`` month, week or day is metered."""
    fields = {"bill_day": more.pop("bill_day", None), "back_bill_days": more.pop("back_bill_days", 120)}
    deal = Deal(world, name, **more)
    deal.sign(12)
    item = STORAGE if model == "package" else CALLS
    price = deal.price(item) if model in ("per_unit", "package") else Decimal(0)
    if model == "flat":
        price = deal.price(catalogue.SUPPORT)
    chain = deal.add(
        item, price, kind="usage", timing="arrears", tier_model=model, tiers=tiers_for(model, deal.currency), **fields
    )
    if model == "package":
        size = chain.charge.tiers[0].up_to
        chain.segments[0] = msgspec.structs.replace(chain.charge, tiers=(Tier(price, size),))
    meter(deal, chain, deal.rng.randrange(600, 9000), every)
    return deal, chain


def meter(deal: Deal, chain: Chain, typical: int, every: str = "month") -> None:
    """About so many units a month from the start of the service on, known the evening they are metered."""
    month = chain.charge.start_on
    while month <= deal.as_of:
        end = later(month.replace(day=1), 1) - ONE_DAY
        days = {"month": [end], "week": [], "day": []}[every]
        step = 7 if every == "week" else 1
        if every != "month":
            days = [month + dt.timedelta(days=n) for n in range(0, (end - month).days + 1, step)]
        for day in days:
            quantity = Decimal(max(1, int(typical * deal.rng.uniform(0.5, 1.5) / len(days))))
            last = min(deal.as_of, chain.charge.end_on or deal.as_of)
            if day <= last:
                chain.usage.append(Meter(day, quantity, day))
        month = end + ONE_DAY


def committed(
    world: World, name: str, billed: str = "prepaid", *, months: int = 6, share: int = 60, **more: Any
) -> tuple[Deal, Chain]:
    """Usage against a commitment of ``share`` percent of what is typical: prepaid, or trued up at its end."""
    deal, chain = metered(world, name, "per_unit", **more)
    typical = 4000
    chain.usage.clear()
    meter(deal, chain, typical)
    charge = chain.charge
    end = later(charge.start_on.replace(day=1), months) - ONE_DAY
    amount = coins(deal.currency, int(typical * months * Decimal("0.04") * share / 100))
    chain.commitment = Commitment(
        system="billing", id=f"CO-{deal.stem}", entity=deal.entity.code, currency=deal.currency, charge=charge.ref,
        order=deal.order, amount=amount, start_on=charge.start_on, end_on=end, billed=billed,  # type: ignore[arg-type]
    )  # fmt: skip
    chain.usage = [use for use in chain.usage if use.used_on <= end]
    if billed == "prepaid":
        price = Decimal(amount).scaleb(-decimals(deal.currency))
        prepaid = deal.add(chain.item, price, kind="commitment", line=chain.line, end_on=end)
        prepaid.entitled = False
    return deal, chain


def goods(world: World, name: str, *, shipped: int | None = 2, **more: Any) -> tuple[Deal, Chain]:
    """Goods, billed when they leave the warehouse (``shipped`` days after the order; None: not yet)."""
    deal = Deal(world, name, channel=more.pop("channel", "commerce"), **more)
    item = deal.rng.choice((ROUTER, SENSOR))
    chain = deal.add(
        item, deal.price(item), kind="one_time", trigger="shipment", quantity=Decimal(deal.rng.randrange(1, 12)),
        end_on=None,
    )  # fmt: skip
    on = deal.accepted_on + dt.timedelta(days=shipped or 0)
    if shipped is not None and on <= deal.as_of:
        chain.triggered_on = on
    return deal, chain


def project(
    world: World, name: str, approved: tuple[int | None, ...] = (30, 75, None), **more: Any
) -> tuple[Deal, list[Chain]]:
    """A fixed-price project in milestones, each billed on its approval so many days after the start (None: not yet)."""
    deal = Deal(world, name, **more)
    chains = []
    for days in approved:
        chain = deal.add(
            MIGRATION, deal.price(MIGRATION), kind="milestone", timing="milestone", trigger="approval", end_on=None
        )
        on = deal.start + dt.timedelta(days=days or 0)
        if days is not None and on <= deal.as_of:
            chain.triggered_on = on
        chains.append(chain)
    return deal, chains


def hours(world: World, name: str, *, weeks: int = 10, **more: Any) -> tuple[Deal, Chain]:
    """Consulting by the hour, approved weekly and billed on the first of the next month."""
    deal = Deal(world, name, **more)
    chain = deal.add(CONSULTING, deal.price(CONSULTING), kind="time", timing="arrears", trigger="approval", end_on=None)
    for week in range(weeks):
        worked = deal.start + dt.timedelta(days=7 * week + deal.rng.randrange(5))
        approved = worked + dt.timedelta(days=deal.rng.randrange(1, 6))
        if worked <= deal.as_of:
            done = Decimal(deal.rng.randrange(4, 160)) / 4
            chain.work.append(Work(worked, done, approved if approved <= deal.as_of else None))
    return deal, chain
