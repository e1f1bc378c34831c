"""What the evaluation counted, as the shapes of the report: process map, cycle times, key figures."""

from __future__ import annotations

import bisect
from array import array
from fractions import Fraction

from tieout.process.definition import Flow
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


def edges(flows: list[type[Flow]], gathered: Gathered) -> tuple[Edge, ...]:
    """The arrows of the process map: how many took them and their median hours; late ones wait at the target."""
    found = []
    for flow in flows:
        for step in flow.steps:
            for before in step.after:
                hours = gathered.edges.get((flow.name, before.name, step.name), array("d"))
                counted = gathered.steps.get((flow.name, step.name))
                if hours or counted is not None:
                    found.append(
                        Edge(
                            flow=flow.name,
                            source=before.name,
                            target=step.name,
                            count=len(hours),
                            median_hours=percentile(sorted(hours), 50),
                            late=counted.late if counted is not None else 0,
                        )
                    )
    return tuple(found)


def cycle_times(gathered: Gathered) -> tuple[CycleTime, ...]:
    """How long each arrow takes as a distribution, with the age of those that still wait beside it."""
    found = []
    for edge in sorted({*gathered.edges, *gathered.waiting}):
        flow, source, target = edge
        hours = sorted(gathered.edges.get(edge, ()))
        found.append(
            CycleTime(
                flow=flow,
                name=f"{source} → {target}",
                done=_banded(hours),
                waiting=_banded(gathered.waiting.get(edge, ())),
                p50_hours=percentile(hours, 50),
                p90_hours=percentile(hours, 90),
            )
        )
    return tuple(found)


def _banded(hours: object) -> tuple[int, ...]:
    limits = [limit for _, limit in CYCLE_BANDS]
    counts = [0] * len(limits)
    for value in hours:  # type: ignore[attr-defined]
        counts[bisect.bisect_left(limits, value)] += 1
    return tuple(counts)


def percentile(ordered: list[float], percent: int) -> float | None:
    """The nearest-rank percentile of ordered numbers; None of none."""
    if not ordered:
        return None
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def decimal(rate: Fraction) -> str:
    """A rate as people write it, up to eight decimals."""
    scaled = round(rate * 10**8)
    text = f"{scaled // 10**8}.{scaled % 10**8:08d}".rstrip("0")
    return text.rstrip(".")
