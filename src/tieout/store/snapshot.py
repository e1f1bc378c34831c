"""What is known at one moment, whole: every document, where absence is proved, and the policy. For figures of the whole company.

Now is read from `record`; a moment in the past from the history, `observation`. Everything is read in one REPEATABLE READ transaction,
so it is the same moment for all of it however long that takes, and nobody waits for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from tieout.canon.faults import InputFault
from tieout.engine.decided import Decided

from .connection import Connection, connect
from .history import known_from
from .statements import sql

HOURS = 6 * 3600
"""Seconds that one statement may take: history is sorted before its first row comes."""
AT_ONCE = 5_000
"""Documents fetched at once."""


class Moment(msgspec.Struct, frozen=True):
    """What had been heard of."""

    at: dt.datetime
    """Up to this instant."""
    visible: str = ""
    """And had been committed in this snapshot of the database (pg_current_snapshot). Empty: whatever is committed now."""


class Ruling(msgspec.Struct, frozen=True):
    """A version of the policy; 0 where nothing was ever decided."""

    version: int
    hash: str
    decided: Decided


class Snapshot:
    """One moment, while its transaction is open."""

    def __init__(self, connection: Connection, moment: Moment | None) -> None:
        self._connection = connection
        row = connection.execute(sql("snapshot_moment")).fetchone()
        assert row is not None
        self.is_now = moment is None
        self.moment = Moment(*row) if moment is None else moment
        begins = known_from(connection)
        if begins is not None and self.moment.at < begins:
            raise InputFault(
                f"what was known before {begins:%Y-%m-%d} was archived", where=f"{self.moment.at:%Y-%m-%d %H:%M} UTC",
                mend="the table `archive` says in which files it is",
            )  # fmt: skip
        self._bounds = {"at": self.moment.at, "visible": self.moment.visible}

    def documents(self) -> Iterator[tuple[str, bytes]]:
        """Type and canonical JSON of every document, the newest that was known of each. In batches, never all in memory.

        Those that are deleted may be among them.
        """
        statement = sql("snapshot_records" if self.is_now else "snapshot_observations")
        with self._connection.cursor(name="snapshot") as cursor:
            cursor.itersize = AT_ONCE
            yield from cursor.execute(statement, None if self.is_now else self._bounds, binary=True)

    def holders(self) -> list[tuple[str, str, str]]:
        """(system, type, entity) of what systems had told of."""
        return self._connection.execute(sql("snapshot_holders"), self._bounds).fetchall()

    def lacks(self) -> list[str]:
        """What came in and is not in it, in words."""
        row = self._connection.execute(sql("snapshot_lacks")).fetchone()
        assert row is not None
        waiting, refused = row
        told = [f"deliveries that wait to be interpreted, and are not in it: {waiting:,}"] if waiting else []
        return (
            [*told, f"deliveries of which something was refused: {refused:,}; mend it, then tieout replay"]
            if refused
            else told
        )

    def ruling(self, version: int | None = None) -> Ruling:
        """The policy that held, or that of a version. Raises InputFault for one that there is not."""
        if version is None and self.is_now:
            row = self._connection.execute(sql("snapshot_current_policy")).fetchone()
        elif version is None:
            row = self._connection.execute(sql("snapshot_policy"), {"at": self.moment.at}).fetchone()
        else:
            row = self._connection.execute(sql("policy_of_version"), {"id": version}).fetchone()
        if row is None and version:
            raise InputFault(f"there is no version {version} of the policy", mend="tieout policy history")
        return (
            Ruling(0, Decided().policy.version, Decided())
            if row is None
            else Ruling(row[0], row[1], Decided.decode(row[2]))
        )


@contextmanager
def snapshot(dsn: str, moment: Moment | None = None) -> Iterator[Snapshot]:
    """What is known now, or was at a moment. Raises DatabaseLost."""
    with connect(dsn, "tieout figures", statement_seconds=HOURS) as connection, connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield Snapshot(connection, moment)


def heard_since(dsn: str, moment: Moment) -> dict[str, int]:
    """Type → how many documents something was heard of after a moment that was noted."""
    with connect(dsn, "tieout figures", statement_seconds=HOURS) as connection:
        rows = connection.execute(sql("observed_since"), {"at": moment.at, "visible": moment.visible}).fetchall()
        return dict(rows)
