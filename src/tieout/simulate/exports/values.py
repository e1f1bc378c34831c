"""A field's value as the text of a CSV cell or the value of a JSON object."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from ...canon.shape import Shape, shapes
from ..amounts import major
from .layouts import Layout


def utc(instant: dt.datetime) -> str:
    """ISO 8601 with a Z."""
    return instant.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"


def plain(number: Decimal) -> str:
    """Decimal text without an exponent."""
    return format(number, "f")


@cache
def defaults(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """What each optional field of a struct says when it is left out."""
    found = {}
    for field in msgspec.structs.fields(struct):
        if field.default is not msgspec.NODEFAULT:
            found[field.name] = field.default
        elif field.default_factory is not msgspec.NODEFAULT:
            found[field.name] = field.default_factory()
    return found


def is_silent(struct: msgspec.Struct, name: str, value: Any) -> bool:
    """Whether a field is empty by default, so that an export leaves it out. (A status is written even where it is the default.)"""
    return not value and defaults(type(struct)).get(name, msgspec.NODEFAULT) == value


def as_json(struct: msgspec.Struct, currency: str, skip: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A document, or a struct inside one, as a JSON object: amounts in major units, without what says nothing."""
    found = {}
    for shape in shapes(type(struct)):
        value = getattr(struct, shape.name)
        if shape.name not in skip and not is_silent(struct, shape.name, value):
            found[shape.name] = _json(shape, value, currency)
    return found


def _json(shape: Shape, value: Any, currency: str) -> Any:
    match shape.kind:
        case "minor":
            return major(value, currency)
        case "decimal":
            return plain(value)
        case "instant":
            return utc(value)
        case "date":
            return value.isoformat()
        case "refs":
            return list(value)
        case "structs":
            return [as_json(item, currency) for item in value]
    return value


def as_text(struct: msgspec.Struct, shape: Shape, currency: str, layout: Layout) -> str:
    """The CSV cell of a field. References of a list are separated by ``|``; objects and lists of structs are JSON text."""
    value = getattr(struct, shape.name)
    if value is None or is_silent(struct, shape.name, value):
        return ""
    match shape.kind:
        case "minor":
            return major(value, currency).replace(".", layout.decimal)
        case "decimal":
            return plain(value).replace(".", layout.decimal)
        case "instant":
            return utc(value)
        case "date":
            return value.strftime(layout.date) if layout.date else value.isoformat()
        case "boolean":
            return "true" if value else "false"
        case "refs":
            return "|".join(value)
        case "json" | "structs":
            return msgspec.json.encode(_json(shape, value, currency)).decode()
    replaced = layout.values.get(shape.name)
    return replaced[value] if replaced else str(value)
