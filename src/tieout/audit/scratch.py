"""A DuckDB of one's own, in a file that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path

import duckdb

from tieout.canon.faults import MachineFault

_MEMORY = "2GB"
_NO_ROOM = (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException, duckdb.FatalException)
"""What DuckDB raises when its file or its temporary folder cannot grow."""


@contextmanager
def scratch(what: str) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """The database's file and a connection to it. ``what`` it is for is said in the MachineFault where there is no room for it."""
    with tempfile.TemporaryDirectory(prefix="tieout-audit-") as folder:
        database = Path(folder) / "audit.duckdb"
        connection = connect(database)
        try:
            yield database, connection
        except _NO_ROOM as error:
            mend = f"make room there, or name another folder in TMPDIR: {what} needs about as much as its documents unpacked"
            raise MachineFault(f"cannot hold {what}: {str(error).splitlines()[0]}", where=folder, mend=mend) from None
        except BrokenProcessPool:
            mend = "usually because memory ran out: free some, or take one --entity at a time"
            raise MachineFault(f"a process of {what} was ended from outside", where=what, mend=mend) from None
        finally:
            connection.close()


def connect(database: Path) -> duckdb.DuckDBPyConnection:
    """A connection to such a file, as `scratch` makes it."""
    connection = duckdb.connect(str(database), config={"memory_limit": _MEMORY})
    connection.execute("SET enable_progress_bar = false")  # one of its own would be drawn over ours
    connection.execute("SET TimeZone = 'UTC'")
    return connection
