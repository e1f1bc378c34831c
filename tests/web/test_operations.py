"""What operators and auditors ask for: the trail, and what comes in."""

from __future__ import annotations

from collections.abc import Callable

from .conftest import Ask


def test_the_trail_says_who_changed_what_to_whoever_administers_everything(
    ask: Ask, person: Callable[..., str], service: Callable[..., str]
) -> None:
    ana = person("ana", "admin")
    heard = ask("GET", "/v1/trail?what=person&limit=1", ana)
    assert heard.status == 200
    (entry,) = heard.body["entries"]
    assert (entry["what"], entry["subject"], entry["kind"]) == ("person.grant", "ana", "person")
    assert entry["after"] == [["admin", "*"]]
    assert ask("GET", f"/v1/trail?what=person&before={entry['id']}", ana).body == {"entries": []}
    assert ask("GET", "/v1/trail?limit=0", ana).status == 422
    assert ask("GET", "/v1/trail?since=yesterday", ana).status == 422
    assert ask("GET", "/v1/trail", service("read")).status == 403
    limited = ask("GET", "/v1/trail", person("ben", "admin", entities=["DE01"]))
    assert limited.status == 403 and "does not administer every entity" in limited.body["detail"]


def test_what_is_expected_of_a_stream_is_declared_and_shown_within_ones_entities(
    ask: Ask, person: Callable[..., str], service: Callable[..., str]
) -> None:
    editor = person("eve", "policy-editor", entities=["DE01"])
    wish = {"connection": "billing", "type": "invoice", "entity": "DE01", "at_least": 300, "every": "1 business day"}
    assert ask("PUT", "/v1/streams", editor, wish | {"why": "as agreed"}).status == 204
    assert ask("PUT", "/v1/streams", editor, wish | {"entity": "US01"}).status == 403
    assert ask("PUT", "/v1/streams", service("policy"), wish | {"entity": "US01"}).status == 204
    refused = ask("PUT", "/v1/streams", editor, wish | {"type": "invoces"})
    assert refused.status == 422 and "did you mean 'invoice'" in str(refused.body)
    (seen,) = ask("GET", "/v1/streams", editor).body["streams"]
    assert (seen["key"], seen["at_least"], seen["every"]) == ("stream/billing/invoice/DE01", 300, "1 business day")
    assert seen["silent_since"] is None and seen["documents"] == 0
    assert len(ask("GET", "/v1/streams", service("read")).body["streams"]) == 2
