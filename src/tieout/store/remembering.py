"""History: everything that was said and differed from what was known, so that any moment can be told again (`snapshot`).

What the newest of a document's observations says is what its record says, at every moment. A restatement of what is known is not kept;
where something older comes late, it would then pass for the newest: so what stands is kept with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from tieout.engine.observations import Observation

from .connection import Connection
from .statements import sql

Known = Mapping[str, tuple[tuple[int, int, int], bytes]]
"""Key → order and digest of the record that there is."""


def is_news(one: Observation, known: Known) -> bool:
    """Whether it is what counts of its document from now on: later than what there is, or the same read anew."""
    if one.key not in known:
        return True
    order, digest = known[one.key]
    return one.order > order or (one.order == order and one.digest != digest)


def remember(
    connection: Connection, now: dt.datetime, observed: list[Observation], newest: Mapping[str, Observation], known: Known
) -> None:  # fmt: skip
    """Keep what says something else than the record does. ``newest``: of those observed, by key."""
    new = {id(one): one for one in observed if one.key not in known or known[one.key][1] != one.digest}
    standing = set()
    for key in {one.key for one in new.values()}:
        if is_news(newest[key], known):
            new[id(newest[key])] = newest[key]
        else:
            standing.add(key)
    late = [one for one in new.values() if not is_news(one, known)]
    fresh = [one for one in new.values() if is_news(one, known)]
    if fresh:
        _insert(connection, "insert_observations", now, fresh)
    if late:
        _insert(connection, "insert_late_observations", now, late)
    if standing:
        connection.execute(sql("keep_standing"), {"key": sorted(standing), "now": now})


def _insert(connection: Connection, statement: str, now: dt.datetime, new: list[Observation]) -> None:
    connection.execute(
        sql(statement),
        {
            "key": [o.key for o in new], "version": [o.document.version for o in new],
            "arrival": [o.arrival for o in new], "n": [o.n for o in new], "digest": [o.digest for o in new],
            "body": [o.body for o in new], "now": now,
        },
    )  # fmt: skip
