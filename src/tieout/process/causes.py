"""One root cause is one case: a stale item code that holds 300 invoices is one cause with 300 documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tieout.canon.finding import PRECEDENCE, Finding, Group

from .findings import Valuation

HELD = frozenset({Group.LEAKAGE, Group.STUCK, Group.FUTURE})
"""Groups whose money something can hold up: what was billed too much is not held up by a missing code."""


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Findings with one root cause: one case to work."""

    key: str
    title: str
    owner: str
    risk: str
    findings: int
    exposure_base: int
    """What it holds up today (leakage and stuck money), else its one group's, in base currency minor units at the named rate."""
    by_group: dict[str, int] = {}
    """Group → exposure in base currency, for causes that hold up money of several groups."""
    documents: int = 0
    """How many documents it holds up or is about."""


def causes(findings: Iterable[Finding], valuation: Valuation) -> tuple[list[Finding], list[Cause]]:
    """The findings (in their order), each with its cause's key, and the causes, dearest first.

    A finding's cause is the one that it names; else the overlay that holds its subject (or one of its documents, or is about
    the same document); else class and subject, on its own. Where several overlays hold it, the first by class and subject: money of one
    finding counts in one cause.
    """
    listed = list(findings)
    held = holders(f for f in listed if f.group is Group.OVERLAY)
    members: dict[str, list[Finding]] = {}
    marked = []
    for finding in listed:
        key = cause_of(finding, held)
        marked.append(finding if finding.cause == key else msgspec.structs.replace(finding, cause=key))
        members.setdefault(key, []).append(finding)
    found = [_cause(key, group, valuation) for key, group in members.items()]
    return marked, sorted(found, key=lambda c: (-c.exposure_base, -c.documents, c.key))


def holders(overlays: Iterable[Finding]) -> dict[str, str]:
    """Document key → subject of the overlay that holds it up."""
    held: dict[str, str] = {}
    for overlay in sorted(overlays, key=lambda f: (PRECEDENCE[f.risk], f.subject)):
        for document in (*overlay.holds, about(overlay.subject)):
            held.setdefault(document, overlay.subject)
    return held


def about(subject: str) -> str:
    """The document that an overlay is about: ``customer/crm/1`` of ``customer/crm/1#name``."""
    return subject.partition("#")[0]


def holdable(finding: Finding) -> tuple[str, ...]:
    """The documents by which an overlay may hold a finding, the first that is held decides; none where it names its cause itself."""
    if finding.cause or finding.group not in HELD:
        return ()
    return tuple(dict.fromkeys((finding.subject, *finding.documents)))


def cause_of(finding: Finding, held: Mapping[str, str]) -> str:
    """The key of a finding's cause, given which overlay holds which document."""
    if finding.cause:
        return finding.cause
    if finding.group is Group.OVERLAY:
        return finding.subject
    return held_by(holdable(finding), held) or alone(finding.risk, finding.subject)


def held_by(documents: Iterable[str], held: Mapping[str, str]) -> str | None:
    """The overlay that holds the first of these documents that is held."""
    return next((held[document] for document in documents if document in held), None)


def alone(risk: str, subject: str) -> str:
    """The cause of a finding that nothing else explains."""
    return f"{risk}/{subject}"


def weigh(amounts: Mapping[tuple[str, str], int], valuation: Valuation) -> tuple[dict[str, int], int]:
    """(Group, currency) → exposure, as group → exposure in base currency, and the one figure of a cause.

    Each currency is added up first and converted once. The figure is what is held up today (leakage and stuck), else the largest group's.
    """
    by_group: dict[str, int] = {}
    for (group, currency), amount in sorted(amounts.items()):
        if group != Group.OVERLAY.value:
            by_group[group] = by_group.get(group, 0) + (valuation.of(amount, currency) or 0)
    today = sum(by_group.get(group.value, 0) for group in (Group.LEAKAGE, Group.STUCK))
    return by_group, today or max(by_group.values(), default=0)


def _cause(key: str, members: list[Finding], valuation: Valuation) -> Cause:
    def weight(finding: Finding) -> tuple[int, int, int, str, str, str]:
        worth = valuation.of(finding.exposure, finding.currency) or 0
        return worth, finding.exposure, -PRECEDENCE[finding.risk], finding.subject, finding.period, finding.currency

    overlays = [f for f in members if f.group is Group.OVERLAY and f.subject == key]
    leading = min(overlays, key=lambda f: (PRECEDENCE[f.risk], f.period, f.currency), default=None)
    dearest = leading or max(members, key=weight)
    money = [finding for finding in members if finding.group is not Group.OVERLAY]
    amounts: dict[tuple[str, str], int] = {}
    for finding in money:
        cell = (finding.group.value, finding.currency)
        amounts[cell] = amounts.get(cell, 0) + finding.exposure
    by_group, exposure = weigh(amounts, valuation)
    documents = {*(key for overlay in overlays for key in overlay.holds), *(finding.subject for finding in money)}
    return Cause(
        key=key, title=dearest.why, owner=dearest.owner, risk=dearest.risk.value, findings=len(money or members),
        exposure_base=exposure, by_group=by_group, documents=len(documents or members),
    )  # fmt: skip
