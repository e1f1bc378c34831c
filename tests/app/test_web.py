"""``tieout web`` as a process: it comes up from nothing, stops in order, and loses nothing that it accepted, however it ends."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
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


@pytest.fixture
def ready(folder: Path) -> Path:
    """A data folder with a connection that takes any webhook."""
    with running(folder) as dsn:
        migrate(dsn)
        with connect(dsn, "a test") as database:
            events = Connection(name="events", kind="webhook", scheme="none", options={"id_header": "X-Id"})
            add_connection(database, events, "", Sealer(folder / "secret.keys"), By("it"))
    return folder


def kept(folder: Path) -> set[str]:
    """The names of the deliveries that are there, each once."""
    with running(folder) as dsn, psycopg.connect(dsn) as connection:
        names = [name for (name,) in connection.execute("SELECT dedup_key FROM delivery").fetchall()]
    assert len(set(names)) == len(names)
    return set(names)


def test_from_nothing_to_ready_and_in_order_to_the_end(folder: Path) -> None:
    with Tieout(folder) as tieout:
        assert tieout.said[:2] == ["applied 0001_intake", "applied 0002_engine"]
        assert tieout.ask("GET", "/readyz") == (200, {"status": "ready"})
        assert tieout.ask("POST", "/v1/deliveries", {})[0] == 401
        assert tieout.end() == 0


def test_an_address_that_is_taken_is_told(folder: Path) -> None:
    with Tieout(folder) as first:
        words = [sys.executable, "-m", "tieout", "web", "--data", str(folder), "--port", str(first.port)]
        second = subprocess.run(words, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert "no web server can be opened: Address already in use" in second.stderr
        assert first.ask("GET", "/healthz")[0] == 200


def test_a_database_that_is_just_being_started_is_waited_for(database: str, server: str, tmp_path: Path) -> None:
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())

    def start() -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())

    later = threading.Timer(2.5, start)
    later.start()
    with Tieout(tmp_path, TIEOUT_DATABASE_URL=database) as tieout:
        assert not later.is_alive(), "it did not listen before"
        assert tieout.ask("GET", "/readyz")[0] == 200
        assert tieout.end() == 0


def test_told_to_stop_it_answers_what_is_under_way(ready: Path) -> None:
    answered: list[str] = []
    with Tieout(ready) as tieout:

        def send(sender: int) -> None:
            for number in range(10_000):
                if tieout.ask("POST", "/hooks/events", b"{}", X_Id=f"{sender}-{number}")[0] != 200:
                    return
                answered.append(f"{sender}-{number}")

        senders = [threading.Thread(target=send, args=[n]) for n in range(4)]
        for sender in senders:
            sender.start()
        while len(answered) < 100:
            time.sleep(0.01)
        assert tieout.end() == 0
        for sender in senders:
            sender.join()
    assert set(answered) <= kept(ready)


def kill_under_load(folder: Path, rounds: int) -> None:
    """Senders who send each event until it is accepted; the process, and its database with it, is killed in between."""
    chance = random.Random(11)
    accepted: set[str] = set()
    for turn in range(rounds):
        stop = threading.Event()
        with Tieout(folder) as tieout:

            def send(name: str, stop: threading.Event = stop, tieout: Tieout = tieout) -> None:
                for number in range(100_000):
                    while tieout.ask("POST", "/hooks/events", b"{}", X_Id=f"{name}-{number}")[0] != 200:
                        if stop.is_set():
                            return
                    accepted.add(f"{name}-{number}")

            senders = [threading.Thread(target=send, args=[f"{turn}-{n}"]) for n in range(4)]
            for sender in senders:
                sender.start()
            had = len(accepted)
            while len(accepted) < had + 50:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.1))
            tieout.end(signal.SIGKILL)
            stop.set()
            for sender in senders:
                sender.join()
    assert len(accepted) >= 50 * rounds
    assert accepted <= kept(folder)


def test_killed_under_load_it_has_everything_that_it_accepted(ready: Path) -> None:
    kill_under_load(ready, rounds=1)


@pytest.mark.long
def test_killed_under_load_again_and_again_it_has_everything_that_it_accepted(ready: Path) -> None:
    kill_under_load(ready, rounds=15)
