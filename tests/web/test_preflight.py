"""Preflight by the API: documents in, what would hold them up out; nobody asks or hears about entities that are not theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conftest import Ask

QUOTE: dict[str, Any] = {
    "type": "quote", "system": "crm", "id": "Q1", "entity": "DE01", "currency": "EUR", "customer": "crm/C1",
    "status": "accepted", "lines": [{"id": "1", "product": "crm/P1", "net": 5000}],
}  # fmt: skip
CUSTOMER = {"type": "customer", "system": "crm", "id": "C1", "name": "Acme", "entity": "DE01", "currency": "EUR"}
PRODUCT = {"type": "product", "system": "crm", "id": "P1", "name": "Seat", "entity": "DE01", "currency": "EUR"}


def test_what_holds_a_quote_up_now_and_later(ask: Ask, service: Callable[..., str]) -> None:
    crm = service("preflight")
    heard = ask("POST", "/v1/preflight?later=2027-06-30", crm, QUOTE)
    assert heard.status == 200
    now, later = heard.body["moments"]
    assert later["end_of"] == "2027-06-30"
    codes = [(block["code"], block["where"]) for block in now["blocks"]]
    assert ("unknown_document", "quote/crm/Q1 customer") in codes
    assert ("gate_shut", "quote/crm/Q1 quote_to_order.aligned") in codes
    whole = ask("POST", "/v1/preflight", crm, [QUOTE, CUSTOMER, PRODUCT]).body["moments"][0]
    assert [(block["code"], block["amount"]) for block in whole["blocks"]] == [("gate_shut", 5000)]
    assert whole["instances"][0]["anchor"] == "quote/crm/Q1"


def test_documents_that_cannot_be_read_are_named(ask: Ask, service: Callable[..., str]) -> None:
    heard = ask("POST", "/v1/preflight", service("preflight"), [QUOTE, {**QUOTE, "staus": "draft"}])
    assert heard.status == 422
    assert [(one["n"], one["where"], "status" in one["mend"]) for one in heard.body["refused"]] == [(1, "staus", True)]
    assert ask("POST", "/v1/preflight", service("preflight"), []).status == 422
    assert ask("POST", "/v1/preflight?later=soon", service("preflight"), QUOTE).body["where"] == "later"


def test_who_may_ask_about_what(ask: Ask, service: Callable[..., str], person: Callable[..., str]) -> None:
    assert ask("POST", "/v1/preflight", person("vera", "viewer"), QUOTE).status == 403
    ben = person("ben", "worker", entities=["US01"])
    heard = ask("POST", "/v1/preflight", ben, QUOTE)
    assert (heard.status, heard.body["refused"][0]["where"]) == (422, "entity")
    assert ask("POST", "/v1/preflight", ben, {**QUOTE, "entity": "US01"}).status == 200
