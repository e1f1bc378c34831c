"""The policy by the API: who may, what is refused by name, and nobody overwrites what they have not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tieout.store.connection import connect
from tieout.store.trail import history

from .conftest import Ask

TABLES: dict[str, Any] = {
    "entities": {"DE01": {"time_zone": "Europe/Berlin"}, "US01": {}},
    "tolerances": {"line": 2},
    "crosswalks": [{"table": "item", "rows": [{"code": "SKU-7", "target": "I-200", "from": "2026-01-01"}]}],
}


@pytest.fixture
def anna(person: Callable[..., str]) -> str:
    return person("anna", "policy-editor")


@pytest.fixture
def decided(ask: Ask, anna: str) -> Any:
    """The first version."""
    return ask("PUT", "/v1/policy", anna, {"why": "go live", "policy": TABLES, "complete": [{"system": "*"}]}).body


def test_what_is_shown_can_be_handed_in_again_and_changes_nothing(ask: Ask, anna: str, decided: Any) -> None:
    shown = ask("GET", "/v1/policy", anna).body
    assert (shown["version"], shown["who"], shown["why"]) == (1, "anna", "go live")
    again = ask("PUT", "/v1/policy", anna, {"why": "x", **{key: shown[key] for key in ("policy", "complete", "flows")}})
    assert (again.status, again.body) == (200, {"version": 1, "changes": [], "instances": 0})


def test_a_table_is_replaced_and_the_others_stay(ask: Ask, anna: str, decided: Any, database: str) -> None:
    changed = ask("PUT", "/v1/policy", anna, {"why": "less noise", "policy": {"tolerances": {"line": 5}}}).body
    assert [change["about"] for change in changed["changes"]] == ["tolerance line"]
    shown = ask("GET", "/v1/policy", anna).body
    assert shown["policy"]["crosswalks"][0]["rows"] and shown["complete"] == [
        {"system": "*", "type": "*", "entity": "*", "from": None, "to": None}
    ]
    assert ask("GET", "/v1/policy/versions/1", anna).body["policy"]["tolerances"] == {"line": 2}
    assert [v["why"] for v in ask("GET", "/v1/policy/versions", anna).body] == ["less noise", "go live"]
    assert ask("GET", "/v1/policy/versions/3", anna).status == ask("GET", "/v1/policy/versions/x", anna).status == 404
    with connect(database, "a test") as connection:
        assert [(entry.who, entry.kind) for entry in history(connection, "policy")] == [("anna", "person")] * 2


@pytest.mark.parametrize(
    ("body", "where", "mend"),
    [
        ({"policy": {"tolerances": {"lin": 1}}}, "policy [tolerances] lin", "line"),
        ({"policy": {"tolerancs": {}}}, "policy tolerancs", "tolerances"),
        ({"policy": {"within": {"order_to_bill": {"post": "1 day"}}}}, "policy [within.order_to_bill] post", "posted"),
        ({"flows": ["order_to_bil"]}, "", "order_to_bill"),
        ({"complete": [{"system": "erp", "type": "invoce"}]}, "type", "invoice"),
        ({"polcy": {}}, "polcy", "policy"),
    ],
)
def test_what_is_misspelt_is_refused_by_name(
    ask: Ask, anna: str, decided: Any, body: Any, where: str, mend: str
) -> None:
    refused = ask("PUT", "/v1/policy", anna, {"why": "x", **body})
    assert (refused.status, refused.body.get("where", "")) == (422, where)
    assert mend in refused.body["mend"]
    assert ask("GET", "/v1/policy", anna).body["version"] == 1


def test_who_decides_on_what_is_outdated_is_told(ask: Ask, anna: str, decided: Any) -> None:
    first = {"why": "x", "expected": 1, "rows": [{"code": "SKU-8", "target": "I-300"}]}
    assert ask("POST", "/v1/crosswalks/item", anna, first).body["version"] == 2
    second = ask("POST", "/v1/crosswalks/item", anna, {**first, "rows": [{"code": "SKU-8", "target": "I-999"}]})
    assert (second.status, second.body["detail"]) == (409, "version 2 of the policy holds by now, and not 1")
    assert ask("DELETE", "/v1/crosswalks/item?code=SKU-8&why=x&expected=1", anna).status == 409


def test_codes_are_shown_set_and_taken_away(ask: Ask, anna: str, decided: Any) -> None:
    rows = [{"code": "SKU-7", "target": "I-201", "from": "2026-04-01"}]
    assert ask("POST", "/v1/crosswalks/item", anna, {"why": "moved", "rows": rows}).status == 200
    shown = ask("GET", "/v1/crosswalks/item?code=SKU-7", anna).body
    assert shown["rows"] == [{"code": "SKU-7", "target": "I-200", "from": "2026-01-01", "to": "2026-03-31"}, rows[0]]
    assert ask("GET", "/v1/crosswalks/itm", anna).status == 404
    assert ask("DELETE", "/v1/crosswalks/item?code=SKU-7&why=gone", anna).status == 200
    missing = ask("DELETE", "/v1/crosswalks/item?code=SKU-7&why=gone", anna)
    assert (missing.status, missing.body["where"]) == (422, "code")
    assert ask("POST", "/v1/crosswalks/item", anna, {"why": " ", "rows": rows}).body["where"] == "why"
    backwards = [{"code": "SKU-7", "target": "I-1", "from": "2026-04-01", "to": "2026-03-01"}]
    refused = ask("POST", "/v1/crosswalks/item", anna, {"why": "x", "rows": backwards})
    assert (refused.status, refused.body["mend"]) == (422, "swap the days")


def test_who_decides_for_one_entity_decides_its_codes_and_nothing_else(
    ask: Ask, person: Callable[..., str], anna: str, decided: Any
) -> None:
    ben = person("ben", "policy-editor", entities=["DE01"])
    mine, theirs, everybodys = ({"code": "SKU-9", "target": "I-1", "entity": entity} for entity in ("DE01", "US01", ""))
    assert ask("POST", "/v1/crosswalks/item", ben, {"why": "x", "rows": [mine]}).status == 200
    for row in (theirs, everybodys):
        assert ask("POST", "/v1/crosswalks/item", ben, {"why": "x", "rows": [mine, row]}).status == 403
    assert ask("POST", "/v1/crosswalks/item", ben, {"why": "x", "rows": [mine], "replace": True}).status == 403
    assert ask("DELETE", "/v1/crosswalks/item?code=SKU-7&why=x", ben).status == 403
    assert ask("PUT", "/v1/policy", ben, {"why": "x", "policy": {"tolerances": {"line": 99}}}).status == 403
    assert ask("GET", "/v1/policy", anna).body["version"] == 2


def test_a_viewer_changes_nothing(ask: Ask, person: Callable[..., str], decided: Any) -> None:
    viewer = person("vera", "viewer")
    assert ask("GET", "/v1/policy", viewer).status == 200
    assert ask("PUT", "/v1/policy", viewer, {"why": "x"}).status == 403
