"""Documents handed in over HTTP: what is good is kept, what is wrong is told by name, and 2xx means that it is on disk."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from .conftest import Ask

PATH = "/v1/deliveries"


def customer(number: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "customer", "system": "crm", "id": f"C{number}", "name": f"Kunde {number}", **more}


def kept(dsn: str) -> list[list[dict[str, Any]]]:
    """The documents of each delivery."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT body FROM delivery ORDER BY id").fetchall()
    return [[json.loads(line) for line in body.split(b"\n")] for (body,) in rows]


def test_a_document_is_kept_and_its_delivery_named(ask: Ask, service: Callable[..., str], database: str) -> None:
    heard = ask("POST", PATH, service(), customer())
    assert heard.status == 200
    assert heard.body["accepted"] == 1 and heard.body["refused"] == [] and not heard.body["repeated"]
    with psycopg.connect(database) as connection:
        columns = "id, connection, kind, content_type, headers, body"
        row = connection.execute(f"SELECT {columns} FROM delivery".encode()).fetchone()
    assert row is not None
    assert row[:5] == (
        heard.body["delivery"],
        "api/erp-export",
        "api",
        "application/x-ndjson",
        {"caller": "erp-export"},
    )
    assert json.loads(row[5]) == customer()


def test_of_many_the_good_are_kept_and_each_other_is_told_what_is_wrong(
    ask: Ask, service: Callable[..., str], database: str
) -> None:
    documents = [customer(1), customer(2, nmae="x"), {**customer(3), "type": "custmer"}, customer(4)]
    heard = ask("POST", PATH, service(), documents)
    assert heard.status == 207
    assert heard.body["accepted"] == 2
    assert heard.body["refused"] == [
        {"n": 1, "what": "unknown field", "where": "nmae", "mend": "did you mean 'name'?"},
        {
            "n": 2,
            "what": "'custmer' is not the document type expected",
            "where": "type",
            "mend": "did you mean 'customer'?",
        },
    ]
    assert kept(database) == [[customer(1), customer(4)]]


def test_where_none_is_good_nothing_is_kept(ask: Ask, service: Callable[..., str], database: str) -> None:
    heard = ask("POST", PATH, service(), [{}, 7])
    assert heard.status == 422
    assert heard.headers["content-type"] == "application/problem+json"
    assert [refused["n"] for refused in heard.body["refused"]] == [0, 1]
    assert kept(database) == []


def test_one_document_a_line(ask: Ask, service: Callable[..., str], database: str) -> None:
    lines = "\n".join(json.dumps(customer(n)) for n in range(3)) + "\n\n"
    heard = ask("POST", PATH, service(), lines.encode(), content_type="application/x-ndjson; charset=utf-8")
    assert (heard.status, heard.body["accepted"]) == (200, 3)
    assert kept(database) == [[customer(n) for n in range(3)]]


def test_a_document_on_many_lines_is_kept_on_one(ask: Ask, service: Callable[..., str], database: str) -> None:
    written = json.dumps([customer(1, name="zwei\nZeilen"), customer(2)], indent=4).replace("\n", "\r\n")
    assert ask("POST", PATH, service(), written.encode()).status == 200
    assert kept(database) == [[customer(1, name="zwei\nZeilen"), customer(2)]]


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_packed_bodies_are_unpacked(ask: Ask, service: Callable[..., str], database: str, packing: str) -> None:
    body = json.dumps([customer(n) for n in range(500)]).encode()
    packed = pa.Codec(packing).compress(body, asbytes=True)
    assert ask("POST", PATH, service(), packed, content_encoding=packing).body["accepted"] == 500


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
def test_a_bomb_is_not_unpacked(ask: Ask, service: Callable[..., str], packing: str) -> None:
    bomb = pa.Codec(packing).compress(b" " * 2**28, asbytes=True)
    assert len(bomb) < 2**20
    heard = ask("POST", PATH, service(), bomb, content_encoding=packing)
    assert (heard.status, heard.body["detail"]) == (413, "more than 64 MB unpacked in one request")


@pytest.mark.parametrize(
    ("body", "headers", "status", "says"),
    [
        (b"{}", {"content_encoding": "br"}, 415, "use gzip or zstd"),
        (b"{}", {"content_encoding": "gzip"}, 422, "the body is not gzip"),
        (gzip.compress(b"[" + b"1," * 5000)[:-20], {"content_encoding": "gzip"}, 422, "the body is not gzip"),
        (b"<xml/>", {"content_type": "text/xml"}, 415, "application/x-ndjson"),
        (b"[{}, {]", {}, 422, "no JSON"),
        (b"[" * 100_000, {}, 422, "no JSON"),
        (b'{"ext":' * 100_000, {}, 422, "none of the documents"),
        (b"\xff\xfe", {}, 422, "none of the documents"),
        (b"", {}, 422, "none of the documents"),
        (b"[]", {}, 422, "there is no document in it"),
        (b"\n\n", {"content_type": "application/x-ndjson"}, 422, "there is no document in it"),
        (b"\n".join([b"{}"] * 10_001), {"content_type": "application/x-ndjson"}, 413, "10001 documents"),
        (b" " * (2**26 + 1), {}, 413, "more than 64 MB"),
        (b"{}", {"idempotency_key": "k" * 201}, 422, "none of the documents"),
        (json.dumps(customer()).encode(), {"idempotency_key": "k" * 201}, 422, "has 201 characters"),
    ],
    ids=itertools.count(),
)
def test_what_cannot_be_read_is_told_why(
    ask: Ask, service: Callable[..., str], database: str, body: bytes, headers: dict[str, str], status: int, says: str
) -> None:
    heard = ask("POST", PATH, service(), body, **headers)
    assert heard.status == status
    assert says in json.dumps(heard.body)
    assert kept(database) == []


def test_sent_again_under_its_key_it_is_kept_once(ask: Ask, service: Callable[..., str], database: str) -> None:
    token = service()
    first = ask("POST", PATH, token, customer(), idempotency_key="2026-06-30/1")
    again = ask("POST", PATH, token, customer(), idempotency_key="2026-06-30/1")
    assert (first.body["repeated"], again.status, again.body["repeated"]) == (False, 200, True)
    assert first.body["delivery"] == again.body["delivery"]
    other = ask("POST", PATH, token, customer(2), idempotency_key="2026-06-30/1")
    assert (other.status, "new key" in other.body["mend"]) == (409, True)
    elsewhere = ask("POST", PATH, service(holder="shop"), customer(2), idempotency_key="2026-06-30/1")
    assert elsewhere.status == 200, "a key is its sender's own"
    assert kept(database) == [[customer()], [customer(2)]]


def test_who_is_limited_to_an_entity_delivers_nothing_of_another(ask: Ask, service: Callable[..., str]) -> None:
    token = service("deliver", entities=["DE01"])
    heard = ask("POST", PATH, token, [customer(1, entity="DE01"), customer(2, entity="US01"), customer(3)])
    assert heard.body["accepted"] == 1
    assert [(one["n"], one["where"]) for one in heard.body["refused"]] == [(1, "entity"), (2, "entity")]


def test_without_its_database_the_sender_is_told_to_come_later(
    ask: Ask, service: Callable[..., str], database: str, server: str
) -> None:
    token = service()
    assert ask("POST", PATH, token, customer()).status == 200
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    heard = ask("POST", PATH, token, customer(2))
    assert (heard.status, heard.headers["retry-after"]) == (503, "2")
    assert ask("GET", "/readyz").status == 503
    assert ask("GET", "/healthz").status == 200
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert ask("POST", PATH, token, customer(3)).status == 200, "it is there again, and nothing had to be restarted"
    assert kept(database) == [[customer()], [customer(3)]]
