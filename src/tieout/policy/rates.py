"""Exchange rates, each with its day and its source."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import msgspec


class FxRate(msgspec.Struct, frozen=True, kw_only=True):
    """1 ``currency`` = ``rate`` ``to`` (major units), as ``source`` published it for the day ``on``."""

    currency: str
    to: str
    rate: Fraction
    on: dt.date
    source: str = ""
