"""From what was decided to what is decided now: which instances may come to another verdict by it, exactly. Pure.

An instance depends on a policy in four ways: by the entries that its verdict read (crosswalk rows, exchange rates), by what holds in
the entities of its documents, by the queues that its findings go to, and by what holds everywhere. What a difference of two policies
does not touch by one of these is not evaluated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tieout.policy import Change, Codes, Crosswalk, Entity, Policy, Rules, rate_entry
from tieout.policy import differences as policy_differences

from .decided import Decided, told

UNNAMED = "*"
"""In the place of an entity: every one that neither policy names."""
FEW = 100
"""Entries that somebody mends by hand and waits for; more at once are an import."""
_BY_ENTRY = frozenset({"crosswalks", "rates", "inverse_rates"})
_BY_ENTITY = frozenset({"entities", "rules"})


class Touched(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be evaluated again. The parts add up; ``everything`` needs no other."""

    everything: bool = False
    entries: frozenset[str] = frozenset()
    """Instances whose verdict read one of these: ``crosswalk/item/SKU-7``."""
    tables: frozenset[str] = frozenset()
    """Instances that read any entry of these: ``crosswalk/item``."""
    entities: frozenset[str] = frozenset()
    """Instances with documents of these legal entities; `UNNAMED` is those that are not in ``named``."""
    steps: frozenset[tuple[str, str]] = frozenset()
    """(flow, entity): instances of a flow whose anchor is of the entity."""
    owners: frozenset[tuple[str, str]] = frozenset()
    """(risk, entity): instances with findings of a class in the entity."""
    mirrored: frozenset[str] = frozenset()
    """Instances with two views of a document of these types."""
    casework: frozenset[str] = frozenset()
    """Entities whose cases are worked otherwise from now on; verdicts stay as they are."""
    systems: frozenset[str] = frozenset()
    """Systems whose documents may be other flows' anchors now."""
    flows: tuple[str, ...] = ()
    """Flows that did not run before: their instances are to be found."""
    named: tuple[str, ...] = ()
    """The entities that either policy names."""

    @property
    def lane(self) -> int:
        """0 where somebody waits for it (a code that was mended), 1 where it is a storm that others go before."""
        waited_for = msgspec.structs.replace(self, entries=frozenset(), named=()) == Touched()
        return 0 if waited_for and len(self.entries) <= FEW else 1


def touched(before: Decided, after: Decided) -> Touched:
    """What changes for instances between the two."""
    old, new = before.policy, after.policy
    fields = [name for name in Policy.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    systems = _differing(old.systems, new.systems)
    flows = tuple(flow for flow in after.flows if flow not in before.flows)
    named = tuple(sorted({*old.entities, *new.entities}))
    entries, tables = _entries(old, new)
    found = Touched(
        everything=before.complete != after.complete or before.flows != after.flows or _is_everywhere(fields),
        entries=entries, tables=tables, systems=frozenset(systems), flows=flows, named=named,
        mirrored=frozenset(field.partition(".")[0] for field in _differing(old.ownership, new.ownership)),
    )  # fmt: skip
    return _with_entities(found, old, new) if _BY_ENTITY & set(fields) else found


def differences(before: Decided, after: Decided) -> tuple[Change, ...]:
    """In words: what is decided otherwise than before."""
    old, new = dict(told(before)), dict(told(after))
    changed = [
        Change(about=about, before=old.get(about, ""), after=new.get(about, ""))
        for about in sorted({*old, *new})
        if old.get(about) != new.get(about)
    ]
    return (*policy_differences(before.policy, after.policy), *changed)


def _is_everywhere(fields: Iterable[str]) -> bool:
    """Whether a field differs of which nothing finer is known; a policy that will have more fields is on the safe side."""
    return bool(set(fields) - _BY_ENTRY - _BY_ENTITY - {"ownership"})


def _differing(old: Mapping[str, object], new: Mapping[str, object]) -> set[str]:
    return {key for key in {*old, *new} if old.get(key) != new.get(key)}


def _entries(old: Policy, new: Policy) -> tuple[frozenset[str], frozenset[str]]:
    """Entries and whole tables whose answers may differ."""
    entries: set[str] = set()
    tables: set[str] = set()
    for name in {*old.crosswalks, *new.crosswalks}:
        before, after = old.crosswalks.get(name), new.crosswalks.get(name)
        if before is None or after is None or before.match != after.match:
            tables.add(f"crosswalk/{name}")
        elif before is not after:
            crosswalk = Crosswalk(name, Codes(after.match))
            entries.update(crosswalk.entry(row.code) for row in {*before.rows} ^ {*after.rows})
    if old.inverse_rates != new.inverse_rates:
        tables.add("rate")
    for rate in {*old.rates} ^ {*new.rates}:
        entries.update((rate_entry(rate.currency, rate.to), rate_entry(rate.to, rate.currency)))
    return frozenset(entries), frozenset(tables)


def _with_entities(found: Touched, old: Policy, new: Policy) -> Touched:
    entities: set[str] = set()
    casework: set[str] = set()
    steps: set[tuple[str, str]] = set()
    owners: set[tuple[str, str]] = set()
    for name in (*found.named, UNNAMED):
        before, after = _of(old, name), _of(new, name)
        if before == after:
            continue
        was, now = before.rules, after.rules
        owners.update((risk, name) for risk in _differing(was.owners, now.owners))
        modes = _differing(was.modes, now.modes)
        steps.update(
            (step.partition(".")[0], name) for step in _differing(was.durations, now.durations) | modes - {"*"}
        )
        if was.cases != now.cases:
            casework.add(name)
        if "*" in modes or _judging(before) != _judging(after):
            entities.add(name)
    return msgspec.structs.replace(
        found, entities=frozenset(entities), steps=frozenset(steps), owners=frozenset(owners),
        casework=frozenset(casework),
    )  # fmt: skip


def _of(policy: Policy, name: str) -> Entity:
    """What holds in an entity; what is no decision of its own is everybody's."""
    return policy.entities.get(name) or Entity(rules=policy.rules)


def _judging(entity: Entity) -> Entity:
    """An entity without what names it, and without what is looked at by itself."""
    rules = Rules(tolerances=entity.rules.tolerances, posting=entity.rules.posting)
    return msgspec.structs.replace(entity, name="", region="", rules=rules)
