"""What the evaluation counted, as the shapes of the report: process map, cycle times, key figures."""

from __future__ import annotations

import bisect
import datetime as dt
from array import array
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from tieout.canon.money import format_amount
from tieout.process.definition import Flow
from tieout.process.findings import Valuation
from tieout.process.kpis import JOURNAL, Kpi, Measured
from tieout.process.kpis import kpis as key_figures
from tieout.setwise.gather import Gathered

from .result import CYCLE_BANDS, CycleTime, Edge, Milestone


def milestones(flows: list[type[Flow]], gathered: Gathered) -> tuple[Milestone, ...]:
    """The nodes of the process map, in the order of the flows and their steps."""
    found = []
    for flow in flows:
        for step in flow.steps:
            counted = gathered.steps.get((flow.name, step.name))
            if counted is not None:
                found.append(
                    Milestone(
                        flow=flow.name,
                        name=step.name,
                        reached=counted.reached,
                        due=counted.due,
                        late=counted.late,
                        unknown=counted.unknown,
                    )
                )
    return tuple(found)


Hours = Mapping[tuple[str, str, str], Sequence[float]]
"""Hours of every arrow, ordered."""


def ordered(gathered: Gathered) -> Hours:
    """How long every arrow took, shortest first."""
    return {edge: _ordered(hours) for edge, hours in gathered.edges.items()}


def _ordered(numbers: array[float]) -> Sequence[float]:
    found = pa.Array.from_buffers(pa.float64(), len(numbers), [None, pa.py_buffer(numbers)])
    return memoryview(found.take(pc.array_sort_indices(found)).buffers()[1]).cast("d")  # a fifth of what `sorted` takes


def edges(flows: list[type[Flow]], gathered: Gathered, taken: Hours) -> tuple[Edge, ...]:
    """The arrows of the process map: how many took them and their median hours; late ones wait at the target."""
    found = []
    for flow in flows:
        for step in flow.steps:
            for before in step.after:
                hours = taken.get((flow.name, before.name, step.name), ())
                counted = gathered.steps.get((flow.name, step.name))
                if len(hours) or counted is not None:
                    found.append(
                        Edge(
                            flow=flow.name,
                            source=before.name,
                            target=step.name,
                            count=len(hours),
                            median_hours=percentile(hours, 50),
                            late=counted.late if counted is not None else 0,
                        )
                    )
    return tuple(found)


def cycle_times(gathered: Gathered, taken: Hours) -> tuple[CycleTime, ...]:
    """How long each arrow takes as a distribution, with the age of those that still wait beside it."""
    found = []
    for edge in sorted({*taken, *gathered.waiting}):
        flow, source, target = edge
        hours = taken.get(edge, ())
        found.append(
            CycleTime(
                flow=flow,
                name=f"{source} → {target}",
                done=_banded(hours),
                waiting=_banded(_ordered(gathered.waiting.get(edge, array("d")))),
                p50_hours=percentile(hours, 50),
                p90_hours=percentile(hours, 90),
            )
        )
    return tuple(found)


def kpis(
    gathered: Gathered, journals: list[Measured], findings_totals: dict[str, int], valuation: Valuation
) -> tuple[Kpi, ...]:
    """The key figures of the shipped flows, then those that flows of one's own measure."""
    measured = [Measured(*key, n.count, n.amount, n.numbers) for key, n in sorted(gathered.measures.items())]
    own = [m for m in measured if "." in m.name]
    return (*key_figures((*measured, *journals), findings_totals, valuation), *(_own(m) for m in own))


def _own(measured: Measured) -> Kpi:
    """A measure that a flow of one's own declares: its sum, and how it spreads."""
    flow, name = measured.name.split(".", 1)
    title = f"{name.replace('_', ' ').capitalize()} ({flow})"
    if measured.currency:
        value = f"{format_amount(measured.amount, measured.currency)} {measured.currency}"
        return Kpi(name=title, value=value, detail=f"of {measured.count:,} instances")
    ordered = sorted(measured.numbers)
    parts = {f"p{share}": _plain(found) for share in (50, 90) if (found := percentile(ordered, share)) is not None}
    return Kpi(name=title, value=_plain(sum(ordered)), detail=f"over {measured.count:,} instances", parts=parts)


def _plain(number: float) -> str:
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def journals(connection: duckdb.DuckDBPyConnection, day: dt.date, entities: tuple[str, ...]) -> list[Measured]:
    """Manual journal entries up to a day, by reason: they belong to no flow."""
    only = " AND entity IN (SELECT unnest($entities))" if entities else ""
    rows = connection.execute(
        f"""SELECT entity, currency, coalesce(nullif(reason, ''), 'unattributed'), count(*),
            sum(list_sum(list_transform(lines, lambda l: coalesce(l.debit, 0))))::BIGINT
        FROM doc_journal_entry WHERE manual AND NOT coalesce(deleted, false) AND posted_on <= $day{only}
        GROUP BY ALL ORDER BY ALL""",
        {"day": day, "entities": list(entities)} if entities else {"day": day},
    ).fetchall()
    return [
        Measured(JOURNAL, entity, currency, key, count, debits or 0) for entity, currency, key, count, debits in rows
    ]


def _banded(hours: Sequence[float]) -> tuple[int, ...]:
    """How many of the ordered hours lie in each of `CYCLE_BANDS`."""
    ends = [bisect.bisect_right(hours, limit) for _, limit in CYCLE_BANDS]
    return tuple(end - start for start, end in pairwise((0, *ends)))


def percentile(ordered: Sequence[float], percent: int) -> float | None:
    """The nearest-rank percentile of ordered numbers; None of none."""
    if not len(ordered):
        return None
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def decimal(rate: Fraction) -> str:
    """A rate as people write it, up to eight decimals."""
    scaled = round(rate * 10**8)
    text = f"{scaled // 10**8}.{scaled % 10**8:08d}".rstrip("0")
    return text.rstrip(".")
