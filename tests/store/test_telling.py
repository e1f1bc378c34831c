"""From a delivery to its verdict, as an operator sees it: one trace to follow, numbers that add up, a refusal that says of what."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from tieout.store.connection import open_pool
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.stages import Stages
from tieout.telemetry import metrics, traces
from tieout.telemetry.redaction import declared

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)
SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ORDER = {"type": "order", "system": "crm", "id": "O-1", "entity": "DE01", "currency": "EUR", "customer": "crm/C-1"}


@pytest.fixture
def listening() -> Iterator[InMemorySpanExporter]:
    """Traces are on, and kept here once they are stopped."""
    exporter = InMemorySpanExporter()
    traces.configure({}, declared([]), "worker", exporter)
    yield exporter
    traces.stop()


def delivery(*documents: object, key: str) -> Delivery:
    return Delivery(
        connection="crm", kind="hook", content_type="application/json", headers={"traceparent": SENDER},
        body=json.dumps(documents).encode(), dedup_key=key,
    )  # fmt: skip


def counted() -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(metrics.exposition()[0].decode())
    return {(sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples}


def linked(span: ReadableSpan) -> set[str]:
    return {f"{link.context.trace_id:032x}" for link in span.links}


def test_a_delivery_can_be_followed_to_its_verdict(
    database: str, listening: InMemorySpanExporter, caplog: pytest.LogCaptureFixture
) -> None:
    before = counted()
    with GroupCommit(database) as intake, open_pool(database, "a test", 2) as pool:
        first = intake.submit(delivery(ORDER, {**ORDER, "id": "O-2"}, key="1")).result()
        intake.submit(delivery(ORDER, {**ORDER, "id": "O-2"}, key="1")).result()
        second = intake.submit(delivery({**ORDER, "custmer": "crm/C-1"}, key="2")).result()
        Stages(pool, "w-1").settle(NOW)
    after = counted()

    def grew(*name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert (grew("tieout_deliveries_total", "hook", "kept"), grew("tieout_deliveries_total", "hook", "repeated")) == (
        2,
        1,
    )
    assert (grew("tieout_interpreted_total", "interpreted"), grew("tieout_interpreted_total", "refused")) == (1, 1)
    assert (grew("tieout_documents_total", "order"), grew("tieout_refusals_total", "document")) == (2, 1)
    assert grew("tieout_evaluated_instances_total", "order_to_bill") == 2
    assert grew("tieout_stage_seconds_count", "evaluate") >= 1
    (refusal,) = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert "delivery refused of crm" in refusal and "custmer" in refusal

    traces.stop()
    spans = listening.get_finished_spans()
    delivered = {span.attributes["delivery"]: span for span in spans if span.name == "delivery" and span.attributes}
    assert {id: span.attributes["outcome"] for id, span in delivered.items() if span.attributes} == {
        first.id: "interpreted", second.id: "refused",
    }  # fmt: skip
    assert f"{delivered[first.id].context.trace_id:032x}" == traces.trace_of(first.id)
    assert linked(delivered[first.id]) == {SENDER.split("-")[1]}
    (interpret,) = [span for span in spans if span.name == "interpret"]  # Looking in vain is not told.
    assert linked(interpret) == {traces.trace_of(first.id), traces.trace_of(second.id)}
    (evaluate,) = [span for span in spans if span.name == "evaluate" and span.links]
    assert linked(evaluate) == {traces.trace_of(first.id)}
