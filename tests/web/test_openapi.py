"""What /openapi.json says is what the server does."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tieout.web.roles import SCOPES
from tieout.web.route import Route
from tieout.web.routes import ROUTES

from .conftest import Ask


def test_it_has_every_route_and_each_reference_leads_somewhere(ask: Ask) -> None:
    document = ask("GET", "/openapi.json").body
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(route.method, route.path) for route in ROUTES}
    for reference in re.findall(r'"\$ref": "([^"]*)"', json.dumps(document)):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    assert document["components"]["schemas"]["Invoice"]["properties"]["mirrors"]["description"]


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_is_described_and_asks_for_a_scope_that_there_is(route: Route) -> None:
    assert route.words, "its function has no docstring"
    assert route.scope in {"", *SCOPES}
    assert set(route.variables) <= route.arguments
    extra = route.arguments - {"means", "caller", "query", "body", "content", *route.variables}
    assert not extra, "nobody fills these"
    assert not (route.scope == "" and "caller" in route.arguments)


def test_names_of_operations_are_unique() -> None:
    names = [route.handler.__name__ for route in ROUTES]
    assert len(set(names)) == len(names)
