"""What an event log tells: things and what happened to them, in the words of the system that logged it (OCEL 1.0)."""

from __future__ import annotations

import datetime as dt

from .header import Document, Ref


class BusinessObject(Document, frozen=True, kw_only=True, tag="object"):
    """A thing that events happen to: an order, an item, a package, or the case of a classic log.

    Its attributes are in `ext`, numbers as decimal text.
    """

    kind: str


class Event(Document, frozen=True, kw_only=True, tag="event"):
    """Something that happened, when, and to which objects. Its attributes are in `ext`."""

    activity: str
    at: dt.datetime
    objects: tuple[Ref, ...] = ()
