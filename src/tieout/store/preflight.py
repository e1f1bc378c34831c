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
from tieout.engine.preflight import Identity, Ports, foresee

from .advance import Compass, held_elsewhere
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
            PostgresGraph(connection), partial(_elsewhere, connection), partial(_registrations, connection),
            partial(_standing, connection),
        )  # fmt: skip
        return foresee(proposed, bearings, asked, now, later)

    return transact(pool, work)


def _elsewhere(connection: Connection, wanted: list[Wanted], without: Sequence[tuple[str, str]]) -> Held:
    flow, key = (list(column) for column in zip(*without, strict=True))
    rows = connection.execute(sql("instances_of"), {"flow": flow, "key": key}, prepare=True).fetchall()
    return held_elsewhere(connection, wanted, [id_ for (id_,) in rows])


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
