"""Findings of many instances as one list: merged by identity, valued in one currency, dearest and most urgent first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from tieout.canon.dates import month_end
from tieout.canon.finding import Finding, Group
from tieout.canon.money import convert

if TYPE_CHECKING:
    from tieout.policy import FxRate, Policy

BACK_BILL_DAYS = 365
"""How long something may be billed late, where the finding names no deadline of its own."""
NEAR_DAYS = 30
"""A deadline within this many days weighs noticeably."""


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per identity and currency: amounts add, documents unite, the earliest ``since`` and ``deadline`` stay.

    The slices of a consolidated invoice are judged with different orders, yet what is wrong with it is one finding. The
    words are those of the dearest part. Independent of the order in which the parts come.
    """
    parts: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        parts.setdefault((*finding.identity, finding.currency), []).append(finding)
    return [group[0] if len(group) == 1 else _merged(group) for _, group in sorted(parts.items())]


def _merged(parts: list[Finding]) -> Finding:
    parts = sorted(parts, key=lambda f: (-f.exposure, f.documents, f.why))
    amounts: dict[str, int] = {}
    for part in parts:
        for name, amount in part.amounts.items():
            amounts[name] = amounts.get(name, 0) + amount
    whys = list(dict.fromkeys(part.why for part in parts))
    return msgspec.structs.replace(
        parts[0],
        exposure=sum(part.exposure for part in parts),
        tax=sum(part.tax for part in parts),
        amounts=amounts,
        since=min((p.since for p in parts if p.since is not None), default=None),
        deadline=min((p.deadline for p in parts if p.deadline is not None), default=None),
        documents=tuple(dict.fromkeys(key for part in parts for key in part.documents)),
        holds=tuple(dict.fromkeys(key for part in parts for key in part.holds)),
        why=whys[0] if len(whys) == 1 else f"{whys[0]} (and {len(whys) - 1} more parts)",
        cause=next((part.cause for part in parts if part.cause), ""),
    )


class Valuation:
    """Amounts in the company's base currency at the policy's latest rates on or before one day; ``used`` names them."""

    def __init__(self, policy: Policy, day: dt.date, base: str = "") -> None:
        self.policy, self.day = policy, day
        self.base = base or policy.base_currency
        self.used: dict[str, FxRate | None] = {}

    def rate(self, currency: str) -> FxRate | None:
        """The rate of a currency; None where the policy has none."""
        if currency not in self.used:
            self.used[currency] = self.policy.rate(currency, self.base, self.day)
        return self.used[currency]

    def of(self, amount: int, currency: str) -> int | None:
        """Minor units of the base currency; None where there is no rate."""
        if currency == self.base or not amount:
            return amount
        rate = self.rate(currency)
        return None if rate is None else convert(amount, currency, self.base, rate.rate)


def totals(findings: Iterable[Finding], valuation: Valuation) -> dict[str, int]:
    """Group → Σ exposure in base currency: four totals that are never added together.

    Each currency is added up first and converted once. What has no rate is in no total (`Valuation.used` tells).
    """
    sums: dict[tuple[Group, str], int] = {}
    for finding in findings:
        cell = (finding.group, finding.currency)
        sums[cell] = sums.get(cell, 0) + finding.exposure
    found = {group.value: 0 for group in Group if group is not Group.OVERLAY}
    for (group, currency), amount in sums.items():
        if group is not Group.OVERLAY:
            found[group.value] += valuation.of(amount, currency) or 0
    return found


def urgency(finding: Finding, day: dt.date) -> Fraction:
    """1 (time enough) to 2 (its deadline is today or has passed).

    Deadline: the finding's own (the notice or end date of a renewal, a back-bill limit), else the last day that it can still be
    billed (leakage), else the lock of receivables, which is taken to be the month's end. u = 1 + 30 ÷ (30 + days left).
    """
    deadline = finding.deadline or _deadline(finding, day)
    if deadline is None:
        return Fraction(1)
    return 1 + Fraction(NEAR_DAYS, NEAR_DAYS + max(0, (deadline - day).days))


def _deadline(finding: Finding, day: dt.date) -> dt.date | None:
    if finding.group is Group.LEAKAGE:
        return finding.since + dt.timedelta(days=BACK_BILL_DAYS) if finding.since is not None else None
    if finding.group in (Group.STUCK, Group.OVERSTATEMENT, Group.DIFFERENCE):
        return month_end(day)
    return None


def rank(findings: Iterable[Finding], day: dt.date, valuation: Valuation) -> list[Finding]:
    """Dearest first, by exposure (in base currency) × `urgency`; overlays by how much they hold up, after all money."""

    def key(finding: Finding) -> tuple[Fraction, int, tuple[str, str, str]]:
        worth = valuation.of(abs(finding.exposure), finding.currency) or 0
        return -worth * urgency(finding, day), -len(finding.holds), finding.identity

    return sorted(findings, key=key)
