"""Everything that was decided for an installation, as one value with a version: policy, what is complete, which flows run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from tieout.canon.documents import AccountingPeriod
from tieout.policy import Policy, tables
from tieout.process.coverage import Coverage
from tieout.process.definition import Flow
from tieout.process.flows import FLOWS
from tieout.process.instance import Known

Holder = tuple[str, str, str]
"""(system, type, entity): that system has told of documents of this type and entity."""


class Complete(msgspec.Struct, frozen=True, kw_only=True):
    """Where a missing document proves that there is none; ``*`` means all."""

    system: str
    type: str = "*"
    entity: str = "*"
    from_on: dt.date | None = msgspec.field(default=None, name="from")
    to_on: dt.date | None = msgspec.field(default=None, name="to")


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of the policy holds."""

    policy: Policy = Policy()
    complete: tuple[Complete, ...] = ()
    flows: tuple[str, ...] = tuple(FLOWS)
    """Names or paths of the flows that run, as `setwise.flows.load` takes them."""

    def encode(self) -> bytes:
        """As it is kept."""
        return msgspec.json.encode(self, enc_hook=str, order="deterministic")

    def tables(self) -> dict[str, Any]:
        """Policy and what is complete as plain values, as audit.toml has them."""
        complete = msgspec.to_builtins(self.complete, builtin_types=(dt.date,))
        kept = [{key: value for key, value in entry.items() if value} for entry in complete]
        return {**tables(self.policy), **({"complete": kept} if kept else {})}

    @classmethod
    def decode(cls, content: bytes) -> Decided:
        """From what was kept."""
        return msgspec.json.decode(content, type=cls, dec_hook=_plain)


def told(decided: Decided) -> Iterator[tuple[str, str]]:
    """What is decided beside the policy, in words: what it is about, what was decided."""
    for entry in decided.complete:
        what = f"complete: {entry.system}, {entry.type}, {entry.entity}".replace("*", "all")
        spans = f"from {entry.from_on}" if entry.from_on else "", f"to {entry.to_on}" if entry.to_on else ""
        yield what + "".join(f", {span}" for span in spans if span), "yes"
    for flow in decided.flows:
        yield f"flow {flow}", "runs"


def _plain(type_: type, value: Any) -> Any:
    if type_ in (Fraction, ZoneInfo):
        return type_(value)
    raise NotImplementedError(f"{type_.__name__} in a policy")


class Bearings:
    """What a worker evaluates by: a version of what was decided, with what arrived as documents and is policy by nature."""

    def __init__(
        self, version: int, stamp: int, decided: Decided, periods: Iterable[AccountingPeriod],
        holders: Iterable[tuple[str, str, str]], load: Callable[[str], type[Flow]],
    ) -> None:  # fmt: skip
        self.version, self.stamp, self.decided = version, stamp, decided
        listed = list(periods)
        self.policy = decided.policy.with_periods(listed) if listed else decided.policy
        self.flows = {flow.name: flow for flow in map(load, decided.flows)}
        self.known: Known = coverage(decided, self.policy, holders).known


def coverage(decided: Decided, policy: Policy, holders: Iterable[tuple[str, str, str]]) -> Coverage:
    """Where absence is proved. ``holders``: (system, type, entity) of the documents that there are.

    A ``*`` for types means those that the system has told of: of others nothing came, so nothing is proved.
    """
    there = list(holders)
    told: dict[str, set[str]] = {}
    for system, type_, _ in there:
        told.setdefault(system, set()).add(type_)
    systems = sorted(told.keys() | {entry.system for entry in decided.complete if entry.system != "*"})
    return Coverage.claimed(decided.complete, systems, lambda system: sorted(told.get(system, ())), policy.role, there)


def proves_otherwise(decided: Decided, holders: Collection[Holder], new: Collection[Holder]) -> bool:
    """Whether absence is proved elsewhere than before, now that there are ``new`` among the ``holders``."""
    after = coverage(decided, decided.policy, holders)
    before = coverage(decided, decided.policy, set(holders) - set(new))
    entities = {entity for _, _, entity in holders}
    names = {(name, type_) for system, type_, _ in new for name in (system, decided.policy.role(system))}
    places = [(name, type_, entity) for name, type_ in names for entity in entities]
    return any(after.complete(*place) != before.complete(*place) for place in places)
