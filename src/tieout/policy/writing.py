"""A policy as the tables that it could be read from: what `parse` makes of them is the same policy again.

What was decided by region stands with each entity of the region, and what a file left to the defaults is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from .casework import CaseRules
from .crosswalk import Codes
from .duration import Duration
from .parsing import WEEKDAYS
from .policy import Policy
from .posting import PostingRules
from .rates import FxRate
from .rules import Entity, Rules

Tables = dict[str, Any]


def tables(policy: Policy) -> Tables:
    """Plain values by table and key; accounting periods are no part of it."""
    found: Tables = {"audit": {"base_currency": policy.base_currency}} if policy.base_currency else {}
    found["systems"] = {name: {"role": role} for name, role in policy.systems.items()}
    found["entities"] = {name: _entity(entity) for name, entity in policy.entities.items()}
    for name, written in _LAYERED.items():
        found[name] = _layers(policy, written)
    found["ownership"] = _nested(policy.ownership)
    found["crosswalks"] = [_crosswalk(name, codes) for name, codes in policy.crosswalks.items()]
    found["fx"] = _fx(policy)
    return {name: table for name, table in found.items() if table}


def laid_over(before: Mapping[str, Any], tables: Mapping[str, Any]) -> Tables:
    """The tables of a policy with those that are given in the place of theirs.

    What is kept of a table for an entity or a region that the new ``entities`` do not have is left out.
    """
    found = {**before, **tables}
    entities = found.get("entities")
    if "entities" not in tables or not isinstance(entities, Mapping):
        return found
    regions = {entity.get("region") for entity in entities.values() if isinstance(entity, Mapping)}
    for name in _LAYERED.keys() - tables.keys():
        if table := found.get(name):
            kept = {key: value for key, value in table.items() if key not in ("entity", "region")}
            for layer, known in (("entity", entities), ("region", regions)):
                kept[layer] = {key: value for key, value in table.get(layer, {}).items() if key in known}
            found[name] = kept
    return found


def _entity(entity: Entity) -> Tables:
    fiscal, usual = entity.fiscal, Entity()
    found: Tables = {
        "name": entity.name, "region": entity.region, "functional_currency": entity.functional_currency,
        "time_zone": entity.time_zone if entity.time_zone != usual.time_zone else "", "holidays": list(entity.holidays),
    }  # fmt: skip
    if entity.weekend != usual.weekend:
        found["weekend"] = [WEEKDAYS[day] for day in entity.weekend]
    if entity.office_hours != usual.office_hours:
        found["office_hours"] = [f"{time:%H:%M:%S}" for time in entity.office_hours]
    if fiscal != usual.fiscal:
        found["fiscal_year_starts"] = fiscal.first_month
        found["fiscal_weeks"] = fiscal.weeks
        found["fiscal_year_ends"] = WEEKDAYS[fiscal.year_end]
    return {key: value for key, value in found.items() if value}


def _layers(policy: Policy, written: Callable[[Rules], Tables]) -> Tables:
    """A table of layers: what holds for all, and whole what holds in an entity where that is something else.

    An entity that decided nothing holds what all hold, so it is left out.
    """
    general = written(policy.rules)
    found = general if general != written(Rules()) else {}
    by_entity = {name: own for name, entity in policy.entities.items() if (own := written(entity.rules)) != general}
    return {**found, "entity": by_entity} if by_entity else found


def _tolerances(rules: Rules) -> Tables:
    return dict(rules.tolerances)


def _owners(rules: Rules) -> Tables:
    return dict(rules.owners)


def _within(rules: Rules) -> Tables:
    found: Tables = {}
    for step, duration in rules.durations.items():
        flow, _, name = step.partition(".")
        found.setdefault(flow, {})[name] = str(duration)
    return found


def _modes(rules: Rules) -> Tables:
    found: Tables = {}
    for what, mode in sorted(rules.modes.items()):
        flow, _, risk = what.partition(".")
        if what == "*":
            found["default"] = mode
        else:
            found.setdefault(flow, {})[risk or "default"] = mode
    return found


def _posting(rules: Rules) -> Tables:
    posting: PostingRules = rules.posting
    found: Tables = {
        "month_end_to_next": posting.month_end_to_next, "subsidiary": posting.subsidiary,
        "dimensions": list(posting.dimensions), "tax_codes": list(posting.tax_codes), "accounts": dict(posting.accounts),
    }  # fmt: skip
    if posting.sequence is not None:
        found["sequence"] = {"prefix": posting.sequence.prefix, "digits": posting.sequence.digits}
    return found


def _cases(rules: Rules) -> Tables:
    cases: CaseRules = rules.cases
    return {
        "near": str(cases.near), "escalate_after": str(cases.escalate_after), "escalate_to": list(cases.escalate_to),
        "severity": dict(cases.least), "queues": {queue: list(people) for queue, people in cases.queues.items()},
        "within": _times(cases.within),
    }  # fmt: skip


def _times(within: Mapping[str, Duration]) -> Tables:
    found: Tables = {}
    for name, duration in within.items():
        severity, _, risk = name.partition(".")
        found.setdefault(severity, {})[risk or "default"] = str(duration)
    return found


_LAYERED: dict[str, Callable[[Rules], Tables]] = {
    "tolerances": _tolerances, "within": _within, "owners": _owners, "modes": _modes, "posting": _posting, "cases": _cases,
}  # fmt: skip
"""Table → how it is written for one entity or for all."""


def _nested(ownership: Mapping[str, str]) -> Tables:
    """A type is written as a word, or by its fields where these are told apart."""
    found: Tables = {}
    for field, role in ownership.items():
        type_, _, name = field.partition(".")
        if name:
            found.setdefault(type_, {})[name] = role
        else:
            found[type_] = role
    return found


def _crosswalk(name: str, codes: Codes) -> Tables:
    rows = []
    for row in codes.rows:
        written = {"code": row.code, "target": row.target, "from": row.from_on, "to": row.to_on, "entity": row.entity}
        rows.append({key: value for key, value in written.items() if value})
    return {"table": name, "match": codes.match, "rows": rows}


def _fx(policy: Policy) -> Tables:
    if not policy.rates and not policy.inverse_rates:
        return {}
    return {"inverse": policy.inverse_rates, "rows": [*map(_rate, policy.rates)]}


def _rate(rate: FxRate) -> Tables:
    value = Decimal(rate.rate.numerator) / Decimal(rate.rate.denominator)
    written = {"currency": rate.currency, "to": rate.to, "rate": f"{value:f}", "on": rate.on, "source": rate.source}
    return {key: value for key, value in written.items() if value}
