"""Documents → an `Instance`: ordered by key, a shared document cut to the lines that are the instance's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from tieout.canon.documents import Document
from tieout.process.instance import Instance, Known

from .resolve import Place, Resolved


class Held(NamedTuple):
    """Whether several instances of a flow hold a document in a relation, and whether this one speaks for it as a whole."""

    shared: bool
    owns: bool


ALONE = Held(False, True)
Holding = Mapping[tuple[str, str, str], Held]
"""(relation, document, anchor) → how it is held; `ALONE` where nothing is said."""


def instance(anchor: str, resolved: Resolved, holding: Holding, known: Known) -> Instance:
    """The instance of an anchor."""
    members: dict[str, tuple[Any, ...]] = {}
    foreign = set()
    documents = resolved.documents
    for relation, of_anchor in resolved.members.items():
        places = of_anchor.get(anchor)
        if not places:
            continue
        found = []
        for key in sorted(places):
            held = holding.get((relation, key, anchor), ALONE)
            found.append(_own_lines(documents[key], places[key]) if held.shared else documents[key])
            if not held.owns:
                foreign.add(key)
        members[relation] = tuple(found)
    return Instance(anchor, documents[anchor], members, foreign=frozenset(foreign), known=known)


def stray(relation: str, views: Mapping[str, Document], known: Known) -> Instance:
    """The instance of a document that no anchor claims, with its views."""
    documents = tuple(views[key] for key in sorted(views))
    return Instance(documents[0].key, None, {relation: documents}, known=known)


def _own_lines(document: Document, place: Place) -> Document:
    """A shared document with the instance's lines only; lines that name nothing stay with what belongs as a whole."""
    if place.whole and not place.lines:
        numbers: list[int] | None = None
    else:
        numbers = sorted(place.lines)
    if numbers is None or not hasattr(document, "lines"):
        return document
    lines = document.lines
    if place.whole:
        own = set(numbers)
        kept = tuple(
            line for n, line in enumerate(lines, 1) if n in own or (line.order is None and line.charge is None)
        )
    else:
        kept = tuple(lines[n - 1] for n in numbers)
    return msgspec.structs.replace(document, lines=kept)
