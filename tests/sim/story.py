"""What is delivered: a small leaky company, document by document, with the older versions that were seen before, and what must come out."""

from __future__ import annotations

import datetime as dt
import random
import tempfile
from pathlib import Path

import duckdb
import msgspec

from tieout.audit.read import Loaded, load
from tieout.canon.decode import encode
from tieout.canon.documents import TYPES, Document
from tieout.canon.sanity import flaws
from tieout.engine.advance import digest
from tieout.engine.decided import Complete, Decided
from tieout.process.evaluate import evaluate
from tieout.process.flows import FLOWS
from tieout.setwise.hydrate import hydrate
from tieout.setwise.run import instances
from tieout.setwise.tables import table_name
from tieout.simulate.exports import company

AS_OF = dt.date(2026, 6, 30)
Digests = dict[tuple[str, str], bytes]
"""(flow, instance) → digest of its verdict."""


class Story:
    """A company's documents as they end up (version 2), and how they looked before."""

    def __init__(self, seed: int, orders: int) -> None:
        self.chance = random.Random(seed)
        with tempfile.TemporaryDirectory(prefix="tieout-sim-") as folder:
            exports = Path(folder) / "exports"
            company(seed, orders, "rich", False, [], exports)
            connection = duckdb.connect()
            loaded = load(exports, connection)
            self.documents = [_numbered(d, 2) for name in TYPES for d in _documents(connection, name)]
            self.decided = decided(loaded)
            self.expected = _expected(connection, loaded)
            connection.close()

    def before(self) -> list[Document]:
        """How some of the documents were once: deleted, naming other documents, mirroring others."""
        found = []
        by_type: dict[str, list[Document]] = {}
        for document in self.documents:
            by_type.setdefault(document.type, []).append(document)
        for document in self.documents:
            if self.chance.random() < 0.5:
                other = self.chance.choice(by_type[document.type])
                older = self._older(document, other)
                if not flaws(older):
                    found.append(older)
        return found

    def _older(self, document: Document, other: Document) -> Document:
        """An older version: gone, or with everything that another document says, or tied to another."""
        way = self.chance.randrange(3)
        if way == 0:
            return _numbered(document, 1, deleted=not document.deleted)
        if way == 1:
            return _numbered(other, 1, id=document.id, system=document.system)
        wrong = other.ref if document.mirrors is None and other.key != document.key else None
        return _numbered(document, 1, mirrors=wrong)


def decided(loaded: Loaded) -> Decided:
    """What an audit's mapping decides, as the engine keeps it."""
    complete = tuple(
        Complete(system=c.system, type=c.type, entity=c.entity, from_on=c.from_on, to_on=c.to_on)
        for c in loaded.mapping.complete
    )
    return Decided(policy=msgspec.structs.replace(loaded.policy, periods=()), complete=complete)


def delivery(documents: list[Document]) -> bytes:
    """One document a line."""
    return b"\n".join(map(encode, documents))


def _numbered(document: Document, version: int, **changed: object) -> Document:
    return msgspec.structs.replace(document, version=version, **changed)


def _documents(connection: duckdb.DuckDBPyConnection, name: str) -> list[Document]:
    table = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)} ORDER BY key").to_arrow_table()
    return hydrate(TYPES[name], table)


def _expected(connection: duckdb.DuckDBPyConnection, loaded: Loaded) -> Digests:
    """The verdicts of all instances, assembled all at once."""
    found = {}
    for flow in FLOWS.values():
        for instance in instances(connection, flow, loaded.policy, loaded.coverage.known):
            verdict = evaluate(flow, instance, loaded.policy, AS_OF)
            found[flow.name, verdict.instance] = digest(verdict)
    return found
