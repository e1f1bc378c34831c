"""What no route answers goes to another application: Django's, beside the API on one address."""

from __future__ import annotations

from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.test.utils import override_settings
from django.urls import path

from tieout.store.connection import open_pool
from tieout.store.intake import GroupCommit
from tieout.store.sealing import Sealer
from tieout.web.application import Application
from tieout.web.doors import Doors
from tieout.web.means import Means
from tieout.web.routes import ROUTES
from tieout.web.server import serving


def page(request: HttpRequest) -> HttpResponse:
    """A page, and a form that comes back."""
    return HttpResponse(f"{request.method} {request.path} {request.body.decode()}")


urlpatterns = [path("cases/", page)]


@pytest.fixture
def address(database: str, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """A server with Django beyond it. (Django's settings were configured by whoever migrated.)"""
    assert settings.configured
    failures: list[BaseException | None] = []
    with (
        override_settings(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], MIDDLEWARE=[]),
        open_pool(database, "a test", 2) as pool,
        GroupCommit(database) as intake,
    ):
        means = Means(pool, intake, Doors(pool, Sealer(tmp_path / "keys")))
        with serving(Application(means, ROUTES, beyond=ASGIHandler()), "127.0.0.1", 0, failures.append) as url:
            yield "127.0.0.1", int(url.rpartition(":")[2])
    assert not failures


def asked(address: tuple[str, int], method: str, place: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection = HTTPConnection(*address, timeout=30)
    try:
        connection.request(method, place, body)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_pages_and_the_api_live_on_one_address(address: tuple[str, int]) -> None:
    assert asked(address, "GET", "/cases/") == (200, b"GET /cases/ ")
    assert asked(address, "POST", "/cases/", b"note=seen") == (200, b"POST /cases/ note=seen")
    assert asked(address, "GET", "/healthz") == (200, b'{"status":"alive"}')
    assert asked(address, "GET", "/nowhere/")[0] == 404
    assert asked(address, "DELETE", "/healthz")[0] == 405, "a path of ours is not Django's by another method"
