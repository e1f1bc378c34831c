"""A flow's relations as ways through the graph: what its declaration says, ready to be walked in both directions.

The same declaration gives `setwise.plan`, which joins whole sets; a test holds the two to the same instances.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tieout.canon import references
from tieout.canon.documents import Document
from tieout.process.definition import Flow, Related
from tieout.process.expressions import Documents

MOST_LINES = 1_000_000
"""Lines of one document: the rank of an anchor is its first line, beneath the rank of what it was reached through."""


class Step(NamedTuple):
    """One reference of a path: a field of documents of a type."""

    from_type: str
    field: str


class Path(NamedTuple):
    """Documents from which ``steps``, one after the other, lead to the relation (or anchor) ``target``."""

    steps: tuple[Step, ...]
    target: str
    by_lines: bool
    """Whether the first step starts in the document's lines, so that it belongs by these lines only."""
    rooted: bool
    """Whether any view of the target is as good as another."""


class Naming(NamedTuple):
    """Documents that a field of the relation (or anchor) ``source`` names."""

    source: str
    from_type: str
    field: str


class Test(NamedTuple):
    """What a document must meet: a role of its system (or none), values of fields."""

    role: str
    equal: tuple[tuple[str, Any], ...]

    def holds(self, document: Document, role: str) -> bool:
        """Whether a document of a system with this role does."""
        return (not self.role or role == self.role) and all(getattr(document, f) == v for f, v in self.equal)


class Relation(NamedTuple):
    """One relation: its ways, what its documents and those of its ways' ends must meet."""

    name: str
    type: str
    ways: tuple[Path | Naming, ...]
    views: bool
    tests: tuple[Test, ...]
    narrowed: tuple[tuple[Test, ...], ...]
    """Of each way the tests of the documents that it ends on (or starts from, for a naming)."""
    alone: bool
    """Whether a document can belong to one instance only, by its one reference to the anchor."""


class Declared(NamedTuple):
    """A flow's relations in stages: those of a stage are found from those of the stages before."""

    flow: type[Flow]
    anchor: str
    anchor_type: str
    stages: tuple[tuple[Relation, ...], ...]
    relations: dict[str, Relation]


_MADE: dict[type[Flow], Declared] = {}


def declared(flow: type[Flow]) -> Declared:
    """The ways of a flow, worked out once."""
    found = _MADE.get(flow)
    if found is None:
        found = _MADE[flow] = _declared(flow)
    return found


def _declared(flow: type[Flow]) -> Declared:
    relations, depth = {}, {flow.anchor._name: 0}
    for name, related in flow.relations.items():
        relations[name] = _relation(flow, name, related)
        depth[name] = 1 + max(depth[_end(way)] for way in relations[name].ways)
    most = max(depth.values())
    stages = tuple(tuple(r for r in relations.values() if depth[r.name] == level) for level in range(1, most + 1))
    return Declared(flow, flow.anchor._name, tag(flow.anchor._type), stages, relations)


def _end(way: Path | Naming) -> str:
    return way.target if isinstance(way, Path) else way.source


def _relation(flow: type[Flow], name: str, related: Related) -> Relation:
    ways: list[Path | Naming] = []
    narrowed: list[tuple[Test, ...]] = []
    for field in related._named_by:
        source = field.documents
        ways.append(Naming(source.relation, tag(source._type), field.name))
        narrowed.append(_narrowed(source))
    target = related._of if related._of is not None else flow.anchor
    for dotted in related._paths:
        hops = references.hops(related._type, dotted)
        steps = tuple(Step(tag(hop.source), hop.field) for hop in hops)
        rooted = target is not flow.anchor or flow.anchor._originals
        ways.append(Path(steps, target.relation, bool(hops[0].nested), rooted))
        narrowed.append(_narrowed(target))
    alone = (
        len(ways) == 1 and isinstance(ways[0], Path) and target is flow.anchor and not ways[0].by_lines
        and ways[0].steps[0].field not in _LISTS
    )  # fmt: skip
    tests = (Test("", tuple(related._equal.items())),) if related._equal else ()
    return Relation(name, tag(related._type), tuple(ways), related._views, tests, tuple(narrowed), alone)


def _narrowed(documents: Documents) -> tuple[Test, ...]:
    found, current = [], documents
    while current._base is not None:
        found.append(Test(current._role, tuple(current._equal.items())))
        current = current._base
    return tuple(found)


_LISTS = frozenset({"invoices", "objects"})
"""Reference fields that name several documents."""


def tag(type_: type[Document]) -> str:
    """The canonical name of a type."""
    return type_.__struct_config__.tag  # type: ignore[return-value]
