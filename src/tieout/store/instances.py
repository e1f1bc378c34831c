"""Instances as they stand: their steps, what is wrong, and their documents with every system's view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from itertools import groupby
from typing import Any

import msgspec

from tieout.canon.decode import decoder, to_plain
from tieout.canon.differing import Differing, differing
from tieout.canon.documents import Document
from tieout.canon.finding import Finding
from tieout.process.timeline import Moment, timeline
from tieout.process.verdict import MilestoneState, Unknown, Verdict

from .connection import Connection
from .statements import sql


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One instance in a list."""

    id: int
    flow: str
    key: str
    """Of its anchor: the document that it is about."""
    stray: str
    """Where its document should belong to another instance, and does not: the relation."""
    entity: str
    waits: bool
    """Something in it changed since it was evaluated."""
    evaluated_at: dt.datetime | None
    wake_at: dt.datetime | None
    """When time alone changes something in it."""
    problem: str
    """Why it could not be evaluated; empty where it could."""
    findings: int


class View(msgspec.Struct, frozen=True):
    """A document as one system has it."""

    key: str
    document: dict[str, Any]


class Related(msgspec.Struct, frozen=True, kw_only=True):
    """A document of an instance, as every system has it that does."""

    relation: str
    shared: bool
    """Other instances hold it, too: this one has only lines of it."""
    owns: bool
    """What is said of it as a whole is said here."""
    views: tuple[View, ...]
    differing: tuple[Differing, ...]
    """The fields in which the systems do not agree."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as it stands."""

    instance: Listed
    policy: int | None
    """The version of the policy that it was evaluated by."""
    steps: tuple[MilestoneState, ...]
    """Milestones and gates in the order of the flow: reached, due, late, and what holds a gate shut."""
    findings: tuple[Finding, ...]
    unknown: tuple[Unknown, ...]
    """Money that could not be judged, because a source is not complete."""
    documents: tuple[Related, ...]
    timeline: tuple[Moment, ...]
    """What its documents tell of and the steps that they made, in the order of time."""


def list_instances(
    connection: Connection, *, document: str, flow: str, only_found: bool, within: Collection[str] | None, after: int, limit: int
) -> list[Listed]:  # fmt: skip
    """Instances by number: of one document, of one flow, with findings only, of these entities (None: all)."""
    asked = {
        "document": document,
        "flow": flow,
        "found": only_found,
        "within": _list(within),
        "after": after,
        "limit": limit,
    }
    return [_listed(row) for row in connection.execute(sql("list_instances"), asked).fetchall()]


def show_instance(connection: Connection, id: int, within: Collection[str] | None) -> Standing | None:
    """One instance; None where there is none, or none in these entities. Documents of other entities are left out."""
    row = connection.execute(sql("show_instance"), {"id": id, "within": _list(within)}).fetchone()
    if row is None:
        return None
    *_, policy, body = row
    listed = _listed(row[:-2])
    verdict = (
        msgspec.json.decode(body, type=Verdict) if body is not None else Verdict(flow=listed.flow, instance=listed.key)
    )
    rows = connection.execute(sql("views_of_instance"), {"id": id, "within": _list(within)}).fetchall()
    related = tuple(_related(list(group)) for _, group in groupby(rows, key=lambda row: (row[0], row[3])))
    told = (decoder(type_).decode(body) for *_, type_, body in rows)
    return Standing(
        instance=listed, policy=policy, steps=verdict.milestones, findings=verdict.findings, unknown=verdict.unknown,
        documents=related, timeline=timeline(told, verdict.milestones),
    )  # fmt: skip


def _listed(row: tuple[Any, ...]) -> Listed:
    return Listed(**dict(zip(Listed.__struct_fields__, row, strict=True)))


def _related(rows: list[tuple[Any, ...]]) -> Related:
    """One document from its rows: a view each."""
    documents: list[Document] = [decoder(type_).decode(body) for *_, type_, body in rows]
    return Related(
        relation=rows[0][0], shared=any(row[1] for row in rows), owns=all(row[2] for row in rows),
        views=tuple(View(document.key, to_plain(document)) for document in documents), differing=differing(documents),
    )  # fmt: skip


def _list(within: Collection[str] | None) -> list[str] | None:
    return None if within is None else sorted(within)
