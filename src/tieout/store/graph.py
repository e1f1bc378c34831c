"""`engine.graph.Graph` on the tables: what was asked once in a transaction is not asked again."""

from __future__ import annotations

from collections.abc import Collection

from tieout.canon.decode import decoder
from tieout.canon.documents import Document
from tieout.engine.graph import Asked, Incoming, Outgoing

from .connection import Connection
from .statements import sql


class PostgresGraph:
    """The documents as a transaction sees them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._documents: dict[str, Document | None] = {}
        self._groups: dict[str, tuple[str, ...]] = {}
        self._absent: set[str] = set()
        self._outgoing: Outgoing = {}
        self._incoming: Incoming = {}

    def incoming(self, asked: Collection[Asked]) -> Incoming:
        """Who names these keys."""
        questions = [question for question in dict.fromkeys(asked) if question not in self._incoming]
        if questions:
            self._incoming.update((question, []) for question in questions)
            parameters = {
                "to_key": [a.to_key for a in questions], "from_type": [a.from_type for a in questions],
                "field": [a.field for a in questions],
            }  # fmt: skip
            for place, from_key, n in self._connection.execute(
                sql("incoming_edges"), parameters, prepare=True
            ).fetchall():
                self._incoming[questions[place]].append((from_key, n))
        return {question: found for question in asked if (found := self._incoming[question])}

    def outgoing(self, keys: Collection[str]) -> Outgoing:
        """Whom these documents name."""
        asked = [key for key in keys if key not in self._outgoing]
        if asked:
            self._outgoing.update((key, {}) for key in asked)
            for key, field, to_key in self._connection.execute(
                sql("outgoing_keys"), {"key": asked}, prepare=True
            ).fetchall():
                self._outgoing[key].setdefault(field, []).append(to_key)
        return {key: self._outgoing[key] for key in keys}

    def groups(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Key → every view of the same document, the root first."""
        asked = [key for key in keys if key not in self._groups and key not in self._absent]
        if asked:
            views: dict[str, tuple[str, set[str]]] = {}
            for key, root, view in self._connection.execute(sql("views_of"), {"key": asked}, prepare=True).fetchall():
                views.setdefault(key, (root, set()))[1].add(view)
            for key, (root, found) in views.items():
                self._groups[key] = (root, *sorted(found - {root}))
            self._absent.update(key for key in asked if key not in views)
        return {key: self._groups[key] for key in keys if key in self._groups}

    def documents(self, keys: Collection[str]) -> dict[str, Document]:
        """The newest view of each key."""
        asked = [key for key in keys if key not in self._documents]
        if asked:
            self._documents.update(dict.fromkeys(asked))
            for key, body in self._connection.execute(sql("read_documents"), {"key": asked}, prepare=True, binary=True):
                self._documents[key] = decoder(key.partition("/")[0]).decode(body)
        return {key: document for key in keys if (document := self._documents[key]) is not None}
