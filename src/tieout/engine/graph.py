"""What the stages ask of the documents that there are: who names whom, and which views are one document."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any, NamedTuple, Protocol

from tieout.canon import references
from tieout.canon.documents import Document
from tieout.canon.shape import shapes


class Edge(NamedTuple):
    """One reference of a document: the field that names (``lines.charge``), its place there from 1 (0: a plain field), the key named."""

    field: str
    n: int
    to_key: str


class Asked(NamedTuple):
    """A question for incoming references: those of documents of a type, in a field, to a key."""

    to_key: str
    from_type: str
    field: str


Incoming = dict[Asked, list[tuple[str, int]]]
"""Question → (key of the document that names, place in its field)."""
Outgoing = dict[str, dict[str, list[str]]]
"""Key → field → the keys that it names."""


class Graph(Protocol):
    """The documents as they stand. Every method answers for many keys at once; what is not there is left out."""

    def incoming(self, asked: Collection[Asked]) -> Incoming:
        """Who names these keys."""

    def outgoing(self, keys: Collection[str]) -> Outgoing:
        """Whom these documents name."""

    def groups(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Key → every view of the same document, itself included, the root first. Only of documents that there are."""

    def documents(self, keys: Collection[str]) -> dict[str, Document]:
        """The newest view of each key."""


@cache
def _fields(type_: type[Document]) -> tuple[tuple[str, str, str, str], ...]:
    """(field, outer, inner, type named) of each reference of a type."""
    found = []
    for field, target in references.references(type_).items():
        outer, _, inner = field.partition(".")
        found.append((field, outer, inner, f"{target.__struct_config__.tag}/"))
    return tuple(found)


@cache
def _lists(type_: type[Document]) -> frozenset[str]:
    return frozenset(shape.name for shape in shapes(type_) if shape.kind == "refs")


def edges_of(document: Document) -> Iterator[Edge]:
    """Every reference of a document whose type is known, the same one of a list twice included."""
    lists = _lists(type(document))
    for field, outer, inner, prefix in _fields(type(document)):
        value: Any = getattr(document, outer)
        if not value:
            continue
        if inner:
            for n, part in enumerate(value, 1):
                if ref := getattr(part, inner):
                    yield Edge(field, n, prefix + ref)
        elif outer in lists:
            for n, ref in enumerate(value, 1):
                yield Edge(field, n, prefix + ref)
        else:
            yield Edge(field, 0, prefix + value)
