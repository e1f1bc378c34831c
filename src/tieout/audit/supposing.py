"""What-if on what the live engine knows: the same documents under another policy, and the difference in money by where it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable

import msgspec

from tieout.canon.finding import Finding
from tieout.canon.money import format_amount
from tieout.engine.decided import Decided
from tieout.process.whatif import Change, Total, what_if

from .live import Known
from .progress import Progress, silent
from .result import AuditResult
from .span import Span, check_entity


class Changed(msgspec.Struct, frozen=True):
    """What differs of one class or cause, in one currency; minor units."""

    currency: str
    exposure: int
    """More at risk; less where negative."""
    freed: int
    """No longer held up, and at risk as before."""
    findings: int
    """How many differ."""

    def __str__(self) -> str:
        freed = f", {format_amount(self.freed, self.currency)} no longer held up" if self.freed else ""
        return f"{format_amount(self.exposure, self.currency)} {self.currency}{freed} ({self.findings:,})"


class Supposed(msgspec.Struct, frozen=True, kw_only=True):
    """The difference that another policy would make."""

    changes: tuple[Change, ...]
    totals: tuple[Total, ...]
    by_class: dict[str, Changed]
    """``unposted_invoice of DE01 (EUR)`` → what differs."""
    by_cause: dict[str, Changed]
    """Key of the root cause, as it is or would be → what differs."""


def suppose(
    known: Known, other: Decided, as_of: dt.date, entity: str = "", since: dt.date | None = None, progress: Progress = silent
) -> Supposed:  # fmt: skip
    """What would differ under ``other``, as of the end of a day. ``since``: only findings that began then or later.

    Raises InputFault for an entity that there is not.
    """
    check_entity(entity, known.ruling.decided)
    span = Span(as_of=as_of, entities=(entity,) if entity else ())
    before, after = (known.judged(span, decided, progress) for decided in (known.ruling.decided, other))
    found = what_if(*(_begun(result, since) for result in (before, after)))
    return Supposed(
        changes=found.changes, totals=found.totals,
        by_class=_summed(found.changes, lambda change: f"{change.finding.risk.value} of {change.finding.entity or 'no entity'}"),
        by_cause=_summed(found.changes, _cause),
    )  # fmt: skip


def _begun(result: AuditResult, since: dt.date | None) -> list[Finding]:
    return [f for f in result.findings if since is None or (f.since is not None and f.since >= since)]


def _cause(change: Change) -> str:
    """What it hangs on: what is mended counts by what held it up."""
    before = change.before.cause if change.before is not None else ""
    return before or change.finding.cause or "no common cause"


def _summed(changes: Iterable[Change], name: Callable[[Change], str]) -> dict[str, Changed]:
    sums: dict[tuple[str, str], list[int]] = {}
    for change in changes:
        summed = sums.setdefault((name(change), change.finding.currency), [0, 0, 0])
        summed[0] += change.exposure
        summed[1] += change.weight if change.kind == "freed" else 0
        summed[2] += 1
    ordered = sorted(sums.items(), key=lambda one: (-abs(one[1][0]) - one[1][1], one[0]))
    return {
        f"{place} ({currency})" if currency else place: Changed(currency, *summed)
        for (place, currency), summed in ordered
    }
