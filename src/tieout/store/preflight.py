"""Preflight on the tables: in a transaction that only reads, and sees one moment of everything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from functools import partial

import msgspec

from tieout.canon.decode import decoder
from tieout.canon.documents import Document, TaxRegistration
from tieout.canon.finding import Finding
from tieout.engine.advance import Held, Wanted
from tieout.engine.foreseen import Foreseen
from tieout.engine.holding import Rank
from tieout.engine.preflight import Identity, Ports, foresee

from .advance import Compass
from .connection import Connection, Pool, transact
from .graph import PostgresGraph
from .statements import sql


def preflight(
    pool: Pool, compass: Compass, proposed: Sequence[Document], now: dt.datetime, later: dt.date | None = None
) -> Foreseen:
    """What would become of the documents; nothing of it is kept. Raises DatabaseLost."""

    def work(connection: Connection) -> Foreseen:
        connection.execute(sql("only_read"))
        bearings = compass.look(connection)
        asked = Ports(
            _Near(connection), _Holders(connection), partial(_registrations, connection),
            partial(_standing, connection),
        )  # fmt: skip
        return foresee(proposed, bearings, asked, now, later)

    return transact(pool, work)


class _Near(PostgresGraph):
    """A graph that reads with a document all views of it, since they are asked for next: half the questions of few documents."""

    def documents(self, keys: Collection[str]) -> dict[str, Document]:
        """The newest view of each key."""
        asked = [key for key in keys if key not in self._documents]
        if asked:
            self._documents.update(dict.fromkeys(asked))
            found: dict[str, tuple[str, set[str]]] = {}
            for key, root, view, body in self._connection.execute(
                sql("documents_with_views"), {"key": asked}, prepare=True, binary=True
            ):
                if self._documents.get(view) is None:
                    self._documents[view] = decoder(view.partition("/")[0]).decode(body)
                found.setdefault(key, (root, set()))[1].add(view)
            for root, views in found.values():
                self._groups.update((view, (root, *sorted(views - {root}))) for view in views)
            self._absent.update(key for key in asked if key not in found)
        return {key: document for key in keys if (document := self._documents[key]) is not None}

    def groups(self, keys: Collection[str]) -> dict[str, tuple[str, ...]]:
        """Key → every view of the same document, the root first."""
        self.documents([key for key in keys if key not in self._groups and key not in self._absent])
        return super().groups(keys)


class _Holders:
    """`engine.preflight.HeldBy` on the tables: what was asked once is not asked again."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[Wanted, Rank | None] = {}

    def __call__(self, wanted: list[Wanted], without: Sequence[tuple[str, str]]) -> Held:
        """Who holds documents, but the instances of these anchors, which are the same each time."""
        asked = [one for one in wanted if one not in self._known]
        if asked:
            self._known.update(dict.fromkeys(asked))
            flow, relation, key = (list(column) for column in zip(*asked, strict=True))
            of, anchor = (list(column) for column in zip(*without, strict=True))
            parameters = {"flow": flow, "relation": relation, "key": key, "of": of, "anchor": anchor}
            for n, first, held_by in self._connection.execute(sql("held_by_others"), parameters, prepare=True):
                self._known[asked[n]] = (first, held_by)
        return {one: rank for one in wanted if (rank := self._known[one]) is not None}


def _registrations(connection: Connection, entity: str) -> Sequence[TaxRegistration]:
    rows = connection.execute(sql("read_registrations"), {"entity": entity}, prepare=True, binary=True)
    found = [decoder("tax_registration").decode(body) for (body,) in rows]
    return [one for one in found if isinstance(one, TaxRegistration)]


def _standing(
    connection: Connection, identities: Collection[Identity], without: Collection[tuple[str, str, str]]
) -> list[Finding]:
    asked = dict(zip(("risk", "subject", "period"), map(list, zip(*identities, strict=True)), strict=True))
    others = dict(zip(("flow", "key", "stray"), map(list, zip(*without, strict=True)), strict=True))
    rows = connection.execute(sql("standing_elsewhere"), asked | others, prepare=True, binary=True)
    return [msgspec.json.decode(body, type=Finding) for (body,) in rows]
