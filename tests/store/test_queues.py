"""What an operator's dashboard shows of the database: what waits, for how long, and whether it answers at all."""

from __future__ import annotations

import datetime as dt

import psycopg
from prometheus_client.parser import text_string_to_metric_families

from tieout.store.connection import open_pool
from tieout.store.queues import Queues, measure
from tieout.telemetry import metrics

FILL = """
INSERT INTO delivery (connection, kind, received_at, content_type, headers, body, sha256, state)
SELECT 'billing', 'hook', now() - make_interval(mins => 10 - n), 'text/plain', '{}', 'x', sha256('x'), CASE WHEN n < 3 THEN 2 ELSE 0 END
FROM generate_series(1, 5) AS n;
INSERT INTO instance (flow, key, lane, dirty_at)
SELECT 'order_to_bill', 'order/crm/' || n, n % 2, CASE WHEN n > 1 THEN now() - interval '90 s' END FROM generate_series(1, 5) AS n;
INSERT INTO stream (connection, type, entity, last_document_at, silent_since)
VALUES ('billing', 'invoice', 'DE01', now() - interval '30 s', now()), ('crm', 'order', '', NULL, NULL);
"""


def scraped() -> dict[tuple[str, ...], float]:
    text = metrics.exposition()[0].decode()
    families = text_string_to_metric_families(text)
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def test_queues_are_measured_when_somebody_scrapes(database: str) -> None:
    with open_pool(database, "a test", 2) as pool:
        end = metrics.ask(Queues(pool, fresh=0))
        try:
            with psycopg.connect(database) as connection:
                connection.execute(FILL.encode())
            told = scraped()
        finally:
            end()
    assert told["tieout_database_up",] == 1
    assert (told["tieout_queue_depth", "deliveries"], told["tieout_queue_depth", "refused"]) == (3, 2)
    assert 7 * 60 <= told["tieout_queue_age_seconds", "deliveries"] < 7 * 60 + 30
    assert (told["tieout_queue_depth", "instances"], told["tieout_queue_depth", "storm"]) == (2, 2)
    assert 90 <= told["tieout_queue_age_seconds", "storm"] < 120
    assert told["tieout_stream_silent", "billing", "DE01", "invoice"] == 1
    assert 30 <= told["tieout_stream_age_seconds", "billing", "DE01", "invoice"] < 60
    assert told["tieout_stream_silent", "crm", "", "order"] == 0
    assert told["tieout_queue_depth", "trail"] == told["tieout_queue_age_seconds", "trail"] == 0


def test_many_who_scrape_ask_the_database_once(database: str) -> None:
    with open_pool(database, "a test", 2) as pool, psycopg.connect(database, autocommit=True) as connection:
        end = metrics.ask(Queues(pool, fresh=60))
        try:
            before = scraped()
            connection.execute(FILL.encode())
            assert scraped()["tieout_queue_depth", "deliveries"] == before["tieout_queue_depth", "deliveries"] == 0
        finally:
            end()
        with pool.connection() as own:
            assert {queue.name: queue.depth for queue in measure(own)}["deliveries"] == 3


def test_a_database_that_is_gone_is_told_and_the_rest_is_scraped_all_the_same() -> None:
    with open_pool("host=/nowhere dbname=tieout", "a test", 1) as pool:
        end = metrics.ask(Queues(pool, fresh=0))
        try:
            metrics.received("hook", "lost")
            started = dt.datetime.now(dt.UTC)
            told = scraped()
        finally:
            end()
    assert told["tieout_database_up",] == 0
    assert told["tieout_deliveries_total", "hook", "lost"] >= 1
    assert ("tieout_queue_depth", "deliveries") not in told
    assert dt.datetime.now(dt.UTC) - started < dt.timedelta(seconds=10)
