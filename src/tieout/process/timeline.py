"""What happened when: the instants that an instance's documents tell of, and the steps that they made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

import msgspec

from tieout.canon.documents import Document
from tieout.canon.shape import shapes

from .verdict import MilestoneState


class Moment(msgspec.Struct, frozen=True, order=True):
    """Something that happened, or a step that it made."""

    at: dt.datetime
    what: str
    """A field of the document without its ending (``issued``), or the name of a step."""
    document: str = ""
    """Key of the document that says so; empty for a step."""


def timeline(documents: Iterable[Document], steps: Iterable[MilestoneState]) -> tuple[Moment, ...]:
    """In the order of time; when a system learned of a document is not among it."""
    reached = {Moment(step.reached_at, step.name) for step in steps if step.reached_at is not None}
    return tuple(sorted({*_told(documents), *reached}))


def _told(documents: Iterable[Document]) -> Iterator[Moment]:
    for document in documents:
        for shape in shapes(type(document)):
            at = getattr(document, shape.name) if shape.kind == "instant" and shape.name != "known_at" else None
            if at is not None:
                yield Moment(at, shape.name.removesuffix("_at"), document.key)
