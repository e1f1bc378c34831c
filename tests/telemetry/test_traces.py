"""From a delivery to its verdict: one trace a delivery, batches linked to the deliveries in them, nothing at all while it is off."""

from __future__ import annotations

import datetime as dt
import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tieout.canon.faults import MappingFault
from tieout.telemetry import traces
from tieout.telemetry.redaction import declared


class Receiver(HTTPServer):
    """An OpenTelemetry collector that keeps what it gets."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.spans: dict[str, Any] = {}
        self.service = ""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
        request = ExportTraceServiceRequest.FromString(body)
        receiver = self.server
        assert isinstance(receiver, Receiver)
        for resource in request.resource_spans:
            receiver.service = next(
                a.value.string_value for a in resource.resource.attributes if a.key == "service.name"
            )
            for scope in resource.scope_spans:
                receiver.spans |= {span.name: span for span in scope.spans}
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A collector that the environment names; traces are on, customers' e-mail addresses are private."""
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        traces.configure({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}, declared(["customer.email"]), "worker")
        yield server
        traces.stop()
        server.shutdown()
        thread.join()


def test_a_verdict_is_linked_to_the_deliveries_that_led_to_it(receiver: Receiver) -> None:
    sender = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    at = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    traces.delivered(42, at, sender, connection="billing", outcome="interpreted")
    with traces.span("interpret", [42, 43, 42], size=2) as batch:
        assert traces.current()["trace_id"] == f"{batch.get_span_context().trace_id:032x}"
    with traces.span("evaluate", flow="order_to_bill", verdict=None):
        traces.link([42])  # It turns out in the course of it.
    traces.stop()
    delivery, interpret, evaluate = (receiver.spans[name] for name in ("delivery", "interpret", "evaluate"))
    assert receiver.service == "tieout-worker"
    assert delivery.trace_id.hex() == traces.trace_of(42)
    assert delivery.start_time_unix_nano == int(at.timestamp()) * 10**9
    assert [link.trace_id.hex() for link in delivery.links] == [sender.split("-")[1]]
    assert [link.trace_id.hex() for link in interpret.links] == [traces.trace_of(42), traces.trace_of(43)]
    assert [link.span_id for link in evaluate.links] == [delivery.span_id]
    assert len({span.trace_id for span in (delivery, interpret, evaluate)}) == 3


def test_what_is_asked_for_is_a_part_of_the_trace_of_whoever_asks(receiver: Receiver) -> None:
    with traces.span("POST /v1/deliveries", traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"):
        pass
    with traces.span("GET /v1/cases", traceparent="nonsense"):
        pass
    traces.stop()
    asked, other = receiver.spans["POST /v1/deliveries"], receiver.spans["GET /v1/cases"]
    assert (asked.trace_id.hex(), asked.parent_span_id.hex()) == (
        "0af7651916cd43dd8448eb211c80319c",
        "b7ad6b7169203331",
    )
    assert other.parent_span_id == b"" and other.trace_id != asked.trace_id


def test_an_error_is_told_without_what_is_private_and_goes_on(receiver: Receiver) -> None:
    with pytest.raises(ValueError, match="ana@"), traces.span("interpret", email="ana@example.com"):
        raise ValueError("no customer has the address ana@example.com")
    traces.stop()
    told = str(receiver.spans["interpret"])
    assert "ValueError" in told and "no customer has the address" in told
    assert "ana@" not in told


def test_while_traces_are_off_nothing_of_opentelemetry_is_imported() -> None:
    program = """
import datetime, sys
from tieout.telemetry import traces
from tieout.telemetry.redaction import Redaction
traces.configure({"OTEL_SERVICE_NAME": "tieout"}, Redaction(), "worker")
with traces.span("evaluate", [1], flow="f") as span:
    assert span is None
traces.delivered(1, datetime.datetime.now(datetime.UTC), "")
assert traces.current() == {}
assert not any(name.startswith("opentelemetry") for name in sys.modules), "imported for nothing"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_exporter_that_there_is_not_is_refused_by_name() -> None:
    with pytest.raises(MappingFault, match="OTEL_TRACES_EXPORTER: there is no exporter 'jaeger'"):
        traces.configure({"OTEL_TRACES_EXPORTER": "jaeger"}, declared([]), "worker")


@pytest.mark.parametrize("environment", [{}, {"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"},
                                         {"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}])  # fmt: skip
def test_traces_are_off_unless_a_variable_asks_for_them(environment: dict[str, str]) -> None:
    traces.configure(environment, declared([]), "worker")
    with traces.span("evaluate") as span:
        assert span is None
