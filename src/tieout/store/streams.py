"""Streams, as they are kept: what came over each connection, what is expected of it, and the findings of those that fell silent.

`arrived` is called by those who interpret, in their transaction. `tick` is called every minute or so, by any number of workers: it folds
what arrived into the streams, judges each (`process.liveness`), and writes the difference to the findings that stand.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.finding import Finding
from tieout.policy import Policy
from tieout.policy.duration import Duration
from tieout.process.liveness import LONGEST, Stream, Suggestion, looks_back_to, silence, suggestion

from . import locks, trail
from .connection import Connection, arrays, transact
from .statements import sql

log = logging.getLogger(__name__)

MOST = 100_000
LOOK_BACK = dt.timedelta(days=29)
FLOW = "stream"
"""In place of a flow's name, of the instances on which findings about streams stand."""


class Arrival(NamedTuple):
    """A document that came."""

    connection: str
    type: str
    entity: str
    delivery: int
    document: str
    """Its key."""
    received_at: dt.datetime


class Listed(msgspec.Struct, frozen=True):
    """A stream, with what came since it was first seen."""

    stream: Stream
    documents: int


def arrived(connection: Connection, arrivals: Iterable[Arrival]) -> None:
    """Documents came, in the order of their deliveries; in the transaction that keeps them."""
    counts: Counter[tuple[str, str, str]] = Counter()
    last: dict[tuple[str, str, str], Arrival] = {}
    for one in arrivals:
        counts[one[:3]] += 1
        last[one[:3]] = one
    columns = arrays(last.values(), *Arrival._fields)
    connection.execute(sql("append_arrivals"), {**columns, "documents": [counts[stream] for stream in last]})


def progressed(
    connection: Connection, name: str, type_: str, entity: str, cursor: str, read_up_to: dt.datetime
) -> None:
    """A source was read by a cursor, and all that had changed by then is known."""
    stream = {"connection": name, "type": type_, "entity": entity}
    connection.execute(sql("progress_of_stream"), {**stream, "cursor": cursor, "cursor_at": read_up_to})


def expect(connection: Connection, stream: Stream, by: trail.By, now: dt.datetime) -> None:
    """From now on this is normal (`liveness.declared`); where nothing is expected, it is withdrawn."""
    before = next((one.stream for one in listed(connection, stream.connection) if one.stream.key == stream.key), None)
    after = _normal(stream)
    names = {"connection": stream.connection, "type": stream.type, "entity": stream.entity}
    connection.execute(sql("expect_of_stream"), {**names, **after, "now": now})
    trail.append(connection, by.did("stream.expect", stream.key, before and _normal(before), after))


def _normal(stream: Stream) -> dict[str, Any]:
    return {
        "at_least": stream.at_least,
        "every": stream.every and str(stream.every),
        "retention": stream.retention and str(stream.retention),
    }


def listed(connection: Connection, name: str | None = None) -> list[Listed]:
    """Every stream, or those of one connection."""
    return [Listed(stream, documents) for _, stream, documents in _read(connection, name)]


def suggestions(connection: Connection, policy: Policy, now: dt.datetime) -> list[tuple[Stream, Suggestion]]:
    """What could be declared of the streams of which nothing is expected, from the last `LOOK_BACK`."""
    counts: defaultdict[int, list[tuple[dt.datetime, int]]] = defaultdict(list)
    for id, at, documents in connection.execute(sql("hourly_counts"), {"since": now - LOOK_BACK}):
        counts[id].append((at, documents))
    streams = {id: stream for id, stream, _ in _read(connection, None)}
    found = [(streams[id], suggestion(streams[id], counted, policy, now)) for id, counted in counts.items()]
    return [(stream, one) for stream, one in found if one is not None]


def tick(pool: ConnectionPool[Connection], policy: Policy, now: dt.datetime) -> int:
    """Judge all streams as of now; how many findings were added, changed or taken away. Raises DatabaseLost."""
    return transact(pool, lambda connection: _tick(connection, policy, now))


def _tick(connection: Connection, policy: Policy, now: dt.datetime) -> int:
    (is_alone,) = connection.execute(sql("try_to_fold"), {"lock": locks.STREAMS}).fetchone() or (False,)
    if not is_alone:
        return 0
    connection.execute(sql("fold_arrivals"), {"most": MOST})
    connection.execute(sql("forget_counts"), {"before": now - 2 * LONGEST})
    streams = {id: stream for id, stream, _ in _read(connection, None)}
    found = _judge(connection, streams, policy, now)
    turned = {
        id: now if id in found else None for id, s in streams.items() if (s.silent_since is None) == (id in found)
    }
    if turned:
        connection.execute(sql("set_silent"), {"stream": list(turned), "since": list(turned.values())})
    return _write(connection, {finding.subject: finding for finding in found.values()}, now)


def _judge(connection: Connection, streams: dict[int, Stream], policy: Policy, now: dt.datetime) -> dict[int, Finding]:
    since = {id: at for id, stream in streams.items() if (at := looks_back_to(stream, policy, now)) is not None}
    asked = {"stream": list(since), "since": list(since.values()), "now": now}
    counted: dict[int, int] = dict(connection.execute(sql("count_since"), asked).fetchall())
    found = {id: silence(stream, counted.get(id), policy, now) for id, stream in streams.items()}
    return {id: finding for id, finding in found.items() if finding is not None}


def _write(connection: Connection, found: dict[str, Finding], now: dt.datetime) -> int:
    """The difference to the findings that stand."""
    bodies = {subject: msgspec.json.encode(finding) for subject, finding in found.items()}
    standing = {subject: bytes(body) for subject, body in connection.execute(sql("read_stream_findings"))}
    new = [found[subject] for subject, body in bodies.items() if standing.get(subject) != body]
    changed = sorted({finding.subject for finding in new} | (standing.keys() - bodies.keys()))
    if not changed:
        return 0
    connection.execute(sql("delete_stream_findings"), {"subject": changed})
    columns = arrays(new, "subject", "entity", "currency", "owner", "since")
    columns |= {"body": [bodies[finding.subject] for finding in new]}
    connection.execute(
        sql("make_stream_instances"), {"flow": FLOW, "key": columns["subject"], "entity": columns["entity"]}
    )
    connection.execute(sql("insert_stream_findings"), {**columns, "flow": FLOW, "now": now})
    connection.execute(sql("tell_stream_findings"), {"subject": changed})
    for finding in new:
        log.warning("%s: %s", finding.subject, finding.why)
    for subject in sorted(standing.keys() - bodies.keys()):
        log.info("%s: alive again", subject)
    return len(changed)


def _read(connection: Connection, name: str | None) -> list[tuple[int, Stream, int]]:
    return [_stream(row) for row in connection.execute(sql("read_streams"), {"connection": name})]


def _stream(row: tuple[Any, ...]) -> tuple[int, Stream, int]:
    (
        id,
        connection,
        type_,
        entity,
        at_least,
        every,
        retention,
        expected_at,
        last,
        last_at,
        cursor_at,
        silent,
        documents,
    ) = row
    stream = Stream(
        connection=connection, type=type_, entity=entity, at_least=at_least, every=Duration.parse(every) if every else None,
        retention=Duration.parse(retention) if retention else None, expected_at=expected_at, last_document=last,
        last_document_at=last_at, cursor_at=cursor_at, silent_since=silent,
    )  # fmt: skip
    return id, stream, documents
