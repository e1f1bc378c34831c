"""The third stage in transactions: due instances are claimed, judged by `engine.advance`, and what differs is written.

An instance is locked while it is judged, and what it goes by (`policy_current`) is held until the commit: so nothing is written over
a newer mark or a newer policy. A change of who belongs to an instance is itself a mark: for the others that hold the same document,
and for documents that nobody claims.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections import Counter
from collections.abc import Sequence
from functools import partial

import msgspec
import psycopg
from psycopg_pool import ConnectionPool

from tieout.canon.decode import decoder
from tieout.canon.documents import AccountingPeriod
from tieout.canon.finding import Finding
from tieout.engine.advance import Answer, Due, Held, Member, Time, Wanted, advance, digest, kept
from tieout.engine.decided import Bearings, Decided
from tieout.setwise.flows import load
from tieout.telemetry import logs, metrics, traces

from .connection import Connection, transact
from .graph import PostgresGraph
from .statements import sql

log = logging.getLogger(__name__)


class Compass:
    """What a worker evaluates by, read again when it has moved."""

    def __init__(self) -> None:
        self._bearings: Bearings | None = None

    def hold(self, connection: Connection) -> Bearings:
        """The bearings that hold until the transaction ends."""
        return self._at(connection, "hold_bearings")

    def look(self, connection: Connection) -> Bearings:
        """The bearings as the transaction sees them; others may change them meanwhile. Threads may share a compass to look."""
        return self._at(connection, "look_bearings")

    def _at(self, connection: Connection, statement: str) -> Bearings:
        row = connection.execute(sql(statement)).fetchone()
        assert row is not None
        version, stamp = row
        known = self._bearings
        if known is None or (known.version, known.stamp) != (version or 0, stamp):
            known = self._bearings = _read(connection, version, stamp)
        return known


def _read(connection: Connection, version: int | None, stamp: int) -> Bearings:
    decided = Decided()
    if version is not None:
        ((body,),) = connection.execute(sql("read_policy"), {"id": version}).fetchall()
        decided = Decided.decode(body)
    decode = decoder("accounting_period").decode
    periods = [decode(body) for _, body in connection.execute(sql("read_periods"))]
    holders = connection.execute(sql("read_holders")).fetchall()
    listed = [period for period in periods if isinstance(period, AccountingPeriod)]
    return Bearings(version or 0, stamp, decided, listed, holders, load)


def evaluate_due(
    pool: ConnectionPool[Connection], compass: Compass, now: dt.datetime, limit: int = 500, as_of: dt.date | None = None
) -> int:
    """Judge instances that are due, the longest waiting first; how many. Raises DatabaseLost.

    ``as_of``: as of the end of this day in each entity's time zone, and not of now. Where what one of them says cannot be written, it
    is found by halving and set aside with the reason (`instance.problem`), and the others go on.
    """
    time = Time(now, now if as_of is None else as_of)
    try:
        answers = transact(pool, lambda connection: _evaluate(connection, compass, time, limit))
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        if limit > 1:
            return evaluate_due(pool, compass, now, limit // 2, as_of)
        problem = f"its verdict cannot be kept: {error.diag.message_primary or error}"
        aside = transact(pool, lambda connection: connection.execute(sql("set_aside"), {"problem": problem}).fetchall())
        for flow, key in aside:
            _tell_problem(flow, key, problem)
        return len(aside)
    for flow, count in Counter(answer.due.flow for answer in answers).items():
        metrics.evaluated(flow, count)
    for answer in answers:
        if answer.problem:
            _tell_problem(answer.due.flow, answer.due.key, answer.problem)
    return len(answers)


def _tell_problem(flow: str, key: str, problem: str) -> None:
    metrics.problem(flow)
    with logs.about(instance=f"{flow} {key}"):
        log.error("an instance could not be evaluated: %s", problem)


def wake(pool: ConnectionPool[Connection], now: dt.datetime, limit: int = 5000) -> int:
    """Mark the instances whose time has come; how many."""
    return transact(pool, lambda connection: connection.execute(sql("wake"), {"now": now, "limit": limit}).rowcount)


def _evaluate(connection: Connection, compass: Compass, time: Time, limit: int) -> list[Answer]:
    bearings = compass.hold(connection)
    due = [Due(*row) for row in connection.execute(sql("claim_due"), {"limit": limit}).fetchall()]
    if not due:
        return []

    answers = list(advance(due, bearings, PostgresGraph(connection), partial(held_elsewhere, connection), time))
    _write(connection, answers, bearings, time.now)
    if traces.is_on():
        rows = connection.execute(sql("last_arrivals"), {"id": [one.id for one in due]}).fetchall()
        traces.link(arrival for (arrival,) in rows)
    return answers


def held_elsewhere(connection: Connection, wanted: Sequence[Wanted], without: Sequence[int]) -> Held:
    """`engine.advance.Elsewhere` on the tables."""
    flow, relation, key = (list(column) for column in zip(*wanted, strict=True))
    parameters = {"flow": flow, "relation": relation, "key": key, "without": list(without)}
    rows = connection.execute(sql("held_elsewhere"), parameters, prepare=True).fetchall()
    return {wanted[n]: (first, anchor) for n, first, anchor in rows}


def _write(connection: Connection, answers: list[Answer], bearings: Bearings, now: dt.datetime) -> None:
    ids = [answer.due.id for answer in answers]
    _write_members(connection, answers, ids)
    _write_findings(connection, answers, ids, now)
    _write_entries(connection, answers, ids)
    there = [answer for answer in answers if answer.exists]
    if there:
        connection.execute(
            sql("finish_instances"),
            {
                "id": [a.due.id for a in there], "entity": [a.entity for a in there],
                "wake_at": [a.wake_at for a in there],
                "digest": [digest(a.verdict) if a.verdict is not None else None for a in there],
                "verdict": [kept(a.verdict) if a.verdict is not None else None for a in there],
                "problem": [a.problem or None for a in there], "policy": bearings.version or None, "now": now,
            },
        )  # fmt: skip
    gone = [answer.due.id for answer in answers if not answer.exists]
    if gone:
        connection.execute(sql("delete_instances"), {"id": gone})


Standing = dict[tuple[str, str], tuple[int, bool, bool]]
"""(relation, document) → first, shared, owns."""


def _write_members(connection: Connection, answers: list[Answer], ids: list[int]) -> None:
    standing: dict[int, Standing] = {}
    for id_, relation, key, first, shared, owns in connection.execute(sql("standing_members"), {"id": ids}):
        standing.setdefault(id_, {})[relation, key] = (first, shared, owns)
    new: list[tuple[Due, Member]] = []
    gone: list[tuple[Due, str, str]] = []
    moved: set[tuple[str, str, str]] = set()
    touched: set[str] = set()
    for answer in answers:
        due, old = answer.due, standing.get(answer.due.id, {})
        kinds = {(member.relation, member.key) for member in answer.members}
        for member in answer.members:
            place = (member.relation, member.key)
            before = old.get(place)
            if before != (member.first, member.shared, member.owns):
                new.append((due, member))
                if not member.is_whole and (before is None or before[0] != member.first):
                    moved.add((due.flow, *place))
        for place, (_, shared, _) in old.items():
            if place not in kinds:
                gone.append((due, *place))
                if not due.stray:
                    touched.add(place[1])
                if shared:
                    moved.add((due.flow, *place))
    _members(connection, new, gone)
    if moved:
        flows, relations, keys = (list(column) for column in zip(*sorted(moved), strict=True))
        connection.execute(sql("insert_holding_changed"), {"flow": flows, "relation": relations, "key": keys})
    if touched:
        connection.execute(sql("touch"), {"key": sorted(touched)})
    claims = sorted({(a.due.flow, *claim) for a in answers for claim in a.claims})
    if claims:
        flows, strays, keys = (list(column) for column in zip(*claims, strict=True))
        connection.execute(sql("touch_strays"), {"flow": flows, "stray": strays, "key": keys})


def _members(connection: Connection, new: list[tuple[Due, Member]], gone: list[tuple[Due, str, str]]) -> None:
    if gone:
        connection.execute(
            sql("delete_members"),
            {
                "instance": [due.id for due, _, _ in gone],
                "relation": [r for _, r, _ in gone],
                "key": [k for _, _, k in gone],
            },
        )
    if new:
        connection.execute(
            sql("write_members"),
            {
                "instance": [due.id for due, _ in new], "relation": [m.relation for _, m in new],
                "key": [m.key for _, m in new], "flow": [due.flow for due, _ in new],
                "anchor": [due.key for due, _ in new], "first": [m.first for _, m in new],
                "shared": [m.shared for _, m in new], "owns": [m.owns for _, m in new],
            },
        )  # fmt: skip


def _write_findings(connection: Connection, answers: list[Answer], ids: list[int], now: dt.datetime) -> None:
    standing: dict[int, list[bytes]] = {}
    for id_, body in connection.execute(sql("standing_findings"), {"id": ids}, binary=True):
        standing.setdefault(id_, []).append(bytes(body))
    rows: list[tuple[int, int, Finding, bytes]] = []
    changed: list[int] = []
    identities: set[tuple[str, str, str]] = set()
    for answer in answers:
        if answer.problem:  # What could not be judged is not in order: what was found before stands.
            continue
        old, id_ = standing.get(answer.due.id, []), answer.due.id
        found = answer.verdict.findings if answer.verdict is not None else ()
        new = [msgspec.json.encode(finding) for finding in found]
        if new == old:
            continue
        changed.append(id_)
        rows += [(id_, n, finding, body) for n, (finding, body) in enumerate(zip(found, new, strict=True))]
        same = set(old) & set(new)
        identities.update(f.identity for f, body in zip(found, new, strict=True) if body not in same)
        identities.update(msgspec.json.decode(body, type=Finding).identity for body in old if body not in same)
    if not changed:
        return
    connection.execute(sql("delete_findings"), {"id": changed})
    if rows:
        findings = [finding for _, _, finding, _ in rows]
        connection.execute(
            sql("insert_findings"),
            {
                "instance": [id_ for id_, _, _, _ in rows], "n": [n for _, n, _, _ in rows],
                "risk": [f.risk.value for f in findings], "subject": [f.subject for f in findings],
                "period": [f.period for f in findings], "entity": [f.entity for f in findings],
                "currency": [f.currency for f in findings], "exposure": [f.exposure for f in findings],
                "tax": [f.tax for f in findings], "owner": [f.owner for f in findings],
                "since": [f.since for f in findings], "body": [body for _, _, _, body in rows], "now": now,
            },
        )  # fmt: skip
    if identities:
        risk, subject, period = (list(column) for column in zip(*sorted(identities), strict=True))
        connection.execute(sql("insert_finding_changed"), {"risk": risk, "subject": subject, "period": period})


def _write_entries(connection: Connection, answers: list[Answer], ids: list[int]) -> None:
    old = set(connection.execute(sql("standing_entries"), {"id": ids}).fetchall())
    new = {(a.due.id, entry) for a in answers if a.verdict is not None for entry in a.verdict.reads}
    for name, rows in (("delete_entries", sorted(old - new)), ("insert_entries", sorted(new - old))):
        if rows:
            instances, entries = (list(column) for column in zip(*rows, strict=True))
            connection.execute(sql(name), {"instance": instances, "entry": entries})
