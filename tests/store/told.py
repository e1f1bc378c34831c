"""Documents told to an engine, for the stories of its stages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.decode import encode
from tieout.canon.documents import Document
from tieout.canon.finding import Finding
from tieout.engine.decided import Complete, Decided
from tieout.store.connection import Connection, connect, open_pool, transact
from tieout.store.decisions import decide
from tieout.store.intake import Delivery, GroupCommit, Receipt
from tieout.store.stages import Stages

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
EVERYTHING_KNOWN = Decided(complete=(Complete(system="*"),))
"""All that is not told does not exist."""


class Engine:
    """An engine with an empty database, and a worker that works when it is told to."""

    def __init__(self, dsn: str, pool: ConnectionPool[Connection], intake: GroupCommit) -> None:
        self.dsn, self.pool, self.intake = dsn, pool, intake
        self.worker = Stages(pool, "worker")
        self.now = NOW

    def tell(self, *documents: Document) -> Receipt:
        """One delivery of documents."""
        return self.tell_bytes(b"\n".join(map(encode, documents)))

    def tell_bytes(self, body: bytes, content_type: str = "application/x-ndjson") -> Receipt:
        """One delivery, as it came."""
        told = Delivery(connection="test", kind="api", content_type=content_type, headers={}, body=body)
        return self.intake.submit(told).result()

    def settle(self, *documents: Document) -> None:
        """Tell documents, and let the worker do all that follows."""
        if documents:
            self.tell(*documents)
        self.worker.settle(self.now)

    def decide(self, decided: Decided) -> int:
        """A new version of the policy."""
        return transact(self.pool, lambda connection: decide(connection, decided, "ada", "because", self.now))

    def findings(self) -> dict[tuple[str, str], int]:
        """(class, subject) → exposure, as the verdicts stand."""
        with connect(self.dsn, "test") as connection:
            rows = connection.execute("SELECT body FROM finding").fetchall()
        found: dict[tuple[str, str], int] = {}
        for (body,) in rows:
            finding = msgspec.json.decode(body, type=Finding)
            place = finding.risk.value, finding.subject
            found[place] = found.get(place, 0) + finding.exposure
        return found

    def instances(self) -> dict[tuple[str, str, str], bytes]:
        """(flow, key, stray) → digest of the verdict."""
        rows = self.ask("SELECT flow, key, stray, digest FROM instance")
        return {(flow, key, stray): bytes(digest) for flow, key, stray, digest in rows}

    def ask(self, sql: str, *parameters: object) -> list[tuple]:
        """Rows of a statement."""
        with connect(self.dsn, "test") as connection:
            return connection.execute(sql, parameters).fetchall()


@contextmanager
def engine(dsn: str) -> Iterator[Engine]:
    """An engine on an empty database."""
    with open_pool(dsn, "test worker", 4) as pool, GroupCommit(dsn) as intake:
        yield Engine(dsn, pool, intake)
