"""A web server on a port of its own, with a database of the test's own, and callers with tokens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tieout.store.connection import connect, open_pool
from tieout.store.intake import GroupCommit
from tieout.store.people import Wish, add_person, add_token
from tieout.store.sealing import Sealer
from tieout.store.trail import By
from tieout.web.application import Application
from tieout.web.doors import Doors
from tieout.web.means import Means
from tieout.web.roles import SCOPES
from tieout.web.routes import ROUTES
from tieout.web.server import serving

BY = By("it", why="a test")


class Heard(NamedTuple):
    """An answer."""

    status: int
    body: Any
    headers: dict[str, str]


Ask = Callable[..., Heard]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """Where the keys are that seal secrets, once there is one."""
    return tmp_path / "secret.keys"


@pytest.fixture
def address(database: str, keys: Path) -> Iterator[tuple[str, int]]:
    """Host and port of the server."""
    failures: list[BaseException | None] = []
    with (
        open_pool(database, "a test", 4) as pool,
        GroupCommit(database) as intake,
        serving(
            Application(Means(pool, intake, Doors(pool, Sealer(keys))), ROUTES), "127.0.0.1", 0, failures.append
        ) as url,
    ):
        yield "127.0.0.1", int(url.rpartition(":")[2])
    assert not failures


@pytest.fixture
def ask(address: tuple[str, int]) -> Ask:
    """Asks over a connection of its own: ``ask("GET", "/readyz")``; ``body`` is bytes, or plain values for JSON."""

    def send(method: str, path: str, token: str = "", body: Any = None, **headers: str) -> Heard:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            named["Authorization"] = f"Bearer {token}"
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        connection = HTTPConnection(*address, timeout=60)
        try:
            connection.request(method, path, content, named)
            answer = connection.getresponse()
            said = answer.read()
            heard = {name.lower(): value for name, value in answer.getheaders()}
            return Heard(answer.status, json.loads(said) if said else None, heard)
        finally:
            connection.close()

    return send


@pytest.fixture
def service(database: str) -> Callable[..., str]:
    """Makes a service's token: ``service("deliver", entities=["DE01"])``; with no scope it has all."""

    def make(*scopes: str, holder: str = "erp-export", entities: list[str] | None = None) -> str:
        wish = Wish(name="of a test", kind="service", holder=holder, scopes=list(scopes or SCOPES), entities=entities)
        with connect(database, "a test") as connection:
            return add_token(connection, wish, BY)[1]

    return make


@pytest.fixture
def person(database: str) -> Callable[..., str]:
    """Adds a person with roles, and makes a token that speaks for them: ``person("anna", "viewer", entities=["DE01"])``."""

    def make(name: str, *roles: str, entities: list[str] | None = None) -> str:
        with connect(database, "a test") as connection:
            add_person(connection, name, list(roles), entities or [], BY)
            return add_token(connection, Wish(name="of a test", kind="person", holder=name, scopes=list(SCOPES)), BY)[1]

    return make
