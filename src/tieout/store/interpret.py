"""The first stage: deliveries → observations, records, references; and what they touch.

Claims are counted and committed before the work. A delivery that stopped its worker is then tried alone, and after `MOST_ATTEMPTS`
refused with that as its reason. What cannot be understood in a delivery is named in its ``reason``; the rest of it counts.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import psycopg
from psycopg_pool import ConnectionPool

from tieout.canon.faults import Fault
from tieout.engine.decided import proves_otherwise
from tieout.engine.observations import Observation, Refused, observations
from tieout.telemetry import logs, metrics, traces

from . import remembering, streams
from .connection import Connection, transact
from .decisions import current
from .remembering import is_news
from .statements import sql

log = logging.getLogger(__name__)

CLAIM = dt.timedelta(seconds=10)
"""Until the transaction of the work holds the rows: from then on they are locked as long as it lives, and free when it dies."""
ONE_BY_ONE = 20
"""Deliveries that are tried alone, one after the other, before anything else is done."""
MOST_ATTEMPTS = 5
MOST_BYTES = 8 * 2**20
"""Of the deliveries that are claimed at once, but one at least."""
REASONS = 20
"""Refused documents that are named; all are counted."""

WAITING, INTERPRETED, REFUSED = 0, 1, 2


class Claimed(NamedTuple):
    """A delivery to be interpreted, and how often that was begun."""

    id: int
    content_type: str
    body: bytes
    attempts: int
    connection: str
    received_at: dt.datetime
    traceparent: str | None
    """The trace that its sender was in (W3C Trace Context)."""
    documents: int | None = None
    """How many were found in it before, where it is replayed."""


class Read(NamedTuple):
    """A delivery as it was understood."""

    delivery: Claimed
    observations: list[Observation]
    state: int
    reason: str | None
    refused: int = 0
    """Documents that were not understood."""

    @property
    def id(self) -> int:
        """The delivery's number."""
        return self.delivery.id


Understand = Callable[[Claimed], Iterable[Observation | Refused]]
"""The documents of a delivery. Raises Fault where the whole of it says nothing."""


def understood(delivery: Claimed) -> Iterator[Observation | Refused]:
    """Of a delivery that holds canonical documents, as JSON."""
    return observations(bytes(delivery.body), delivery.content_type, delivery.id)


def interpret(
    pool: ConnectionPool[Connection], worker: str, now: dt.datetime, limit: int = 1000, understand: Understand = understood
) -> int:  # fmt: skip
    """Interpret the oldest deliveries that wait; how many were taken. Raises DatabaseLost."""
    claimed = claim(pool, worker, now, limit)
    known = [delivery for delivery in claimed if delivery.attempts == 1]
    if known:
        keep(pool, worker, now, [read(delivery, understand) for delivery in known])
    begun, tried = [delivery for delivery in claimed if delivery.attempts > 1], 0
    while begun:
        keep(pool, worker, now, [read(begun[0], understand)])
        tried += 1
        begun = (
            claim(pool, worker, now, 1) if tried < ONE_BY_ONE else []
        )  # Only what is in hand is counted, should its worker die.
    return len(known) + tried


def claim(pool: ConnectionPool[Connection], worker: str, now: dt.datetime, limit: int) -> list[Claimed]:
    """Take the oldest deliveries that nobody works on, for `CLAIM`."""

    def work(connection: Connection) -> list[Claimed]:
        parameters = {
            "now": now, "until": now + CLAIM, "worker": worker, "limit": limit, "bytes": MOST_BYTES,
        }  # fmt: skip
        rows = connection.execute(sql("claim_deliveries"), parameters, binary=True).fetchall()
        return sorted(Claimed(*row) for row in rows)

    return transact(pool, work)


def read(delivery: Claimed, understand: Understand = understood) -> Read:
    """What a delivery says, and what of it cannot be understood."""
    if delivery.attempts > MOST_ATTEMPTS:
        return Read(delivery, [], REFUSED, f"it stopped its worker {MOST_ATTEMPTS} times; send it in smaller parts")
    found: list[Observation] = []
    refused: list[Refused] = []
    try:
        for part in understand(delivery):
            if isinstance(part, Refused):
                refused.append(part)
            else:
                found.append(part)
    except Fault as fault:
        return Read(delivery, [], REFUSED, str(fault))
    if not refused:
        return Read(delivery, found, INTERPRETED, None)
    named = "; ".join(f"document {one.n}: {one.fault}" for one in refused[:REASONS])
    more = f"; and {len(refused) - REASONS} more" if len(refused) > REASONS else ""
    state = INTERPRETED if found else REFUSED
    return Read(delivery, found, state, f"{len(refused)} refused: {named}{more}", len(refused))


def keep(pool: ConnectionPool[Connection], worker: str, now: dt.datetime, deliveries: list[Read]) -> None:
    """Commit what deliveries say. Where the database refuses what one of them holds, that one is found by halving and refused."""
    try:
        mine = transact(pool, lambda connection: _keep(connection, worker, now, deliveries))
    except psycopg.DataError as error:
        if len(deliveries) == 1:
            refused = Read(
                deliveries[0].delivery, [], REFUSED, f"the database refuses it: {error.diag.message_primary or error}"
            )
            _tell(transact(pool, lambda connection: _keep(connection, worker, now, [refused])))
            return
        middle = len(deliveries) // 2
        keep(pool, worker, now, deliveries[:middle])
        keep(pool, worker, now, deliveries[middle:])
    else:
        _tell(mine)


def _keep(connection: Connection, worker: str, now: dt.datetime, deliveries: list[Read]) -> list[Read]:
    """Those that were still this worker's, and are kept."""
    finished = connection.execute(
        sql("finish_deliveries"),
        {
            "id": [d.id for d in deliveries], "state": [d.state for d in deliveries],
            "documents": [len(d.observations) for d in deliveries], "reason": [d.reason for d in deliveries],
            "worker": worker,
        },
    ).fetchall()  # fmt: skip
    mine = {id_ for (id_,) in finished}
    kept = [delivery for delivery in deliveries if delivery.id in mine]
    observed = [one for delivery in kept for one in delivery.observations]
    if observed:
        streams.arrived(connection, _arrivals(kept))
        _observe(connection, now, observed)
    return kept


def _arrivals(kept: list[Read]) -> Iterator[streams.Arrival]:
    """What came for the first time: a delivery that is replayed has been counted."""
    for one in kept:
        for observation in one.observations if not one.delivery.documents else ():
            document = observation.document
            yield streams.Arrival(
                one.delivery.connection,
                document.type,
                document.entity,
                one.id,
                observation.key,
                one.delivery.received_at,
            )


def _tell(kept: list[Read]) -> None:
    """What became of deliveries, once it is committed."""
    traces.link(one.id for one in kept)
    outcomes = ["interpreted" if one.state == INTERPRETED else "refused" for one in kept]
    for outcome, count in Counter(outcomes).items():
        metrics.interpreted(outcome, count)
    for one, outcome in zip(kept, outcomes, strict=True):
        if one.refused:
            metrics.refused("document", one.refused)
        if one.reason is not None:
            with logs.about(delivery=one.id):
                log.warning("delivery %s of %s: %s", outcome, one.delivery.connection, one.reason)
        if traces.is_on():
            sender = one.delivery.traceparent or ""
            traces.delivered(
                one.id, one.delivery.received_at, sender, connection=one.delivery.connection, outcome=outcome
            )
    for type_, count in Counter(one.document.type for read in kept for one in read.observations).items():
        metrics.documents(type_, count)


def _observe(connection: Connection, now: dt.datetime, observed: list[Observation]) -> None:
    _hold(connection, now, observed)
    newest: dict[str, Observation] = {}
    for one in observed:
        if one.key not in newest or one.order > newest[one.key].order:
            newest[one.key] = one
    rows = connection.execute(sql("lock_records"), {"key": sorted(newest)}).fetchall()
    known = {key: ((version, arrival, n), digest) for key, version, arrival, n, digest in rows}
    remembering.remember(connection, now, observed, newest, known)
    written = _write(connection, [newest[key] for key in sorted(newest) if is_news(newest[key], known)])
    changed = [newest[key] for key in written if key not in known or known[key][1] != newest[key].digest]
    if changed:
        gone = _name(connection, changed, [one.key for one in changed if not written[one.key]])
        connection.execute(sql("touch"), {"key": sorted({one.key for one in changed} | gone)})
        if any(one.document.type == "accounting_period" for one in changed):
            _everything_changed(connection, now)


def _write(connection: Connection, new: list[Observation]) -> dict[str, bool]:
    """The keys whose record this is now (a newer one may have come in between), and whether there was none before."""
    if not new:
        return {}
    rows = connection.execute(
        sql("upsert_records"),
        {
            "key": [o.key for o in new], "type": [o.document.type for o in new],
            "system": [o.document.system for o in new], "entity": [o.document.entity for o in new],
            "version": [o.document.version for o in new], "arrival": [o.arrival for o in new],
            "n": [o.n for o in new], "digest": [o.digest for o in new], "body": [o.body for o in new],
            "mirrors": [o.mirrors for o in new], "deleted": [o.document.deleted for o in new],
        },
    ).fetchall()  # fmt: skip
    return dict(rows)


def _name(connection: Connection, changed: list[Observation], known: list[str]) -> set[str]:
    """Write the references of documents that changed; the keys that those that were ``known`` no longer name."""
    before: dict[str, set[tuple[str, int, str]]] = {}
    if known:
        for key, field, n, to_key in connection.execute(sql("outgoing_edges"), {"key": known}):
            before.setdefault(key, set()).add((field, n, to_key))
    gone, new = [], []
    for one in changed:
        old, now = before.get(one.key, set()), set(one.edges)
        gone += [(one.key, *edge) for edge in sorted(old - now)]
        new += [(one.key, *edge, one.document.type) for edge in sorted(now - old)]
    if gone:
        keys, fields, places, _ = zip(*gone, strict=True)
        connection.execute(sql("delete_edges"), {"from_key": list(keys), "field": list(fields), "n": list(places)})
    if new:
        columns = zip(("from_key", "field", "n", "to_key", "from_type"), zip(*new, strict=True), strict=True)
        connection.execute(sql("insert_edges"), {name: list(values) for name, values in columns})
    return {to_key for _, _, _, to_key in gone}


def _hold(connection: Connection, now: dt.datetime, observed: list[Observation]) -> None:
    """Note which systems hold documents of which type and entity: where that is new, another absence may be proved than before."""
    places = sorted({(one.document.system, one.document.type, one.document.entity) for one in observed})
    systems, types, entities = zip(*places, strict=True)
    new = connection.execute(
        sql("insert_holders"),
        {"system": list(systems), "type": list(types), "entity": list(entities), "now": now},
    ).fetchall()
    if new:
        connection.execute(sql("move_bearings"))
        holders = connection.execute(sql("read_holders")).fetchall()
        if proves_otherwise(current(connection)[1], holders, new):
            connection.execute(sql("mark_everything"), {"now": now})


def _everything_changed(connection: Connection, now: dt.datetime) -> None:
    """What every evaluation goes by has changed: those under way wait or start again, and all are marked."""
    connection.execute(sql("move_bearings"))
    connection.execute(sql("mark_everything"), {"now": now})
