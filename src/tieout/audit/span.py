"""Which figures are asked for: as of when, of which month and entities."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.dates import month_end
from tieout.canon.faults import InputFault, nearest
from tieout.engine.decided import Decided


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """What of it is asked for."""

    as_of: dt.date
    """The end of this day."""
    entities: tuple[str, ...] = ()
    """Only these; empty: all."""
    flows: tuple[str, ...] = ()
    """Names, or files with a flow of one's own; empty: all that are shipped, or that the live engine runs."""
    period: str = ""
    """The bridge of one month (``YYYY-MM``); empty: all months up to the day."""


def month_span(period: str, entity: str) -> Span:
    """A month, of an entity or the whole company, as of its end. Raises InputFault for what is no month."""
    try:
        first = dt.date.fromisoformat(f"{period}-01")
    except ValueError:
        raise InputFault(f"{period!r} is not a month", where="period", mend="write it like 2026-06") from None
    return Span(as_of=month_end(first), entities=(entity,) if entity else (), period=period)


def span_of(period: str, entity: str, today: dt.date) -> Span:
    """A month up to today, or all of them where none is named. Raises InputFault for what is no month, and one that has not begun."""
    if not period:
        return Span(as_of=today, entities=(entity,) if entity else ())
    month = month_span(period, entity)
    if month.as_of.replace(day=1) > today:
        raise InputFault(f"{period} has not begun", where="period", mend=f"{today:%Y-%m} is the newest")
    return msgspec.structs.replace(month, as_of=min(today, month.as_of))


def check(decided: Decided, period: str, entity: str, today: dt.date) -> Span:
    """What such figures are of. Raises InputFault for a month or an entity that there is not."""
    check_entity(entity, decided)
    return span_of(period, entity, today)


def check_entity(entity: str, decided: Decided) -> None:
    """Raise InputFault for an entity that the policy, which names some, does not name."""
    names = decided.policy.entities
    if entity and names and entity not in names:
        mend = nearest(entity, names) or f"entities are {', '.join(names)}"
        raise InputFault(f"there is no entity {entity!r}", where="--entity", mend=mend)
