"""Money: exact minor units of an ISO 4217 currency, rounding and allocation that conserves the total.

Source of the exponents: ISO 4217 list one (active codes) as published on 2026-01-01, and of list three the codes
withdrawn since 2010, which older documents carry.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

import msgspec

from .documents import Minor
from .faults import InputFault, nearest

_TWO = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF "
    "CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
    "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG YER ZAR ZMW ZWG"
)
_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_FOUR = "CLF UYW"
_WITHDRAWN_TWO = "ANG BGN CUC EEK HRK LTL LVL MRO SLL STD VEF ZMK ZWL"
_WITHDRAWN_ZERO = "BYR"

EXPONENTS: dict[str, int] = {
    code: digits
    for codes, digits in (
        (_TWO, 2), (_ZERO, 0), (_THREE, 3), (_FOUR, 4), (_WITHDRAWN_TWO, 2), (_WITHDRAWN_ZERO, 0)
    )
    for code in codes.split()
}  # fmt: skip
"""Currency code → number of decimals of its minor unit."""

LARGEST: Minor = 10**15
"""Amounts beyond this many minor units, either way, are slips of the pen and refused."""


def exponent(currency: str) -> int:
    """Decimals of a currency's minor unit: EUR 2, JPY 0, KWD 3. Raises InputFault for an unknown code."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        hint = nearest(currency.upper(), EXPONENTS) or "use an ISO 4217 code such as EUR"
        raise InputFault(f"unknown currency {currency!r}", mend=hint) from None


def round_half_away(value: Fraction) -> int:
    """The nearest whole number, halves away from zero: the rounding of every amount in Tieout."""
    numerator, denominator = value.numerator, value.denominator
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def to_minor(value: Decimal | str | int, currency: str) -> Minor:
    """Major units as minor units, exactly: ``to_minor("12.34", "EUR") == 1234``.

    Raises InputFault for what is not a number, is not finite, or has more decimals than the currency has.
    """
    try:
        amount = value if isinstance(value, Decimal) else Decimal(value)
    except InvalidOperation:
        raise InputFault(f"{value!r} is not an amount", mend="write it like 1234.56") from None
    if not amount.is_finite():
        raise InputFault(f"{value!r} is not an amount", mend="write it like 1234.56")
    digits = exponent(currency)
    scaled = amount.scaleb(digits)
    whole = int(scaled)
    if scaled != whole:
        raise InputFault(f"{amount} has more decimals than {currency} has ({digits})", mend="round it at its source")
    return whole


def to_decimal(minor: Minor, currency: str) -> Decimal:
    """Minor units as major units with the currency's decimals: ``1234 EUR`` is ``Decimal("12.34")``."""
    return Decimal(minor).scaleb(-exponent(currency))


def format_minor(minor: Minor, currency: str) -> str:
    """Plain decimal text with the currency's own decimals and no grouping: ``-12.34``."""
    return f"{to_decimal(minor, currency):f}"


def format_amount(minor: Minor, currency: str) -> str:
    """Text for people: thousands grouped, a true minus sign, the currency's own decimals: ``−1,234.50``."""
    return f"{to_decimal(minor, currency):,f}".replace("-", "\u2212")


def price(quantity: Decimal, unit_price: Decimal, currency: str) -> Minor:
    """``quantity × unit_price`` (major units) rounded once to minor units."""
    return round_half_away(Fraction(quantity) * Fraction(unit_price) * 10 ** exponent(currency))


def convert(minor: Minor, currency: str, to: str, rate: Fraction) -> Minor:
    """An amount in another currency at ``rate`` (1 ``currency`` = rate ``to``), rounded once."""
    return round_half_away(Fraction(minor) * rate * Fraction(10) ** (exponent(to) - exponent(currency)))


def allocate(total: Minor, weights: Sequence[int]) -> list[Minor]:
    """``total`` split in proportion to ``weights``; the parts add up to the total exactly.

    Each boundary is the cumulative share rounded, so a part never differs from its exact share by a whole unit. Where
    all weights are 0 the first part takes everything. Raises ValueError for no weights or a mix of signs.
    """
    if not weights:
        raise ValueError("nothing to allocate to")
    if min(weights) < 0 < max(weights):
        raise ValueError("weights of both signs have no share")
    whole = sum(weights)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    parts, running, taken = [], 0, 0
    for weight in weights:
        running += weight
        upto = round_half_away(Fraction(total * running, whole))
        parts.append(upto - taken)
        taken = upto
    return parts


class Money(msgspec.Struct, frozen=True, order=False):
    """An exact amount of one currency; arithmetic across currencies is refused."""

    minor: Minor
    currency: str

    def __post_init__(self) -> None:
        exponent(self.currency)

    @classmethod
    def of(cls, value: Decimal | str | int, currency: str) -> Money:
        """From major units."""
        return cls(to_minor(value, currency), currency)

    def _same(self, other: Money) -> None:
        if other.currency != self.currency:
            raise ValueError(
                f"{self.currency} and {other.currency} do not add up: convert with a rate and a date first"
            )

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """`allocate` for money."""
        return [Money(part, self.currency) for part in allocate(self.minor, weights)]

    def __str__(self) -> str:
        return f"{format_amount(self.minor, self.currency)} {self.currency}"
