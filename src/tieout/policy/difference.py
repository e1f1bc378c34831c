"""Two policies in words: every decision as a sentence's subject and predicate, and what differs between two of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby

import msgspec

from tieout.canon.documents import AccountingPeriod

from .casework import CaseRules
from .crosswalk import CrosswalkRow
from .policy import Policy
from .rates import FxRate
from .rules import Entity, Rules

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One decision that differs; empty ``before`` or ``after``: it was not there, or is no longer."""

    about: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"{self.about}: now {self.after}"
        if not self.after:
            return f"{self.about}: no longer {self.before}"
        return f"{self.about}: {self.after}, was {self.before}"


def differences(before: Policy, after: Policy) -> tuple[Change, ...]:
    """What ``after`` decides otherwise than ``before``, by subject; nothing where they are equal."""
    old, new = decisions(before), decisions(after)
    changed = [about for about in sorted({*old, *new}) if old.get(about) != new.get(about)]
    listed = [Change(about=about, before=old.get(about, ""), after=new.get(about, "")) for about in changed]
    return tuple(sorted(_shortened(listed), key=lambda change: change.about))


_YEARS = re.compile(r"holidays (\d{4}) in (.+)")
_FEW = 3


def _shortened(changes: list[Change]) -> Iterator[Change]:
    """Holidays of many years that all come, or all go, in one: a calendar is a page long and says one thing."""
    calendars: dict[tuple[str, bool], list[Change]] = {}
    for change in changes:
        match = _YEARS.fullmatch(change.about)
        if match is None or (change.before and change.after):
            yield change
        else:
            calendars.setdefault((match[2], bool(change.after)), []).append(change)
    for (entity, comes), years in calendars.items():
        if len(years) <= _FEW:
            yield from years
            continue
        first, last = years[0].about.split()[1], years[-1].about.split()[1]
        days = sum((change.after or change.before).count(",") + 1 for change in years)
        words = f"{days:,} days from {first} to {last}"
        yield Change(about=f"holidays in {entity}", before="" if comes else words, after=words if comes else "")


def decisions(policy: Policy) -> dict[str, str]:
    """Every decision of a policy: what it is about → what was decided. What holds for all is not repeated by entity."""
    found = {"base currency": policy.base_currency} if policy.base_currency else {}
    for system, role in policy.systems.items():
        found[f"role of {system}"] = role
    found.update(_rules(policy.rules, None, ""))
    for name, entity in policy.entities.items():
        found.update(_entity(name, entity))
        found.update(_rules(entity.rules, policy.rules, f" in {name}"))
    for field, owner in policy.ownership.items():
        found[f"owner of {field}"] = owner
    for table, codes in policy.crosswalks.items():
        found[f"crosswalk {table}"] = f"declared, {codes.match}"
        for row in codes.rows:
            found[_row(table, row)] = row.target
    if policy.inverse_rates:
        found["rates"] = "may be turned round"
    found.update(_rate(rate) for rate in policy.rates)
    for period in policy.periods:
        found.update(_period(period))
    return found


def _entity(name: str, entity: Entity) -> Iterator[tuple[str, str]]:
    for field, words in (
        ("name", entity.name),
        ("region", entity.region),
        ("functional currency", entity.functional_currency),
        ("time zone", entity.time_zone),
        ("days off", ", ".join(_WEEKDAYS[day] for day in entity.weekend)),
        ("office hours", " to ".join(f"{time:%H:%M}" for time in entity.office_hours)),
        ("fiscal year", f"from month {entity.fiscal.first_month}, {entity.fiscal.weeks or 'by months'}"),
    ):
        if words:
            yield f"{field} of {name}", words
    for year, days in groupby(entity.holidays, key=lambda day: day.year):
        yield f"holidays {year} in {name}", ", ".join(f"{day:%m-%d}" for day in days)


def _rules(rules: Rules, beneath: Rules | None, place: str) -> Iterator[tuple[str, str]]:
    """What the rules say; of an entity's only what differs from everyone's."""
    everyone = {} if beneath is None else dict(_said(beneath))
    for about, words in _said(rules):
        if everyone.get(about) != words:
            yield f"{about}{place}", words
    for about in everyone.keys() - dict(_said(rules)).keys():
        yield f"{about}{place}", "not decided"


def _said(rules: Rules) -> Iterator[tuple[str, str]]:
    for name, amount in rules.tolerances.items():
        yield f"tolerance {name}", f"{amount} minor unit{'' if amount == 1 else 's'} a line"
    for step, duration in rules.durations.items():
        yield f"time for {step}", str(duration)
    for risk, owner in rules.owners.items():
        yield f"owner of {risk}", owner
    for what, mode in rules.modes.items():
        yield f"mode of {'everything' if what == '*' else what}", mode
    posting = rules.posting
    yield (
        "invoices of a period's last day",
        "may go to the next" if posting.month_end_to_next else "stay in their period",
    )
    for role, number in posting.accounts.items():
        yield f"account for {role}", number
    for field, words in (
        ("subsidiary", posting.subsidiary),
        ("required dimensions", ", ".join(posting.dimensions)),
        ("tax codes", ", ".join(posting.tax_codes)),
        ("invoice numbers", posting.sequence.text(1) if posting.sequence else ""),
    ):
        if words:
            yield field, words
    yield from _casework(rules.cases)


def _casework(cases: CaseRules) -> Iterator[tuple[str, str]]:
    for name, duration in cases.within.items():
        severity, _, risk = name.partition(".")
        yield f"time for {severity} cases{f' of {risk}' if risk else ''}", str(duration)
    for severity, whole in cases.least.items():
        yield f"a case is {severity}", f"from {whole} of the base currency"
    usual = CaseRules()
    if cases.near != usual.near:
        yield "a case's deadline is near", f"within {cases.near}"
    if (cases.escalate_to, cases.escalate_after) != (usual.escalate_to, usual.escalate_after):
        yield "late cases are escalated to", f"{', '.join(cases.escalate_to) or 'nobody'}, {cases.escalate_after} apart"
    for queue, people in cases.queues.items():
        yield f"queue {queue} is worked by", ", ".join(people) or "nobody"


def _row(table: str, row: CrosswalkRow) -> str:
    place = f" in {row.entity}" if row.entity else ""
    return f"crosswalk {table}: {row.code}{place} {row.span}"


def _rate(rate: FxRate) -> tuple[str, str]:
    value = Decimal(rate.rate.numerator) / Decimal(rate.rate.denominator)
    return f"rate {rate.currency} to {rate.to} on {rate.on}", f"{value:.10g}" + (
        f" ({rate.source})" if rate.source else ""
    )


def _period(period: AccountingPeriod) -> Iterator[tuple[str, str]]:
    if period.ar_locked_on is not None:
        yield f"receivables of {period.period} in {period.entity or 'every entity'}", f"locked on {period.ar_locked_on}"
    if period.start_on is not None and period.end_on is not None:
        yield f"period {period.period} in {period.entity or 'every entity'}", f"{period.start_on} to {period.end_on}"
