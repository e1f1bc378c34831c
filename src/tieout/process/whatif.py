"""What-if: the same documents judged under two policies, and the difference in money.

"What would this mapping have changed last quarter?" A policy changes no document: money that a stale code holds up stays
stuck until somebody posts it, but it is no longer held up. So beside what is gone, new, more and less, there is what is
*freed*: it stands as before, and what held it up is gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Literal

import msgspec

from tieout.canon.finding import Finding, Group
from tieout.canon.money import format_amount
from tieout.policy import Policy

from .definition import Flow
from .evaluate import evaluate
from .findings import merge
from .instance import Instance

Kind = Literal["gone", "new", "less", "more", "freed", "moved"]
"""``moved``: the same money, with another owner or another cause."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One finding that the other policy sees otherwise."""

    kind: Kind
    before: Finding | None
    after: Finding | None

    @property
    def finding(self) -> Finding:
        """As it is afterwards, or was."""
        found = self.after or self.before
        assert found is not None
        return found

    @property
    def exposure(self) -> int:
        """How much more (less, where negative) is at risk, minor units of the finding's currency."""
        return (self.after.exposure if self.after else 0) - (self.before.exposure if self.before else 0)

    @property
    def weight(self) -> int:
        """The money that it is about, for the order of the list."""
        return self.finding.exposure if self.kind in ("freed", "moved") else abs(self.exposure)

    def __str__(self) -> str:
        found = self.finding
        subject = f"{found.risk} {found.subject}" + (f" {found.period}" if found.period else "")
        amount = f"{format_amount(self.weight, found.currency)} {found.currency}" if found.currency else ""
        if self.kind == "freed" and self.before is not None:
            return f"{subject}: {amount} no longer held up by {self.before.cause}"
        if self.kind == "moved" and self.before is not None:
            return f"{subject}: {_moved(self.before, found)}"
        if not self.exposure:
            return f"{subject}: {self.kind}"
        return f"{subject}: {self.kind}, {amount}"


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """One of the totals in one currency under both policies, minor units."""

    group: str
    currency: str
    before: int
    after: int
    freed: int
    """Of ``after``: what is no longer held up."""

    def __str__(self) -> str:
        was, now = (format_amount(amount, self.currency) for amount in (self.before, self.after))
        freed = f", {format_amount(self.freed, self.currency)} of it no longer held up" if self.freed else ""
        change = "as before" if was == now else f"was {was}"
        return f"{self.group}: {now} {self.currency}, {change}{freed}"


class WhatIf(msgspec.Struct, frozen=True, kw_only=True):
    """The difference between two lists of findings: every change, by currency the dearest first, and the totals under both."""

    changes: tuple[Change, ...]
    totals: tuple[Total, ...]


def what_if(before: Iterable[Finding], after: Iterable[Finding]) -> WhatIf:
    """What differs between the findings under one policy and under another, each list as `findings.merge` gives it."""
    old, new = _by_identity(before), _by_identity(after)
    gone = _overlays(old) - _overlays(new)
    changes = []
    for key in sorted({*old, *new}):
        kind = _kind(old.get(key), new.get(key), gone)
        if kind is not None:
            changes.append(Change(kind=kind, before=old.get(key), after=new.get(key)))
    changes.sort(key=lambda change: (change.finding.currency, -change.weight))
    return WhatIf(changes=tuple(changes), totals=tuple(_totals(old.values(), new.values(), changes)))


def judge_both(
    flow: type[Flow], instances: Iterable[Instance], before: Policy, after: Policy, as_of: dt.date | dt.datetime
) -> WhatIf:
    """`what_if` for the same instances of a flow, evaluated under both policies."""
    old: list[Finding] = []
    new: list[Finding] = []
    for instance in instances:
        old.extend(evaluate(flow, instance, before, as_of).findings)
        new.extend(evaluate(flow, instance, after, as_of).findings)
    return what_if(merge(old), merge(new))


Key = tuple[str, str, str, str]


def _by_identity(findings: Iterable[Finding]) -> dict[Key, Finding]:
    return {(*finding.identity, finding.currency): finding for finding in findings}


def _overlays(findings: dict[Key, Finding]) -> set[str]:
    return {finding.subject for finding in findings.values() if finding.group is Group.OVERLAY}


def _kind(before: Finding | None, after: Finding | None, gone: set[str]) -> Kind | None:
    if before is None:
        return "new"
    if after is None:
        return "gone"
    if after.exposure != before.exposure:
        return "less" if abs(after.exposure) < abs(before.exposure) else "more"
    if before.cause in gone and before.cause != before.subject and after.cause != before.cause:
        return "freed"
    if (before.owner, before.cause) != (after.owner, after.cause):
        return "moved"
    return None


def _totals(before: Iterable[Finding], after: Iterable[Finding], changes: list[Change]) -> Iterable[Total]:
    sums: dict[tuple[str, str], list[int]] = {}

    def add(finding: Finding, column: int) -> None:
        if finding.group is not Group.OVERLAY:
            sums.setdefault((finding.group.value, finding.currency), [0, 0, 0])[column] += finding.exposure

    for finding in before:
        add(finding, 0)
    for finding in after:
        add(finding, 1)
    for change in changes:
        if change.kind == "freed":
            add(change.finding, 2)
    order = [group.value for group in Group]
    for group, currency in sorted(sums, key=lambda cell: (order.index(cell[0]), cell[1])):
        was, now, freed = sums[group, currency]
        yield Total(group=group, currency=currency, before=was, after=now, freed=freed)


def _moved(before: Finding, after: Finding) -> str:
    parts = []
    if before.owner != after.owner:
        parts.append(f"now {after.owner}'s, was {before.owner}'s")
    if before.cause != after.cause:
        parts.append(f"now because of {after.cause}" if after.cause else f"no longer because of {before.cause}")
    return ", ".join(parts)
