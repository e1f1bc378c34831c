"""The policy tables of ``audit.toml``, checked key by key. Reference of every key: docs/policy.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec

from tieout.canon.faults import InputFault, nearest
from tieout.canon.fiscal import FiscalCalendar, Weeks
from tieout.canon.money import exponent

from . import casework, layers
from .crosswalk import Match
from .holidays import holiday_dates
from .policy import Policy
from .posting import PostingRules
from .roles import ROLES
from .rules import Entity, Rules
from .table import Table

TABLES = (
    "systems", "entities", "tolerances", "within", "owners", "modes", "ownership", "posting", "crosswalks", "fx",
    "cases",
)  # fmt: skip
"""The tables that make a policy."""
OTHERS = ("audit", "files", "logs", "complete")
"""Tables of the same file that say what to read; of these only ``audit.base_currency`` matters here."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def parse(tables: Mapping[str, Any], where: str, flows: layers.Flows | None = None) -> Policy:
    """A policy from the TOML tables of a file called ``where``.

    Crosswalks and rates that name a ``path`` are declared by this and filled by `Policy.with_crosswalk` and
    `Policy.with_rates`, since nothing here reads files. Names of flows and steps are checked where ``flows`` are given.
    Raises MappingFault with file, key, what is wrong and the nearest valid name.
    """
    top = Table(tables, where)
    audit = top.table("audit")
    for other in OTHERS[1:]:
        top.take(other)
    systems = _systems(top.table("systems"))
    known = _entities(top.table("entities"))
    regions = {entity.region for entity in known.values() if entity.region}
    decided = {
        name: layers.Layers(top.table(name), read, known, regions)
        for name, read in (
            ("tolerances", layers.tolerances), ("within", layers.durations(flows)), ("owners", layers.owners),
            ("modes", layers.modes(flows)), ("posting", layers.posting), ("cases", casework.read),
        )
    }  # fmt: skip
    policy = Policy(
        base_currency=_currency(audit, "base_currency"),
        systems=systems,
        rules=_rules(decided, "", ""),
        entities={
            name: msgspec.structs.replace(entity, rules=_rules(decided, name, entity.region))
            for name, entity in known.items()
        },
        ownership=layers.ownership(top.table("ownership"), {*ROLES, *systems.values()}),
    )
    policy = _with_crosswalks(policy, top, where)
    policy = _with_rates(policy, top.table("fx"), where)
    top.finish()
    return policy


def _systems(table: Table) -> dict[str, str]:
    found = {}
    for name in table.rest():
        system = table.table(name)
        found[name] = system.choice("role", ROLES, name)
        system.finish()
    return found


def _entities(table: Table) -> dict[str, Entity]:
    found = {}
    for name in table.rest():
        entity = table.table(name)
        found[name] = Entity(
            name=entity.text("name"),
            region=entity.text("region"),
            functional_currency=_currency(entity, "functional_currency"),
            time_zone=_time_zone(entity, "time_zone"),
            holidays=_holidays(entity, "holidays"),
            weekend=_weekend(entity, "weekend"),
            office_hours=_office_hours(entity, "office_hours"),
            fiscal=_fiscal(entity),
        )
        entity.finish()
    return found


def _rules(decided: dict[str, layers.Layers], entity: str, region: str) -> Rules:
    said = {name: found.of(entity, region) for name, found in decided.items()}
    return Rules(
        tolerances=said["tolerances"], durations=said["within"], owners=said["owners"], modes=said["modes"],
        posting=PostingRules(**said["posting"]), cases=casework.rules(said["cases"]),
    )  # fmt: skip


def _currency(table: Table, key: str) -> str:
    code = table.text(key)
    if code:
        try:
            exponent(code)
        except InputFault as fault:
            table.fault(key, fault.what, fault.mend)
    return code


def _time_zone(table: Table, key: str) -> str:
    name = table.text(key, "UTC")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        mend = nearest(name, available_timezones()) or "use a name such as Europe/Berlin"
        table.fault(key, f"{name!r} is not a time zone", mend)
    return name


def _holidays(table: Table, key: str) -> tuple[dt.date, ...]:
    """A code of `holiday_dates`, or a list of codes and days."""
    value = table.take(key)
    if value is None:
        return ()
    found: set[dt.date] = set()
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str) and not item[:4].isdigit():
            found.update(holiday_dates(item, table.place(key)))
        else:
            found.add(table.as_day(key, item))
    return tuple(sorted(found))


def _weekend(table: Table, key: str) -> tuple[int, ...]:
    names = table.texts(key)
    if key not in table.values:
        names = WEEKDAYS[5:]
    days = {_weekday(table, key, name) for name in names}
    if len(days) == 7:
        table.fault(key, "no day is left to work on", "name the days without work only")
    return tuple(sorted(days))


def _weekday(table: Table, key: str, name: str) -> int:
    if name.lower() not in WEEKDAYS:
        mend = nearest(name.lower(), WEEKDAYS) or f"one of {', '.join(WEEKDAYS)}"
        table.fault(key, f"{name!r} is not a weekday", mend)
    return WEEKDAYS.index(name.lower())


def _office_hours(table: Table, key: str) -> tuple[dt.time, dt.time]:
    texts = table.texts(key) or ("09:00", "17:00")
    try:
        opens, closes = (dt.time.fromisoformat(text) for text in texts)
    except ValueError:
        table.fault(key, f"{list(texts)!r} is not an opening and a closing time", 'write ["09:00", "17:00"]')
    if opens >= closes:
        table.fault(key, f"it closes at {texts[1]}, before it opens at {texts[0]}", "swap the times")
    return opens, closes


def _fiscal(table: Table) -> FiscalCalendar:
    month = table.integer("fiscal_year_starts", 1, least=1, most=12)
    weeks = table.choice("fiscal_weeks", ("4-4-5", "4-5-4", "5-4-4"))
    weekday = _weekday(table, "fiscal_year_ends", table.text("fiscal_year_ends", "saturday"))
    return FiscalCalendar(first_month=month, weeks=cast(Weeks, weeks), year_end=weekday)


def _with_crosswalks(policy: Policy, top: Table, where: str) -> Policy:
    for entry in top.tables("crosswalks"):
        name = entry.text("table", None)
        match = entry.choice("match", ("exact", "loose"), "exact")
        rows, path = entry.take("rows"), entry.text("path")
        if rows is not None and path:
            entry.fault("rows", "given beside a path", "keep one of them")
        if rows is not None and not isinstance(rows, list):
            entry.fault("rows", "not a list", 'write rows = [ { code = "…", target = "…" } ]')
        if name in policy.crosswalks and policy.crosswalks[name].match != match:
            entry.fault("match", f"crosswalk {name!r} is {policy.crosswalks[name].match} above", "say the same here")
        if path:
            entry.rest()  # how the file is written is for whoever reads it to check
        entry.finish()
        policy = policy.with_crosswalk(name, rows or [], where, cast(Match, match))
    return policy


def _with_rates(policy: Policy, table: Table, where: str) -> Policy:
    rows, source = table.take("rows"), table.text("source")
    inverse = table.flag("inverse", False)
    if table.text("path"):
        table.rest()
    if rows is not None and not isinstance(rows, list):
        table.fault(
            "rows", "not a list", 'write rows = [ { currency = "USD", to = "EUR", rate = 0.92, on = 2026-06-01 } ]'
        )
    table.finish()
    return msgspec.structs.replace(policy, inverse_rates=inverse).with_rates(rows or [], where, source)
