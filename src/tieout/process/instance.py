"""One running flow: its anchor with the documents related along the paths that the flow declares."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from tieout.canon.documents import Document

Known = Callable[[str, str, str, dt.date], bool]
"""(role or system, type, entity, day) → whether absence of such a document on that day is proved."""


def everything_known(_system: str, _type: str, _entity: str, _day: dt.date) -> bool:
    """The coverage of a test or a complete export: whatever is not there does not exist."""
    return True


class Instance:
    """The anchor document and, by relation name, the documents around it.

    A relation through ``lines`` is sliced: its documents carry only the lines that belong to this instance, while
    their header keeps the whole document's totals. `owns` tells whether this instance speaks for such a document as a
    whole (it holds the first line), so that a fact about a whole document is reported exactly once.

    The anchor is None for documents that the flow looks for and that no anchor claims (an invoice without an order).
    """

    __slots__ = ("anchor", "foreign", "key", "known", "members")

    def __init__(
        self,
        key: str,
        anchor: Document | None,
        members: dict[str, tuple[Any, ...]],
        *,
        foreign: frozenset[str] = frozenset(),
        known: Known = everything_known,
    ) -> None:
        self.key, self.anchor, self.members, self.foreign, self.known = key, anchor, members, foreign, known

    def get(self, relation: str) -> tuple[Any, ...]:
        """The documents of a relation, ordered by key; empty where there are none."""
        return self.members.get(relation, ())

    def owns(self, document: Document) -> bool:
        """Whether this instance reports facts about the whole of ``document``."""
        return not self.foreign or document.key not in self.foreign
