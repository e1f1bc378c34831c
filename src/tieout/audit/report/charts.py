"""The geometry of bars, waterfalls and histograms, in whole units of a drawing that the templates draw as SVG.

Everything stands on a zero baseline. What is not zero is never invisible: it gets at least `LEAST` units.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from tieout.audit.result import CYCLE_BANDS, BridgeLine, BridgeRow, CycleTime
from tieout.canon.finding import RISKS, Group, Risk

from .words import share_text

WIDTH = 1000
"""Units of a bar's full length."""
LEAST = 5
HEIGHT = 64
"""Units of a histogram's highest bar."""

STATES = {
    Group.LEAKAGE: "risk", Group.STUCK: "waiting", Group.OVERSTATEMENT: "doubt", Group.FUTURE: "waiting",
    Group.OVERLAY: "plain", Group.DIFFERENCE: "plain",
}  # fmt: skip
"""Group → the state whose colour it is drawn in."""

_LINE_WORDS = {
    "late": "risk", "lost": "risk", "outside contract": "risk", "unposted": "waiting", "unidentified": "waiting",
    "on account": "waiting", "unapplied": "waiting", "unrecorded": "waiting", "short": "waiting", "duplicate": "doubt",
    "overbilled": "doubt", "unentitled": "doubt", "unsupported": "doubt", "erp only": "doubt",
}  # fmt: skip


class Step(msgspec.Struct, frozen=True):
    """One line of a waterfall: where its bar begins and how long it is, of `WIDTH`."""

    kind: str
    """``total``, ``line`` or ``residual``."""
    name: str
    amount: int
    x: int
    width: int
    state: str
    share: str
    tied: bool = True
    line: BridgeLine | None = None


class Band(msgspec.Struct, frozen=True):
    """One band of a histogram: how many are done and how many wait, with their heights, of `HEIGHT`."""

    label: str
    done: int
    waiting: int
    done_height: int
    waiting_height: int


def bar(value: int, largest: int) -> int:
    """The length of a bar, of `WIDTH`."""
    return _visible(value, largest, WIDTH, LEAST)


def _visible(value: int, largest: int, full: int, least: int) -> int:
    if value <= 0 or largest <= 0:
        return 0
    return max(least, (full * value + largest // 2) // largest)


def line_state(name: str) -> str:
    """The state of a bridge line: that of the risk class it names; ``plain`` for ordinary movements such as tax."""
    text = name.lower().replace("_", " ")
    for risk in Risk:
        if risk.value.replace("_", " ") in text:
            return STATES[RISKS[risk].group]
    return next((state for word, state in _LINE_WORDS.items() if word in text), "plain")


def waterfall(row: BridgeRow) -> list[Step]:
    """From, lines, residual and to of a bridge row, on one scale that includes zero. The residual is always there."""
    levels, running = [0, row.from_total, row.to_total], row.from_total
    moves: list[tuple[str, str, int, BridgeLine | None]] = [
        ("line", line.name, line.amount, line) for line in row.lines
    ]
    moves.append(("residual", "Unexplained", row.unexplained, None))
    for _, _, amount, _ in moves:
        running += amount
        levels.append(running)
    low, high = min(levels), max(levels)

    def step(kind: str, name: str, amount: int, start: int, state: str, **more: object) -> Step:
        span = (high - low) or 1
        x, end = (
            (min(start, start + amount) - low) * WIDTH // span,
            (max(start, start + amount) - low) * WIDTH // span,
        )
        width = max(end - x, LEAST) if amount or kind == "residual" else 0
        x = min(x, WIDTH - width)
        return Step(kind, name, amount, x, width, state, share_text(amount, row.from_total), **more)  # type: ignore[arg-type]

    steps = [step("total", row.from_name, row.from_total, 0, "total", tied=row.from_tied)]
    running = row.from_total
    for kind, name, amount, line in moves:
        steps.append(step(kind, name, amount, running, line_state(name) if line else "residual", line=line))
        running += amount
    steps.append(step("total", row.to_name, row.to_total, 0, "total", tied=row.to_tied))
    return steps


def histogram(cycle: CycleTime) -> list[Band]:
    """The distribution of a cycle time: done and waiting beside each other in every band."""
    largest = max((*cycle.done, *cycle.waiting), default=0)
    return [
        Band(label, done, waiting, _visible(done, largest, HEIGHT, 2), _visible(waiting, largest, HEIGHT, 2))
        for (label, _), done, waiting in zip(CYCLE_BANDS, _padded(cycle.done), _padded(cycle.waiting), strict=True)
    ]


def _padded(counts: Sequence[int]) -> Iterable[int]:
    return (*counts, *([0] * len(CYCLE_BANDS)))[: len(CYCLE_BANDS)]
