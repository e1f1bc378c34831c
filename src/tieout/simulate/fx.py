"""Exchange rates of the simulated year: one fixing every day from Monday to Friday."""

from __future__ import annotations

import datetime as dt
import random
from bisect import bisect_right
from decimal import Decimal
from typing import NamedTuple

EURO_PRICES = {"EUR": 1.0, "USD": 0.92, "JPY": 0.0061, "KWD": 2.98}
FUNCTIONAL = ("EUR", "USD", "JPY")
SOURCE = "ECB"


class FxRow(NamedTuple):
    """One fixing: ``to`` per unit of ``currency``, both in major units."""

    currency: str
    to: str
    rate: Decimal
    on: dt.date
    source: str = SOURCE


class FxTable:
    """Every rate that the company may need, made from the seed alone so that all shards agree."""

    def __init__(self, seed: int, start: dt.date, end: dt.date) -> None:
        """Fixings from a fortnight before ``start`` up to ``end``."""
        rng = random.Random(f"{seed}/fx")
        first = start - dt.timedelta(days=14 + start.weekday())
        days = (first + dt.timedelta(days=n) for n in range((end - first).days + 1))
        self._days = [day for day in days if day.weekday() < 5]
        price = dict(EURO_PRICES)
        self.rows: list[FxRow] = []
        self._rates: dict[tuple[str, str], list[Decimal]] = {}
        for day in self._days:
            price = {code: value * (1 if code == "EUR" else rng.uniform(0.997, 1.003)) for code, value in price.items()}
            for to in FUNCTIONAL:
                for code in price:
                    if code != to:
                        rate = Decimal(f"{price[code] / price[to]:.6g}")
                        self._rates.setdefault((code, to), []).append(rate)
                        self.rows.append(FxRow(code, to, rate, day))

    def rate(self, currency: str, to: str, day: dt.date) -> Decimal:
        """The latest fixing on or before ``day``; 1 for the currency itself."""
        if currency == to:
            return Decimal(1)
        return self._rates[currency, to][bisect_right(self._days, day) - 1]
