"""Schemathesis asks for whatever /openapi.json says may be asked for, and for much that may not, and holds the answers against it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from tieout.web.route import Route
from tieout.web.routes import ROUTES

EXAMPLES = 40
ASKED = [(route, GenerationMode.POSITIVE) for route in ROUTES]
ASKED += [
    (route, GenerationMode.NEGATIVE)
    for route in ROUTES
    if route.has_body or route.variables or "query" in route.arguments
]


@pytest.mark.long
@pytest.mark.parametrize(
    ("route", "mode"), ASKED, ids=[f"{route.method} {route.path} {mode.value}" for route, mode in ASKED]
)
def test_the_server_does_what_its_document_says(
    address: tuple[str, int], service: Callable[..., str], route: Route, mode: GenerationMode
) -> None:
    load_all_checks()
    headers = {"Authorization": f"Bearer {service()}"}
    operation = schemathesis.openapi.from_url("http://{}:{}/openapi.json".format(*address))[route.path][route.method]

    # A schema does not say all that makes sense of a document: what it allows may be refused, in the form that it says. And in a query
    # a list of one looks like the value alone: what Schemathesis takes for a wrong type there is none.
    excluded = [positive_data_acceptance, *([negative_data_rejection] if "query" in route.arguments else [])]

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(operation.as_strategy(mode))
    def check(case: Case) -> None:
        case.call_and_validate(headers=headers, excluded_checks=excluded)

    check()
