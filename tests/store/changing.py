"""A process that changes things and seals the trail, for tests that kill it: tokens are made, each with its entry, until it is ended."""

from __future__ import annotations

import sys
from pathlib import Path

from tieout.store.connection import Connection, open_pool, transact
from tieout.store.errors import DatabaseLost
from tieout.store.trail import By, append
from tieout.store.trail_heads import seal_and_publish

MAKE = b"INSERT INTO token (sha256, name, kind, holder, scopes) SELECT sha256(random()::text::bytea), 't', 'service', 'crm', '{}'"


def change(connection: Connection) -> None:
    """Something, and what is said of it."""
    connection.execute(MAKE)
    append(connection, By("ana").did("token.create", "token"))


def main() -> None:
    """Until it is killed."""
    dsn, folder = sys.argv[1:]
    with open_pool(dsn, "a test", 1) as pool:
        while True:
            try:
                for _ in range(5):
                    transact(pool, change)
                seal_and_publish(pool, Path(folder))
            except DatabaseLost:
                pass


if __name__ == "__main__":
    main()
