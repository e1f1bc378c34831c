"""The third stage: instances that are due → verdicts. Pure, but for the graph and the holders that it asks for."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from tieout.canon.documents import Document
from tieout.process.definition import Flow, Unclaimed
from tieout.process.evaluate import evaluate
from tieout.process.instance import Instance
from tieout.process.verdict import Verdict

from .assemble import ALONE, Holding, instance, stray
from .decided import Bearings
from .declared import Declared, declared
from .graph import Graph
from .holding import Rank, holdings
from .reach import reach_relation
from .resolve import Resolved, resolve, resolve_all

HORIZON = dt.timedelta(days=400)
"""What is the same after so long rests until something is touched."""


class Due(NamedTuple):
    """An instance that waits for its verdict."""

    id: int
    flow: str
    key: str
    stray: str
    lane: int


class Member(NamedTuple):
    """A document that an instance holds, as it was judged."""

    relation: str
    key: str
    first: int
    shared: bool
    owns: bool
    is_whole: bool
    """Whether no other instance can hold it, going by the document alone."""


class Answer(NamedTuple):
    """What became of an instance."""

    due: Due
    verdict: Verdict | None
    """None: it is no more, or could not be evaluated (`problem`)."""
    members: tuple[Member, ...] = ()
    entity: str = ""
    wake_at: dt.datetime | None = None
    problem: str = ""
    claims: tuple[tuple[str, str], ...] = ()
    """(relation, document) of what would be unclaimed without this instance."""

    @property
    def exists(self) -> bool:
        """Whether there is such an instance."""
        return self.verdict is not None or bool(self.problem)


Wanted = tuple[str, str, str]
"""(flow, relation, document)."""
Held = Mapping[Wanted, Rank]
"""The least rank among the instances that hold it."""


class Elsewhere(Protocol):
    """Asks who else holds documents."""

    def __call__(self, wanted: Sequence[Wanted], without: Sequence[int]) -> Held:
        """Who of the flow's instances does, but these (by their numbers)."""


class Time(NamedTuple):
    """As of when to judge, and the instant at which that is done."""

    now: dt.datetime
    as_of: dt.date | dt.datetime


def advance(due: Iterable[Due], bearings: Bearings, graph: Graph, elsewhere: Elsewhere, time: Time) -> Iterator[Answer]:
    """The verdicts of what is due. What is due of a flow that does not run any more is no more."""
    anchored: dict[str, list[Due]] = {}
    strays: dict[tuple[str, str], list[Due]] = {}
    for one in due:
        if one.flow not in bearings.flows:
            yield Answer(one, None)
        elif one.stray:
            strays.setdefault((one.flow, one.stray), []).append(one)
        else:
            anchored.setdefault(one.flow, []).append(one)
    for (name, relation), listed in sorted(strays.items()):
        yield from _strays(bearings.flows[name], relation, listed, bearings, graph, time)
    keys = {name: [one.key for one in listed] for name, listed in anchored.items()}
    ids = [one.id for listed in anchored.values() for one in listed]
    for plan, resolved, holding in gathered(keys, bearings, graph, partial(elsewhere, without=ids)):
        yield from _anchored(plan, anchored[plan.flow.name], resolved, holding, bearings, time)


def gathered(
    keys: Mapping[str, list[str]], bearings: Bearings, graph: Graph, elsewhere: Callable[[list[Wanted]], Held]
) -> Iterator[tuple[Declared, Resolved, Holding]]:
    """Of each flow the documents of those of its keys that are anchors, and how they are held, by these and by other instances."""
    plans = {name: declared(bearings.flows[name]) for name in sorted(keys)}
    resolved = resolve_all([(plan, keys[name]) for name, plan in plans.items()], graph, bearings.policy.role)
    wanted = sorted(one for name, plan in plans.items() for one in _may_be_shared(plan, resolved[name]))
    others = elsewhere(wanted) if wanted else {}
    for name, plan in plans.items():
        held = {(relation, key): rank for (flow_name, relation, key), rank in others.items() if flow_name == name}
        yield plan, resolved[name], holdings(resolved[name], held)


def _may_be_shared(plan: Declared, resolved: Resolved) -> Iterator[tuple[str, str, str]]:
    """(flow, relation, document) of what other instances of the flow may hold as well."""
    for relation, members in resolved.members.items():
        if relation != plan.anchor and not plan.relations[relation].alone:
            for key in {key for places in members.values() for key in places}:
                yield plan.flow.name, relation, key


def _anchored(
    plan: Declared, due: list[Due], resolved: Resolved, holding: Holding, bearings: Bearings, time: Time
) -> Iterator[Answer]:
    anchors = set(resolved.anchors)
    for one in due:
        if one.key not in anchors:
            yield Answer(one, None)
            continue
        made = instance(one.key, resolved, holding, bearings.known)
        members = tuple(_members(plan, one.key, resolved, holding))
        answer = _judged(plan.flow, one, made, bearings, time)
        yield answer._replace(members=members, claims=_claims(plan.flow, one.key, resolved))


def _members(plan: Declared, anchor: str, resolved: Resolved, holding: Holding) -> Iterator[Member]:
    for relation, of_anchor in resolved.members.items():
        alone = relation == plan.anchor or plan.relations[relation].alone
        for key, place in of_anchor.get(anchor, {}).items():
            shared, owns = holding.get((relation, key, anchor), ALONE)
            whole = alone or (not shared and _is_covered(resolved.documents[key], place.lines))
            yield Member(relation, key, place.first, shared, owns, whole)


def _is_covered(document: Document, lines: set[int]) -> bool:
    """Whether these are all lines of a document, each with one way to its anchor: then nobody else can hold it."""
    own = getattr(document, "lines", ())
    return (
        bool(own)
        and len(lines) == len(own)
        and not any(line.order is not None and line.charge is not None for line in own)
    )


def _claims(flow: type[Flow], anchor: str, resolved: Resolved) -> tuple[tuple[str, str], ...]:
    relations = {kind.documents._name for kind in flow.strays}
    return tuple((r, key) for r in sorted(relations) for key in resolved.members[r].get(anchor, ()))


def _judged(flow: type[Flow], due: Due, made: Instance, bearings: Bearings, time: Time) -> Answer:
    """Evaluate one instance. A fault of ours in it is its own: it is kept with the instance, and the others go on."""
    anchor = made.anchor or next(d for found in made.members.values() for d in found)
    try:
        verdict = evaluate(flow, made, bearings.policy, time.as_of)
        wake_at = _wake_at(flow, made, verdict, bearings, due, time, anchor.entity)
    except Exception as error:
        return Answer(due, None, entity=anchor.entity, problem=f"{type(error).__name__}: {error}")
    return Answer(due, verdict, entity=anchor.entity, wake_at=wake_at)


def _wake_at(
    flow: type[Flow], made: Instance, verdict: Verdict, bearings: Bearings, due: Due, time: Time, entity: str
) -> dt.datetime | None:
    """When time alone may change the verdict: at what it asked for, else tomorrow; never, for what is at rest.

    Whether it is at rest is looked at when it is woken, not while somebody waits for it.
    """
    calendar = bearings.policy.calendar(entity)
    tomorrow = calendar.start_of(calendar.day(time.now) + dt.timedelta(days=1))
    asked = verdict.wake_at
    if asked is not None and time.now < asked < tomorrow:
        return asked
    if due.lane and asked is None and _rests(flow, made, verdict, bearings, time):
        return None
    return tomorrow


def _rests(flow: type[Flow], made: Instance, verdict: Verdict, bearings: Bearings, time: Time) -> bool:
    later = evaluate(flow, made, bearings.policy, time.now + HORIZON)
    return (later.milestones, later.findings, later.unknown) == (verdict.milestones, verdict.findings, verdict.unknown)


def _strays(
    flow: type[Flow], relation: str, due: list[Due], bearings: Bearings, graph: Graph, time: Time
) -> Iterator[Answer]:
    loose = unclaimed(flow, relation, [one.key for one in due], bearings, graph)
    for one in due:
        if one.key not in loose:
            yield Answer(one, None)
            continue
        made = loose[one.key]
        answer = _judged(flow, one, made, bearings, time)
        keys = [document.key for document in made.get(relation)]
        yield answer._replace(members=tuple(Member(relation, key, 0, False, True, True) for key in keys))


def unclaimed(
    flow: type[Flow], relation: str, keys: Iterable[str], bearings: Bearings, graph: Graph
) -> dict[str, Instance]:
    """The instances of what should belong to an anchor, is the root of its views, and is claimed by none."""
    kind = next((kind for kind in flow.strays if kind.documents._name == relation), None)
    groups = {key: group for key, group in graph.groups(list(keys)).items() if group[0] == key}
    documents = graph.documents({view for group in groups.values() for view in group})
    loose = {key for key in groups if kind is not None and may_be_stray(kind, documents[key])}
    if loose:
        loose -= _claimed(flow, relation, {key: groups[key] for key in loose}, bearings, graph)
    return {key: stray(relation, {v: documents[v] for v in groups[key]}, bearings.known) for key in sorted(loose)}


def may_be_stray(kind: Unclaimed, document: Document) -> bool:
    """Whether a document is one of those that should belong to an anchor."""
    if document.deleted or any(getattr(document, field) != value for field, value in kind.equal.items()):
        return False
    return kind.naming is None or getattr(document, kind.naming.name) is not None


def _claimed(
    flow: type[Flow], relation: str, groups: Mapping[str, Sequence[str]], bearings: Bearings, graph: Graph
) -> set[str]:
    """Which of the roots an anchor holds in the relation."""
    views = {view for group in groups.values() for view in group}
    anchors = sorted({anchor for _, anchor in reach_relation(flow, relation, views, graph)})
    if not anchors:
        return set()
    resolved = resolve(declared(flow), anchors, graph, bearings.policy.role)
    return {key for places in resolved.members.get(relation, {}).values() for key in places if key in groups}


def digest(verdict: Verdict) -> bytes:
    """sha256 of a whole verdict, as canonical JSON: equal verdicts have equal digests."""
    return hashlib.sha256(msgspec.json.encode(verdict, order="deterministic")).digest()


def kept(verdict: Verdict) -> bytes:
    """What of a verdict is kept: without positions and measures, which are worked out anew for all instances at once."""
    return msgspec.json.encode(msgspec.structs.replace(verdict, positions=(), measures=(), slices=()))
