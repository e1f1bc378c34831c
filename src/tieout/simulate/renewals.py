"""How contract terms are renewed, or end, in an orderly company."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import msgspec

from .amounts import decimals
from .arithmetic import ONE_DAY, later
from .deal import Deal

WINDOW_DAYS = 60
"""A renewal is opened that many days before the notice date, and quoted `QUOTE_DAYS` before it."""
QUOTE_DAYS = 30


def notice_on(deal: Deal) -> dt.date:
    """The last day on which notice can be given."""
    assert deal.terms and deal.terms.end_on
    return deal.terms.end_on - dt.timedelta(days=deal.terms.notice_days)


def follow(deal: Deal) -> None:
    """Renew, lose or still negotiate the contract, every step in time; a renewed term gets its price segments."""
    terms = deal.terms
    if not terms or not terms.end_on or terms.auto_renew or terms.terminated_on or not deal.renewal_left_to_chance:
        return
    rng, notice = deal.rng, notice_on(deal)
    opened = notice - dt.timedelta(days=WINDOW_DAYS - rng.randrange(0, 4))
    quoted = notice - dt.timedelta(days=QUOTE_DAYS + rng.randrange(1, 20))
    decided = notice - dt.timedelta(days=rng.randrange(2, QUOTE_DAYS - 2))
    lost = rng.random() < 0.3
    if opened > deal.as_of:
        return
    steps: dict[str, dt.date | None] = {"opened": opened}
    status = "open"
    if quoted <= deal.as_of:
        steps["quoted"], status = quoted, "quoted"
    if decided <= deal.as_of and lost:
        status = "lost"
        if terms.end_on <= deal.as_of:
            deal.switch_off(terms.end_on)
    elif decided <= deal.as_of:
        steps["agreed"], status = decided, "agreed"
        if deal.entity.add_business_days(decided, 1) <= deal.as_of:
            until = _next_end(deal)
            steps |= {"signed": decided, "extended_to": until}
            status = "won"
            extend(deal, until, rng.choice(("1", "1", "1.03", "1.05")))
    deal.renewal = {"status": status, **steps}


def _next_end(deal: Deal) -> dt.date:
    """The end of the next term; of several terms at once, where the next one would have to be renewed by now."""
    terms = deal.terms
    assert terms and terms.end_on
    count = 1
    while True:
        until = later(terms.end_on + ONE_DAY, count * (terms.renewal_months or 12)) - ONE_DAY
        if until - dt.timedelta(days=terms.notice_days + WINDOW_DAYS) > deal.as_of:
            return until
        count += 1


def extend(deal: Deal, until: dt.date, uplift: str = "1") -> None:
    """Contract, subscription and price segments go on from the old end to ``until``."""
    assert deal.terms and deal.terms.end_on
    after = deal.terms.end_on + ONE_DAY
    for chain in deal.chains:
        charge = chain.charge
        if charge.kind == "recurring" and charge.unit_price and charge.end_on == deal.terms.end_on:
            price = round(charge.unit_price * Decimal(uplift), decimals(deal.currency))
            deal.follow_on(chain, after, end_on=until, unit_price=price)
        elif charge.kind == "usage" and charge.end_on == deal.terms.end_on:
            chain.segments[-1] = msgspec.structs.replace(charge, end_on=until)
    deal.terms.end_on = until
