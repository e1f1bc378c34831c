"""A large file, handed in by a process that is killed again and again: every document of it is kept, once."""

from __future__ import annotations

import json
import random
import signal
import time
from collections import Counter
from pathlib import Path

import psycopg
import pytest

from tieout.store.connection import connect
from tieout.store.connections import Connection, add_connection
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.sealing import Sealer
from tieout.store.trail import By

from .process import Tieout

DOCUMENTS = 100_000


def ids(folder: Path) -> Counter[str]:
    """The documents that are kept, and how often."""
    found: Counter[str] = Counter()
    with running(folder) as dsn, psycopg.connect(dsn) as connection:
        for (body,) in connection.execute("SELECT body FROM delivery").fetchall():
            found.update(json.loads(line)["id"] for line in body.split(b"\n"))
    return found


@pytest.mark.long
def test_a_file_survives_the_processes_that_take_it(folder: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with running(folder) as dsn:
        migrate(dsn)
        with connect(dsn, "a test") as database:
            options = {"path": str(inbox), "settle": 0.0}
            exports = Connection(name="exports", kind="folder", scheme="none", options=options)
            add_connection(database, exports, "", Sealer(folder / "secret.keys"), By("it"))
    with (inbox / ".large.ndjson").open("wb") as file:
        for number in range(DOCUMENTS):
            document = {"type": "customer", "system": "crm", "id": str(number), "name": "x" * 300}
            file.write(json.dumps(document).encode() + b"\n")
    (inbox / ".large.ndjson").rename(inbox / "large.ndjson")
    ends = []
    while not list((inbox).glob("archive/*/large.ndjson")):
        assert len(ends) < 40
        with Tieout(folder, "serve", "--workers", "0") as tieout:
            deadline = time.monotonic() + 30
            while (inbox / "large.ndjson").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.15) * (1 + len(ends) // 2))
            ends.append(signal.SIGKILL if len(ends) < 4 else chance.choice((signal.SIGKILL, signal.SIGTERM)))
            code = tieout.end(ends[-1])
            assert code == (0 if ends[-1] == signal.SIGTERM else -signal.SIGKILL)
    assert len(ends) > 2, "it was done before it was killed"
    assert ids(folder) == Counter({str(number): 1 for number in range(DOCUMENTS)})
    assert not list((inbox / "taken").iterdir())
