"""What became of what was handed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tieout.store.connection import open_pool
from tieout.store.stages import Stages

from .conftest import Ask

CUSTOMER = {"type": "customer", "system": "crm", "id": "C1", "name": "Muster GmbH"}


def interpret(dsn: str) -> None:
    with open_pool(dsn, "a test", 1) as pool:
        stages = Stages(pool, "a worker")
        while stages.run("interpret", dt.datetime.now(dt.UTC)):
            pass


def test_a_sender_can_ask_what_became_of_a_delivery(ask: Ask, service: Callable[..., str], database: str) -> None:
    token = service()
    number = ask("POST", "/v1/deliveries", token, CUSTOMER).body["delivery"]
    before = ask("GET", f"/v1/deliveries/{number}", token).body
    assert (before["state"], before["documents"], before["connection"]) == ("waiting", None, "api/erp-export")
    interpret(database)
    after = ask("GET", f"/v1/deliveries/{number}", token).body
    assert (after["state"], after["documents"], after["reason"]) == ("interpreted", 1, "")


def test_deliveries_are_listed_the_newest_first_page_by_page(ask: Ask, service: Callable[..., str]) -> None:
    token = service()
    made = [ask("POST", "/v1/deliveries", token, CUSTOMER).body["delivery"] for _ in range(5)]
    first = ask("GET", "/v1/deliveries?limit=3&state=waiting", token).body
    second = ask("GET", f"/v1/deliveries?limit=3&before={first['next']}", token).body
    assert [one["id"] for one in first["deliveries"] + second["deliveries"]] == made[::-1]
    assert second["next"] is None
    assert ask("GET", "/v1/deliveries?state=refused", token).body["deliveries"] == []


def test_who_is_limited_to_an_entity_sees_their_own_deliveries(ask: Ask, service: Callable[..., str]) -> None:
    whole, limited = service(), service(holder="shop", entities=["DE01"])
    theirs = ask("POST", "/v1/deliveries", whole, CUSTOMER).body["delivery"]
    own = ask("POST", "/v1/deliveries", limited, {**CUSTOMER, "entity": "DE01"}).body["delivery"]
    assert [one["id"] for one in ask("GET", "/v1/deliveries", limited).body["deliveries"]] == [own]
    assert ask("GET", "/v1/deliveries?connection=api/erp-export", limited).body["deliveries"] == []
    assert ask("GET", f"/v1/deliveries/{theirs}", limited).status == 404
    assert ask("GET", f"/v1/deliveries/{own}", limited).status == 200
    assert [one["id"] for one in ask("GET", "/v1/deliveries", whole).body["deliveries"]] == [own, theirs]
