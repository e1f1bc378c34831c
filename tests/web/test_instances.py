"""Instances over HTTP, of a company whose documents went through the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ..store.seeded import decree, deliver, seeded, settle
from .conftest import Ask


@pytest.fixture(scope="module")
def company(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a leaky company, evaluated to the end: a template for the tests' own."""
    name = "instances_company"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template".encode())
    dsn = make_conninfo(server, dbname=name)
    made = seeded(3, 12, tmp_path_factory.mktemp("company"))
    decree(dsn, made.decided)
    deliver(dsn, made.documents)
    settle(dsn)
    yield name
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture
def database(company: str, make_database: Callable[[str], str]) -> str:
    """A database with that company."""
    return make_database(company)


def test_instances_are_found_by_a_document_and_shown_with_all_that_is_known(
    ask: Ask, service: Callable[..., str], database: str
) -> None:
    token = service("read")
    assert conninfo_to_dict(database)["dbname"]
    page = ask("GET", "/v1/instances?found=true&flow=order_to_bill", token).body
    assert page["instances"], "a leaky company"
    listed = page["instances"][0]
    shown = ask("GET", f"/v1/instances/{listed['id']}", token).body
    assert shown["instance"] == listed
    assert len(shown["findings"]) == listed["findings"] > 0
    assert {step["name"] for step in shown["steps"]} >= {"accepted", "billable"}
    views = [view["key"] for related in shown["documents"] for view in related["views"]]
    assert listed["key"] in views
    assert [moment["at"] for moment in shown["timeline"]] == sorted(moment["at"] for moment in shown["timeline"])
    assert {"what": "accepted", "document": listed["key"]}.items() <= {
        k: v
        for moment in shown["timeline"]
        if moment["what"] == "accepted"
        for k, v in moment.items()
        if moment["document"]
    }.items()
    for key in views[:3]:
        of_document = ask("GET", f"/v1/instances?document={key}", token).body["instances"]
        assert listed["id"] in [one["id"] for one in of_document]


def test_pages_follow_one_another_to_the_end(ask: Ask, service: Callable[..., str], database: str) -> None:
    token, seen, after = service("read"), [], 0
    while after is not None:
        page = ask("GET", f"/v1/instances?limit=7&after={after}", token).body
        seen += [one["id"] for one in page["instances"]]
        after = page["next"]
    with psycopg.connect(database) as connection:
        assert seen == [id for (id,) in connection.execute("SELECT id FROM instance ORDER BY id").fetchall()]


def test_who_is_limited_to_an_entity_sees_nothing_of_another(ask: Ask, service: Callable[..., str]) -> None:
    whole, own = service("read"), service("read", entities=["DE01"])
    everything = ask("GET", "/v1/instances?limit=1000", whole).body["instances"]
    assert len({one["entity"] for one in everything}) > 1
    seen = ask("GET", "/v1/instances?limit=1000", own).body["instances"]
    assert seen == [one for one in everything if one["entity"] == "DE01"]
    other = next(one for one in everything if one["entity"] != "DE01")
    assert ask("GET", f"/v1/instances/{other['id']}", own).status == 404
    for one in seen:
        shown = ask("GET", f"/v1/instances/{one['id']}", own).body
        entities = {view["document"].get("entity", "") for related in shown["documents"] for view in related["views"]}
        assert entities <= {"", "DE01"}


@pytest.mark.parametrize("id", ["0", "999999", "x", "-1", "9" * 30])
def test_one_that_is_not_there(ask: Ask, service: Callable[..., str], id: str) -> None:
    assert ask("GET", f"/v1/instances/{id}", service("read")).status == 404
