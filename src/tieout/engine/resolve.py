"""Anchors → their documents: the flow's ways, walked backwards from many anchors at once.

Stage by stage: relations that start from the anchor, then those that start from these. Every step of all ways of a stage is one
question to the graph, and flows that are resolved together ask together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from tieout.canon.documents import Document

from .declared import MOST_LINES, Declared, Naming, Path, Relation, Test
from .graph import Asked, Edge, Graph, edges_of

Role = Callable[[str], str]


class Question(NamedTuple):
    """What a walk needs of the graph to go on: a method of `Graph`, and for what."""

    method: Literal["incoming", "groups", "documents"]
    about: Collection[Any]


T = TypeVar("T")
Walk = Generator[Question, Any, T]
"""Asks questions, is sent the answers (perhaps to others' questions too), and returns what it found."""


def walk_all(walks: Mapping[str, Walk[T]], graph: Graph) -> dict[str, T]:
    """Let walks go on together: what they ask at one time is asked once."""
    found: dict[str, T] = {}
    answers: dict[str, Any] = {}
    waiting = dict(walks)
    while waiting:
        asked: dict[str, Question] = {}
        for name, walk in waiting.items():
            try:
                asked[name] = walk.send(answers.get(name))
            except StopIteration as end:
                found[name] = end.value
        heard = {
            method: getattr(graph, method)(set().union(*(q.about for q in asked.values() if q.method == method)))
            for method in {question.method for question in asked.values()}
        }
        answers = {name: heard[question.method] for name, question in asked.items()}
        waiting = {name: walk for name, walk in waiting.items() if name in asked}
    return found


class Place:
    """How a document belongs to an instance: its rank there; as a whole, or by these lines (from 1)."""

    __slots__ = ("first", "lines", "whole")

    def __init__(self, first: int, whole: bool) -> None:
        self.first, self.whole = first, whole
        self.lines: set[int] = set()


Members = dict[str, dict[str, Place]]
"""Anchor's key → document's key → its place."""


class Resolved:
    """What belongs to many anchors of a flow: by relation the members, and every document of theirs."""

    def __init__(self, anchors: Iterable[str]) -> None:
        self.anchors = list(anchors)
        self.members: dict[str, Members] = {}
        self.documents: dict[str, Document] = {}
        self._edges: dict[str, list[Edge]] = {}

    def edges(self, key: str) -> list[Edge]:
        """The references of a document that was read."""
        found = self._edges.get(key)
        if found is None:
            found = self._edges[key] = list(edges_of(self.documents[key]))
        return found


def is_anchor(plan: Declared, document: Document, root: str, role: Role) -> bool:
    """Whether a document is an anchor of the flow. ``root``: the key at the end of its mirrors."""
    anchor = plan.flow.anchor
    if document.deleted or (anchor._originals and root != document.key):
        return False
    if anchor._roles and role(document.system) not in anchor._roles:
        return False
    return all(getattr(document, field) == value for field, value in anchor._equal.items())


def resolve(plan: Declared, keys: Iterable[str], graph: Graph, role: Role) -> Resolved:
    """The documents of those of ``keys`` that are anchors of the flow."""
    return resolve_all([(plan, list(keys))], graph, role)[plan.flow.name]


def resolve_all(asked: Iterable[tuple[Declared, Sequence[str]]], graph: Graph, role: Role) -> dict[str, Resolved]:
    """The same for several flows, by their names."""
    return walk_all({plan.flow.name: _resolve(plan, keys, role) for plan, keys in asked}, graph)


def _resolve(plan: Declared, asked: Sequence[str], role: Role) -> Walk[Resolved]:
    documents = yield Question("documents", asked)
    groups = yield Question("groups", asked)
    found = Resolved(
        key for key in asked if (d := documents.get(key)) is not None and is_anchor(plan, d, groups[key][0], role)
    )
    found.documents.update((key, documents[key]) for key in found.anchors)
    found.members[plan.anchor] = {key: {key: Place(0, True)} for key in found.anchors}
    if found.anchors:
        for stage in plan.stages:
            yield from _Stage(stage, found, role).run()
    return found


Going = tuple[Relation, Path, dict[str, list[tuple[str, int]]]]
"""A way under way: what it has reached → the anchors from which, with their ranks."""


class _Stage:
    """Relations that are found from what is known already."""

    def __init__(self, relations: tuple[Relation, ...], found: Resolved, role: Role) -> None:
        self.relations, self.found, self.role = relations, found, role
        self.base: dict[str, Members] = {relation.name: {} for relation in relations}

    def run(self) -> Walk[None]:
        """Find the members of the stage's relations."""
        yield from self._walk()
        yield from self._read({key for members in self.base.values() for places in members.values() for key in places})
        for relation in self.relations:
            self.found.members[relation.name] = self._checked(relation)
        viewed = [relation for relation in self.relations if relation.views]
        keys = {key for r in viewed for places in self.found.members[r.name].values() for key in places}
        if keys:
            groups = yield Question("groups", keys)
            groups = {key: groups[key] for key in keys}
            yield from self._read({view for group in groups.values() for view in group})
            for relation in viewed:
                _add_views(self.found.members[relation.name], groups)

    def _read(self, keys: Collection[str]) -> Walk[None]:
        missing = [key for key in keys if key not in self.found.documents]
        if missing:
            documents = yield Question("documents", missing)
            self.found.documents.update((key, documents[key]) for key in missing if key in documents)

    def _walk(self) -> Walk[None]:
        walks: list[Going] = []
        ends = {}
        for relation in self.relations:
            for way, tests in zip(relation.ways, relation.narrowed, strict=True):
                members = dict(self._narrowed(_start(way), tests))
                if isinstance(way, Naming):
                    self._name(relation, way, members)
                else:
                    ends[id(way)] = (relation, way, members)
        rooted = {key for _, way, ms in ends.values() if way.rooted for m in ms.values() for key in m}
        groups = (yield Question("groups", rooted)) if rooted else {}
        for relation, way, members in ends.values():
            walks.append((relation, way, _targets(way, members, groups)))
        depth = 1
        while walks:
            walks = yield from self._step_back(walks, depth)
            depth += 1

    def _narrowed(self, relation: str, tests: tuple[Test, ...]) -> Iterator[tuple[str, dict[str, Place]]]:
        for anchor, places in self.found.members[relation].items():
            if not tests:
                yield anchor, places
                continue
            kept = {}
            for key, place in places.items():
                document = self.found.documents[key]
                if all(test.holds(document, self.role(document.system)) for test in tests):
                    kept[key] = place
            if kept:
                yield anchor, kept

    def _name(self, relation: Relation, way: Naming, members: Members) -> None:
        base = self.base[relation.name]
        for anchor, places in members.items():
            for key, place in places.items():
                for edge in self.found.edges(key):
                    if edge.field == way.field:
                        _put(base, anchor, edge.to_key, place.first, None)

    def _step_back(self, walks: list[Going], depth: int) -> Walk[list[Going]]:
        """One reference back on every way; ``depth`` counts from the way's end. What is reached at its start goes into `base`."""
        asked: set[Asked] = set()
        for _, way, reached in walks:
            step = way.steps[-depth]
            asked.update(Asked(key, step.from_type, step.field) for key in reached)
        incoming = (yield Question("incoming", asked)) if asked else {}
        going_on = []
        for relation, way, reached in walks:
            step, base = way.steps[-depth], self.base[relation.name]
            before: dict[str, list[tuple[str, int]]] = {}
            at_start = depth == len(way.steps)
            for key, anchors in reached.items():
                for from_key, n in incoming.get(Asked(key, step.from_type, step.field), ()):
                    if not at_start:
                        before.setdefault(from_key, []).extend(anchors)
                        continue
                    for anchor, first in anchors:
                        if way.by_lines:
                            _put(base, anchor, from_key, first * MOST_LINES + n, n)
                        else:
                            _put(base, anchor, from_key, first, None)
            if before:
                going_on.append((relation, way, {key: sorted(set(anchors)) for key, anchors in before.items()}))
        return going_on

    def _checked(self, relation: Relation) -> Members:
        """Only documents that there are, and that meet the relation's tests."""
        documents, tests = self.found.documents, relation.tests
        checked: Members = {}
        for anchor, places in self.base[relation.name].items():
            kept = {
                key: place
                for key, place in places.items()
                if (d := documents.get(key)) is not None and all(test.holds(d, "") for test in tests)
            }
            if kept:
                checked[anchor] = kept
        return checked


def _start(way: Path | Naming) -> str:
    return way.source if isinstance(way, Naming) else way.target


def _targets(way: Path, members: Members, groups: dict[str, tuple[str, ...]]) -> dict[str, list[tuple[str, int]]]:
    """Key that the way's last reference may name → the anchors with their ranks: any view of a member, where the way is rooted."""
    best: dict[tuple[str, str], int] = {}
    for anchor, places in members.items():
        for key, place in places.items():
            for view in groups.get(key, ()) if way.rooted else (key,):
                known = best.get((view, anchor))
                if known is None or place.first < known:
                    best[view, anchor] = place.first
    found: dict[str, list[tuple[str, int]]] = {}
    for (view, anchor), first in best.items():
        found.setdefault(view, []).append((anchor, first))
    return found


def _put(members: Members, anchor: str, key: str, first: int, line: int | None) -> None:
    places = members.setdefault(anchor, {})
    place = places.get(key)
    if place is None:
        place = places[key] = Place(first, line is None)
    else:
        place.first = min(place.first, first)
        place.whole = place.whole or line is None
    if line is not None:
        place.lines.add(line)


def _add_views(members: Members, groups: dict[str, tuple[str, ...]]) -> None:
    for places in members.values():
        added: dict[str, int] = {}
        for key, place in places.items():
            for view in groups[key]:
                if view not in places:
                    added[view] = min(place.first, added.get(view, place.first))
        for view, first in added.items():
            places[view] = Place(first, True)
