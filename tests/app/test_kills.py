"""G1 and G2 with real processes: workers, the database and the whole of it are killed while documents flow."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.sim.case_flaws import case_flaws
from tests.sim.story import AS_OF, Digests, Story, delivery

from tieout.process.verdict import Verdict
from tieout.store.connection import connect
from tieout.store.decisions import decide
from tieout.store.embedded import running

from .served import Served

QUIET = """
SELECT (SELECT count(*) FROM delivery WHERE state = 0) + (SELECT count(*) FROM touched) + (SELECT count(*) FROM holding_changed)
    + (SELECT count(*) FROM instance WHERE dirty_at IS NOT NULL) + (SELECT count(*) FROM finding_changed)
"""


@pytest.fixture
def home(room: Path) -> Iterator[Path]:
    """A data folder of the test's own."""
    folder = room / uuid.uuid4().hex[:8]
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def rounds(home: Path, seed: int, count: int, workers: int, orders: int) -> tuple[Digests, Digests, int, int]:
    """So many kills while a company's documents arrive: the verdicts as they should be, as they are, kills, deliveries not interpreted."""
    chance, story = random.Random(seed), Story(seed, orders)
    served = Served(home, workers, AS_OF.isoformat())
    told = [*story.before(), *story.documents]
    chance.shuffle(told)
    batches = [told[n : n + 5] for n in range(0, len(told), 5)]
    batches.append(story.documents)  # the snapshot, in which versions that came late and last are restated
    done, kills = threading.Event(), 0

    def send() -> None:
        for n, batch in enumerate(batches):
            served.deliver(delivery(batch), f"{seed}-{n}")
        done.set()

    try:
        with running(home) as dsn:
            with connect(dsn, "test") as connection:
                decide(connection, story.decided, "it", "the beginning", dt.datetime.now(dt.UTC))
            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            while kills < count or not done.is_set():
                time.sleep(chance.uniform(0.05, 0.6))
                way = chance.random()
                if kills >= count:
                    continue
                if way < 0.6:
                    kills += served.kill_worker(chance.randrange(workers))
                elif way < 0.9:
                    kills += served.kill_database()
                else:
                    served.again()
                    kills += 1
            sender.join(120)
            assert done.is_set()
            found, refused = _settled(dsn)
            with connect(dsn, "test") as connection:
                assert case_flaws(connection, story.decided.policy, dt.datetime.now(dt.UTC).date()) == []
    finally:
        served.stop()
    return story.expected, found, kills, refused


def _settled(dsn: str) -> tuple[Digests, int]:
    until = time.monotonic() + 180
    while True:
        try:
            with connect(dsn, "test") as connection:
                ((waiting,),) = connection.execute(QUIET).fetchall()
                if not waiting:
                    rows = connection.execute("SELECT flow, verdict, digest FROM instance").fetchall()
                    ((refused,),) = connection.execute(
                        "SELECT count(*) FROM delivery WHERE reason IS NOT NULL"
                    ).fetchall()
                    break
        except Exception:
            waiting = "?"
        assert time.monotonic() < until, f"{waiting} still wait"
        time.sleep(0.2)
    return {(f, msgspec.json.decode(v, type=Verdict).instance): bytes(d) for f, v, d in rows}, refused


def test_a_dozen_kills_lose_nothing(home: Path) -> None:
    expected, found, kills, refused = rounds(home, 11, 12, workers=2, orders=8)
    assert kills >= 12
    assert refused == 0
    assert found == expected


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("seed", "workers"), [(21, 1), (22, 4)])
def test_two_hundred_kills_lose_nothing(home: Path, seed: int, workers: int) -> None:
    """Deliveries that were set aside because their worker was killed again and again would count as lost here."""
    expected, found, kills, refused = rounds(home, seed, 100, workers=workers, orders=40)
    assert kills >= 100
    assert refused == 0
    assert found == expected
