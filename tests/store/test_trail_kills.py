"""Killed at any moment, as often as one likes: every change has its entry, the chain is whole, and so are the heads that were published."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from tieout.store import trail_heads
from tieout.store.connection import connect, open_pool
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.trail import verify

from . import changing
from .holding import answers, comes_true, postmaster


@pytest.mark.parametrize("kills", [8, pytest.param(80, marks=pytest.mark.long)])
def test_workers_and_the_database_are_killed_while_they_change_and_seal(
    folder: Path, tmp_path: Path, kills: int
) -> None:
    chance = random.Random(kills)
    with running(folder) as dsn:
        migrate(dsn)
        command = [sys.executable, changing.__file__, dsn, str(tmp_path)]
        workers = [subprocess.Popen(command) for _ in range(2)]
        try:
            for _ in range(kills):
                time.sleep(chance.uniform(0.2, 0.6))
                if chance.random() < 0.3:
                    assert comes_true(lambda: answers(dsn))
                    postmaster(folder).kill()
                else:
                    killed = chance.randrange(2)
                    workers[killed].kill()
                    workers[killed].wait()
                    workers[killed] = subprocess.Popen(command)
            time.sleep(1)
        finally:
            for worker in workers:
                worker.kill()
                worker.wait()
        before = trail_heads.read([tmp_path / "trail.heads"])
        with open_pool(dsn, "a test", 1) as pool:
            trail_heads.seal_and_publish(pool, tmp_path)
        heads = trail_heads.read([tmp_path / "trail.heads"])
        with connect(dsn, "a test") as connection:
            verified = verify(connection, heads)
        with psycopg.connect(dsn) as reader:
            changes = reader.execute("SELECT count(*) FROM token").fetchone()
    assert verified.flaws == ()
    assert changes == (verified.entries,) and verified.entries > kills
    assert heads[: len(before)] == before and [head.batch for head in heads] == list(range(1, verified.batches + 1))
