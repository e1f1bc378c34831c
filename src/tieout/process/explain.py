"""Why one instance is, or is not, a finding: its verdict in words and money."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.documents import Document
from tieout.canon.finding import RISKS, Finding
from tieout.canon.money import format_amount
from tieout.policy import Calendar, Policy

from .definition import Flow
from .evaluate import evaluate
from .instance import Instance
from .verdict import MilestoneState, Slice, Unknown, Verdict


class Section(msgspec.Struct, frozen=True):
    """One part of an explanation: a heading and rows of cells (a sentence is a row of one cell)."""

    heading: str
    rows: tuple[tuple[str, ...], ...]
    header: tuple[str, ...] = ()


class Explanation(msgspec.Struct, frozen=True):
    """What an instance says about a document."""

    flow: str
    title: str
    instance: str
    sentence: str
    sections: tuple[Section, ...]


def explain(flow: type[Flow], instance: Instance, policy: Policy, as_of: dt.date) -> Explanation:
    """Every milestone, gate, slice, finding and bridge line of one instance as of the end of a day."""
    verdict = evaluate(flow, instance, policy, as_of, detail=True)
    entity = instance.anchor.entity if instance.anchor is not None else ""
    calendar = policy.calendar(entity)
    sections = [
        Section("Documents", tuple(_documents(instance)), ("relation", "document", "says")),
        Section(
            "Steps", tuple(_step(m, calendar) for m in verdict.milestones), ("step", "state", "reached", "planned", "")
        ),
        Section("Money, slice by slice", tuple(_slices(verdict.slices, instance)), _SLICE_HEADER),
        Section("Findings", tuple(row for f in verdict.findings for row in _finding(f))),
        Section("Not judged", tuple(_unknown(u) for u in verdict.unknown)),
        Section("Lines of the bridge", tuple(_position(p) for p in _sums(verdict)), ("row", "line", "amount", "")),
        Section("Policy entries read", tuple((entry,) for entry in verdict.reads)),
    ]
    return Explanation(
        flow.name, flow.title, instance.key, _sentence(verdict, as_of), tuple(s for s in sections if s.rows)
    )


def _sentence(verdict: Verdict, as_of: dt.date) -> str:
    if verdict.findings:
        words = "; ".join(
            f"{f.risk.value} {format_amount(f.exposure, f.currency)} {f.currency}".strip() for f in verdict.findings
        )
        return f"As of {as_of}: {len(verdict.findings)} finding{'s' if len(verdict.findings) > 1 else ''}: {words}."
    if verdict.unknown:
        return f"As of {as_of}: no finding, but some money could not be judged: a source is not complete."
    late = [m.name for m in verdict.milestones if m.late]
    if late:
        return f"As of {as_of}: late on {', '.join(late)}, and no money is at risk by it yet."
    return f"As of {as_of}: nothing is wrong: every slice is billed, not due, or in advance, and every step in time."


def _documents(instance: Instance) -> list[tuple[str, str, str]]:
    rows = []
    for relation, found in instance.members.items():
        for document in found:
            part = "" if instance.owns(document) else " (this instance's lines of it)"
            rows.append((relation, document.key + part, _says(document)))
    return rows


_TOLD = ("status", "number", "kind", "reason", "amount", "net", "tax", "total", "start_on", "end_on", "issued_at",
         "posted_at", "activated_at", "accepted_at", "applied_at", "booked_on", "error")  # fmt: skip


def _says(document: Document) -> str:
    words = []
    for name in _TOLD:
        value = getattr(document, name, None)
        if value is None or value == "":
            continue
        if isinstance(value, dt.datetime):
            value = f"{value:%Y-%m-%d %H:%M}"
        elif isinstance(value, int) and document.currency and name in ("amount", "net", "tax", "total"):
            value = f"{format_amount(value, document.currency)} {document.currency}"
        words.append(f"{name.removesuffix('_at').removesuffix('_on')} {value}")
    return ", ".join(words)


def _step(state: MilestoneState, calendar: Calendar) -> tuple[str, ...]:
    if state.reached_at is not None:
        after_plan = state.planned_at is not None and state.reached_at > state.planned_at
        word = "reached late" if after_plan else "reached"
    elif state.held_by:
        word = "shut"
    elif not state.known:
        word = "unknown"
    else:
        word = "late" if state.late else "open"
    note = f"held by {', '.join(state.held_by)}" if state.held_by else ""
    return state.name, word, _when(state.reached_at, calendar), _when(state.planned_at, calendar), note


def _when(instant: dt.datetime | None, calendar: Calendar) -> str:
    return f"{calendar.local(instant):%Y-%m-%d %H:%M}" if instant is not None else ""


_SLICE_HEADER = ("charge", "from", "to", "due", "expected", "fulfilled", "billed", "state")


def _slices(slices: tuple[Slice, ...], instance: Instance) -> list[tuple[str, ...]]:
    currency = instance.anchor.currency if instance.anchor is not None else ""
    currencies = {d.key: d.currency for found in instance.members.values() for d in found}
    rows = []
    for part in slices:
        own = currencies.get(part.charge, currency) or "EUR"
        amounts = (format_amount(value, own) for value in (part.expected, part.fulfilled, part.billed))
        days = (str(part.from_on), str(part.to_on), str(part.due_on or ""))
        rows.append((part.charge.removeprefix("charge/"), *days, *amounts, part.state))
    return rows


def _finding(found: Finding) -> list[tuple[str, ...]]:
    row = RISKS[found.risk]
    money = (
        f"{format_amount(found.exposure, found.currency)} {found.currency}" if found.exposure else "no money of its own"
    )
    tax = f" and {format_amount(found.tax, found.currency)} tax" if found.tax else ""
    since = f", since {found.since}" if found.since else ""
    lines: list[tuple[str, ...]] = [
        (f"{found.risk.value} ({row.group.value}): {money}{tax}{since}; owner {found.owner}",),
        (f"  {found.why}",),
        (f"  exposure: {row.exposure}",),
    ]
    if found.holds:
        lines.append((f"  holds up {', '.join(found.holds)}",))
    lines.append((f"  documents: {', '.join(found.documents)}",))
    return lines


def _unknown(found: Unknown) -> tuple[str, ...]:
    return (f"{found.what}: {format_amount(found.amount, found.currency)} {found.currency} ({found.document})",)


def _sums(verdict: Verdict) -> list[tuple[tuple[str, str, str], int]]:
    sums: dict[tuple[str, str, str], int] = {}
    for position in verdict.positions:
        key = (position.row, position.line, position.currency)
        sums[key] = sums.get(key, 0) + position.amount
    return [(key, amount) for key, amount in sorted(sums.items()) if amount]


def _position(found: tuple[tuple[str, str, str], int]) -> tuple[str, ...]:
    (row, line, currency), amount = found
    return row, line, format_amount(amount, currency), currency
