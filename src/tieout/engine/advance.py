"""The third stage: instances that are due → verdicts. Pure, but for the graph and the holders that it asks for."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from .resolve import Resolved, resolve

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


class Elsewhere(Protocol):
    """Asks who else holds documents."""

    def __call__(
        self, flow: str, wanted: Sequence[tuple[str, str]], without: Sequence[str]
    ) -> Mapping[tuple[str, str], Rank]:
        """(relation, document) → the least rank among the flow's instances but those of these anchors."""


class Time(NamedTuple):
    """As of when to judge, and the instant at which that is done."""

    now: dt.datetime
    as_of: dt.date | dt.datetime


def advance(due: Iterable[Due], bearings: Bearings, graph: Graph, elsewhere: Elsewhere, time: Time) -> Iterator[Answer]:
    """The verdicts of what is due, flow by flow. What is due of a flow that does not run any more is no more."""
    of_flow: dict[tuple[str, bool], list[Due]] = {}
    for one in due:
        of_flow.setdefault((one.flow, bool(one.stray)), []).append(one)
    for (name, is_stray), listed in sorted(of_flow.items()):
        flow = bearings.flows.get(name)
        if flow is None:
            yield from (Answer(one, None) for one in listed)
        elif is_stray:
            for one in listed:
                yield _stray(flow, one, bearings, graph, time)
        else:
            yield from _anchored(flow, listed, bearings, graph, elsewhere, time)


def _anchored(
    flow: type[Flow], due: list[Due], bearings: Bearings, graph: Graph, elsewhere: Elsewhere, time: Time
) -> Iterator[Answer]:
    plan = declared(flow)
    resolved = resolve(plan, [one.key for one in due], graph, bearings.policy.role)
    wanted = {
        (relation, key)
        for relation, members in resolved.members.items()
        if relation != plan.anchor and not plan.relations[relation].alone
        for places in members.values()
        for key in places
    }
    others = elsewhere(flow.name, sorted(wanted), resolved.anchors) if wanted else {}
    holding = holdings(resolved, others)
    anchors = set(resolved.anchors)
    for one in due:
        if one.key not in anchors:
            yield Answer(one, None)
            continue
        made = instance(one.key, resolved, holding, bearings.known)
        members = tuple(_members(plan, one.key, resolved, holding))
        yield _judged(flow, one, made, bearings, time)._replace(
            members=members, claims=_claims(flow, one.key, resolved)
        )


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


def _stray(flow: type[Flow], due: Due, bearings: Bearings, graph: Graph, time: Time) -> Answer:
    kind = next((kind for kind in flow.strays if kind.documents._name == due.stray), None)
    group = graph.groups([due.key]).get(due.key)
    if kind is None or group is None or group[0] != due.key:
        return Answer(due, None)
    views = graph.documents(group)
    if not may_be_stray(kind, views[due.key]) or _is_claimed(flow, due, group, bearings, graph):
        return Answer(due, None)
    made = stray(due.stray, views, bearings.known)
    answer = _judged(flow, due, made, bearings, time)
    return answer._replace(members=tuple(Member(due.stray, key, 0, False, True, True) for key in group))


def may_be_stray(kind: Unclaimed, document: Document) -> bool:
    """Whether a document is one of those that should belong to an anchor."""
    if document.deleted or any(getattr(document, field) != value for field, value in kind.equal.items()):
        return False
    return kind.naming is None or getattr(document, kind.naming.name) is not None


def _is_claimed(flow: type[Flow], due: Due, group: Sequence[str], bearings: Bearings, graph: Graph) -> bool:
    anchors = sorted({anchor for _, anchor in reach_relation(flow, due.stray, group, graph)})
    if not anchors:
        return False
    resolved = resolve(declared(flow), anchors, graph, bearings.policy.role)
    return any(due.key in places for places in resolved.members.get(due.stray, {}).values())


def digest(verdict: Verdict) -> bytes:
    """sha256 of a whole verdict, as canonical JSON: equal verdicts have equal digests."""
    return hashlib.sha256(msgspec.json.encode(verdict, order="deterministic")).digest()


def kept(verdict: Verdict) -> bytes:
    """What of a verdict is kept: without positions and measures, which are worked out anew for all instances at once."""
    return msgspec.json.encode(msgspec.structs.replace(verdict, positions=(), measures=(), slices=()))
