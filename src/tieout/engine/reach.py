"""A document that changed → the anchors of each flow whose instances it may belong to: the flow's ways, walked forwards.

It answers from references alone, never from what was resolved before: so whoever adds the last reference of a path finds its anchor,
in whatever order the references came. It may name an anchor too many (its evaluation finds nothing new), never one too few.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from tieout.process.definition import Flow

from .declared import Declared, Naming, Path, declared
from .graph import Asked, Graph


class At(NamedTuple):
    """A place in a flow's declaration at which a document can stand."""

    kind: str
    """on: at the ``step`` of a relation's ``way`` · member: of the relation (or the anchor) · view: some view of a member"""
    flow: type[Flow]
    relation: str
    way: int = 0
    step: int = 0


Item = tuple[str, str]
"""A document, and the one from which it was reached."""
Front = dict[At, set[Item]]
Reached = dict[tuple[type[Flow], str], set[str]]
"""(flow, anchor's key) → from which documents; from "" where that was not asked."""


def reach(flows: Iterable[type[Flow]], types: dict[str, str], graph: Graph) -> set[tuple[type[Flow], str]]:
    """The anchors of the flows that documents lead to. ``types``: key → type of each; of those that are not there, too.

    The anchors are not checked: whether one is there and counts is for `resolve` to say.
    """
    of_type: dict[str, set[Item]] = {}
    for key, type_ in types.items():
        of_type.setdefault(type_, set()).add((key, ""))
    entries: Front = {}
    for flow in flows:
        for type_, places in _entries(flow).items():
            if type_ in of_type:
                entries.update((place, set(of_type[type_])) for place in places)
    return set(_Search(graph).run(entries))


def reach_relation(flow: type[Flow], relation: str, keys: Collection[str], graph: Graph) -> Reached:
    """The same for documents of one relation of one flow, and from which of them each anchor is reached."""
    return _Search(graph).run({At("member", flow, relation): {(key, key) for key in keys}})


_ENTRIES: dict[type[Flow], dict[str, tuple[At, ...]]] = {}


def _entries(flow: type[Flow]) -> dict[str, tuple[At, ...]]:
    """Type → where documents of it can stand, worked out once."""
    known = _ENTRIES.get(flow)
    if known is None:
        known = _ENTRIES[flow] = _find_entries(declared(flow))
    return known


def _find_entries(plan: Declared) -> dict[str, tuple[At, ...]]:
    flow = plan.flow
    found: dict[str, list[At]] = {plan.anchor_type: [At("view", flow, plan.anchor)]}
    for relation in plan.relations.values():
        found.setdefault(relation.type, []).append(At("view", flow, relation.name))
        for w, way in enumerate(relation.ways):
            if isinstance(way, Path):
                for i, step in enumerate(way.steps[1:], 1):
                    found.setdefault(step.from_type, []).append(At("on", flow, relation.name, w, i))
    return {type_: tuple(dict.fromkeys(places)) for type_, places in found.items()}


class _Search:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seen: Front = {}
        self.found: Reached = {}

    def run(self, front: Front) -> Reached:
        while front:
            front = self._forward(self._settle(front))
        return self.found

    def _settle(self, front: Front) -> Front:
        """Replace members and views by the steps at which they stand; what stands at an anchor is found."""
        asked = {key for place, items in front.items() if self._takes_views(place) for key, _ in items}
        groups = self.graph.groups(asked) if asked else {}
        standing: Front = {}
        for place, items in front.items():
            plan = declared(place.flow)
            if place.kind == "on":
                self._new(standing, place, items)
                continue
            if place.relation == plan.anchor:
                self._anchor(plan, place, items, groups)
                continue
            if self._takes_views(place):
                items = {(view, origin) for key, origin in items for view in groups.get(key, (key,))}
            for w, way in enumerate(plan.relations[place.relation].ways):
                kind = "on" if isinstance(way, Path) else "named"
                self._new(standing, At(kind, place.flow, place.relation, w, 0), items)
        return standing

    def _takes_views(self, place: At) -> bool:
        """Whether any view of the document at a place stands for it."""
        if place.kind != "member":
            return place.kind == "view"
        plan = declared(place.flow)
        return place.relation != plan.anchor and plan.relations[place.relation].views

    def _anchor(self, plan: Declared, place: At, items: set[Item], groups: dict[str, tuple[str, ...]]) -> None:
        for key, origin in items:
            group = groups.get(key, (key,)) if place.kind == "view" else (key,)
            for anchor in {key, *(group[:1] if plan.flow.anchor._originals else group)}:
                self.found.setdefault((plan.flow, anchor), set()).add(origin)

    def _new(self, front: Front, place: At, items: set[Item]) -> None:
        """Go on from a place with what it has not been reached by yet."""
        known = self.seen.setdefault(place, set())
        if more := items - known:
            known |= more
            front.setdefault(place, set()).update(more)

    def _forward(self, front: Front) -> Front:
        outgoing = self.graph.outgoing(
            {key for place, items in front.items() if place.kind == "on" for key, _ in items}
        )
        asked = {
            Asked(key, way.from_type, way.field)
            for place, items in front.items()
            if isinstance(way := _way(place), Naming)
            for key, _ in items
        }
        incoming = self.graph.incoming(asked) if asked else {}
        ahead: Front = {}
        for place, items in front.items():
            way = _way(place)
            if isinstance(way, Naming):
                reached = {
                    (from_key, origin)
                    for key, origin in items
                    for from_key, _ in incoming.get(Asked(key, way.from_type, way.field), ())
                }
                at = At("member", place.flow, way.source)
            else:
                field = way.steps[place.step].field
                reached = {(to, origin) for key, origin in items for to in outgoing.get(key, _NOBODY).get(field, ())}
                at = place._replace(step=place.step + 1)
                if place.step == len(way.steps) - 1:
                    at = At("view" if way.rooted else "member", place.flow, way.target)
            if reached:
                ahead.setdefault(at, set()).update(reached)
        return ahead


_NOBODY: dict[str, list[str]] = {}


def _way(place: At) -> Path | Naming:
    return declared(place.flow).relations[place.relation].ways[place.way]
