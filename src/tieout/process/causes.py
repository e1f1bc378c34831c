"""One root cause is one case: a stale item code that holds 300 invoices is one cause with 300 documents."""

from __future__ import annotations

from collections.abc import Iterable

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
    overlays = {f.subject: f for f in listed if f.group is Group.OVERLAY}
    held = _held(overlays.values())
    members: dict[str, list[Finding]] = {}
    marked = []
    for finding in listed:
        key = finding.cause or _cause_of(finding, held)
        marked.append(finding if finding.cause == key else msgspec.structs.replace(finding, cause=key))
        members.setdefault(key, []).append(finding)
    found = [_cause(key, group, overlays.get(key), valuation) for key, group in members.items()]
    return marked, sorted(found, key=lambda c: (-c.exposure_base, -c.documents, c.key))


def _held(overlays: Iterable[Finding]) -> dict[str, str]:
    """Document key → subject of the overlay that holds it up."""
    held: dict[str, str] = {}
    for overlay in sorted(overlays, key=lambda f: (PRECEDENCE[f.risk], f.subject)):
        for document in (*overlay.holds, overlay.subject.partition("#")[0]):
            held.setdefault(document, overlay.subject)
    return held


def _cause_of(finding: Finding, held: dict[str, str]) -> str:
    if finding.group is Group.OVERLAY:
        return finding.subject
    if finding.group in HELD:
        for document in (finding.subject, *finding.documents):
            if document in held:
                return held[document]
    return f"{finding.risk}/{finding.subject}"


def _cause(key: str, members: list[Finding], overlay: Finding | None, valuation: Valuation) -> Cause:
    def worth(finding: Finding) -> int:
        return valuation.of(finding.exposure, finding.currency) or 0

    dearest = overlay or max(members, key=lambda f: (worth(f), -PRECEDENCE[f.risk], f.subject))
    money = [finding for finding in members if finding.group is not Group.OVERLAY]
    by_group: dict[str, int] = {}
    for finding in money:
        by_group[finding.group.value] = by_group.get(finding.group.value, 0) + worth(finding)
    today = sum(by_group.get(group.value, 0) for group in (Group.LEAKAGE, Group.STUCK))
    documents = {*(overlay.holds if overlay else ()), *(finding.subject for finding in money)}
    return Cause(
        key=key, title=dearest.why, owner=dearest.owner, risk=dearest.risk.value, findings=len(money or members),
        exposure_base=today or max(by_group.values(), default=0), by_group=by_group, documents=len(documents or members),
    )  # fmt: skip
