"""Documents laid over a graph: as if they were there already, in the place of what is known of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from tieout.canon.documents import Document

from .graph import Asked, Edge, Graph, Incoming, Outgoing, edges_of

MOST_MIRRORS = 8
"""Mirrors that are followed; a longer way is a cycle, and its documents stay apart."""


class Nothing:
    """A graph without documents."""

    def incoming(self, asked: Collection[Asked]) -> Incoming:
        """Nobody."""
        return {}

    def outgoing(self, keys: Collection[str]) -> Outgoing:
        """Nobody."""
        return {}

    def groups(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """None."""
        return {}

    def documents(self, keys: Collection[str]) -> dict[str, Document]:
        """None."""
        return {}


class Overlay:
    """A `Graph`: ``documents`` over ``base``."""

    def __init__(self, documents: Iterable[Document], base: Graph | None = None) -> None:
        self._own = {document.key: document for document in documents}
        self._base: Graph = base or Nothing()
        self._edges = {key: list(edges_of(document)) for key, document in self._own.items()}
        self._named: dict[str, list[tuple[str, Edge]]] = {}
        for key, edges in self._edges.items():
            for edge in edges:
                self._named.setdefault(edge.to_key, []).append((key, edge))
        self._roots = self._find_roots()
        self._members: dict[str, set[str]] = {}
        for key, root in self._roots.items():
            self._members.setdefault(root, set()).add(key)

    def incoming(self, asked: Collection[Asked]) -> Incoming:
        """Who names these keys."""
        found = {
            question: [(key, n) for key, n in names if key not in self._own]
            for question, names in self._base.incoming(asked).items()
        }
        for question in asked:
            for key, edge in self._named.get(question.to_key, ()):
                if edge.field == question.field and key.startswith(f"{question.from_type}/"):
                    found.setdefault(question, []).append((key, edge.n))
        return found

    def outgoing(self, keys: Collection[str]) -> Outgoing:
        """Whom these documents name."""
        found = self._base.outgoing([key for key in keys if key not in self._own])
        for key in keys:
            if key in self._own:
                found[key] = {}
                for edge in self._edges[key]:
                    found[key].setdefault(edge.field, []).append(edge.to_key)
        return found

    def groups(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Key → every view of the same document, the root first."""
        found = self._base.groups(keys)
        roots = {key: self._roots[key] if key in self._roots else found[key][0] for key in keys if self._is(key, found)}
        beneath = self._base.groups([root for root in roots.values() if root not in self._own])
        answer = {}
        for key, root in roots.items():
            there = {view for view in beneath.get(root, ()) if view not in self._roots} | self._members.get(root, set())
            answer[key] = (root, *sorted((there | {key}) - {root}))
        return answer

    def _is(self, key: str, found: dict[str, tuple[str, ...]]) -> bool:
        return key in self._roots or key in found

    def documents(self, keys: Collection[str]) -> dict[str, Document]:
        """The newest view of each key."""
        found = self._base.documents([key for key in keys if key not in self._own])
        return {**found, **{key: self._own[key] for key in keys if key in self._own}}

    def _find_roots(self) -> dict[str, str]:
        """Roots of the documents of one's own, and of those beneath that mirror them."""
        roots = {key: self._root(key) for key in self._own}
        asked = [Asked(key, key.partition("/")[0], "mirrors") for key in self._own]
        for question, names in self._base.incoming(asked).items():
            for key, _ in names:
                if key not in self._own:
                    roots[key] = roots[question.to_key]
        return roots

    def _root(self, start: str) -> str:
        reached = start
        for _ in range(MOST_MIRRORS):
            document = self._own.get(reached)
            if document is None:
                beneath = self._base.groups([reached])
                return beneath[reached][0]
            if document.mirrors is None:
                return reached
            ahead = f"{document.type}/{document.mirrors}"
            if ahead not in self._own and not self._base.groups([ahead]):
                return reached
            reached = ahead
        return start
