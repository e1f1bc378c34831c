"""How cases are worked: how much money makes one urgent, how fast it is to be resolved, who is told when it is not, who works a queue.

``[cases]`` holds for all, ``[cases.region.APAC]`` and ``[cases.entity.JP01]`` for a region and an entity.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tieout.canon.finding import Risk

from .duration import Duration
from .table import Table

SEVERITIES: dict[str, tuple[int, Duration]] = {
    "low": (0, Duration(10, "business day")),
    "medium": (1_000, Duration(3, "business day")),
    "high": (10_000, Duration(1, "business day")),
    "critical": (100_000, Duration(4, "business hour")),
}
"""Severity → the least money at risk, in whole units of the base currency, and how fast it is to be resolved; the mildest first."""


class CaseRules(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided on the work of cases; what was not has the defaults of `SEVERITIES`."""

    within: dict[str, Duration] = {}
    """``severity`` or ``severity.risk`` → how fast it is to be resolved."""
    least: dict[str, int] = {}
    """Severity → the least money at risk, whole units of the base currency."""
    near: Duration = Duration(5, "business day")
    """A case whose deadline is that near is one step more severe."""
    escalate_to: tuple[str, ...] = ("team lead", "controller")
    """Who is told when a case is late: the first at once, each further one `escalate_after` the one before."""
    escalate_after: Duration = Duration(1, "business day")
    queues: dict[str, tuple[str, ...]] = {}
    """Queue → the people who work it; a queue that is not here is open to everybody."""

    def severity(self, whole: int) -> str:
        """The severity of so much money at risk, in whole units of the base currency."""
        found = "low"
        for name, (least, _) in SEVERITIES.items():
            if whole >= self.least.get(name, least):
                found = name
        return found

    def resolved_within(self, severity: str, risk: str) -> Duration:
        """How fast a case is to be resolved, from its opening."""
        named = self.within.get(f"{severity}.{risk}") or self.within.get(severity)
        return named or SEVERITIES[severity][1]


def read(table: Table) -> dict[str, Any]:
    """The decisions of one layer by name, for `rules`."""
    found: dict[str, Any] = {}
    for key in ("near", "escalate_after"):
        if text := table.text(key):
            found[key] = Duration.parse(text, table.place(key))
    escalate_to = table.texts("escalate_to")
    if "escalate_to" in table.values:
        found["escalate_to"] = escalate_to
    found |= _within(table.table("within"))
    found |= _least(table.table("severity"))
    if queues := _queues(table.table("queues")):
        found["queues"] = queues
    return found


def rules(said: dict[str, Any]) -> CaseRules:
    """What holds in a place, from the decisions that its layers leave."""
    kept = {key: value for key, value in said.items() if "." not in key}
    for part in ("within", "least"):
        kept[part] = {key.removeprefix(f"{part}."): value for key, value in said.items() if key.startswith(f"{part}.")}
    return CaseRules(**kept)


def _within(table: Table) -> dict[str, Duration]:
    """``critical = "4 business hours"``, or ``low = { default = "2 weeks", stream_silent = "1 business day" }``."""
    found = {}
    for severity in table.rest():
        table.known(severity, SEVERITIES, "severity")
        name = f"within.{severity}"
        if isinstance(table.values[severity], str):
            found[name] = Duration.parse(table.text(severity, None), table.place(severity))
            continue
        risks = table.table(severity)
        for risk in risks.rest():
            risks.known(risk, ("default", *Risk), "risk class")
            full = name if risk == "default" else f"{name}.{risk}"
            found[full] = Duration.parse(risks.text(risk, None), risks.place(risk))
    return found


def _least(table: Table) -> dict[str, int]:
    found = {}
    for severity in table.rest():
        table.known(severity, tuple(SEVERITIES)[1:], "severity with a limit")
        found[f"least.{severity}"] = table.integer(severity, None, least=1, most=10**12)
    return found


def _queues(table: Table) -> dict[str, tuple[str, ...]]:
    return {queue: table.texts(queue) for queue in table.rest()}
