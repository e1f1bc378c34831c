"""Deliveries that were refused are replayed by whoever works everywhere, and nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from tieout.store.connection import connect, open_pool
from tieout.store.interpret import interpret
from tieout.store.trail import history

from .conftest import Ask

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)


def test_what_was_refused_waits_again(ask: Ask, person: Callable[..., str], database: str) -> None:
    with open_pool(database, "a test", 1) as pool:
        with connect(database, "a test") as connection:
            connection.execute(
                b"INSERT INTO delivery (connection, kind, content_type, headers, body, sha256)"
                b" VALUES ('erp', 'file', 'application/json', '{}', 'no json', sha256('no json'))"
            )
        assert interpret(pool, "w", NOON) == 1
        ben = person("ben", "worker")
        assert ask("POST", "/v1/replays", ben, {"connection": "crm"}).body == {"deliveries": 0}
        asked = ask("POST", "/v1/replays", ben, {"connection": "erp", "why": "the parser is mended"})
        assert (asked.status, asked.body) == (200, {"deliveries": 1})
        assert interpret(pool, "w", NOON) == 1
    with connect(database, "a test") as connection:
        (entry,) = history(connection, "erp")
    assert (entry.who, entry.what, entry.why) == ("ben", "delivery.replay", "the parser is mended")


def test_who_works_for_one_entity_or_only_looks_replays_nothing(ask: Ask, person: Callable[..., str]) -> None:
    assert ask("POST", "/v1/replays", person("carla", "worker", entities=["DE01"]), {}).status == 403
    assert ask("POST", "/v1/replays", person("anna", "viewer"), {}).status == 403
    refused = ask("POST", "/v1/replays", person("ben", "worker"), {"conection": "erp"})
    assert (refused.status, refused.body["mend"]) == (422, "did you mean 'connection'?")
