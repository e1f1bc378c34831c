"""Amendments as sales agrees them: each changes a deal's lines, and billing then charges or credits them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from ..canon.documents import Interval
from .amounts import decimals
from .arithmetic import ONE_DAY, later
from .catalogue import SUPPORT, Item
from .deal import Chain, Deal


def quarter_end(deal: Deal, after: dt.date) -> dt.date:
    """A day in the rush of the last week of the first calendar quarter that ends after ``after``."""
    month = after.replace(day=1, month=(after.month - 1) // 3 * 3 + 3)
    end = later(month, 1) - ONE_DAY
    return max(after, end - dt.timedelta(days=deal.rng.randrange(5)))


def upgrade(deal: Deal, chain: Chain, effective_on: dt.date, accepted_on: dt.date, percent: int = 160) -> str:
    """More units at the agreed price; returns the amendment's key."""
    amendment = deal.amend("upgrade", effective_on, accepted_on)
    units = int(chain.charge.quantity)
    deal.change(chain, amendment, quantity=Decimal(max(units + 1, units * percent // 100)))
    return amendment.key


def dearer(deal: Deal, chain: Chain, effective_on: dt.date, accepted_on: dt.date, percent: int = 120) -> str:
    """Another price for the same units (``percent`` of the present one); returns the amendment's key."""
    amendment = deal.amend("price" if percent > 100 else "downgrade", effective_on, accepted_on)
    price = round(chain.charge.unit_price * percent / 100, decimals(deal.currency))
    deal.change(chain, amendment, unit_price=price)
    return amendment.key


def downgrade(deal: Deal, chain: Chain, effective_on: dt.date, accepted_on: dt.date, percent: int = 60) -> str:
    """Cheaper from the effective day on; returns the amendment's key."""
    return dearer(deal, chain, effective_on, accepted_on, percent)


def add(
    deal: Deal, effective_on: dt.date, accepted_on: dt.date, item: Item = SUPPORT, quantity: int = 2
) -> tuple[str, Chain]:
    """A further line, to the end of the contract, on a grid of its own."""
    amendment = deal.amend("add", effective_on, accepted_on)
    chain = deal.add(
        item, deal.price(item), start_on=effective_on, amendment=amendment.ref, quantity=Decimal(quantity), period_months=1,
        known_at=amendment.accepted_at,
    )  # fmt: skip
    return amendment.key, chain


def stop(deal: Deal, chain: Chain, kind: str, effective_on: dt.date, accepted_on: dt.date, off: bool = True) -> str:
    """The line ends before ``effective_on`` (remove, or terminate with the whole contract); usually switched off too."""
    amendment = deal.amend(kind, effective_on, accepted_on)
    deal.change(chain, amendment, unit_price=Decimal(0), price_reason="ended")
    if kind in ("terminate", "cancel_and_replace") and deal.terms:
        deal.terms.terminated_on = effective_on - ONE_DAY
        if effective_on <= deal.as_of:
            deal.terms.status = "terminated"
    if off and chain.activated_on and effective_on - ONE_DAY <= deal.as_of:
        chain.deactivated_on = effective_on - ONE_DAY
    return amendment.key


def pause(deal: Deal, chain: Chain, first: dt.date, last: dt.date, accepted_on: dt.date) -> str:
    """Nothing is served or charged for [first, last]; then it goes on as before."""
    amendment = deal.amend("pause", first, accepted_on)
    price = chain.charge.unit_price
    deal.change(chain, amendment, unit_price=Decimal(0), price_reason="pause")
    deal.change(chain, amendment, last + ONE_DAY, unit_price=price)
    chain.suspended.append(Interval(first, last))
    return amendment.key


def co_term(deal: Deal, chain: Chain, end_on: dt.date, effective_on: dt.date, accepted_on: dt.date) -> str:
    """The line ends with another contract, on ``end_on``, and its last period is as short as that makes it."""
    amendment = deal.amend("co_term", effective_on, accepted_on)
    deal.change(chain, amendment, end_on=end_on)
    if deal.terms:
        deal.terms.end_on = end_on
    return amendment.key
