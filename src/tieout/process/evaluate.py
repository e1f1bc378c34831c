"""`evaluate`: the one pure function behind audit, what-if, as-of, preflight and live sync.

Due times follow the *planned* times of the steps before: a stuck predecessor does not hide the lateness of what it
blocks. A step whose source is not known to be complete is never late.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING

from tieout.canon.documents import Document, Event
from tieout.canon.finding import OWN, Finding

from .code import Code
from .definition import Flow, Related, Step
from .expressions import Amount, Value
from .instance import Instance
from .verdict import Measure, MilestoneState, Outcome, Verdict

if TYPE_CHECKING:
    from tieout.policy import Calendar, Policy

Instants = list[dt.datetime | None]


class Judged:
    """What one evaluation works out, before it is put into words: per step reached and planned, and the outcome."""

    __slots__ = ("applies", "calendar", "entity", "known", "now", "outcome", "planned", "policy", "reached", "wake_at")

    def __init__(self, outcome: Outcome, now: dt.datetime, policy: Policy, calendar: Calendar, entity: str) -> None:
        self.outcome, self.now = outcome, now
        self.policy, self.calendar, self.entity = policy, calendar, entity
        self.wake_at: dt.datetime | None = None
        self.reached: Instants = []
        self.planned: Instants = []
        """Of the steps that are not reached; `milestones` works out that of the others, which only people ask for."""
        self.applies: list[bool] = []
        self.known: list[bool] = []

    def late(self, index: int) -> bool:
        """Whether a step is past its planned time and not reached, and its absence is proved."""
        planned = self.planned[index]
        return self.reached[index] is None and planned is not None and planned < self.now and self.known[index]

    def wake(self, at: dt.datetime) -> None:
        """Ask to be evaluated again at ``at``, unless something earlier was asked for."""
        if self.wake_at is None or at < self.wake_at:
            self.wake_at = at


def judge(
    flow: type[Flow], instance: Instance, policy: Policy, as_of: dt.date | dt.datetime, detail: bool = False,
    controls_only: bool = False,
) -> Judged:  # fmt: skip
    """Evaluate one instance: steps, then controls. ``as_of`` a day means its end, in the entity's time zone.

    ``controls_only``: neither steps nor measures, where only the positions of an earlier day are wanted.
    """
    anchor = instance.anchor
    entity = anchor.entity if anchor is not None else _entity_of(instance)
    calendar = policy.calendar(entity)
    if isinstance(as_of, dt.datetime):
        now, day = as_of, calendar.day(as_of)
    else:
        now, day = calendar.end_of(as_of), as_of
    instance = _until(flow, instance, now)
    judged = Judged(Outcome(detail), now, policy, calendar, entity)
    if anchor is None:
        for stray in flow.strays:
            if instance.get(stray.documents.relation):
                stray.judge(instance, policy, day, judged.outcome)
        return judged
    if not controls_only:
        _steps(flow, instance, anchor, day, judged)
        _measure(flow, instance, anchor, judged)
    for control in flow.controls:
        control.judge(instance, policy, day, judged.outcome)
    if judged.outcome.wake_on is not None:
        judged.wake(calendar.start_of(judged.outcome.wake_on))
    return judged


def _measure(flow: type[Flow], instance: Instance, anchor: Document, judged: Judged) -> None:
    """The key figures that the flow declares."""
    role, entity = judged.policy.role, judged.entity
    for name, get, when, money in _plan(flow).measures:  # type: ignore[arg-type]  # a class is hashable
        if when is None or when(instance, role):
            value = get(instance, role)
            if money and value is not None:
                judged.outcome.measures.append(Measure(name, entity, anchor.currency, None, value))
            elif not money and (number := _number(value)) is not None:
                judged.outcome.measures.append(Measure(name, entity, "", number))


def _number(value: object) -> float | None:
    """A measured value as a number, nothing as 0; None for a text that is none."""
    try:
        return float(value or 0)  # type: ignore[arg-type]  # whatever an attribute may hold
    except (TypeError, ValueError):
        return None


def _until(flow: type[Flow], instance: Instance, now: dt.datetime) -> Instance:
    """The instance without events that are still to come: what a log tells is all that it can be asked as of."""
    logged = _plan(flow).logged  # type: ignore[arg-type]  # a class is hashable
    if not logged:
        return instance
    members = dict(instance.members)
    for name in logged:
        members[name] = tuple(event for event in instance.get(name) if event.at <= now)
    return Instance(
        instance.key, instance.anchor, members, foreign=instance.foreign, known=instance.known, later=instance.later,
        row=instance.row,
    )  # fmt: skip


def evaluate(
    flow: type[Flow], instance: Instance, policy: Policy, as_of: dt.date | dt.datetime, detail: bool = False
) -> Verdict:
    """The verdict on one instance as of an instant or the end of a day; ``detail`` adds slices for explanations."""
    judged = judge(flow, instance, policy, as_of, detail)
    outcome = judged.outcome
    return Verdict(
        flow=flow.name,
        instance=instance.key,
        milestones=milestones(flow, judged) if instance.anchor is not None else (),
        findings=tuple(sorted(outcome.findings, key=lambda f: f.identity)),
        positions=tuple(sorted(outcome.positions, key=_PLACE)),
        slices=tuple(outcome.slices),
        unknown=tuple(outcome.unknown),
        measures=tuple(outcome.measures),
        wake_at=judged.wake_at,
        reads=tuple(sorted(outcome.reads)),
    )


_PLACE = attrgetter("row", "line", "document", "amount")


def milestones(flow: type[Flow], judged: Judged) -> tuple[MilestoneState, ...]:
    """The steps of a judged instance that apply to it."""
    found = []
    for i, step in enumerate(flow.steps):
        if judged.applies[i]:
            at = judged.reached[i]
            planned = _due(flow, step, flow.places[i], judged)
            if at is not None:
                found.append(MilestoneState(name=step.name, reached_at=at, planned_at=planned))
                continue
            found.append(
                MilestoneState(
                    name=step.name, planned_at=planned, late=judged.late(i), known=judged.known[i],
                    held_by=_held_by(flow, i, judged) if step.is_gate else (),
                )
            )  # fmt: skip
    return tuple(found)


def _held_by(flow: type[Flow], gate: int, judged: Judged) -> tuple[str, ...]:
    waits = (i for i in flow.places[gate] if judged.applies[i] and judged.reached[i] is None)
    return tuple(flow.steps[i].name for i in waits)


def _entity_of(instance: Instance) -> str:
    return next((d.entity for members in instance.members.values() for d in members), "")


class _Plan:
    """A flow's steps and measures, compiled once."""

    def __init__(self, flow: type[Flow]) -> None:
        self.logged = [name for name, relation in flow.relations.items() if relation._type is Event]
        index = {id(step): i for i, step in enumerate(flow.steps)}
        self.steps = [
            (
                step,
                tuple(index[id(before)] for before in step.after),
                step.exposure.getter() if step.exposure is not None else None,
                _sources(step.at),
            )
            for step in flow.steps
        ]
        self.times = Code().values([step.at for step in flow.steps])
        self.applies = Code().values([step.when for step in flow.steps])
        self.conditional = [i for i, step in enumerate(flow.steps) if step.when is not None]
        self.measures = [
            (
                f"{flow.name}.{m.name}",
                m.value.getter(),
                m.when.getter() if m.when is not None else None,
                isinstance(m.value, Amount),
            )
            for m in flow.measures
        ]


def _sources(value: Value | None) -> tuple[tuple[str, str], ...]:
    """(role, type) pairs whose completeness proves that the value is absent."""
    found = []
    for documents in value.sources() if value is not None else ():
        root = documents
        while root._base is not None:
            root = root._base
        role = documents._role or (root._source if isinstance(root, Related) else "")
        if role:
            found.append((role, root._type.__struct_config__.tag))
    return tuple(found)  # type: ignore[arg-type]


@lru_cache(256)
def _plan(flow: type[Flow]) -> _Plan:
    return _Plan(flow)


def _steps(flow: type[Flow], instance: Instance, anchor: Document, day: dt.date, judged: Judged) -> None:
    role, now, start_of = judged.policy.role, judged.now, judged.calendar.start_of
    plan = _plan(flow)  # type: ignore[arg-type]  # a class is hashable
    count = len(plan.steps)
    reached = judged.reached = [None] * count
    planned = judged.planned = [None] * count
    applies, known = judged.applies, judged.known = [True] * count, [True] * count
    when = plan.applies(instance, role)
    for i in plan.conditional:
        applies[i] = when[i]
    for i, value in enumerate(plan.times(instance, role)):
        if not applies[i]:
            continue
        step, after, exposure, sources = plan.steps[i]
        if value is not None:
            value = _as_instant(value, start_of)
            if value <= now:
                reached[i] = value
                continue
        elif step.at is None:
            times = [reached[j] for j in after if applies[j]]
            if times and None not in times:
                reached[i] = max(times)  # type: ignore[type-var]
                continue
        due = planned[i] = _due(flow, step, after, judged)
        proved = known[i] = all(instance.known(r, t, anchor.entity, day) for r, t in sources)
        if due is not None:
            if due >= now:
                judged.wake(due)
            elif step.risk is not None and proved:
                _late(flow, step, instance, anchor, due, exposure, judged)


def _as_instant(value: dt.datetime | dt.date, start_of: Callable[[dt.date], dt.datetime]) -> dt.datetime:
    """A milestone's value as an instant: days begin where the entity's day begins; naive instants are UTC."""
    if isinstance(value, dt.datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=dt.UTC)
    return start_of(value)


def _due(flow: type[Flow], step: Step, after: tuple[int, ...], judged: Judged) -> dt.datetime | None:
    """When a step is due: from the times of those before it, of which the last counts; None while one has none."""
    base: dt.datetime | None = None
    for i in after:
        if judged.applies[i]:
            at = judged.reached[i] or judged.planned[i]
            if at is None:
                return None
            if base is None or at > base:
                base = at
    if base is None or step.within is None:
        return base if step.is_gate else None
    within = judged.policy.within(flow.name, step.name, judged.entity, step.within)
    return judged.calendar.due_at(base, within)


def _late(
    flow: type[Flow], step: Step, instance: Instance, anchor: Document, due: dt.datetime,
    exposure: Callable[..., int | None] | None, judged: Judged,
) -> None:  # fmt: skip
    """Report a late step of a flow that gives its own risk and exposure."""
    assert step.risk is not None
    policy = judged.policy
    due_on = judged.calendar.day(due)
    worth = exposure(instance, policy.role) if exposure is not None else 0
    why = step.why or f"{step.name.replace('_', ' ')} was due on {due_on} ({flow.name}) and has not happened"
    if worth is None and step.exposure is not None:
        why += f"; what it is worth cannot be read ({step.exposure.words()})"
    judged.outcome.findings.append(
        Finding(
            risk=step.risk,
            subject=anchor.key,
            period=step.name if step.risk in OWN else "",
            entity=anchor.entity,
            currency=anchor.currency,
            exposure=int(worth or 0),
            owner=step.owner or policy.owner(step.risk, anchor.entity),
            since=due_on,
            documents=tuple(d.key for d in _around(instance, anchor)),
            why=why,
            variant=step.name,
            customer=getattr(anchor, "customer", None) or "",
        )
    )


def _around(instance: Instance, anchor: Document, most: int = 20) -> list[Document]:
    found = [anchor]
    for members in instance.members.values():
        found.extend(members[: most - len(found)])
        if len(found) >= most:
            break
    return found
