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


Origins = set[str]
"""Documents from which a place was reached."""
Reached = dict[tuple[type[Flow], str], Origins]
"""(flow, anchor's key) → from which documents."""


def reach(flows: Iterable[type[Flow]], types: dict[str, str], graph: Graph) -> Reached:
    """The anchors of the flows that documents lead to. ``types``: key → type of each; of those that are not there, too.

    The anchors are not checked: whether one is there and counts is for `resolve` to say.
    """
    entries: dict[tuple[At, str], Origins] = {}
    for flow in flows:
        by_type = _entries(flow)
        for key, type_ in types.items():
            for place in by_type.get(type_, ()):
                entries[place, key] = {key}
    return _Search(graph).run(entries)


def reach_relation(flow: type[Flow], relation: str, keys: Collection[str], graph: Graph) -> Reached:
    """The same for documents of one relation of one flow."""
    return _Search(graph).run({(At("member", flow, relation), key): {key} for key in keys})


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
        self.seen: dict[tuple[At, str], Origins] = {}
        self.found: Reached = {}

    def run(self, entries: dict[tuple[At, str], Origins]) -> Reached:
        front = entries
        while front:
            front = self._settle(front)
            front = self._forward(front)
        return self.found

    def _settle(self, front: dict[tuple[At, str], Origins]) -> dict[tuple[At, str], Origins]:
        """Replace members and views by the steps at which they stand; what stands at an anchor is found."""
        views = {key for place, key in front if place.kind == "view" or self._viewed(place)}
        groups = self.graph.groups(views) if views else {}
        standing: dict[tuple[At, str], Origins] = {}
        for (place, key), origins in front.items():
            plan = declared(place.flow)
            if place.kind == "on":
                self._new(standing, place, key, origins)
            elif place.relation == plan.anchor:
                self._anchor(plan, place, groups.get(key, (key,)), key, origins)
            else:
                alike = groups.get(key, (key,)) if place.kind == "view" or self._viewed(place) else (key,)
                for view in alike:
                    for w, way in enumerate(plan.relations[place.relation].ways):
                        at = At("on" if isinstance(way, Path) else "named", place.flow, place.relation, w, 0)
                        self._new(standing, at, view, origins)
        return standing

    def _viewed(self, place: At) -> bool:
        plan = declared(place.flow)
        return place.kind == "member" and place.relation != plan.anchor and plan.relations[place.relation].views

    def _anchor(self, plan: Declared, place: At, group: tuple[str, ...], key: str, origins: Origins) -> None:
        anchors = [key]
        if place.kind == "view":
            anchors = [group[0]] if plan.flow.anchor._originals else [*group]
        for anchor in {*anchors, key}:
            self.found.setdefault((plan.flow, anchor), set()).update(origins)

    def _new(self, front: dict[tuple[At, str], Origins], place: At, key: str, origins: Origins) -> None:
        """Go on from a place with the origins that it has not been reached from yet."""
        known = self.seen.setdefault((place, key), set())
        more = origins - known
        if more:
            known.update(more)
            front.setdefault((place, key), set()).update(more)

    def _forward(self, front: dict[tuple[At, str], Origins]) -> dict[tuple[At, str], Origins]:
        outgoing = self.graph.outgoing({key for place, key in front if place.kind == "on"})
        asked = {
            Asked(key, way.from_type, way.field)
            for place, key in front
            if place.kind == "named" and isinstance(way := _way(place), Naming)
        }
        incoming = self.graph.incoming(asked) if asked else {}
        ahead: dict[tuple[At, str], Origins] = {}
        for (place, key), origins in front.items():
            way = _way(place)
            if isinstance(way, Naming):
                at = At("member", place.flow, way.source)
                for from_key, _ in incoming.get(Asked(key, way.from_type, way.field), ()):
                    ahead.setdefault((at, from_key), set()).update(origins)
                continue
            field, is_last = way.steps[place.step].field, place.step == len(way.steps) - 1
            if is_last:
                at = At("view" if way.rooted else "member", place.flow, way.target)
            else:
                at = place._replace(step=place.step + 1)
            for edge in outgoing.get(key, ()):
                if edge.field == field:
                    ahead.setdefault((at, edge.to_key), set()).update(origins)
        return ahead


def _way(place: At) -> Path | Naming:
    return declared(place.flow).relations[place.relation].ways[place.way]
