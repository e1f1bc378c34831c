"""Public holidays, computed from the rules of a country or a financial market and written down as days."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

from tieout.canon.faults import MappingFault, nearest

YEARS = range(1990, 2061)
"""Years for which holidays are written down."""


@lru_cache(256)
def holiday_dates(code: str, where: str = "") -> tuple[dt.date, ...]:
    """Days without work of a country (``DE``), a part of one (``DE-BY``) or a market (``ECB``, for TARGET days).

    Source: the ``holidays`` package, substitute days included. Raises MappingFault for a code that it does not know.
    Asked for codes, its registry answers at once; its lists would load the rules of every country of the world.
    """
    import holidays  # only those who name a country pay for it
    from holidays.registry import EntityLoader

    country, _, part = code.partition("-")
    countries = tuple(EntityLoader.get_country_codes(include_aliases=True))
    markets = tuple(EntityLoader.get_financial_codes(include_aliases=True))
    if not part and code in markets and code not in countries:
        return tuple(sorted(holidays.financial_holidays(code, years=YEARS)))
    if country not in countries:
        mend = nearest(code, (*countries, *markets)) or "use a country code such as DE, US-CA or ECB, or a list of days"
        raise MappingFault(f"{code!r} is not a country whose holidays are known", where=where, mend=mend)
    parts = getattr(holidays, country).subdivisions
    if part and part not in parts:
        mend = nearest(part, parts) or (f"one of {', '.join(sorted(parts))}" if parts else f"write {country!r}")
        raise MappingFault(f"{country} has no part {part!r}", where=where, mend=mend)
    return tuple(sorted(holidays.country_holidays(country, subdiv=part or None, years=YEARS)))
