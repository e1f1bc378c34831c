"""Preflight: proposed documents laid over what there is, and the instances that they touch judged before and after.

Pure, but for the graph that it asks. The same search, the same assembling and the same `evaluate` as live.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, Protocol

import msgspec

from tieout.canon.documents import Document
from tieout.canon.finding import Finding
from tieout.process.definition import Flow
from tieout.process.evaluate import evaluate
from tieout.process.findings import merge
from tieout.process.instance import Instance, everything_known
from tieout.process.verdict import Slice, Verdict

from .advance import Held, Time, Wanted, gathered, unclaimed
from .assemble import instance
from .decided import Bearings
from .declared import declared
from .foreseen import Coming, Differing, Foreseen, Moment, Part, Step
from .graph import Graph
from .hindrances import Registrations, blocks
from .overlay import Overlay
from .reach import reach

MOST = 200
"""Instances that are looked at: a proposed customer or product may be in thousands."""
HORIZON = dt.timedelta(days=400)
"""How far invoices to come are shown."""


class Place(NamedTuple):
    """An instance by its flow and key; ``stray``: the relation of a document that belongs to nobody."""

    flow: type[Flow]
    key: str
    stray: str


Made = dict[Place, Instance]
Anchor = tuple[type[Flow], str]
Identity = tuple[str, str, str]


class HeldBy(Protocol):
    """Asks who else holds documents."""

    def __call__(self, wanted: list[Wanted], without: Sequence[tuple[str, str]]) -> Held:
        """Who does, but the instances of these anchors: (flow, key)."""


class Standing(Protocol):
    """Asks for findings as they stand."""

    def __call__(self, identities: Collection[Identity], without: Collection[tuple[str, str, str]]) -> list[Finding]:
        """Parts with these identities, of other instances than these: (flow, key, stray)."""


class Ports(NamedTuple):
    """What is asked of the documents and findings that there are."""

    graph: Graph
    elsewhere: HeldBy
    registrations: Registrations
    standing: Standing


def foresee(
    proposed: Sequence[Document], bearings: Bearings, ports: Ports, now: dt.datetime, later: dt.date | None = None
) -> Foreseen:
    """What would become of the documents now and, where asked for, as of the end of a later day."""
    graph = ports.graph
    overlay = Overlay(proposed, graph)
    anchors = _anchors(proposed, bearings, graph, overlay)
    looked_at = anchors[:MOST]
    elsewhere = partial(ports.elsewhere, without=[(flow.name, key) for flow, key in looked_at])
    after = dict(_anchored(looked_at, bearings, overlay, elsewhere))
    before = dict(_anchored(looked_at, bearings, graph, elsewhere))
    for flow, relation, keys in list(_strays(proposed, before, after, bearings, overlay)):
        for made, view in ((before, graph), (after, overlay)):
            for key, loose in unclaimed(flow, relation, keys, bearings, view).items():
                made[Place(flow, key, relation)] = loose
    coming = {place: _coming(place, made, bearings, later or now) for place, made in after.items()}
    times = [Time(now, now), *([Time(now, later)] if later is not None else [])]
    moments = [_moment(proposed, before, after, coming, bearings, overlay, ports, time) for time in times]
    ahead = sorted((one for found in coming.values() for one in found), key=_by_due)
    return Foreseen(
        policy=bearings.version, moments=tuple(moments), coming=tuple(ahead), left_out=len(anchors) - len(looked_at)
    )


def _anchors(proposed: Sequence[Document], bearings: Bearings, graph: Graph, overlay: Overlay) -> list[Anchor]:
    """The anchors that the documents lead to as they are proposed, and as they are; those of the proposed themselves first."""
    types = {document.key: document.type for document in proposed}
    flows = bearings.flows.values()
    known = {key: types[key] for key in graph.groups(types)}
    found = {*reach(flows, types, overlay), *(reach(flows, known, graph) if known else ())}
    return sorted(found, key=lambda place: (place[1] not in types, place[0].name, place[1]))


def _anchored(
    anchors: Iterable[Anchor], bearings: Bearings, graph: Graph, elsewhere: Callable[[list[Wanted]], Held]
) -> Iterator[tuple[Place, Instance]]:
    keys: dict[str, list[str]] = {}
    for flow, key in anchors:
        keys.setdefault(flow.name, []).append(key)
    for plan, resolved, holding in gathered(keys, bearings, graph, elsewhere):
        for key in resolved.anchors:
            yield Place(plan.flow, key, ""), instance(key, resolved, holding, bearings.known)


def _strays(
    proposed: Sequence[Document], before: Made, after: Made, bearings: Bearings, overlay: Overlay
) -> Iterator[tuple[type[Flow], str, list[str]]]:
    """Documents that may belong to nobody, by flow and relation: proposed ones, and those that gain or lose an anchor."""
    for flow in bearings.flows.values():
        for kind in flow.strays:
            relation = kind.documents._name
            type_ = declared(flow).relations[relation].type
            held = [
                {d.key for place, made in side.items() if place.flow is flow for d in made.get(relation)}
                for side in (before, after)
            ]
            keys = (held[0] ^ held[1]) | {document.key for document in proposed if document.type == type_}
            if keys:
                yield flow, relation, sorted({group[0] for group in overlay.groups(keys).values()})


def _moment(
    proposed: Sequence[Document], before: Made, after: Made, coming: dict[Place, list[Coming]], bearings: Bearings,
    overlay: Overlay, ports: Ports, time: Time,
) -> Moment:  # fmt: skip
    verdicts, problems = {}, {}
    for place, made in after.items():
        try:
            verdicts[place] = _judged(place, made, bearings, time)
        except Exception as error:  # A fault of ours in one instance is shown with it, as live.
            problems[place] = f"{type(error).__name__}: {error}"
    was = [
        finding
        for place, made in before.items()
        if place not in problems
        for finding in _judged(place, made, bearings, time).findings
    ]
    will_be = [finding for verdict in verdicts.values() for finding in verdict.findings]
    changed = _changed(was, will_be)
    others = ports.standing(changed, {_name(place) for place in {*before, *after}}) if changed else []
    appear, vanish, differ = _compared(merge([*was, *others]), merge([*will_be, *others]))
    held = blocks(proposed, after, verdicts, coming, merge(will_be), bearings, overlay, ports.registrations, time)
    steps = tuple(
        Step(
            flow=place.flow.name,
            anchor=place.key,
            entity=_entity(made),
            is_new=place not in before,
            milestones=verdicts[place].milestones if place in verdicts else (),
            problem=problems.get(place, ""),
        )
        for place, made in after.items()
    )
    at, end_of = (time.as_of, None) if isinstance(time.as_of, dt.datetime) else (None, time.as_of)
    return Moment(at=at, end_of=end_of, blocks=held, appear=appear, vanish=vanish, differ=differ, instances=steps)


def _name(place: Place) -> tuple[str, str, str]:
    return place.flow.name, place.key, place.stray


def _judged(place: Place, made: Instance, bearings: Bearings, time: Time) -> Verdict:
    return evaluate(place.flow, made, bearings.policy, time.as_of)


def _changed(before: list[Finding], after: list[Finding]) -> set[Identity]:
    """Of findings that are not in both as they are."""
    old, new = ({msgspec.json.encode(finding): finding.identity for finding in side} for side in (before, after))
    return {identity for content, identity in (old | new).items() if (content in old) != (content in new)}


def _compared(
    before: list[Finding], after: list[Finding]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...], tuple[Differing, ...]]:
    old = {(*finding.identity, finding.currency): finding for finding in before}
    new = {(*finding.identity, finding.currency): finding for finding in after}
    appear = tuple(finding for identity, finding in new.items() if identity not in old)
    vanish = tuple(finding for identity, finding in old.items() if identity not in new)
    differ = tuple(
        Differing(before=old[identity], after=finding)
        for identity, finding in new.items()
        if identity in old and (old[identity].exposure, old[identity].tax) != (finding.exposure, finding.tax)
    )
    return appear, vanish, differ


def _coming(place: Place, made: Instance, bearings: Bearings, at: dt.datetime | dt.date) -> list[Coming]:
    """Invoices that follow from an instance, from what its charges come to and is not billed, as far as is known."""
    if made.anchor is None:
        return []
    end = at + HORIZON
    try:
        whole = Instance(made.key, made.anchor, made.members, foreign=made.foreign, known=everything_known)
        verdict = evaluate(place.flow, whole, bearings.policy, end, detail=True)
    except Exception:
        return []
    last = bearings.policy.calendar(made.anchor.entity).day(end) if isinstance(end, dt.datetime) else end
    by_due: dict[dt.date | None, list[Part]] = {}
    for slice_ in verdict.slices:
        if slice_.expected > slice_.billed and (slice_.due_on is not None or slice_.from_on <= last):
            by_due.setdefault(slice_.due_on, []).append(_part(slice_))
    return [
        Coming(
            due_on=due_on,
            entity=made.anchor.entity,
            currency=made.anchor.currency,
            net=sum(part.amount for part in parts),
            parts=tuple(parts),
        )
        for due_on, parts in by_due.items()
    ]


def _part(slice_: Slice) -> Part:
    net = slice_.expected - slice_.billed
    return Part(charge=slice_.charge, from_on=slice_.from_on, to_on=slice_.to_on, amount=net)


def _by_due(one: Coming) -> tuple[dt.date, str, str]:
    return one.due_on or dt.date.max, one.entity, one.parts[0].charge


def _entity(made: Instance) -> str:
    document = made.anchor or next(d for found in made.members.values() for d in found)
    return document.entity


def within(foreseen: Foreseen, entities: frozenset[str]) -> Foreseen:
    """Only what is of these legal entities."""
    return msgspec.structs.replace(
        foreseen, coming=tuple(one for one in foreseen.coming if one.entity in entities),
        moments=tuple(
            msgspec.structs.replace(
                moment,
                blocks=tuple(block for block in moment.blocks if block.entity in entities),
                appear=tuple(finding for finding in moment.appear if finding.entity in entities),
                vanish=tuple(finding for finding in moment.vanish if finding.entity in entities),
                differ=tuple(pair for pair in moment.differ if pair.after.entity in entities),
                instances=tuple(step for step in moment.instances if step.entity in entities),
            )
            for moment in foreseen.moments
        ),
    )  # fmt: skip
