"""The live engine's figures: what it knows at a moment, in tables, judged exactly as an audit judges the exports of a folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

import duckdb
import msgspec

from tieout.canon.documents import TYPES
from tieout.engine.decided import Decided, coverage
from tieout.setwise import tables
from tieout.setwise.fill import fill
from tieout.store.snapshot import Moment, Ruling, Snapshot, snapshot

from . import quality
from .evaluation import Basis, evaluated
from .policy_files import with_periods
from .progress import Progress, silent
from .result import AuditResult, FileQuality
from .scratch import connect, scratch
from .span import Span

_EVERY = 50_000
"""Documents between two words on how far it is."""


class Known(msgspec.Struct, frozen=True):
    """What was known at a moment, in the tables of a database of its own. Can be judged any number of times."""

    database: Path
    moment: Moment
    ruling: Ruling
    """The policy that held."""
    holders: tuple[tuple[str, str, str], ...]
    documents: dict[str, int]
    """Type → how many."""
    sources: tuple[FileQuality, ...]
    """What each system has told of, in the place of an audit's files."""
    lacks: tuple[str, ...] = ()
    """What came in and is not in it, in words."""

    def judged(self, span: Span, decided: Decided | None = None, progress: Progress = silent) -> AuditResult:
        """The result of it, under the policy that held or another. Raises InputFault for a period that there is not."""
        decided = decided or self.ruling.decided
        connection = connect(self.database)
        try:
            basis = self._basis(connection, decided)
            return evaluated(
                self.database, connection, basis, msgspec.structs.replace(span, flows=span.flows or decided.flows),
                progress=progress,
            )  # fmt: skip
        finally:
            connection.close()

    def _basis(self, connection: duckdb.DuckDBPyConnection, decided: Decided) -> Basis:
        policy = with_periods(decided.policy, connection)
        return Basis(
            policy=policy, coverage=coverage(decided, policy, self.holders), base_currency=policy.base_currency,
            entity_names={name: entity.name or name for name, entity in policy.entities.items()},
            files=self.sources, notes=self.lacks,
        )  # fmt: skip


@contextmanager
def known(dsn: str, moment: Moment | None = None, progress: Progress = silent) -> Iterator[Known]:
    """What the engine knows now, or knew at a moment. Raises DatabaseLost, and MachineFault where there is no room for it."""
    with scratch("the figures") as (database, connection):
        with snapshot(dsn, moment) as taken:
            documents = _filled(connection, taken, progress)
            lacks = tuple(taken.lacks()) if moment is None else ()
            sources = tuple(_sources(connection, documents))
            found = Known(database, taken.moment, taken.ruling(), tuple(taken.holders()), documents, sources, lacks)
        connection.close()
        yield found


def _sources(connection: duckdb.DuckDBPyConnection, documents: dict[str, int]) -> Iterator[FileQuality]:
    for name in documents:
        table = tables.table_name(name)
        rows = connection.execute(f"SELECT system, count(*) FROM {table} GROUP BY system ORDER BY system").fetchall()
        totals = quality.control_totals(connection, name, by="system")
        unjoined, _ = quality.unjoined(connection, name, set(documents), by="system")
        for system, count in rows:
            yield FileQuality(
                path=f"{system}/{name}", system=system, type=name, rows=count, accepted=count, rejected=0,
                unjoined=unjoined.get(system, 0), totals=totals.get(system, {}),
            )  # fmt: skip


def _filled(connection: duckdb.DuckDBPyConnection, taken: Snapshot, progress: Progress) -> dict[str, int]:
    """Every document into its type's table; how many there are of each type."""
    with TemporaryDirectory(prefix="tieout-") as spool:
        longest = _spooled(taken.documents(), Path(spool), progress)
        for done, name in enumerate(TYPES):
            tables.create(connection, name)
            if name in longest:
                progress("putting documents into tables", done, len(TYPES))
                fill(connection, name, Path(spool) / name, longest[name])
    counts = (
        (name, connection.execute(f"SELECT count(*) FROM {tables.table_name(name)}").fetchone()) for name in TYPES
    )
    return {name: row[0] for name, row in counts if row is not None and row[0]}


def _spooled(documents: Iterable[tuple[str, bytes]], spool: Path, progress: Progress) -> dict[str, int]:
    """One file a type, a document a line; the length of the longest line of each."""
    files: dict[str, BinaryIO] = {}
    longest: dict[str, int] = {}
    with ExitStack() as opened:
        for done, (name, body) in enumerate(documents):
            if name not in files:
                files[name] = opened.enter_context((spool / name).open("wb", buffering=2**20))
                longest[name] = 0
            files[name].write(body)
            files[name].write(b"\n")
            if len(body) >= longest[name]:
                longest[name] = len(body) + 1
            if done % _EVERY == 0:
                progress("reading what is known", done, 0)
    return longest
