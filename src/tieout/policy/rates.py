"""Exchange rates, each with its day and its source."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from tieout.canon.faults import InputFault, MappingFault
from tieout.canon.money import exponent

from .table import Table


class FxRate(msgspec.Struct, frozen=True, kw_only=True):
    """1 ``currency`` = ``rate`` ``to`` (major units), as ``source`` published it for the day ``on``."""

    currency: str
    to: str
    rate: Fraction
    on: dt.date
    source: str = ""


def rate_entry(currency: str, to: str) -> str:
    """How a verdict says that it asked for a rate of this pair, of whatever day, found or not: ``rate/USD/EUR``."""
    return f"rate/{currency}/{to}"


class Rates:
    """Rates in order of their days. A rate is never turned round unless ``inverse`` is declared."""

    __slots__ = ("_by_pair", "inverse")

    def __init__(self, rates: Iterable[FxRate], *, inverse: bool = False) -> None:
        self.inverse = inverse
        self._by_pair: dict[tuple[str, str], tuple[list[dt.date], list[FxRate]]] = {}
        for rate in sorted(rates, key=lambda r: r.on):
            days, known = self._by_pair.setdefault((rate.currency, rate.to), ([], []))
            days.append(rate.on)
            known.append(rate)

    def find(self, currency: str, to: str, day: dt.date) -> FxRate | None:
        """The latest rate on or before ``day``; 1 within one currency; None where there is none."""
        if currency == to:
            return FxRate(currency=currency, to=to, rate=Fraction(1), on=day, source="same currency")
        found = self._latest(currency, to, day)
        if found is None and self.inverse and (other := self._latest(to, currency, day)):
            source = f"inverse of {other.source}".strip() if other.source else "inverse"
            found = FxRate(currency=currency, to=to, rate=1 / other.rate, on=other.on, source=source)
        return found

    def _latest(self, currency: str, to: str, day: dt.date) -> FxRate | None:
        days, known = self._by_pair.get((currency, to), ((), ()))
        index = bisect_right(days, day)
        return known[index - 1] if index else None


def read_rates(rows: Iterable[FxRate | Mapping[str, Any]], where: str, source: str = "") -> list[FxRate]:
    """Rates as written (``currency, to, rate, on, source``). Raises MappingFault by row."""
    found = []
    for number, row in enumerate(rows, 1):
        if isinstance(row, FxRate):
            found.append(row)
            continue
        values = Table(row, where, f"fx row {number}")
        rate = values.decimal("rate")
        on = values.day("on")
        if on is None:
            values.fault("on", "missing", "say which day the rate is of")
        if rate <= 0:
            values.fault("rate", f"{rate} is no rate", "it must be above 0")
        currency, to = _currency(values, "currency"), _currency(values, "to")
        if currency == to:
            values.fault("to", f"{currency} in itself needs no rate", "drop the row")
        found.append(
            FxRate(currency=currency, to=to, rate=Fraction(rate), on=on, source=values.text("source") or source)
        )
        values.finish()
    return found


def checked(rates: Iterable[FxRate], where: str = "") -> tuple[FxRate, ...]:
    """The rates in order, each once. Raises MappingFault where one pair has two different rates on a day."""
    known: dict[tuple[str, str, dt.date], FxRate] = {}
    for rate in rates:
        other = known.setdefault((rate.currency, rate.to, rate.on), rate)
        if other.rate != rate.rate:
            raise MappingFault(
                f"{rate.currency} in {rate.to} on {rate.on} is both {_short(other.rate)} and {_short(rate.rate)}",
                where=f"{where} fx".strip(), mend="keep one of them",
            )  # fmt: skip
    return tuple(known[key] for key in sorted(known))


def _currency(values: Table, key: str) -> str:
    code = values.text(key, None)
    try:
        exponent(code)
    except InputFault as fault:
        values.fault(key, fault.what, fault.mend)
    return code


def _short(rate: Fraction) -> str:
    return f"{Decimal(rate.numerator) / Decimal(rate.denominator):.10g}"
