"""A seeded company in the live engine: its documents delivered in any order, its policy decided as its audit.toml has it."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable
from pathlib import Path

import msgspec

from tieout.audit.run import opened
from tieout.canon.decode import encode
from tieout.canon.documents import TYPES, Document
from tieout.engine.decided import Complete, Decided
from tieout.setwise.hydrate import hydrate
from tieout.setwise.tables import table_name
from tieout.simulate.exports import company
from tieout.store.connection import open_pool, transact
from tieout.store.decisions import decide
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.stages import Stages

DAY = dt.date(2026, 6, 30)
NIGHT = dt.datetime(2026, 6, 30, 23, 59, tzinfo=dt.UTC)


class Seeded(msgspec.Struct, frozen=True):
    """The exports of a company, for an audit, and what they hold, for the engine."""

    folder: Path
    documents: list[Document]
    decided: Decided


def seeded(seed: int, orders: int, folder: Path) -> Seeded:
    """A leaky company of all that there is."""
    company(seed, orders, "rich", False, [], folder)
    documents: list[Document] = []
    with opened(folder) as (_, connection, loaded):
        for name, type_ in TYPES.items():
            rows = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)}").to_arrow_table()
            documents += hydrate(type_, rows)
    complete = (
        Complete(system=c.system, type=c.type, entity=c.entity, from_on=c.from_on, to_on=c.to_on)
        for c in loaded.mapping.complete
    )
    policy = msgspec.structs.replace(loaded.policy, periods=())  # They arrive as documents.
    return Seeded(folder, documents, Decided(policy=policy, complete=tuple(complete)))


def decree(dsn: str, decided: Decided, now: dt.datetime = NIGHT) -> int:
    """Make this the policy; its version."""
    with open_pool(dsn, "a test", 1) as pool:
        return transact(pool, lambda connection: decide(connection, decided, "controller", "a test", now))


def deliver(dsn: str, documents: Iterable[Document], shuffled: int = 0) -> None:
    """Hand documents in, a hundred at once, in the order of a seed."""
    listed = list(documents)
    if shuffled:
        random.Random(shuffled).shuffle(listed)
    bodies = [b"\n".join(map(encode, listed[at : at + 100])) for at in range(0, len(listed), 100)]
    with GroupCommit(dsn) as intake:
        kept = [
            intake.submit(
                Delivery(connection="exports", kind="api", content_type="application/x-ndjson", headers={}, body=body)
            )
            for body in bodies
        ]
        for one in kept:
            one.result()


def interpret(dsn: str, now: dt.datetime = NIGHT) -> None:
    """Only as far as records: enough for figures of the whole."""
    with open_pool(dsn, "a test", 1) as pool:
        stages = Stages(pool, "a worker")
        while stages.run("interpret", now):
            pass


def settle(dsn: str, now: dt.datetime = NIGHT) -> None:
    """Until every instance has its verdict, as of the end of the day."""
    with open_pool(dsn, "a test", 2) as pool:
        stages = Stages(pool, "a worker")
        stages.as_of = now.date()
        stages.settle(now)
