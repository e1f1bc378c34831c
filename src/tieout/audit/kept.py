"""The figures of a result that are kept: bridge, totals by class, key figures; and how two of them differ, to the cent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from tieout.canon.finding import PRECEDENCE, Group, Risk

from .result import AuditResult, BridgeRow, Kpi


class ClassTotal(msgspec.Struct, frozen=True):
    """What is found of one class in one entity and currency; minor units."""

    risk: str
    entity: str
    currency: str
    findings: int
    exposure: int
    tax: int


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Whole-company figures as of the end of a day. The same documents, policy and code give the same bytes."""

    as_of: dt.date
    period: str
    """Of the bridge: ``2026-06``, or ``2025-07 – 2026-06``."""
    entities: tuple[str, ...]
    base_currency: str
    totals: dict[str, int]
    """Group → minor units of the base currency."""
    classes: tuple[ClassTotal, ...]
    bridge: tuple[BridgeRow, ...]
    kpis: tuple[Kpi, ...]
    instances: int
    documents: dict[str, int]
    """Type → how many documents they are made of."""

    def encode(self) -> bytes:
        """As they are kept, and hashed."""
        return msgspec.json.encode(self, order="deterministic")

    @classmethod
    def decode(cls, content: bytes) -> Figures:
        """From what was kept."""
        return msgspec.json.decode(content, type=cls)


def figures_of(result: AuditResult, documents: dict[str, int]) -> Figures:
    """What of a result is kept; ``documents`` is how many of each type it is of."""
    return Figures(
        as_of=result.as_of, period=result.bridge[0].period if result.bridge else "", entities=result.entities,
        base_currency=result.base_currency, totals=result.totals, classes=tuple(_classes(result)), bridge=result.bridge,
        kpis=result.kpis, instances=result.instances, documents=documents,
    )  # fmt: skip


def _classes(result: AuditResult) -> Iterable[ClassTotal]:
    sums: dict[tuple[int, str, str, str], list[int]] = {}
    for finding in result.findings:
        place = (PRECEDENCE[finding.risk], finding.risk.value, finding.entity, finding.currency)
        summed = sums.setdefault(place, [0, 0, 0])
        for at, amount in enumerate((1, finding.exposure, finding.tax)):
            summed[at] += amount
    for (_, risk, entity, currency), summed in sorted(sums.items()):
        yield ClassTotal(risk, entity, currency, *summed)


class Cell(NamedTuple):
    """One amount of the figures."""

    part: str
    """``total``, ``class`` or ``bridge``."""
    name: str
    entity: str
    currency: str


Difference = dict[Cell, int]
"""What an amount is more or less; minor units. Amounts that are the same are not in it."""


def cells(figures: Figures) -> Difference:
    """Every amount of the figures that is not 0."""
    found: Difference = {}
    for group in Group:
        if amount := figures.totals.get(group.value, 0):
            found[Cell("total", group.value, "", figures.base_currency)] = amount
    for one in figures.classes:
        found[Cell("class", one.risk, one.entity, one.currency)] = one.exposure
    for row in figures.bridge:
        place = f"{row.row} in the books" if row.basis == "functional" else row.row
        ends = ((row.from_name, row.from_total), *((line.name, line.amount) for line in row.lines))
        for name, amount in (*ends, ("unexplained", row.unexplained), (row.to_name, row.to_total)):
            cell = Cell("bridge", f"{place}: {name}", row.entity, row.currency)
            found[cell] = found.get(cell, 0) + amount
    return {cell: amount for cell, amount in found.items() if amount}


def difference(before: Figures, after: Figures) -> Difference:
    """What each amount is more (less, where negative) afterwards, in the order of `cells`."""
    old, new = cells(before), cells(after)
    places = {cell: n for n, cell in enumerate(dict.fromkeys((*old, *new)))}
    found = {cell: amount for cell in places if (amount := new.get(cell, 0) - old.get(cell, 0))}
    return dict(sorted(found.items(), key=lambda one: (*_order(one[0]), places[one[0]])))


def _order(cell: Cell) -> tuple[int, int | str, str, str]:
    """Totals first, classes as they take precedence, and the lines of a row together."""
    if cell.part == "total":
        return 0, list(Group).index(Group(cell.name)), "", ""
    if cell.part == "class":
        return 1, PRECEDENCE[Risk(cell.name)], cell.entity, cell.currency
    return 2, cell.name.partition(":")[0], cell.entity, cell.currency
