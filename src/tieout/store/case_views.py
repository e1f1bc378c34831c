"""Cases as people read them: a page of a list, one case with its findings and its story, money at risk as it stands.

Whoever may not see every legal entity (``within``) sees, of a case of several, the share of theirs.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

import msgspec

from tieout.canon.faults import InputFault
from tieout.canon.finding import Group
from tieout.cases import Case
from tieout.process.findings import Valuation

from .case_rows import EventRow, decoded
from .connection import Connection
from .statements import sql

if TYPE_CHECKING:
    from tieout.policy import Policy

Within = Iterable[str] | None
"""Legal entities; None is all of them."""
Sort = Literal["worth", "due", "age", "closed"]
MOST = 500
"""Rows of a page at most."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which cases; what is not given does not matter."""

    state: Literal["current", "open", "snoozed", "accepted", "closed", "any"] = "current"
    """current: all that are not closed."""
    owner: str | None = None
    risk: str | None = None
    group: str | None = None
    severity: str | None = None
    assignee: str | None = None
    """Empty: nobody's."""
    customer: str | None = None
    document: str | None = None
    """The key of a document that is wrong or held up: ``invoice/billing/INV-7``."""
    least: int | None = None
    """Exposure, minor units of the base currency."""
    late_at: dt.datetime | None = None
    """Due before."""
    ids: tuple[int, ...] | None = None


class Page(msgspec.Struct, frozen=True):
    """Some cases of a list, and where it goes on."""

    cases: tuple[Case, ...]
    next: str
    """The cursor of the page after it; empty where there is none."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One case: what it is about and what happened to it."""

    case: Case
    is_whole: bool
    """False where it also holds findings of entities that the reader may not see: then only their share of it is shown."""
    findings: tuple[FindingRow, ...]
    """The dearest first."""
    more: bool
    """Whether there are more findings than these."""
    events: tuple[EventRow, ...]
    """The newest first."""


class FindingRow(msgspec.Struct, frozen=True):
    """One finding of a case."""

    risk: str
    subject: str
    period: str
    currency: str
    group: str
    entity: str
    customer: str
    exposure: int
    """Minor units of ``currency``, net."""
    tax: int
    since: dt.date | None
    deadline: dt.date | None
    variant: str
    why: str
    instances: list[str]
    """Flow and anchor of the instances that see it, ten at most."""


class Cell(msgspec.Struct, frozen=True):
    """Findings of one kind, in one currency."""

    group: str
    risk: str
    owner: str
    entity: str
    currency: str
    days: int
    """Their age: from so many days on; -1 where nobody knows since when."""
    findings: int
    exposure: int


class RiskLine(msgspec.Struct, frozen=True, kw_only=True):
    """Findings that have something in common."""

    name: str
    group: str
    findings: int
    exposure: int
    """Minor units of the base currency; each currency is added up and then converted."""


class RiskFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Money at risk as it stands: four totals, never added together, and what they are made of."""

    day: dt.date
    currency: str
    """The base currency."""
    totals: dict[str, int]
    by_class: tuple[RiskLine, ...]
    by_owner: tuple[RiskLine, ...]
    by_entity: tuple[RiskLine, ...]
    by_age: tuple[RiskLine, ...]
    without_rate: dict[str, int]
    """Currencies that no rate leads from → findings in them: they are in no amount."""


class QueueTimes(msgspec.Struct, frozen=True):
    """How old a queue's cases are, and how long they take. Hours from a case's opening, or from its coming back."""

    owner: str
    current: int
    """Cases that are not closed."""
    late: int
    """Open ones past their due time."""
    age_p50: float | None
    """Hours that half of the current ones have been there at most."""
    age_most: float | None
    """Hours that the oldest has been there."""
    resolved: int
    """Cases that healed within the time that is asked for."""
    resolved_in_time: int
    """Of those, the ones that healed before they were due."""
    took_p50: float | None
    """Hours that half of those took at most."""
    took_p90: float | None
    """Hours that nine in ten of those took at most."""


def list_cases(
    connection: Connection, wanted: Filter, sort: Sort = "worth", within: Within = None, after: str = "", most: int = 50
) -> Page:
    """A page of the cases that are wanted. Raises InputFault for a cursor that is none of ours."""
    most = max(1, min(most, MOST))
    sort = "closed" if wanted.state == "closed" else "worth" if sort == "closed" else sort
    limits = None if within is None else sorted(within)
    fields = {name: getattr(wanted, name) for name in wanted.__struct_fields__}
    fields["ids"] = None if wanted.ids is None else list(wanted.ids)
    place = _place(after, sort)
    parameters = {**fields, **place, "sort": sort, "within": limits, "most": most + 1}
    rows = connection.execute(sql("list_cases"), parameters, prepare=False).fetchall()
    cases = decoded(((text,) for text, _, _ in rows), Case)
    shown = [
        case if is_whole else msgspec.structs.replace(case, exposure=exposure)
        for case, (_, is_whole, exposure) in zip(cases, rows, strict=True)
    ]
    partly = [case.id for case, (_, is_whole, _) in zip(cases, rows, strict=True) if not is_whole]
    if partly and limits is not None:
        shares = _shares(connection, partly, limits)
        shown = [_share(case, shares.get(case.id, []), limits) if case.id in partly else case for case in shown]
    return Page(tuple(shown[:most]), _cursor(shown[most - 1], sort) if len(shown) > most else "")


def show_case(
    connection: Connection, id: int, within: Within = None, skip: int = 0, before: int | None = None, most: int = 100
) -> Shown | None:
    """A case, or the share of it that may be seen, with its findings from the ``skip``-th on and its events before event ``before``; None
    where there is nothing to see.
    """
    cases = list_cases(connection, Filter(state="any", ids=(id,)), within=within).cases
    if not cases:
        return None
    (case,) = cases
    (stored,) = decoded(connection.execute(sql("find_cases"), {"ids": [id]}), Case)
    is_whole = within is None or set(within).issuperset(stored.entities)
    most = max(1, min(most, MOST))
    findings = findings_of(connection, case, within, skip, most + 1)
    events = events_of(connection, id, before, most)
    if not is_whole:
        events = [_without_money(event) for event in events]
    return Shown(
        case=case, is_whole=is_whole, findings=tuple(findings[:most]), more=len(findings) > most, events=tuple(events)
    )


def _without_money(event: EventRow) -> EventRow:
    """An event of a case of which somebody sees a share only: what all of it came to is not theirs to know."""
    kept = [
        {name: value for name, value in fields.items() if name not in ("exposure", "findings")}
        for fields in (event.before, event.after)
    ]
    return msgspec.structs.replace(event, before=kept[0], after=kept[1])


def findings_of(
    connection: Connection, case: Case, within: Within = None, skip: int = 0, most: int = 100
) -> list[FindingRow]:
    """The findings of a case, the dearest first."""
    parameters = {"key": case.key, "within": None if within is None else sorted(within), "skip": skip, "most": most}
    rows = connection.execute(sql("findings_of_case"), parameters, prepare=False).fetchall()
    return [FindingRow(*row) for row in rows]


def events_of(connection: Connection, id: int, before: int | None = None, most: int = 100) -> list[EventRow]:
    """What happened to a case, the newest first."""
    return decoded(connection.execute(sql("events_of_case"), {"id": id, "before": before, "most": most}), EventRow)


def risk_as_it_stands(connection: Connection, policy: Policy, day: dt.date, within: Within = None) -> RiskFigures:
    """Money at risk by class, owner, entity and age, in the base currency at the policy's latest rates."""
    parameters = {"day": day, "within": None if within is None else sorted(within)}
    cells = [Cell(*row) for row in connection.execute(sql("risk_as_it_stands"), parameters, prepare=False)]
    currencies = {cell.currency for cell in cells}
    base = policy.base_currency or (min(currencies) if len(currencies) == 1 else "")
    valuation = Valuation(policy, day, base)

    def lines(name: Callable[[Cell], str]) -> tuple[RiskLine, ...]:
        return _lines(cells, name, valuation)

    totals = {group.value: 0 for group in Group if group is not Group.OVERLAY}
    totals |= {line.group: line.exposure for line in lines(lambda cell: cell.group) if line.group in totals}
    without = {
        code: sum(c.findings for c in cells if c.currency == code)
        for code in sorted(currencies)
        if valuation.of(1, code) is None
    }
    return RiskFigures(
        day=day, currency=base, totals=totals, by_class=lines(lambda cell: cell.risk), by_owner=lines(lambda cell: cell.owner),
        by_entity=lines(lambda cell: cell.entity), by_age=lines(lambda cell: _AGES[cell.days]), without_rate=without,
    )  # fmt: skip


_AGES = {
    -1: "unknown",
    0: "up to 7 days",
    8: "8 to 30 days",
    31: "31 to 90 days",
    91: "91 days to a year",
    366: "over a year",
}


def times_of_queues(
    connection: Connection, since: dt.datetime, now: dt.datetime, within: Within = None
) -> list[QueueTimes]:
    """How fast each queue resolves its cases: of those that are not closed by now, and of those that were closed since."""
    parameters = {"since": since, "now": now, "within": None if within is None else sorted(within)}
    return [QueueTimes(*row) for row in connection.execute(sql("times_of_queues"), parameters, prepare=False)]


def _lines(cells: list[Cell], name: Callable[[Cell], str], valuation: Valuation) -> tuple[RiskLine, ...]:
    """Cells by name and group, the dearest first."""
    amounts: dict[tuple[str, str], dict[str, int]] = {}
    counts: dict[tuple[str, str], int] = {}
    for cell in cells:
        place = (name(cell), cell.group)
        by_currency = amounts.setdefault(place, {})
        by_currency[cell.currency] = by_currency.get(cell.currency, 0) + cell.exposure
        counts[place] = counts.get(place, 0) + cell.findings
    found = [
        RiskLine(
            name=named, group=group, findings=counts[named, group],
            exposure=sum(valuation.of(amount, currency) or 0 for currency, amount in by_currency.items()),
        )
        for (named, group), by_currency in amounts.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda line: (-line.exposure, -line.findings, line.name, line.group)))


class Share(msgspec.Struct, frozen=True):
    """What of a case is one entity's."""

    case_id: int
    entity: str
    findings: int
    by_group: dict[str, int]
    amounts: dict[str, dict[str, int]]


def _shares(connection: Connection, ids: list[int], within: list[str]) -> dict[int, list[Share]]:
    found: dict[int, list[Share]] = {}
    for row in connection.execute(sql("shares_of_cases"), {"ids": ids, "within": within}):
        found.setdefault(row[0], []).append(Share(*row))
    return found


def _share(case: Case, shares: list[Share], within: list[str]) -> Case:
    """The case with what of it may be seen; its exposure is that already."""
    by_group: dict[str, int] = {}
    amounts: dict[str, dict[str, int]] = {}
    for share in shares:
        for group, amount in share.by_group.items():
            by_group[group] = by_group.get(group, 0) + amount
        for group, parts in share.amounts.items():
            by_currency = amounts.setdefault(group, {})
            for currency, amount in parts.items():
                by_currency[currency] = by_currency.get(currency, 0) + amount
    findings = sum(share.findings for share in shares)
    return msgspec.structs.replace(
        case, entities=tuple(entity for entity in case.entities if entity in within), findings=findings, documents=findings,
        by_group=by_group, amounts=amounts,
    )  # fmt: skip


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    sort: str
    at: int | dt.datetime
    id: int


def _cursor(case: Case, sort: Sort) -> str:
    at = case.exposure if sort == "worth" else {"due": case.due_at, "age": case.opened_at}.get(sort, case.closed_at)
    assert at is not None
    return base64.urlsafe_b64encode(msgspec.json.encode(_Cursor(sort, at, case.id))).decode().rstrip("=")


def _place(cursor: str, sort: Sort) -> dict[str, object]:
    """Where a page begins, as the statement takes it."""
    if not cursor:
        return {"after_id": None, "after_number": None, "after_time": None}
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=_Cursor)
    except ValueError:
        found = None
    if found is None or found.sort != sort or isinstance(found.at, int) != (sort == "worth"):
        raise InputFault(
            "not a cursor of this list", where="after", mend="use `next` of the page before, with the same sort"
        )
    number, time = (found.at, None) if isinstance(found.at, int) else (None, found.at)
    return {"after_id": found.id, "after_number": number, "after_time": time}
