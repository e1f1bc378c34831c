"""Which document type a reference field names, and where a path of references leads.

By convention a field is named after the type that it refers to (`order`, `payout`); the exceptions are listed here.
A path is dotted: `lines.charge.order` on an invoice goes through its lines to the charge and on to that charge's order.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from .documents import TYPES, Document
from .faults import FlowFault, nearest
from .shape import shapes

_SPECIAL = {
    "parent": "customer",
    "deposit_for": "order",
    "invoices": "invoice",
    "objects": "object",
}
"""Reference fields named otherwise than their target type."""
_SAME = frozenset({"mirrors", "replaces"})
"""Reference fields that name a document of the same type."""


class Hop(NamedTuple):
    """One reference of a path: the field (``lines.charge``) of ``source`` that names a ``target``."""

    source: type[Document]
    field: str
    target: type[Document]

    @property
    def nested(self) -> str:
        """Name of the list of structs that the field is in; empty for a plain field."""
        return self.field.split(".")[0] if "." in self.field else ""


@cache
def references(type_: type[Document]) -> dict[str, type[Document]]:
    """Every reference field of a type (``order``, ``lines.charge``) with the type that it names.

    `cause` of a credit memo and the free `refs` may name any type and are left out.
    """
    found: dict[str, type[Document]] = {}
    for field in shapes(type_):
        if field.struct is not None:
            for inner in shapes(field.struct):
                if inner.kind == "ref" and inner.name in TYPES:
                    found[f"{field.name}.{inner.name}"] = TYPES[inner.name]
        elif field.kind in ("ref", "refs"):
            if field.name in _SAME:
                found[field.name] = type_
            elif (name := _SPECIAL.get(field.name, field.name)) in TYPES:
                found[field.name] = TYPES[name]
    return found


def target(type_: type[Document], field: str, where: str = "") -> type[Document]:
    """The type that a reference field names. Raises FlowFault with the nearest reference field."""
    known = references(type_)
    if field not in known:
        raise FlowFault(
            f"{type_.__name__}.{field} is no reference", where=where,
            mend=nearest(field, known) or f"references of {type_.__name__}: {', '.join(known)}",
        )  # fmt: skip
    return known[field]


def hops(type_: type[Document], path: str, where: str = "") -> tuple[Hop, ...]:
    """A dotted path as single references, in order. Raises FlowFault where it leads nowhere."""
    found: list[Hop] = []
    parts, current = path.split("."), type_
    while parts:
        name = parts.pop(0)
        if parts and any(field.name == name and field.struct is not None for field in shapes(current)):
            name = f"{name}.{parts.pop(0)}"
        reached = target(current, name, where)
        found.append(Hop(current, name, reached))
        current = reached
    return tuple(found)


def walk(type_: type[Document], path: str, where: str = "") -> type[Document]:
    """The type that a dotted path ends on."""
    return hops(type_, path, where)[-1].target
