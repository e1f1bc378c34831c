"""Key figures, from the measures that evaluation yields.

Controls append `Measure`s to the outcome; the audit adds them up by name, entity, currency and key (`Measured`); `kpis`
puts the sums into words. What never ended is counted by its age beside what did: a step does not look fast because
its slowest cases are still open. Source of the list: docs/money.md, "Key figures".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import msgspec

from tieout.canon.finding import Group
from tieout.canon.money import format_amount, round_half_away

from .findings import Valuation
from .verdict import Measure

ISSUE_HOURS = "trigger to issue"
"""Hours from the bill trigger to the invoice; key ``done``, or ``open`` with the age of one that was never invoiced."""
POST_HOURS = "issue to post"
"""Hours from issue to posting; key ``done``, or ``open`` with the age of an invoice that the ERP has not got."""
DUE = "charges due"
"""Net amount of every charge that fell due; key ``in time``, ``late``, or ``late and open``."""
FIRST_PASS = "posting"
"""Invoices posted; key ``first pass``, or ``refused before``, or ``refused``."""
NET_BILLED = "net billed"
"""Net of valid invoices (+) and credit memos (−)."""
CREDITED = "credited"
"""Net of credit memos; key: their reason, ``rebill`` for those that a new invoice replaces, ``unattributed`` without reason."""
RENEWAL = "renewal"
"""Ending value of a term that has ended, and days from its end to the decision; key ``on time``, ``late``, ``churned``, ``undecided``."""
UNAPPLIED = "unapplied"
"""Unapplied cash: amount, age in days from the bank's value day; key: variant and age band."""
JOURNAL = "manual journal"
"""Manual journal entries by reason, ``unattributed`` without one; amount: debits. (Journals belong to no flow: the audit adds them up.)"""

_BANDS = ((30, "0–30 days"), (60, "31–60 days"), (90, "61–90 days"))


def age_band(days: int) -> str:
    """The band of the ageing report: ``0–30 days``, ``31–60 days``, ``61–90 days`` or ``over 90 days``."""
    return next((name for limit, name in _BANDS if days <= limit), "over 90 days")


class Kpi(msgspec.Struct, frozen=True, kw_only=True):
    """One key figure, already formatted for people, with its parts."""

    name: str
    value: str
    detail: str = ""
    parts: dict[str, str] = {}


class Measured(msgspec.Struct, frozen=True):
    """All measures of one name, entity, currency and key: how many, their amounts added, their numbers."""

    name: str
    entity: str
    currency: str
    key: str
    count: int
    amount: int = 0
    numbers: Sequence[float] = ()


def add_up(measures: Iterable[Measure]) -> list[Measured]:
    """Measures added up. (The audit does the same while it evaluates.)"""
    cells: dict[tuple[str, str, str, str], tuple[list[int], list[float]]] = {}
    for m in measures:
        amounts, numbers = cells.setdefault((m.name, m.entity, m.currency, m.key), ([], []))
        amounts.append(m.amount)
        if m.number is not None:
            numbers.append(m.number)
    return [Measured(*cell, len(a), sum(a), tuple(n)) for cell, (a, n) in sorted(cells.items())]


class _Figures:
    """Measures by name, then key: counts, base-currency amounts and numbers."""

    def __init__(self, measured: Iterable[Measured], valuation: Valuation) -> None:
        self.base = valuation.base
        self.count: dict[str, dict[str, int]] = {}
        self.amount: dict[str, dict[str, int]] = {}
        self.numbers: dict[str, dict[str, list[float]]] = {}
        for m in measured:
            for found, more in ((self.count, m.count), (self.amount, valuation.of(m.amount, m.currency) or 0)):
                keys = found.setdefault(m.name, {})
                keys[m.key] = keys.get(m.key, 0) + more
            self.numbers.setdefault(m.name, {}).setdefault(m.key, []).extend(m.numbers)

    def money(self, amount: int) -> str:
        """``1,234.50 EUR``."""
        return f"{format_amount(amount, self.base)} {self.base}"


def kpis(measured: Iterable[Measured], totals: dict[str, int], valuation: Valuation) -> tuple[Kpi, ...]:
    """All key figures for which there is something to measure. ``totals`` are the findings' by group, in base currency."""
    figures = _Figures(measured, valuation)
    found = (
        _cycle(figures, ISSUE_HOURS, "Invoice cycle time: trigger to issue", "still to be invoiced"),
        _cycle(figures, POST_HOURS, "Invoice cycle time: issue to post", "still to be posted"),
        _within_sla(figures),
        _first_pass(figures),
        _renewals(figures),
        _unapplied(figures),
        _credits(figures),
        _journals(figures),
        _leakage(figures, totals),
    )
    return tuple(kpi for kpi in found if kpi is not None)


def percent(part: int, whole: int) -> str:
    """``96.4 %``, halves away from zero; ``–`` of nothing."""
    if not whole:
        return "–"
    tenths = round_half_away(Fraction(1000 * part, whole))
    sign = "\u2212" if tenths < 0 else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10} %"


def quantile(numbers: Sequence[float], share: int) -> float:
    """The smallest of the numbers that at least ``share`` percent of them do not exceed (nearest rank)."""
    ordered = sorted(numbers)
    return ordered[max(0, -(-len(ordered) * share // 100) - 1)]


def _hours(hours: float) -> str:
    return f"{hours:.1f} h" if abs(hours) < 48 else f"{hours / 24:.1f} d"


def _cycle(figures: _Figures, name: str, title: str, waiting: str) -> Kpi | None:
    done = figures.numbers.get(name, {}).get("done", [])
    still = figures.numbers.get(name, {}).get("open", [])
    if not done and not still:
        return None
    parts = {"done": f"{len(done):,}", "open": f"{len(still):,}"}
    if done:
        parts |= {"p50": _hours(quantile(done, 50)), "p90": _hours(quantile(done, 90))}
    detail = f"p90 {parts['p90']}" if done else "none finished"
    if still:
        parts |= {"open p50": _hours(quantile(still, 50)), "open p90": _hours(quantile(still, 90))}
        detail += f"; {len(still):,} {waiting}, for {parts['open p50']} (p90 {parts['open p90']})"
    return Kpi(name=title, value=parts.get("p50", "–"), detail=detail, parts=parts)


def _within_sla(figures: _Figures) -> Kpi | None:
    amounts, counts = figures.amount.get(DUE), figures.count.get(DUE)
    if not amounts or not counts:
        return None
    value = percent(amounts.get("in time", 0), sum(amounts.values()))
    number = percent(counts.get("in time", 0), sum(counts.values()))
    still = counts.get("late and open", 0)
    parts = {key: figures.money(amount) for key, amount in sorted(amounts.items())} | {"by number": number}
    detail = f"of charges due, by value; {number} by number; {still:,} late and open"
    return Kpi(name="Billed within SLA", value=value, detail=detail, parts=parts)


def _first_pass(figures: _Figures) -> Kpi | None:
    counts = figures.count.get(FIRST_PASS)
    if not counts:
        return None
    parts = {key: f"{count:,}" for key, count in sorted(counts.items())}
    value = percent(counts.get("first pass", 0), sum(counts.values()))
    return Kpi(name="First-pass post rate", value=value, detail="of invoices that the ERP took or refused", parts=parts)


def _renewals(figures: _Figures) -> Kpi | None:
    amounts, counts = figures.amount.get(RENEWAL), figures.count.get(RENEWAL)
    if not amounts or not counts:
        return None
    whole = sum(amounts.values())
    parts = {key: f"{percent(amounts[key], whole)} ({counts[key]:,})" for key in sorted(amounts)}
    days = [day for numbers in figures.numbers.get(RENEWAL, {}).values() for day in numbers]
    detail = f"of {sum(counts.values()):,} terms that ended, by ending value ({figures.money(whole)})"
    if days:
        parts["days from end"] = f"{quantile(days, 50):.0f}"
    return Kpi(name="Renewed on time", value=percent(amounts.get("on time", 0), whole), detail=detail, parts=parts)


def _unapplied(figures: _Figures) -> Kpi | None:
    amounts, counts = figures.amount.get(UNAPPLIED), figures.count.get(UNAPPLIED)
    if not amounts or not counts:
        return None
    old = sum(amount for key, amount in amounts.items() if not key.endswith(_BANDS[0][1]))
    parts = {key: f"{figures.money(amounts[key])} ({counts[key]:,})" for key in sorted(amounts)}
    detail = f"of {figures.money(sum(amounts.values()))} unapplied, deposits included; from the bank's value day"
    return Kpi(name="Unapplied cash over 30 days", value=figures.money(old), detail=detail, parts=parts)


def _credits(figures: _Figures) -> Kpi | None:
    amounts = figures.amount.get(CREDITED)
    if not amounts:
        return None
    billed = sum(figures.amount.get(NET_BILLED, {}).values())
    credited = sum(amount for key, amount in amounts.items() if key != "rebill")
    parts = {key: figures.money(amount) for key, amount in sorted(amounts.items())}
    detail = f"{figures.money(credited)} of net billed; rebill pairs apart: {figures.money(amounts.get('rebill', 0))}"
    return Kpi(name="Credit memo rate", value=percent(credited, billed), detail=detail, parts=parts)


def _journals(figures: _Figures) -> Kpi | None:
    counts, amounts = figures.count.get(JOURNAL), figures.amount.get(JOURNAL, {})
    if not counts:
        return None
    parts = {key: f"{counts[key]:,} ({figures.money(amounts.get(key, 0))})" for key in sorted(counts)}
    detail = f"{counts.get('unattributed', 0):,} without a reason"
    return Kpi(name="Manual journals", value=f"{sum(counts.values()):,}", detail=detail, parts=parts)


def _leakage(figures: _Figures, totals: dict[str, int]) -> Kpi | None:
    billed = sum(figures.amount.get(NET_BILLED, {}).values())
    if not billed:
        return None
    leaking = totals.get(Group.LEAKAGE.value, 0)
    detail = f"{figures.money(leaking)} of {figures.money(billed)} net billed"
    return Kpi(name="Leakage of net billed", value=percent(leaking, billed), detail=detail)
