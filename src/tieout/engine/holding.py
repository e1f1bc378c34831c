"""Who holds a document that serves several instances of a flow, and who speaks for it as a whole: the one that holds its first line."""

from __future__ import annotations

from collections.abc import Mapping

from .assemble import Held
from .resolve import Resolved

Rank = tuple[int, str]
"""(rank of the place, anchor's key): the least one owns the document."""


def holdings(resolved: Resolved, elsewhere: Mapping[tuple[str, str], Rank]) -> dict[tuple[str, str, str], Held]:
    """How the documents of the resolved anchors are held, where that is not `ALONE`.

    ``elsewhere``: (relation, document) → the least rank among the instances that are not resolved here.
    """
    found = {}
    for relation, members in resolved.members.items():
        ranks: dict[str, list[Rank]] = {}
        for anchor, places in members.items():
            for key, place in places.items():
                ranks.setdefault(key, []).append((place.first, anchor))
        for key, held_by in ranks.items():
            other = elsewhere.get((relation, key))
            if len(held_by) == 1 and other is None:
                continue
            owner = min(held_by if other is None else [*held_by, other])
            for rank in held_by:
                found[relation, key, rank[1]] = Held(True, rank == owner)
    return found
