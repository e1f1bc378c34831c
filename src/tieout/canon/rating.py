"""What a quantity costs under a charge's tier model."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from .documents import Charge, Minor
from .money import exponent, round_half_away


def rate(charge: Charge, quantity: Decimal | Fraction) -> Minor:
    """The net price of ``quantity`` units in minor units, tax taken out of a tax-inclusive price, rounded once.

    ``per_unit`` quantity × unit price · ``flat`` the unit price once, whatever the quantity above 0 · ``graduated`` every
    tier's units at its own price plus its flat fee once entered · ``volume`` all units at the price of the tier
    reached, plus its flat fee · ``package`` started packages (first tier's ``up_to``) × unit price.
    """
    return round_half_away(exact_rate(charge, Fraction(quantity)) * 10 ** exponent(charge.currency))


def exact_rate(charge: Charge, quantity: Fraction) -> Fraction:
    """`rate` before rounding, in major units, net of included tax."""
    gross = _gross(charge, quantity)
    if charge.tax_behaviour == "inclusive":
        return gross / (1 + Fraction(charge.tax_rate))
    return gross


def _gross(charge: Charge, quantity: Fraction) -> Fraction:
    model = charge.tier_model
    if model == "per_unit":
        return quantity * Fraction(charge.unit_price)
    if quantity <= 0:
        return Fraction(0)
    if model == "flat":
        return Fraction(charge.unit_price)
    if model == "package":
        size = Fraction(charge.tiers[0].up_to or 1) if charge.tiers else Fraction(1)
        return -(-quantity // size) * Fraction(charge.unit_price)
    if model == "volume":
        tier = next((t for t in charge.tiers if t.up_to is None or quantity <= t.up_to), charge.tiers[-1])
        return quantity * Fraction(tier.unit_price) + Fraction(tier.flat)
    return _graduated(charge, quantity)


def _graduated(charge: Charge, quantity: Fraction) -> Fraction:
    total, below = Fraction(0), Fraction(0)
    for index, tier in enumerate(charge.tiers, 1):
        if quantity <= below:
            break
        last = tier.up_to is None or index == len(charge.tiers)  # units beyond the last tier are priced by it
        top = quantity if last else min(quantity, Fraction(tier.up_to))  # type: ignore[arg-type]
        total += (top - below) * Fraction(tier.unit_price) + Fraction(tier.flat)
        below = top
    return total
