"""What a flow mentions by names that only its source knows: activities, kinds of things, attributes.

Fields and their choices are checked when the class is made. These names cannot be: whether a log has an activity is known once the
log is read, and a misspelt one would silently count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from tieout.canon.documents import BusinessObject, Document, Event

from .definition import Control, Flow, Measured, Step
from .expressions import Attribute, Documents, Value

_FREE = ("activity", "kind")
"""Text fields whose values are the source's own words."""
_NODES = (Documents, Value, Step, Measured, Control)


class Mention(msgspec.Struct, frozen=True, order=True):
    """Documents of a type, those with ``values`` in these fields, are asked for by ``name``: of a field's value, or an attribute."""

    type: str
    field: str
    """The field; empty for an attribute."""
    name: str
    values: tuple[tuple[str, str], ...]
    """Other names that narrow the documents: (field, value)."""


def mentions(flow: type[Flow]) -> tuple[Mention, ...]:
    """Every such name in a flow's class body, once. What a control's own function looks for cannot be seen."""
    found: set[Mention] = set()
    for node in _walk(list(vars(flow).values()), set()):
        if isinstance(node, Attribute):
            found.add(Mention(_tag(node.documents._type), "", node.name, _values(node.documents)))
        elif isinstance(node, Documents) and issubclass(node._type, Event | BusinessObject):
            base = _values(node._base) if node._base is not None else ()
            found |= {
                Mention(_tag(node._type), field, str(value), base)
                for field, value in node._equal.items()
                if field in _FREE
            }
    return tuple(sorted(found))


def _walk(nodes: list[object], seen: set[int]) -> Iterator[object]:
    """Every node of the declarations, each once."""
    while nodes:
        node = nodes.pop()
        if isinstance(node, tuple | list):
            nodes.extend(node)
        elif isinstance(node, _NODES) and id(node) not in seen:
            seen.add(id(node))
            yield node
            nodes.extend(vars(node).values())


def _values(documents: Documents) -> tuple[tuple[str, str], ...]:
    """The names that narrow a set of documents, those of its base included."""
    own = tuple((field, str(value)) for field, value in documents._equal.items() if field in _FREE)
    return (*(_values(documents._base) if documents._base is not None else ()), *own)


def _tag(type_: type[Document]) -> str:
    return str(type_.__struct_config__.tag)
