"""What each field of a canonical type means, read from the type itself.

Tables, faults, JSON Schema and references are all made from this, so that a field added to a type is known everywhere.
"""

from __future__ import annotations

import datetime as dt
import types
import typing
from decimal import Decimal
from functools import cache
from typing import Any, Literal

import msgspec

from .documents import TYPES, Document
from .faults import InputFault, nearest

Kind = Literal["text", "ref", "minor", "integer", "boolean", "date", "instant", "decimal", "json", "refs", "structs"]
"""What a field means. ``ref`` is ``system/id``, ``minor`` an amount in minor units, ``refs`` a list of ``ref``,
``structs`` a list of structs, ``json`` an object of references or of attributes of one's own."""


class _Ref(str):
    """Stands in for `Ref`, which at run time is a plain str, while annotations are read."""


class _Minor(int):
    """Stands in for `Minor` likewise."""


_PLAIN: dict[type, Kind] = {
    _Ref: "ref",
    _Minor: "minor",
    str: "text",
    int: "integer",
    bool: "boolean",
    dt.date: "date",
    dt.datetime: "instant",
    Decimal: "decimal",
}


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """One field: its name, its meaning, and whether a document cannot be without it."""

    name: str
    kind: Kind
    required: bool = False
    nullable: bool = False
    choices: tuple[str, ...] = ()
    """The only values allowed, where the field is a Literal."""
    struct: type[msgspec.Struct] | None = None
    """The type of each element, where ``kind`` is ``structs``."""


@cache
def shapes(struct: type[msgspec.Struct]) -> tuple[Shape, ...]:
    """The fields of a document type, or of a struct inside one, in the order in which the type declares them."""
    hints = typing.get_type_hints(struct, localns={"Ref": _Ref, "Minor": _Minor})
    return tuple(_shape(field, hints[field.name]) for field in msgspec.structs.fields(struct))


def named(type_name: str, where: str = "") -> type[Document]:
    """The document type of a name (``invoice``). Raises InputFault with the nearest name."""
    if type_name not in TYPES:
        mend = nearest(type_name, TYPES) or f"known: {', '.join(TYPES)}"
        raise InputFault(f"there is no document type {type_name!r}", where=where, mend=mend)
    return TYPES[type_name]


def _shape(field: msgspec.structs.FieldInfo, hint: Any) -> Shape:
    kind, choices, struct = _meaning(hint)
    return Shape(
        name=field.name,
        kind=kind,
        required=field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT,
        nullable=type(None) in typing.get_args(hint),
        choices=choices,
        struct=struct,
    )


def _meaning(hint: Any) -> tuple[Kind, tuple[str, ...], type[msgspec.Struct] | None]:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _meaning(inner)
    if origin is Literal:
        return "text", arguments, None
    if origin is dict:
        return "json", (), None
    if origin is tuple and arguments[0] is _Ref:
        return "refs", (), None
    if origin is tuple:
        return "structs", (), arguments[0]
    return _PLAIN[hint], (), None
