"""Figures over HTTP: 202 until they are computed, then kept until something is heard; each sees what they may see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from tieout.audit.sealing import seal
from tieout.audit.standing import compute_wanted
from tieout.store.trail import By

from ..store.living import START, sold
from ..store.seeded import decree, deliver, interpret
from .conftest import Ask

Person = Callable[..., str]
JULY = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)


@pytest.fixture
def company(database: str) -> str:
    """An invoice of 100.00 that the ERP refused in DE01, another one in AT01."""
    decree(database, START, JULY)
    deliver(database, [*sold(1), *sold(2, entity="AT01")])
    interpret(database, JULY)
    return database


def test_figures_are_computed_beside_requests_and_kept(ask: Ask, person: Person, company: str) -> None:
    anna = person("anna", "viewer")
    first = ask("GET", "/v1/bridge?period=2026-06", anna)
    assert (first.status, first.body["computed"]["computed_at"], first.body["rows"]) == (202, None, [])
    assert compute_wanted(company) == 1
    bridge = ask("GET", "/v1/bridge?period=2026-06", anna)
    assert (bridge.status, bridge.body["computed"]["as_of"], bridge.body["period"]) == (200, "2026-06-30", "2026-06")
    for row in bridge.body["rows"]:
        assert row["to_total"] == row["from_total"] + sum(line["amount"] for line in row["lines"]) + row["unexplained"]
    kpis = ask("GET", "/v1/kpis?period=2026-06", anna)
    assert (kpis.status, kpis.body["totals"]["stuck"]) == (200, 20_000)
    assert compute_wanted(company) == 0, "nobody waits for anything"

    decree(company, START.__class__(policy=START.policy), JULY)
    old = ask("GET", "/v1/kpis?period=2026-06", anna)
    assert (old.status, old.body["totals"]["stuck"]) == (202, 20_000), "what there is, while it is computed anew"
    assert compute_wanted(company) == 1
    assert ask("GET", "/v1/kpis?period=2026-06", anna).status == 200


def test_who_may_see_one_entity_sees_the_figures_of_that_one(ask: Ask, person: Person, company: str) -> None:
    carla = person("carla", "viewer", entities=["AT01"])
    assert ask("GET", "/v1/kpis?period=2026-06", carla).status == 403
    assert ask("GET", "/v1/bridge?period=2026-06&entity=DE01", carla).body["mend"].endswith("AT01")
    assert ask("GET", "/v1/kpis?period=2026-06&entity=AT01", carla).status == 202
    compute_wanted(company)
    assert ask("GET", "/v1/kpis?period=2026-06&entity=AT01", carla).body["totals"]["stuck"] == 10_000
    assert compute_wanted(company) == 0, "what was refused is not computed"


def test_months_and_entities_that_there_are_not_are_refused_by_name(ask: Ask, person: Person, company: str) -> None:
    anna = person("anna", "viewer")
    for query, words in (
        ("period=2026-13", "is not a month"), ("period=2999-01", "has not begun"), ("entity=DE1", "no entity"),
    ):  # fmt: skip
        refused = ask("GET", f"/v1/bridge?{query}", anna)
        assert refused.status == 422
        assert words in refused.body["detail"]
    assert compute_wanted(company) == 0


def test_a_seal_is_shown_as_it_was_sealed(ask: Ask, person: Person, company: str) -> None:
    anna = person("anna", "viewer")
    assert ask("GET", "/v1/seals/2026-06", anna).status == 404
    made = seal(company, "2026-06", "", By("anna", why="close"), JULY)
    shown = ask("GET", "/v1/seals/2026-06", anna).body
    assert (shown["seal"]["who"], shown["seal"]["sha256"]) == ("anna", made.seal.sha256.hex())
    assert shown["figures"]["totals"] == made.figures.totals
    carla = person("carla", "viewer", entities=["AT01"])
    assert ask("GET", "/v1/seals/2026-06", carla).status == 403
    seal(company, "2026-06", "AT01", By("anna"), JULY)
    assert [one["entity"] for one in ask("GET", "/v1/seals", carla).body["seals"]] == ["AT01"]
    assert [one["entity"] for one in ask("GET", "/v1/seals", anna).body["seals"]] == ["", "AT01"]
