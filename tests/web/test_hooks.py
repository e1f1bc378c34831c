"""Webhooks over HTTP: let in by their signature, kept as they came, once."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tieout.store.connection import connect
from tieout.store.connections import Connection, add_connection, remove_connection, reseal, rotate_secret
from tieout.store.sealing import Sealer

from .conftest import BY, Ask, Heard

BODY = b'{"type": "invoice.paid", "object": "in_1"}\n'
SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()

Add = Callable[..., None]


@pytest.fixture
def add(database: str, keys: Path) -> Add:
    """Adds a connection that webhooks come in by."""

    def make(name: str, scheme: str = "standard-webhooks", secret: str = SECRET, **options: Any) -> None:
        with connect(database, "a test") as opened:
            made = Connection(name=name, kind="webhook", scheme=scheme, options=options)
            add_connection(opened, made, secret, Sealer(keys), BY)

    return make


def signed(body: bytes = BODY, id_: str = "msg_1", secret: str = SECRET, at: float | None = None) -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = base64.b64encode(hmac.digest(key, f"{id_}.{stamp}.".encode() + body, "sha256")).decode()
    return {"webhook_id": id_, "webhook_timestamp": stamp, "webhook_signature": f"v1,{mac}"}


def kept(dsn: str, columns: str = "body") -> list[Any]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(f"SELECT {columns} FROM delivery ORDER BY id".encode()).fetchall()


def test_a_webhook_is_kept_as_it_came_and_once(ask: Ask, add: Add, database: str) -> None:
    add("billing")
    first = ask("POST", "/hooks/billing", body=BODY, content_type="application/json", cookie="a=b", **signed())
    again = ask("POST", "/hooks/billing", body=BODY, content_type="application/json", **signed())
    assert (first.status, again.status) == (200, 200)
    assert (first.body["repeated"], again.body["repeated"]) == (0, 1)
    assert first.body["deliveries"] == again.body["deliveries"]
    ((id_, connection, kind, content_type, headers, body, key),) = kept(
        database, "id, connection, kind, content_type, headers, body, dedup_key"
    )
    assert ([id_], connection, kind, content_type, body, key) == (
        first.body["deliveries"], "billing", "hook", "application/json", BODY, "msg_1",
    )  # fmt: skip
    assert headers["webhook-id"] == "msg_1"
    assert "cookie" not in headers


def test_what_nobody_vouches_for_is_told_so_and_kept_nowhere(ask: Ask, add: Add, database: str) -> None:
    add("billing")
    for headers in ({}, signed(b"other"), signed(secret=OTHER), signed(at=time.time() - 600)):
        assert ask("POST", "/hooks/billing", body=BODY, **headers).status == 401
    assert ask("POST", "/hooks/biling", body=BODY, **signed()).status == 404
    assert kept(database) == []


def test_the_same_name_for_another_body_is_not_taken_for_accepted(ask: Ask, add: Add, database: str) -> None:
    add("billing")
    ask("POST", "/hooks/billing", body=BODY, **signed())
    assert ask("POST", "/hooks/billing", body=b"other", **signed(b"other")).status == 409
    assert kept(database) == [(BODY,)]


def test_only_a_connection_that_says_so_takes_what_is_not_signed(ask: Ask, add: Add, database: str) -> None:
    add("open", "none", "", id_header="X-Event")
    for event in ("1", "1", "2"):
        assert ask("POST", "/hooks/open", body=b"<xml/>", content_type="text/xml", x_event=event).status == 200
    assert len(kept(database)) == 2


def test_a_secret_is_replaced_without_a_gap(ask: Ask, add: Add, database: str, keys: Path) -> None:
    add("billing")
    with connect(database, "a test") as opened:
        rotate_secret(opened, "billing", OTHER, dt.timedelta(hours=1), Sealer(keys), BY)
    assert ask("POST", "/hooks/billing", body=BODY, **signed(id_="1")).status == 200
    assert ask("POST", "/hooks/billing", body=BODY, **signed(id_="2", secret=OTHER)).status == 200


def test_after_the_overlap_only_the_new_secret_is_good(ask: Ask, add: Add, database: str, keys: Path) -> None:
    add("billing")
    with connect(database, "a test") as opened:
        rotate_secret(opened, "billing", OTHER, dt.timedelta(0), Sealer(keys), BY)
    assert ask("POST", "/hooks/billing", body=BODY, **signed()).status == 401
    assert ask("POST", "/hooks/billing", body=BODY, **signed(secret=OTHER)).status == 200


def test_a_connection_that_was_removed_takes_nothing(ask: Ask, add: Add, database: str) -> None:
    add("billing")
    with connect(database, "a test") as opened:
        remove_connection(opened, "billing", BY)
    assert ask("POST", "/hooks/billing", body=BODY, **signed()).status == 404


def test_secrets_are_sealed_by_a_key_that_is_not_in_the_database(ask: Ask, add: Add, database: str, keys: Path) -> None:
    add("billing")
    with psycopg.connect(database) as connection:
        ((sealed,),) = connection.execute("SELECT sealed FROM connection_secret").fetchall()
    assert SECRET.encode() not in sealed
    assert keys.stat().st_mode & 0o777 == 0o600
    old = keys.read_text()
    keys.write_text(base64.urlsafe_b64encode(b"n" * 32).decode() + "\n" + old)
    with connect(database, "a test") as opened:
        assert reseal(opened, Sealer(keys), BY) == 1
    keys.write_text(keys.read_text().splitlines()[0])
    assert ask("POST", "/hooks/billing", body=BODY, **signed()).status == 200, "the old key is needed no more"


def test_without_its_database_nothing_is_accepted_and_nothing_is_forgotten(
    ask: Ask, add: Add, database: str, server: str
) -> None:
    add("billing")
    assert ask("POST", "/hooks/billing", body=BODY, **signed(id_="1")).status == 200
    name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        lost = ask("POST", "/hooks/billing", body=BODY, **signed(id_="2"))
        assert (lost.status, lost.headers["retry-after"]) == (503, "2")
        assert ask("POST", "/hooks/other", body=BODY).status == 503, "whether there is such a connection is not known"
        assert ask("POST", "/hooks/billing", body=BODY, **signed(b"other")).status == 401, "who it is, is known still"
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert ask("POST", "/hooks/billing", body=BODY, **signed(id_="2")).status == 200
    assert len(kept(database)) == 2


# CloudEvents

EVENT = {"specversion": "1.0", "id": "e-1", "source": "/billing", "type": "invoice.paid"}
DOCUMENT = {"type": "customer", "system": "crm", "id": "C1", "name": "Größe"}


@pytest.fixture
def send(ask: Ask, add: Add) -> Callable[..., Heard]:
    """Sends to a connection that takes anything."""
    add("events", "none", "")
    return lambda body, **headers: ask("POST", "/hooks/events", body=body, **headers)


def events(dsn: str) -> list[tuple[Any, str, str, str]]:
    return [
        (json.loads(body), key, content_type, headers["ce-id"])
        for body, key, content_type, headers in kept(dsn, "body, dedup_key, content_type, headers")
    ]


def test_a_cloud_event_in_headers(send: Callable[..., Heard], database: str) -> None:
    named = {f"ce_{name}": value for name, value in EVENT.items()}
    send(DOCUMENT, content_type="application/json", **named)
    assert events(database) == [(DOCUMENT, "/billing e-1", "application/json", "e-1")]


def test_a_cloud_event_as_an_object(send: Callable[..., Heard], database: str) -> None:
    send({**EVENT, "data": DOCUMENT}, content_type="application/cloudevents+json; charset=utf-8")
    packed = base64.b64encode(json.dumps(DOCUMENT).encode()).decode()
    send({**EVENT, "id": "e-2", "data_base64": packed}, content_type="application/cloudevents+json")
    assert events(database) == [
        (DOCUMENT, "/billing e-1", "application/json", "e-1"),
        (DOCUMENT, "/billing e-2", "application/json", "e-2"),
    ]


def test_a_batch_of_cloud_events_is_as_many_deliveries(send: Callable[..., Heard], database: str) -> None:
    batch = [{**EVENT, "id": f"e-{n % 3}", "data": {**DOCUMENT, "id": f"C{n % 3}"}} for n in range(4)]
    heard = send(batch, content_type="application/cloudevents-batch+json")
    assert (len(set(heard.body["deliveries"])), heard.body["repeated"]) == (3, 1)
    assert [body["id"] for body, *_ in events(database)] == ["C0", "C1", "C2"]
    assert send([], content_type="application/cloudevents-batch+json").body == {"deliveries": [], "repeated": 0}


@pytest.mark.parametrize(
    ("content_type", "body", "says"),
    [
        ("application/cloudevents+json", b"[", "no CloudEvents in JSON"),
        ("application/cloudevents+json", b"[1]", "no CloudEvents in JSON"),
        ("application/cloudevents+json", b'{"specversion": "1.0", "id": "1"}', "source"),
        ("application/cloudevents+json", json.dumps({**EVENT, "specversion": "0.3"}).encode(), "specversion"),
        ("application/cloudevents+json", json.dumps({**EVENT, "data_base64": "%"}).encode(), "data_base64"),
        ("application/cloudevents-batch+json", json.dumps([EVENT, {**EVENT, "id": ""}]).encode(), "event 1 id"),
        ("application/cloudevents+json", json.dumps({**EVENT, "id": "x" * 600}).encode(), "characters"),
    ],
)
def test_an_envelope_that_is_none_is_refused(
    send: Callable[..., Heard], database: str, content_type: str, body: bytes, says: str
) -> None:
    heard = send(body, content_type=content_type)
    assert heard.status == 422
    assert says in json.dumps(heard.body)
    assert kept(database) == []


def test_the_handshake_of_cloud_events(ask: Ask, add: Add) -> None:
    add("events", "none", "")
    heard = ask("OPTIONS", "/hooks/events", webhook_request_origin="eventemitter.example.com")
    assert (heard.status, heard.headers["webhook-allowed-origin"]) == (200, "eventemitter.example.com")


def test_the_name_of_a_connection_is_part_of_a_path(ask: Ask, add: Add) -> None:
    for name in ("", "a/b", "%ff", "." * 300):
        assert ask("POST", f"/hooks/{name}", body=BODY).status == 404
    assert ask("POST", "/hooks/%00", body=BODY).status == 422
