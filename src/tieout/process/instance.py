"""One running flow: its anchor with the documents related along the paths that the flow declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Container
from typing import Any, Protocol

from tieout.canon.documents import Document

Known = Callable[[str, str, str, dt.date], bool]
"""(role or system, type, entity, day) → whether absence of such a document on that day is proved."""


class Later(Protocol):
    """Reads the relations that are looked at in few instances, when one is."""

    @property
    def relations(self) -> Container[str]:
        """Their names."""

    def read(self, row: int, relation: str) -> tuple[tuple[Any, ...], frozenset[str]]:
        """Of the instance ``row`` the relation's documents, and the keys of those that belong to another one as a whole."""


def everything_known(_system: str, _type: str, _entity: str, _day: dt.date) -> bool:
    """The coverage of a test or a complete export: whatever is not there does not exist."""
    return True


class Instance:
    """The anchor document and, by relation name, the documents around it.

    A relation through ``lines`` is sliced: its documents carry only the lines that belong to this instance, while
    their header keeps the whole document's totals. `owns` tells whether this instance speaks for such a document as a
    whole (it holds the first line), so that a fact about a whole document is reported exactly once.

    The anchor is None for documents that the flow looks for and that no anchor claims (an invoice without an order).
    ``later`` reads relations that are looked at in few instances; it knows this one as ``row``.
    """

    __slots__ = ("anchor", "foreign", "key", "known", "later", "members", "row")

    def __init__(
        self,
        key: str,
        anchor: Document | None,
        members: dict[str, tuple[Any, ...]],
        *,
        foreign: frozenset[str] = frozenset(),
        known: Known = everything_known,
        later: Later | None = None,
        row: int = 0,
    ) -> None:
        self.key, self.anchor, self.members, self.foreign, self.known = key, anchor, members, foreign, known
        self.later, self.row = later, row

    def get(self, relation: str) -> tuple[Any, ...]:
        """The documents of a relation, ordered by key; empty where there are none."""
        found = self.members.get(relation)
        if found is not None:
            return found
        later = self.later
        if later is None or relation not in later.relations:
            return ()
        found, foreign = later.read(self.row, relation)
        self.members[relation] = found
        self.foreign |= foreign
        return found

    def owns(self, document: Document) -> bool:
        """Whether this instance reports facts about the whole of ``document``."""
        return not self.foreign or document.key not in self.foreign
