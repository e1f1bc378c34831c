"""What the evaluation of many instances adds up to: findings whole, everything else as sums that can be merged."""

from __future__ import annotations

import datetime as dt
import heapq
from array import array
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tieout.canon.finding import Finding, Position
from tieout.process.definition import Flow
from tieout.process.evaluate import Judged
from tieout.process.verdict import Unknown

MOST_DOCUMENTS = 20
"""How many of a line's dearest documents are kept beside its sum."""


class Line:
    """One bridge line: cumulative sums at the start and the end of the period, and what moved it most."""

    __slots__ = ("before", "booked", "count", "end", "functional", "functional_before", "top")

    def __init__(self) -> None:
        self.end = self.before = self.functional = self.functional_before = self.count = 0
        self.booked = True
        """Whether every position has a functional amount."""
        self.top: list[tuple[int, str, int]] = []

    def moved(self, amount: int, document: str) -> None:
        """Count a document's movement, and remember it if it is among the dearest."""
        self.count += 1
        size, top = abs(amount), self.top
        if len(top) < MOST_DOCUMENTS or size >= top[0][0]:
            self._remember((size, document, amount))

    def merge(self, other: Line) -> None:
        """Add another process's sums."""
        self.end += other.end
        self.before += other.before
        self.functional += other.functional
        self.functional_before += other.functional_before
        self.booked = self.booked and other.booked
        self.count += other.count
        for found in other.top:
            self._remember(found)

    def _remember(self, found: tuple[int, str, int]) -> None:
        if len(self.top) < MOST_DOCUMENTS:
            heapq.heappush(self.top, found)
        elif found > self.top[0]:
            heapq.heapreplace(self.top, found)


class StepCount:
    """How many instances a step applies to, and how far they are."""

    __slots__ = ("due", "late", "reached", "unknown")

    def __init__(self) -> None:
        self.reached = self.due = self.late = self.unknown = 0


class Numbers:
    """Observations of one measure: their numbers (for percentiles), amounts and count."""

    __slots__ = ("amount", "count", "numbers")

    def __init__(self) -> None:
        self.count = self.amount = 0
        self.numbers = array("d")


class Gathered:
    """The running result of one process; `merge` adds another's."""

    def __init__(self) -> None:
        self.instances = 0
        self.findings: list[Finding] = []
        self.lines: dict[tuple[str, str, str, str], Line] = {}
        self.steps: dict[tuple[str, str], StepCount] = {}
        self.edges: dict[tuple[str, str, str], array[float]] = {}
        """Hours between two steps that were both reached."""
        self.waiting: dict[tuple[str, str, str], array[float]] = {}
        """Hours since the step before, of those that still wait for the step."""
        self.measures: dict[tuple[str, str, str, str], Numbers] = {}
        self.unknown: dict[tuple[str, str, str], Unknown] = {}

    def add(self, flow: type[Flow], judged: Judged, earlier: Judged | None = None) -> None:
        """Take in one evaluation as of the end of the period, and the same instance's as of the day before it."""
        self.instances += 1
        outcome = judged.outcome
        if outcome.findings:
            self.findings.extend(outcome.findings)
        self._positions(outcome.positions, earlier.outcome.positions if earlier is not None else [])
        for found in outcome.unknown:
            self._unknown(found)
        for measure in outcome.measures:
            numbers = self._numbers((measure.name, measure.entity, measure.currency, measure.key))
            numbers.count += 1
            numbers.amount += measure.amount
            if measure.number is not None:
                numbers.numbers.append(measure.number)
        if judged.reached:
            self._steps(flow, judged)

    def merge(self, other: Gathered) -> None:
        """Add what another process gathered."""
        self.instances += other.instances
        self.findings.extend(other.findings)
        for key, line in other.lines.items():
            self.lines.setdefault(key, Line()).merge(line)
        for step, counted in other.steps.items():
            mine = self.steps.setdefault(step, StepCount())
            mine.reached += counted.reached
            mine.due += counted.due
            mine.late += counted.late
            mine.unknown += counted.unknown
        for mine_of, others in ((self.edges, other.edges), (self.waiting, other.waiting)):
            for edge, hours in others.items():
                mine_of.setdefault(edge, array("d")).extend(hours)
        for name, numbers in other.measures.items():
            known = self._numbers(name)
            known.count += numbers.count
            known.amount += numbers.amount
            known.numbers.extend(numbers.numbers)
        for found in other.unknown.values():
            self._unknown(found)

    def _positions(self, positions: list[Position], earlier: list[Position]) -> None:
        """Add cumulative positions, and count as moved what a document's positions of one line come to since the period began."""
        moved: dict[tuple[str, str, str, str, str], int] = {}
        for position in positions:
            line = self._line(position)
            line.end += position.amount
            if position.functional is None:
                line.booked = False
            else:
                line.functional += position.functional
            place = (position.row, position.line, position.entity, position.currency, position.document)
            moved[place] = moved.get(place, 0) + position.amount
        for position in earlier:
            line = self._line(position)
            line.before += position.amount
            if position.functional is None:
                line.booked = False
            else:
                line.functional_before += position.functional
            place = (position.row, position.line, position.entity, position.currency, position.document)
            moved[place] = moved.get(place, 0) - position.amount
        for (row, name, entity, currency, document), amount in moved.items():
            if amount:
                self.lines[row, name, entity, currency].moved(amount, document)

    def _line(self, position: Position) -> Line:
        key = (position.row, position.line, position.entity, position.currency)
        found = self.lines.get(key)
        if found is None:
            found = self.lines[key] = Line()
        return found

    def _numbers(self, key: tuple[str, str, str, str]) -> Numbers:
        found = self.measures.get(key)
        if found is None:
            found = self.measures[key] = Numbers()
        return found

    def _unknown(self, found: Unknown) -> None:
        key = (found.what, found.entity, found.currency)
        known = self.unknown.get(key)
        if known is None:
            self.unknown[key] = found
        else:
            self.unknown[key] = Unknown(
                what=known.what, document=min(known.document, found.document), entity=known.entity,
                currency=known.currency, amount=known.amount + found.amount, count=known.count + found.count,
            )  # fmt: skip

    def _steps(self, flow: type[Flow], judged: Judged) -> None:
        reached = judged.reached
        for i, (key, edges) in enumerate(_keys(flow)):  # type: ignore[arg-type]  # a class is hashable
            if not judged.applies[i]:
                continue
            counted = self.steps.get(key)
            if counted is None:
                counted = self.steps[key] = StepCount()
            at = reached[i]
            hours_of = self.edges
            if at is not None:
                counted.reached += 1
            else:
                at, hours_of = judged.now, self.waiting
                if not judged.known[i]:
                    counted.unknown += 1
                    continue
                if judged.late(i):
                    counted.late += 1
                elif judged.planned[i] is not None:
                    counted.due += 1
            for before, edge in edges:
                since = reached[before]
                if since is not None:
                    hours = hours_of.get(edge)
                    if hours is None:
                        hours = hours_of[edge] = array("d")
                    hours.append((at - since) / _HOUR)


@cache
def _keys(flow: type[Flow]) -> list[tuple[tuple[str, str], list[tuple[int, tuple[str, str, str]]]]]:
    """Of every step its key, and the places and edges of those before it."""
    steps = flow.steps
    return [
        ((flow.name, step.name), [(i, (flow.name, steps[i].name, step.name)) for i in places])
        for step, places in zip(steps, flow.places, strict=True)
    ]


_HOUR = dt.timedelta(hours=1)

ITEMS = pa.schema(
    [
        ("row", pa.string()), ("line", pa.string()), ("entity", pa.string()), ("currency", pa.string()),
        ("amount", pa.int64()), ("before", pa.int64()), ("functional", pa.int64()), ("document", pa.string()),
    ]
)  # fmt: skip
"""Columns of the itemised positions."""


class Items:
    """Every position of one process, itemised to its document, as Parquet part files."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path, self._number = folder / name, 0
        self._columns: tuple[list[Any], ...] = tuple([] for _ in ITEMS)

    def add(self, positions: list[Position], before: bool = False) -> None:
        """Take positions as of the end of the period, or of the day before it."""
        row, line, entity, currency, amount, earlier, functional, document = self._columns
        for position in positions:
            row.append(position.row)
            line.append(position.line)
            entity.append(position.entity)
            currency.append(position.currency)
            amount.append(0 if before else position.amount)
            earlier.append(position.amount if before else 0)
            functional.append(position.functional)
            document.append(position.document)

    def flush(self) -> None:
        """Write what has come together to the next part file."""
        if self._columns[0]:
            table = pa.Table.from_arrays(
                [pa.array(c, f.type) for c, f in zip(self._columns, ITEMS, strict=True)], schema=ITEMS
            )
            pq.write_table(table, f"{self._path}-{self._number:05d}.parquet", compression="zstd")
            self._number += 1
            for column in self._columns:
                column.clear()
