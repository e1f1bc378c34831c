"""Decisions in layers: everyone's, overlaid by a region's, overlaid by an entity's.

``[tolerances] line = 1`` holds for all, ``[tolerances.region.APAC]`` for a region, ``[tolerances.entity.JP01]`` for an entity.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from tieout.canon.documents import TYPES
from tieout.canon.finding import Risk

from .duration import Duration
from .posting import ACCOUNTS, Sequence
from .table import Table

Flows = Mapping[str, Collection[str]]
"""Flow → its steps."""

TOLERANCES: dict[str, str] = {
    "line": "net of an invoice line against the contract",
    "tax": "tax of an invoice line against the tax answer",
    "schedule": "a line of a revenue schedule against the service",
}
"""Name of a tolerance → what it is about. All are minor units a line, 1 where nothing is said."""

MODES = ("observe", "approve", "enforce")


class Layers:
    """One table's layers as written; `of` merges them for an entity."""

    __slots__ = ("entity", "general", "region")

    def __init__(
        self, table: Table, read: Callable[[Table], dict[str, Any]], entities: Collection[str], regions: Collection[str]
    ) -> None:
        self.region = _named(table.table("region"), read, regions, "region")
        self.entity = _named(table.table("entity"), read, entities, "entity")
        self.general = read(table)
        table.finish()

    def of(self, entity: str, region: str) -> dict[str, Any]:
        """What holds in an entity; ``""`` for one that nobody named. The closest layer wins, even over finer names."""
        merged = dict(self.general)
        for layer in (self.region.get(region, {}), self.entity.get(entity, {})):
            merged = {key: value for key, value in merged.items() if not any(_beneath(key, said) for said in layer)}
            for key, value in layer.items():
                merged[key] = {**merged.get(key, {}), **value} if isinstance(value, dict) else value
        return merged


def _beneath(key: str, said: str) -> bool:
    """Whether a decision on ``said`` settles ``key`` too: ``order_to_bill`` settles ``order_to_bill.underbilled``."""
    return said == "*" or key.startswith(f"{said}.")


def _named(
    table: Table, read: Callable[[Table], dict[str, Any]], names: Collection[str], what: str
) -> dict[str, dict[str, Any]]:
    found = {}
    for name in table.rest():
        table.known(name, names, what)
        inner = table.table(name)
        found[name] = read(inner)
        inner.finish()
    return found


def tolerances(table: Table) -> dict[str, int]:
    """``line = 1``: minor units a line."""
    found = {}
    for name in table.rest():
        table.known(name, TOLERANCES, "tolerance")
        found[name] = table.integer(name, None, least=0, most=10**9)
    return found


def owners(table: Table) -> dict[str, str]:
    """``unposted_invoice = "AR Germany"``: the queue of a risk class."""
    found = {}
    for name in table.rest():
        table.known(name, Risk, "risk class")
        found[name] = table.text(name, None)
    return found


def durations(flows: Flows | None) -> Callable[[Table], dict[str, Duration]]:
    """``[within.order_to_bill] invoiced = "2 business days"``; names are checked where the flows are known."""

    def read(table: Table) -> dict[str, Duration]:
        found = {}
        for flow in table.rest():
            if flows is not None:
                table.known(flow, flows, "flow")
            steps = table.table(flow)
            for step in steps.rest():
                if flows is not None:
                    steps.known(step, flows[flow], f"step of {flow}")
                found[f"{flow}.{step}"] = Duration.parse(steps.text(step, None), steps.place(step))
        return found

    return read


def modes(flows: Flows | None) -> Callable[[Table], dict[str, str]]:
    """``default = "observe"``, ``order_to_bill = "approve"`` or ``order_to_bill = { unposted_invoice = "enforce" }``."""

    def read(table: Table) -> dict[str, str]:
        found = {}
        for flow in table.rest():
            if flow == "default":
                found["*"] = table.choice(flow, MODES, None)
                continue
            if flows is not None:
                table.known(flow, flows, "flow")
            if isinstance(table.values[flow], str):
                found[flow] = table.choice(flow, MODES, None)
                continue
            risks = table.table(flow)
            for risk in risks.rest():
                risks.known(risk, ("default", *Risk), "risk class")
                found[flow if risk == "default" else f"{flow}.{risk}"] = risks.choice(risk, MODES, None)
        return found

    return read


def posting(table: Table) -> dict[str, Any]:
    """The fields of `PostingRules` that the table says."""
    found: dict[str, Any] = {}
    said = table.values
    flag = table.flag("month_end_to_next", True)
    subsidiary = table.text("subsidiary")
    dimensions, codes = table.texts("dimensions"), table.texts("tax_codes")
    for key, value in (
        ("month_end_to_next", flag), ("subsidiary", subsidiary), ("dimensions", dimensions), ("tax_codes", codes)
    ):  # fmt: skip
        if key in said:
            found[key] = value
    accounts = table.table("accounts")
    if "accounts" in said:
        found["accounts"] = {}
        for role in accounts.rest():
            accounts.known(role, ACCOUNTS, "account")
            found["accounts"][role] = accounts.text(role, None)
    sequence = table.table("sequence")
    if "sequence" in said:
        digits = sequence.integer("digits", 1, least=1, most=18)
        found["sequence"] = Sequence(prefix=sequence.text("prefix"), digits=digits)
        sequence.finish()
    return found


def ownership(table: Table, roles: Collection[str]) -> dict[str, str]:
    """``customer = "crm"`` or ``[ownership.customer] name = "crm"``: the role that owns a type or a field."""
    found = {}
    for type_ in table.rest():
        table.known(type_, TYPES, "type")
        if isinstance(table.values[type_], str):
            found[type_] = table.choice(type_, roles, None)
            continue
        fields = table.table(type_)
        for field in fields.rest():
            fields.known(field, TYPES[type_].__struct_fields__, f"field of {type_}")
            found[f"{type_}.{field}"] = fields.choice(field, roles, None)
    return found
