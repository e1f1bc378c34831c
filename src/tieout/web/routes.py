"""What there is to ask for. To add to it: a function as `route` describes it, and a line here.

docs/api.md and /openapi.json are made from this table and the functions' own types and words.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from . import hooks, preflight
from .cases import (
    act_on_case,
    act_on_cases,
    list_of_cases,
    money_at_risk,
    outcomes_of_cases,
    read_case,
    times_of_cases,
)  # fmt: skip
from .deliveries import ACCEPTS, deliver
from .figures import list_seals, show_bridge, show_kpis, show_seal
from .health import alive, ready, show_metrics
from .hooks import agree_to_hooks, take_hook
from .instances import list_of_instances, read_instance
from .means import Means
from .openapi import openapi
from .policy import (
    change_policy,
    list_policy_versions,
    remove_code,
    set_codes,
    show_crosswalk,
    show_policy,
    show_policy_version,
)
from .preflight import foresee
from .received import list_received, read_received
from .replays import replay_deliveries
from .route import MEGABYTE, Route
from .streams import expect_of_stream, list_streams
from .trail import show_trail


def show_openapi(means: Means) -> dict[str, Any]:
    """This API as an OpenAPI 3.1 document."""
    return _openapi()


@cache
def _openapi() -> dict[str, Any]:
    return openapi(ROUTES)


COMPUTED = {200: "They are fresh.", 202: "They are not, and are being computed anew: ask again."}
"""What figures are answered with that are computed beside requests."""

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/deliveries",
        "deliver",
        deliver,
        accepts=ACCEPTS,
        limit=64 * MEGABYTE,
        refusals=(409,),
        statuses={200: "All of them are kept.", 207: "Some are kept; `refused` says what is wrong with the others."},
    ),
    Route("GET", "/v1/deliveries", "read", list_received),
    Route("GET", "/v1/deliveries/{id}", "read", read_received),
    Route("POST", "/v1/replays", "work", replay_deliveries),
    Route("GET", "/v1/bridge", "read", show_bridge, statuses=COMPUTED),
    Route("GET", "/v1/kpis", "read", show_kpis, statuses=COMPUTED),
    Route("GET", "/v1/seals", "read", list_seals),
    Route("GET", "/v1/seals/{period}", "read", show_seal),
    Route("POST", "/v1/preflight", "preflight", foresee, accepts=preflight.ACCEPTS),
    Route("GET", "/v1/policy", "read", show_policy),
    Route("PUT", "/v1/policy", "policy", change_policy, refusals=(409,), limit=64 * MEGABYTE),
    Route("GET", "/v1/policy/versions", "read", list_policy_versions),
    Route("GET", "/v1/policy/versions/{version_id}", "read", show_policy_version),
    Route("GET", "/v1/crosswalks/{table}", "read", show_crosswalk),
    Route("POST", "/v1/crosswalks/{table}", "policy", set_codes, refusals=(409,), limit=64 * MEGABYTE),
    Route("DELETE", "/v1/crosswalks/{table}", "policy", remove_code, refusals=(409,)),
    Route("POST", "/hooks/{connection}", "", take_hook, accepts=hooks.ACCEPTS, refusals=(401, 409)),
    Route("OPTIONS", "/hooks/{connection}", "", agree_to_hooks, accepts=hooks.ACCEPTS),
    Route("GET", "/v1/cases", "read", list_of_cases),
    Route("GET", "/v1/cases/outcomes", "read", outcomes_of_cases),
    Route("GET", "/v1/cases/times", "read", times_of_cases),
    Route("POST", "/v1/cases/actions", "work", act_on_cases, refusals=(409,)),
    Route("GET", "/v1/cases/{id}", "read", read_case),
    Route("POST", "/v1/cases/{id}/actions", "work", act_on_case, refusals=(409,)),
    Route("GET", "/v1/instances", "read", list_of_instances),
    Route("GET", "/v1/instances/{id}", "read", read_instance),
    Route("GET", "/v1/risk", "read", money_at_risk),
    Route("GET", "/v1/streams", "read", list_streams),
    Route("PUT", "/v1/streams", "policy", expect_of_stream),
    Route("GET", "/v1/trail", "admin", show_trail),
    Route("GET", "/healthz", "", alive),
    Route("GET", "/readyz", "", ready),
    Route("GET", "/metrics", "", show_metrics),
    Route("GET", "/openapi.json", "", show_openapi),
)
