"""Whether a stream of documents is alive: what was expected of it, and what to do if that does not come.

A stream is declared to bring at least so many documents within an interval. Intervals of minutes and hours end now; those of days, business
days, weeks and months begin with the first moment of a day of the entity, so that a weekend is no silence. A source that is read by a
cursor keeps what has changed only for a while: a cursor that is older than half of that is told of, before anything is lost.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable

import msgspec

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import TYPES
from tieout.canon.faults import MappingFault, nearest
from tieout.canon.finding import Finding, Risk
from tieout.policy import Policy
from tieout.policy.duration import Duration

EXACT = {
    "minute": dt.timedelta(minutes=1),
    "hour": dt.timedelta(hours=1),
    "day": dt.timedelta(days=1),
    "week": dt.timedelta(weeks=1),
}
INTERVALS = ("minute", "hour", "day", "business day", "week", "month")
SHORTEST = dt.timedelta(minutes=5)
LONGEST = dt.timedelta(days=100)
ENOUGH = 14
"""Days to know before anything is suggested."""


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """Documents of one type and entity that come over one connection."""

    connection: str
    type: str
    entity: str = ""
    """Empty: documents that name no entity."""
    at_least: int = 0
    """Documents within ``every``; 0 where nothing is expected."""
    every: Duration | None = None
    retention: Duration | None = None
    """How long the source keeps what has changed; None where it is not read by a cursor."""
    expected_at: dt.datetime | None = None
    """When that was declared: no interval that began before is judged."""
    last_document: str = ""
    last_document_at: dt.datetime | None = None
    cursor_at: dt.datetime | None = None
    """Up to which instant the source was read."""
    silent_since: dt.datetime | None = None
    """When it was first found to be less than expected."""

    @property
    def key(self) -> str:
        """``stream/connection/type/entity``, which is what a finding is about."""
        return "/".join(part for part in ("stream", self.connection, self.type, self.entity) if part)


def declared(
    connection: str, type_: str, entity: str, at_least: int = 0, every: str = "", retention: str = ""
) -> Stream:
    """A stream with what a person declares to be normal; an empty text is nothing. Raises MappingFault where it cannot be meant."""
    stream = Stream(connection=connection, type=type_, entity=entity)
    where = f"what is expected of {stream.key}"
    if type_ not in TYPES:
        raise MappingFault(
            f"there is no type {type_!r}", where=where, mend=nearest(type_, TYPES) or "`tieout schema` lists them"
        )
    interval = Duration.parse(every, where) if every else None
    keeps = Duration.parse(retention, where) if retention else None
    if (interval is None) != (at_least == 0):
        raise MappingFault(
            "a number of documents and an interval belong together", where=where, mend="give both or neither"
        )
    if interval is not None:
        if interval.unit not in INTERVALS:
            raise MappingFault(
                f"{every!r} cannot be looked back on", where=where, mend=f"units are {', '.join(INTERVALS)}"
            )
        length = interval.count * EXACT.get(interval.unit, EXACT["day"] * (31 if interval.unit == "month" else 1))
        if not SHORTEST <= length <= LONGEST:
            raise MappingFault(f"{every!r} is too short or too long", where=where, mend="from 5 minutes to 3 months")
    if keeps is not None and (keeps.unit not in EXACT or not keeps.count):
        raise MappingFault(f"{retention!r} is no fixed time", where=where, mend=f"units are {', '.join(EXACT)}")
    return msgspec.structs.replace(stream, at_least=at_least, every=interval, retention=keeps)


class Suggestion(msgspec.Struct, frozen=True):
    """What could be declared of a stream, from what came."""

    at_least: int
    every: str
    because: str
    """In words."""


def suggestion(
    stream: Stream, counts: Iterable[tuple[dt.datetime, int]], policy: Policy, now: dt.datetime
) -> Suggestion | None:
    """From how many documents came when: half of what the leanest business day brought, else one a week.

    None where less than `ENOUGH` whole days are known, or not even one came in each week.
    """
    calendar = policy.calendar(stream.entity)
    days: Counter[dt.date] = Counter()
    for at, documents in counts:
        days[calendar.day(at)] += documents
    if not days:
        return None
    first = min(days) + ONE_DAY  # The first and this one are not whole.
    whole = [first + n * ONE_DAY for n in range((calendar.day(now) - first).days)]
    worked = [day for day in whole if calendar.is_business_day(day)]
    if len(whole) < ENOUGH or not worked:
        return None
    leanest = min(days[day] for day in worked)
    if leanest:
        return Suggestion(
            max(leanest // 2, 1), "1 business day", f"the leanest of {len(worked)} business days brought {leanest}"
        )
    weeks = [sum(days[day] for day in whole[n : n + 7]) for n in range(len(whole) - 6)]
    if min(weeks):
        return Suggestion(1, "1 week", f"some business days brought none, every week at least {min(weeks)}")
    return None


def looks_back_to(stream: Stream, policy: Policy, now: dt.datetime) -> dt.datetime | None:
    """Where the interval began in which documents are counted; None where nothing is expected, or not for so long yet."""
    if stream.every is None or stream.expected_at is None:
        return None
    count, unit = stream.every.count, stream.every.unit
    calendar = policy.calendar(stream.entity)
    today = calendar.day(now)
    if unit in ("minute", "hour"):
        began = now - count * EXACT[unit]
    elif unit == "business day":
        began = calendar.start_of(calendar.add_business_days(today, -count))
    elif unit == "month":
        began = calendar.start_of(add_months(today, -count))
    else:
        began = calendar.start_of(today - count * EXACT[unit])
    return began if began >= stream.expected_at else None


def silence(stream: Stream, documents: int | None, policy: Policy, now: dt.datetime) -> Finding | None:
    """What is wrong with a stream in which ``documents`` came since `looks_back_to`; None: it is alive."""
    reasons = [reason for reason in (_behind(stream, now), _fewer(stream, documents)) if reason is not None]
    if not reasons:
        return None
    lost_at = _lost_at(stream) if reasons[0][0] in ("lost", "behind") else None
    calendar = policy.calendar(stream.entity)
    return Finding(
        risk=Risk.STREAM_SILENT, subject=stream.key, entity=stream.entity, currency=policy.functional(stream.entity), exposure=0,
        owner=policy.owner(Risk.STREAM_SILENT, stream.entity), since=calendar.day(stream.silent_since or now),
        documents=(stream.last_document,) if stream.last_document and reasons[-1][0] == "silent" else (),
        why=" ".join(why for _, why in reasons), variant=reasons[0][0], deadline=lost_at and calendar.day(lost_at),
    )  # fmt: skip


def _lost_at(stream: Stream) -> dt.datetime | None:
    """From when on the source has forgotten what the cursor has not read."""
    if stream.retention is None or stream.cursor_at is None:
        return None
    return stream.cursor_at + stream.retention.count * EXACT[stream.retention.unit]


def _behind(stream: Stream, now: dt.datetime) -> tuple[str, str] | None:
    lost_at = _lost_at(stream)
    if lost_at is None or stream.cursor_at is None:
        return None
    read = f"{stream.connection} was read up to {_words(stream.cursor_at)}, and keeps changes for {stream.retention}"
    if now >= lost_at:
        return "lost", (
            f"{read}: what changed from then until {_words(lost_at)} may be lost. Read it again completely, then go on from now."
        )
    if now - stream.cursor_at >= (lost_at - stream.cursor_at) / 2:
        return "behind", (
            f"{read}: from {_words(lost_at)} on changes are lost. See to its access, its limits and its worker."
        )
    return None


def _fewer(stream: Stream, documents: int | None) -> tuple[str, str] | None:
    if documents is None or documents >= stream.at_least:
        return None
    expected = f"{stream.connection} is expected to bring at least {stream.at_least} of type {stream.type} every {stream.every}"
    if documents == 0:
        last = f"the last came at {_words(stream.last_document_at)}" if stream.last_document_at else "none ever came"
        return "silent", (
            f"{expected}; {last}. See whether {stream.connection} still sends, and whether it is refused: "
            f"`tieout streams list`, its subscription and its access there."
        )
    return "below volume", (
        f"{expected}; fewer come. See whether a part of {stream.connection} is filtered, refused or not permitted any more, "
        f"or declare what is normal now: `tieout streams expect`."
    )


def _words(instant: dt.datetime | None) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC" if instant else "never"
