"""Views of one document side by side: in which fields the systems that hold it say different things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from .decode import to_plain
from .documents import Document
from .shape import shapes

OF_THE_VIEW = frozenset({"system", "id", "version", "known_at", "mirrors", "refs", "ext", "deleted"})
"""What belongs to a view and not to the document: it differs by nature, as references do, in which each system uses its own ids."""


class Differing(msgspec.Struct, frozen=True):
    """A field, and what each system that says something says."""

    field: str
    values: dict[str, Any]
    """System → value."""


def differing(views: Sequence[Document]) -> tuple[Differing, ...]:
    """The fields in which views differ, as their type has them. Who says nothing (the field's default) differs from nobody."""
    plain = {view.system: to_plain(view) for view in views}
    found = []
    for field in _compared(type(views[0])) if views else ():
        values = {system: said[field] for system, said in plain.items() if field in said}
        first, *others = [_facts(type(views[0]), field, value) for value in values.values()] or [None]
        if any(other != first for other in others):
            found.append(Differing(field, values))
    return tuple(found)


def _compared(struct: type[msgspec.Struct]) -> list[str]:
    return [one.name for one in shapes(struct) if one.kind not in ("ref", "refs") and one.name not in OF_THE_VIEW]


def _facts(struct: type[msgspec.Struct], field: str, value: Any) -> Any:
    """A value as it is compared: lines without their ids and references."""
    part = next(one.struct for one in shapes(struct) if one.name == field)
    if part is None or not isinstance(value, list | tuple):
        return value
    names = _compared(part)
    return [{name: line[name] for name in names if name in line} for line in value if isinstance(line, Mapping)]
