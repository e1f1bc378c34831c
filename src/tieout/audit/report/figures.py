"""The sums that every form of the report shows: by class and age, by owner and entity, and the result in one sentence.

All of them are in minor units of the base currency. A finding without a rate has no base amount: it is counted, and the
count of such findings is shown, but it is in no sum.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

import msgspec

from tieout.audit.result import AuditResult, Cause, Rejection
from tieout.canon.finding import PRECEDENCE, RISKS, Finding, Group, Risk
from tieout.canon.money import format_amount
from tieout.process.verdict import Unknown

from .words import MONEY_GROUPS, day_text, plural

AGE_BANDS: tuple[tuple[str, int], ...] = (("0–7 d", 7), ("8–30 d", 30), ("31–60 d", 60), ("61–90 d", 90))
AGE_LABELS = (*(label for label, _ in AGE_BANDS), "> 90 d", "no date")
"""Age of a finding as of the audit, from its ``since``."""


class ClassFigures(msgspec.Struct, frozen=True):
    """One risk class: how many findings, their exposure, and the exposure by `AGE_LABELS`."""

    risk: Risk
    count: int
    exposure: int
    ages: tuple[int, ...]
    holds: int
    """Documents held up, for overlays."""


class Spread(msgspec.Struct, frozen=True):
    """One owner or entity: findings, and exposure in each of the four totals."""

    name: str
    count: int
    amounts: dict[Group, int]


class NotJudged(msgspec.Struct, frozen=True):
    """Money that could not be judged, for one reason, entity and currency; ``documents`` dearest first."""

    what: str
    entity: str
    currency: str
    amount: int
    documents: tuple[Unknown, ...]

    @property
    def count(self) -> int:
        """How many documents' money it is: an entry of ``documents`` may stand for several."""
        return sum(document.count for document in self.documents)


class Refusal(msgspec.Struct, frozen=True):
    """Rows of one file that were refused for the same reason."""

    path: str
    field: str
    what: str
    mend: str
    lines: tuple[int, ...]


def identity_key(finding: Finding) -> str:
    """The key of a finding in `AuditResult.base_exposure`."""
    return "|".join(finding.identity)


def base_exposure(result: AuditResult, finding: Finding) -> int | None:
    """A finding's exposure in the base currency; None where there was no rate."""
    if finding.currency == result.base_currency:
        return finding.exposure
    return result.base_exposure.get(identity_key(finding))


def age_band(since: dt.date | None, as_of: dt.date) -> int:
    """Index into `AGE_LABELS`."""
    if since is None:
        return len(AGE_LABELS) - 1
    age = (as_of - since).days
    return next((index for index, (_, limit) in enumerate(AGE_BANDS) if age <= limit), len(AGE_BANDS))


def by_class(result: AuditResult) -> list[ClassFigures]:
    """Every class that has findings, in order of precedence."""
    counts: Counter[Risk] = Counter()
    holds: Counter[Risk] = Counter()
    ages: dict[Risk, list[int]] = defaultdict(lambda: [0] * len(AGE_LABELS))
    for finding in result.findings:
        counts[finding.risk] += 1
        holds[finding.risk] += len(finding.holds)
        ages[finding.risk][age_band(finding.since, result.as_of)] += base_exposure(result, finding) or 0
    return [
        ClassFigures(risk, counts[risk], sum(ages[risk]), tuple(ages[risk]), holds[risk])
        for risk in sorted(counts, key=PRECEDENCE.__getitem__)
    ]


def group_counts(result: AuditResult) -> Counter[Group]:
    """Findings in each group."""
    return Counter(finding.group for finding in result.findings)


def without_rate(result: AuditResult) -> Counter[str]:
    """Currency → findings that could not be converted and are in no total."""
    return Counter(f.currency for f in result.findings if f.exposure and base_exposure(result, f) is None)


def by_owner(result: AuditResult) -> list[Spread]:
    """Every owner, the dearest in any one total first."""
    return _spread(result, lambda finding: finding.owner)


def by_entity(result: AuditResult) -> list[Spread]:
    """Every entity, the dearest in any one total first."""
    return _spread(result, lambda finding: finding.entity)


def _spread(result: AuditResult, name_of: Callable[[Finding], str]) -> list[Spread]:
    counts: Counter[str] = Counter()
    amounts: dict[str, dict[Group, int]] = defaultdict(lambda: dict.fromkeys(MONEY_GROUPS, 0))
    for finding in result.findings:
        name = name_of(finding)
        counts[name] += 1
        if finding.group in MONEY_GROUPS:
            amounts[name][finding.group] += base_exposure(result, finding) or 0
    rows = [Spread(name, counts[name], amounts[name]) for name in counts]
    return sorted(rows, key=lambda row: (-max(row.amounts.values()), -row.count, row.name))


def dearest(result: AuditResult, number: int) -> list[Finding]:
    """The findings that carry most of the four totals, in the order of the result."""
    return [finding for finding in result.findings if finding.exposure and finding.group in MONEY_GROUPS][:number]


def not_judged(result: AuditResult) -> list[NotJudged]:
    """Money not judged by reason, entity and currency; most documents first."""
    grouped: dict[tuple[str, str, str], list[Unknown]] = defaultdict(list)
    for unknown in result.unknown:
        grouped[unknown.what, unknown.entity, unknown.currency].append(unknown)
    rows = [
        NotJudged(*key, sum(item.amount for item in items), tuple(sorted(items, key=lambda u: (-u.amount, u.document))))
        for key, items in grouped.items()
    ]
    return sorted(rows, key=lambda row: (-row.count, row.what, row.entity, row.currency))


def refusals(rejections: Iterable[Rejection]) -> list[Refusal]:
    """Refused rows with one reason as one entry; most rows first."""
    grouped: dict[tuple[str, str, str, str], list[int]] = defaultdict(list)
    for item in rejections:
        grouped[item.path, item.field, item.what, item.mend].append(item.line)
    rows = [Refusal(*key, tuple(sorted(lines))) for key, lines in grouped.items()]
    return sorted(rows, key=lambda row: (-len(row.lines), row.path, row.field, row.what))


def cause_findings(result: AuditResult) -> dict[str, list[Finding]]:
    """Cause key → its findings, dearest first."""
    grouped: dict[str, list[Finding]] = defaultdict(list)
    for finding in result.findings:
        if finding.cause:
            grouped[finding.cause].append(finding)
    return grouped


def sentence(result: AuditResult) -> str:
    """The result in one or two sentences: how much, and the dearest single cause."""
    verbs = {
        Group.LEAKAGE: "is leaking", Group.STUCK: "is stuck", Group.OVERSTATEMENT: "is overstated",
        Group.FUTURE: "is at risk in future",
    }  # fmt: skip
    totals = [(group, result.totals.get(group.value, 0)) for group in MONEY_GROUPS]
    parts = [f"{_money(result, amount)} {verbs[group]}" for group, amount in totals if amount]
    refused = sum(file.rejected for file in result.files)
    in_part = result.unknown or refused or not result.instances
    judged = "in what could be judged" if in_part else "in any of them"
    if not parts:
        money = "No money is at risk" if result.findings else "Nothing is wrong"
        text = f"As of {day_text(result.as_of)}, {plural(result.instances, 'instance')} evaluated. {money} {judged}."
    else:
        text = f"As of {day_text(result.as_of)}, {_listed(parts)}."
    counted = [cause for cause in result.causes if RISKS[Risk(cause.risk)].group is not Group.DIFFERENCE]
    top = max(counted, key=lambda cause: (cause.exposure_base, cause.findings), default=None)
    if parts and top is not None:
        text += f" {_dearest_cause(result, top)}"
    if result.unknown:
        text += f" The money of {plural(sum(u.count for u in result.unknown), 'document')} could not be judged."
    if refused:
        text += f" {refused:,} of {plural(sum(file.rows for file in result.files), 'row')} could not be read and are not in it."
    return text


def _dearest_cause(result: AuditResult, cause: Cause) -> str:
    money = _money(result, cause.exposure_base)
    return f"The dearest cause is “{cause.title}”: {plural(cause.findings, 'finding')}, {money}."


def _money(result: AuditResult, amount: int) -> str:
    return f"{format_amount(amount, result.base_currency)} {result.base_currency}"


def _listed(parts: list[str]) -> str:
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else parts[0]


def classes_of(group: Group) -> list[Risk]:
    """The classes that count in a group, in order of precedence."""
    return [risk for risk, row in RISKS.items() if row.group is group]
