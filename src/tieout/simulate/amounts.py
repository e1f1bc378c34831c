"""Arithmetic of minor units as the simulated systems do it: whole numbers, half away from zero."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

DECIMALS = {"JPY": 0, "KWD": 3}
"""Decimals of the currencies that do not have two (ISO 4217)."""


def decimals(currency: str) -> int:
    """How many decimals amounts of that currency have."""
    return DECIMALS.get(currency, 2)


def whole(value: Fraction) -> int:
    """The nearest whole number; halves go away from zero."""
    magnitude = (abs(value.numerator) * 2 + value.denominator) // (2 * value.denominator)
    return -magnitude if value < 0 else magnitude


def share(amount: int, basis_points: int) -> int:
    """That many hundredths of a percent of an amount."""
    return whole(Fraction(amount * basis_points, 10_000))


def exchanged(amount: int, currency: str, to: str, rate: Decimal) -> int:
    """Minor units of ``to`` for minor units of ``currency`` at ``rate`` (``to`` per unit of ``currency``)."""
    if currency == to:
        return amount
    shift = decimals(to) - decimals(currency)
    return whole(amount * Fraction(rate) * Fraction(10) ** shift)


def coins(currency: str, units: int) -> int:
    """Minor units of an amount that people in that currency's country feel to be about that many euros."""
    return units * {"JPY": 160, "KWD": 330}.get(currency, 100)


def major(amount: int, currency: str) -> str:
    """An amount as decimal text in major units, with the currency's decimals (``-12.50``, ``1200``)."""
    places = decimals(currency)
    if not places:
        return str(amount)
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"
