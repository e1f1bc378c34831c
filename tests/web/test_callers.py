"""Who may ask for what: tokens of people and of services, scopes, and limits to entities."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import psycopg
import pytest

from tieout.store.people import Bearer
from tieout.web.caller import caller_of

from .conftest import Ask


def test_without_a_token_or_with_a_wrong_one_nobody_is_known(ask: Ask, service: Callable[..., str]) -> None:
    for headers in (
        {},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer guess"},
    ):
        heard = ask("POST", "/v1/deliveries", body={}, **headers)
        assert (heard.status, heard.headers["www-authenticate"]) == (401, "Bearer")


def test_a_scope_that_a_token_does_not_have_is_named(ask: Ask, service: Callable[..., str]) -> None:
    heard = ask("POST", "/v1/deliveries", service("read"), {})
    assert (heard.status, heard.body["detail"]) == (403, "erp-export has no scope 'deliver'")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE token SET revoked_at = now()",
        "UPDATE token SET expires_at = now() - interval '1 second'",
        "UPDATE person SET disabled_at = now()",
        "DELETE FROM person_role",
    ],
)
def test_what_was_taken_from_somebody_is_gone(ask: Ask, person: Callable[..., str], database: str, change: str) -> None:
    token = person("anna", "service")
    with psycopg.connect(database) as connection:
        connection.execute(change.encode())
    assert ask("POST", "/v1/deliveries", token, {}).status in (401, 403)


def test_a_person_may_what_their_roles_bring_where_they_bring_it() -> None:
    bearer = Bearer(
        "person", "anna", ["read", "approve"], None, (("viewer", "*"), ("approver", "DE01"), ("worker", "FR01"))
    )
    caller = caller_of(bearer)
    assert caller.scopes == {"read", "approve"}, "a token has no more scopes than were asked for"
    assert caller.may("read", "US01")
    assert caller.may("approve", "DE01")
    assert not caller.may("approve", "FR01")
    assert not caller.may("work", "FR01")


def test_a_token_may_be_narrower_than_its_person() -> None:
    bearer = Bearer("person", "anna", ["read", "work"], ["DE01"], (("viewer", "*"), ("worker", "FR01")))
    caller = caller_of(bearer)
    assert caller.reach == {"read": frozenset({"DE01"})}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/v1/preflight", 405),
        ("DELETE", "/healthz", 405),
        ("HEAD", "/healthz", 200),
    ],
)
def test_what_there_is_not(ask: Ask, method: str, path: str, status: int) -> None:
    heard = ask(method, path)
    assert heard.status == status
    assert ("allow" in heard.headers) == (status == 405)


def test_metrics_are_scraped_without_a_token_and_name_nobody(address: tuple[str, int]) -> None:
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen("http://{}:{}/v1/cases".format(*address))
    with urllib.request.urlopen("http://{}:{}/metrics".format(*address)) as answer:
        assert answer.headers["content-type"].startswith("text/plain")
        told = answer.read()
    assert b"# TYPE tieout_deliveries_total counter" in told
    assert b'tieout_refusals_total{reason="http 401"}' in told
