"""Callers that mean no good, or are broken: each is dealt with by itself, and the others are answered."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tieout.store.connection import open_pool
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer
from tieout.web.application import Application
from tieout.web.bounded import LONGEST_HEAD
from tieout.web.doors import Doors
from tieout.web.means import Means
from tieout.web.routes import ROUTES
from tieout.web.server import serving

SLOW = 0.5


@pytest.fixture
def place(database: str, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A server that waits half a second for a request's head."""
    failures: list[BaseException | None] = []
    with open_pool(database, "a test", 2) as pool, GroupCommit(database) as intake:
        application = Application(Means(pool, intake, Doors(pool, Sealer(tmp_path / "keys"))), ROUTES)
        with serving(application, "127.0.0.1", 0, failures.append, SLOW) as url:
            yield "127.0.0.1", int(url.rpartition(":")[2])
    assert not failures


def said(place: tuple[str, int], *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that is answered to these bytes, until the server hangs up or a second has passed."""
    with socket.create_connection(place) as caller:
        caller.settimeout(1.5)
        heard = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            for piece in pieces:
                caller.sendall(piece)
                time.sleep(pause)
            while answer := caller.recv(65536):
                heard += answer
        return heard


ALIVE = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def is_well(place: tuple[str, int]) -> bool:
    return said(place, ALIVE).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 2 * LONGEST_HEAD,
        b"GET / HTTP/1.1\r\n" + b"X-Many: 1\r\n" * LONGEST_HEAD,
        b"GET /" + b"x" * 2 * LONGEST_HEAD,
    ],
    ids=["one", "many", "path"],
)
def test_a_head_without_an_end_is_cut_off(place: tuple[str, int], head: bytes) -> None:
    assert b"200" not in said(place, *[head[n : n + 4096] for n in range(0, len(head), 4096)])[:20]
    assert is_well(place)


@pytest.mark.parametrize(
    "rubbish", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"\0" * 100]
)
def test_what_is_no_http_is_400(place: tuple[str, int], rubbish: bytes) -> None:
    assert said(place, rubbish + b"\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert is_well(place)


def test_who_says_nothing_or_too_slowly_is_hung_up_on(place: tuple[str, int]) -> None:
    for pieces in ((), (b"GET /healthz HT",), (ALIVE[:-2],)):
        started = time.monotonic()
        assert said(place, *pieces) == b""
        assert time.monotonic() - started < 1.4
    drip = [ALIVE[n : n + 1] for n in range(len(ALIVE))]
    assert said(place, *drip, pause=0.02) == b"", "a byte now and then does not keep it"


def test_between_two_requests_a_caller_may_take_its_time(place: tuple[str, int]) -> None:
    """As long as connections are kept, which is longer than a head may take."""
    with socket.create_connection(place) as caller:
        for _ in range(2):
            caller.sendall(ALIVE.replace(b"Connection: close\r\n", b""))
            heard = b""
            while b'{"status":"alive"}' not in heard:
                heard += caller.recv(4096)
            time.sleep(2 * SLOW)


def test_a_body_may_come_later_than_its_head(place: tuple[str, int]) -> None:
    head = b"POST /hooks/nobody HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    assert said(place, head, b"{", b"}", pause=SLOW).startswith(b"HTTP/1.1 404")


def test_requests_that_are_sent_together_are_answered_in_order(place: tuple[str, int]) -> None:
    keep = ALIVE.replace(b"Connection: close\r\n", b"")
    assert said(place, keep * 5 + ALIVE).count(b'{"status":"alive"}') == 6


def test_a_hundred_who_say_nothing_keep_nobody_waiting(place: tuple[str, int]) -> None:
    silent = [socket.create_connection(place) for _ in range(100)]
    assert is_well(place)
    time.sleep(SLOW + 0.3)
    for caller in silent:
        caller.settimeout(1)
        with contextlib.suppress(ConnectionError):
            assert caller.recv(1) == b""
        caller.close()


def test_who_leaves_in_mid_body_leaves_nothing(place: tuple[str, int]) -> None:
    head = b"POST /hooks/nobody HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"

    def leave() -> None:
        with socket.create_connection(place) as caller:
            caller.sendall(head + b"x" * 1000)

    for thread in [threading.Thread(target=leave) for _ in range(20)]:
        thread.start()
        thread.join()
    assert is_well(place)
