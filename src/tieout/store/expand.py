"""The second stage: what was touched → the instances to be evaluated again.

In a transaction of its own, after the one that touched: it sees every reference that is committed, and whoever commits the last one
of a path touches for it. Roots of mirrors are worked out here for the same reason.
"""

from __future__ import annotations

import datetime as dt

from psycopg_pool import ConnectionPool

from tieout.canon.documents.header import split_key
from tieout.engine.advance import may_be_stray
from tieout.engine.declared import declared
from tieout.engine.reach import reach, reach_relation
from tieout.policy import Policy
from tieout.process.definition import Flow, Unclaimed

from .advance import Compass
from .connection import Connection, transact
from .graph import PostgresGraph
from .statements import sql


def expand(pool: ConnectionPool[Connection], compass: Compass, now: dt.datetime, limit: int = 5000) -> int:
    """Mark the instances of what was touched; how many documents were looked at. Raises DatabaseLost."""
    return transact(pool, lambda connection: _expand(connection, compass, now, limit))


def share(pool: ConnectionPool[Connection], now: dt.datetime, limit: int = 5000) -> int:
    """Mark the instances that hold a document otherwise than they were judged by; how many documents were looked at."""

    def work(connection: Connection) -> int:
        rows = sorted(set(connection.execute(sql("claim_holding_changed"), {"limit": limit}).fetchall()))
        if rows:
            flow, relation, key = (list(column) for column in zip(*rows, strict=True))
            wrong = connection.execute(
                sql("wrongly_held"), {"flow": flow, "relation": relation, "key": key}, prepare=True
            ).fetchall()
            _mark(connection, [id_ for (id_,) in wrong], now)
        return len(rows)

    return transact(pool, work)


def _expand(connection: Connection, compass: Compass, now: dt.datetime, limit: int) -> int:
    bearings = compass.hold(connection)
    rows = connection.execute(sql("claim_touched"), {"limit": limit}).fetchall()
    keys = {key for (key,) in rows}
    if not keys:
        return 0
    keys |= _move_roots(connection, keys)
    graph = PostgresGraph(connection)
    holding = connection.execute(sql("holding_instances"), {"key": sorted(keys)}).fetchall()
    types = {key: key.partition("/")[0] for key in sorted(keys)}
    reached = reach(bearings.flows.values(), types, graph)
    _mark_anchors(connection, [one for one in reached if _may_be_anchor(*one, bearings.policy)], now)
    _mark(connection, [id_ for (id_,) in holding], now)
    for flow in bearings.flows.values():
        for stray in flow.strays:
            _mark_strays(connection, flow, stray, types, graph, now)
    return len(rows)


def _move_roots(connection: Connection, keys: set[str]) -> set[str]:
    """Work the roots of these documents, and of what mirrors them, out anew; every document whose views have changed."""
    locked = [key for (key,) in connection.execute(sql("lock_mirrors"), {"key": sorted(keys)})]
    if not locked:
        return set()
    moved = connection.execute(sql("move_roots"), {"key": locked}).fetchall()
    return {key for row in moved for key in row}


def _mark(connection: Connection, ids: list[int], now: dt.datetime, lane: int = 0) -> None:
    if ids:
        connection.execute(sql("lock_instances"), {"id": ids})
        connection.execute(sql("mark_instances"), {"id": ids, "now": now, "lane": lane})


def _may_be_anchor(flow: type[Flow], key: str, policy: Policy) -> bool:
    """Whether a document is of a system whose documents anchor the flow."""
    roles = flow.anchor._roles
    return not roles or policy.role(split_key(key)[1]) in roles


def _mark_anchors(connection: Connection, reached: list[tuple[type[Flow], str]], now: dt.datetime) -> None:
    found = sorted((flow.name, anchor, flow.anchor._originals) for flow, anchor in reached)
    if found:
        flow, key, originals = (list(column) for column in zip(*found, strict=True))
        connection.execute(sql("mark_anchors"), {"flow": flow, "key": key, "originals": originals, "now": now})


def _mark_strays(
    connection: Connection, flow: type[Flow], stray: Unclaimed, types: dict[str, str], graph: PostgresGraph,
    now: dt.datetime,
) -> None:  # fmt: skip
    """Documents that should lead to an anchor and lead to none; and those that were found so before."""
    relation = declared(flow).relations[stray.documents._name]
    touched = [key for key, type_ in types.items() if type_ == relation.type]
    roots = sorted({group[0] for group in graph.groups(touched).values()})
    if not roots:
        return
    of_views = {view: group[0] for group in graph.groups(roots).values() for view in group}
    reached = reach_relation(flow, relation.name, sorted(of_views), graph)
    there = {
        key
        for (key,) in connection.execute(
            sql("live_anchors"),
            {"key": sorted({anchor for _, anchor in reached}), "originals": flow.anchor._originals},
        )
    }
    claimed = {of_views[origin] for (_, anchor), origins in reached.items() if anchor in there for origin in origins}
    if flow.anchor._roles or flow.anchor._equal or relation.tests:
        claimed = set()  # Whether what is reached counts is for the evaluation to say.
    # What was a root of its own and is another's view now is looked at again, too: its evaluation may be under way.
    known = connection.execute(
        sql("known_strays"), {"flow": flow.name, "stray": relation.name, "key": sorted({*roots, *touched})}
    ).fetchall()
    loose = graph.documents([root for root in roots if root not in claimed])
    found = {key for key, document in loose.items() if may_be_stray(stray, document)}
    marked = sorted({*found, *(key for (key,) in known)})
    if marked:
        connection.execute(
            sql("mark_strays"),
            {"flow": [flow.name] * len(marked), "key": marked, "stray": [relation.name] * len(marked), "now": now},
        )
