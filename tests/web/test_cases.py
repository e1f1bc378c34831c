"""Cases over HTTP: the queue, one case, what is done with it and by whom, and what it all comes to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.store.connection import open_pool
from tieout.store.triage import triage

from ..store.verdicts import NOON, commit, found
from .conftest import Ask

Person = Callable[..., str]


@pytest.fixture
def cases(database: str) -> None:
    """100.00 and 20,000.00 stuck in DE01, 300.00 in US01; a code that holds 1.00 in each."""
    with open_pool(database, "a test", 1) as pool:
        commit(pool, {
            "order/c/1": [found(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000)],
            "order/c/2": [found(Risk.UNPOSTED_INVOICE, "invoice/b/2", 2_000_000)],
            "order/c/3": [found(Risk.UNDERBILLED, "charge/b/3", 30_000, entity="US01", owner="billing-ops")],
            "order/c/4": [found(Risk.UNPOSTED_INVOICE, "invoice/b/4", 100, cause="crosswalk/item/X9")],
            "order/c/5": [found(Risk.UNPOSTED_INVOICE, "invoice/b/5", 100, cause="crosswalk/item/X9", entity="US01")],
        })  # fmt: skip
        while triage(pool, Policy(base_currency="EUR"), NOON):
            pass


@pytest.mark.usefixtures("cases")
def test_the_queue_is_dearest_first_and_goes_on_page_by_page(ask: Ask, person: Person) -> None:
    anna = person("anna", "viewer")
    first = ask("GET", "/v1/cases?limit=2", anna).body
    assert [case["exposure"] for case in first["cases"]] == [2_000_000, 30_000]
    second = ask("GET", f"/v1/cases?limit=2&after={first['next']}", anna).body
    assert [case["key"] for case in second["cases"]] == ["unposted_invoice/invoice/b/1", "crosswalk/item/X9"]
    assert second["next"] == ""
    assert ask("GET", f"/v1/cases?sort=due&after={first['next']}", anna).status == 422
    assert "did you mean 'owner'" in ask("GET", "/v1/cases?ownr=AR", anna).body["mend"]
    assert [c["exposure"] for c in ask("GET", "/v1/cases?risk=underbilled&late=true", anna).body["cases"]] == [30_000]


@pytest.mark.usefixtures("cases")
def test_who_may_see_one_entity_sees_that_one(ask: Ask, person: Person) -> None:
    carla = person("carla", "worker", entities=["US01"])
    seen = {case["key"]: (case["exposure"], case["id"]) for case in ask("GET", "/v1/cases", carla).body["cases"]}
    assert {key: exposure for key, (exposure, _) in seen.items()} == {
        "underbilled/charge/b/3": 30_000, "crosswalk/item/X9": 100,
    }  # fmt: skip
    assert ask("GET", "/v1/risk", carla).body["totals"]["stuck"] == 100
    assert [queue["owner"] for queue in ask("GET", "/v1/cases/times", carla).body["queues"]] == ["billing-ops"]
    assert ask("GET", "/v1/risk?entity=DE01", carla).body["totals"]["stuck"] == 0
    mixed = seen["crosswalk/item/X9"][1]
    shown = ask("GET", f"/v1/cases/{mixed}", carla).body
    assert (shown["is_whole"], [finding["subject"] for finding in shown["findings"]]) == (False, ["invoice/b/5"])
    assert ask("POST", f"/v1/cases/{mixed}/actions", carla, {"action": {"action": "comment", "why": "?"}}).status == 403
    others = ask("GET", "/v1/cases?entity=DE01&state=any", person("anna", "viewer")).body["cases"][0]["id"]
    assert ask("GET", f"/v1/cases/{others}", carla).status == 404
    assert (
        ask("POST", f"/v1/cases/{others}/actions", carla, {"action": {"action": "comment", "why": "?"}}).status == 404
    )


@pytest.mark.usefixtures("cases")
def test_a_risk_is_accepted_by_two_people_with_the_right_to(ask: Ask, person: Person) -> None:
    anna, ben, carla = person("anna", "approver"), person("ben", "approver"), person("carla", "worker")
    id = ask("GET", "/v1/cases", anna).body["cases"][0]["id"]
    path = f"/v1/cases/{id}/actions"
    assert ask("POST", path, person("dora", "viewer"), {"action": {"action": "approve"}}).status == 403
    proposal = {"action": "accept-risk", "until": "2199-01-01", "why": "in dispute"}
    assert "within a year" in ask("POST", path, anna, {"action": proposal}).body["detail"]
    day = dt.date.fromisoformat(ask("GET", "/v1/risk", anna).body["day"])
    proposal["until"] = str(day + dt.timedelta(days=90))
    proposed = ask("POST", path, anna, {"action": proposal, "version": 1})
    assert (proposed.status, proposed.body["state"], proposed.body["version"]) == (200, "open", 2)
    assert ask("POST", path, anna, {"action": {"action": "approve"}}).status == 403
    assert ask("POST", path, carla, {"action": {"action": "approve"}}).status == 403
    assert ask("POST", path, ben, {"action": {"action": "approve"}, "version": 1}).status == 409
    assert ask("POST", path, ben, {"action": {"action": "approve"}, "version": 2}).body["state"] == "accepted"
    events = ask("GET", f"/v1/cases/{id}", carla).body["events"]
    assert [(event["who"], event["what"]) for event in events] == [
        ("ben", "acceptance approved"), ("anna", "acceptance proposed"), ("tieout", "opened"),
    ]  # fmt: skip


@pytest.mark.usefixtures("cases")
def test_many_at_once_are_read_back_one_by_one(ask: Ask, person: Person, database: str) -> None:
    anna = person("anna", "worker")
    body = {
        "action": {"action": "claim-fixed", "why": "posted"},
        "wanted": {"risk": "unposted_invoice"},
        "expected": 99,
    }
    assert "3 cases fit by now" in ask("POST", "/v1/cases/actions", anna, body).body["detail"]
    outcomes = ask("POST", "/v1/cases/actions", anna, body | {"expected": 3}).body["outcomes"]
    assert [outcome["outcome"] for outcome in outcomes] == ["unverified"] * 3
    with open_pool(database, "a test", 1) as pool:
        commit(pool, {"order/c/2": []})
        triage(pool, Policy(base_currency="EUR"), NOON)
    ids = "&".join(f"id={outcome['id']}" for outcome in outcomes)
    assert sorted(o["outcome"] for o in ask("GET", f"/v1/cases/outcomes?{ids}", anna).body["outcomes"]) == [
        "fixed", "unverified", "unverified",
    ]  # fmt: skip


@pytest.mark.usefixtures("cases")
def test_what_is_no_action_is_refused_by_name(ask: Ask, person: Person) -> None:
    anna = person("anna", "worker")
    said = ask("POST", "/v1/cases/1/actions", anna, {"action": {"action": "snoze", "until": "2026-01-01"}})
    assert (said.status, said.body["where"]) == (422, "action.action")
    assert ask("POST", "/v1/cases/1/actions", anna, {"action": {"action": "snooze", "until": "someday"}}).status == 422
    assert ask("GET", "/v1/cases/none", anna).status == 404
    assert ask("POST", "/v1/cases/99999/actions", anna, {"action": {"action": "comment", "why": "hm"}}).status == 404
