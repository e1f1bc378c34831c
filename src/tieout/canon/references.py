"""Which document type a reference field names, and where a path of references leads.

By convention a field is named after the type that it refers to (`order`, `payout`); the exceptions are listed here.
A path is dotted: `lines.charge.order` on an invoice goes through its lines to the charge and on to that charge's order.
"""

from __future__ import annotations

import inspect
from functools import cache
from typing import NamedTuple

import msgspec

from .documents import TYPES, Document
from .faults import FlowFault, nearest

_SPECIAL = {
    "parent": "customer",
    "deposit_for": "order",
    "invoices": "invoice",
    "objects": "object",
}
"""Reference fields named otherwise than their target type."""
_SAME = frozenset({"mirrors", "replaces"})
"""Reference fields that name a document of the same type."""
_NESTED = frozenset({"lines", "milestones"})
"""Fields that hold structs with references of their own."""


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
    for name in type_.__struct_fields__:
        if name in _NESTED:
            for inner in msgspec.structs.fields(_element(type_, name)):
                if inner.name in TYPES and "Ref" in str(_written_type(_element(type_, name), inner.name)):
                    found[f"{name}.{inner.name}"] = TYPES[inner.name]
        elif name in _SAME:
            found[name] = type_
        else:
            target = _SPECIAL.get(name, name)
            if target in TYPES and "Ref" in str(_written_type(type_, name)):
                found[name] = TYPES[target]
    return found


def _written_type(struct: type[msgspec.Struct], name: str) -> object:
    """The annotation of a struct's field as written, wherever in its bases it stands."""
    for base in struct.__mro__:
        annotation = inspect.get_annotations(base).get(name)
        if annotation is not None:
            return annotation
    return ""


def _element(type_: type[Document], name: str) -> type[msgspec.Struct]:
    field = next(f for f in msgspec.structs.fields(type_) if f.name == name)
    return field.type.__args__[0]  # type: ignore[no-any-return]


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
        if name in _NESTED and name in current.__struct_fields__ and parts:
            name = f"{name}.{parts.pop(0)}"
        reached = target(current, name, where)
        found.append(Hop(current, name, reached))
        current = reached
    return tuple(found)


def walk(type_: type[Document], path: str, where: str = "") -> type[Document]:
    """The type that a dotted path ends on."""
    return hops(type_, path, where)[-1].target
