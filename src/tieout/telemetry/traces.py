"""Traces from a delivery to its verdicts, by OpenTelemetry. Off unless a standard variable ``OTEL_…`` names an exporter.

Work is done in batches, so a batch is a span of its own that is *linked* to the deliveries in it. The trace of a delivery has an id that
follows from its number: whoever knows the number finds the trace, and a worker links to it without anybody having carried an id through
the database. While traces are off nothing of OpenTelemetry is imported, and a span costs one comparison.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from tieout import __version__
from tieout.canon.faults import MappingFault

from .redaction import Redaction

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, SpanContext

MOST_LINKS = 128
"""Of one span: OpenTelemetry's own default limit."""

_recorder: _Recorder | None = None
_given: ContextVar[tuple[int, int] | None] = ContextVar("given", default=None)
"""The ids of the span that is being started, where they are not to be random."""


def configure(
    environment: Mapping[str, str], redaction: Redaction, program: str, exporter: SpanExporter | None = None
) -> None:
    """Turn traces on where the environment names an exporter, and off where not. ``exporter``: that one, whatever the environment says."""
    global _recorder
    stop()
    exporter = exporter or _exporter(environment)
    if exporter is not None:
        _recorder = _Recorder(exporter, redaction, program)


def stop() -> None:
    """Hand over what has not been yet, and turn traces off."""
    global _recorder
    if _recorder is not None:
        _recorder.provider.shutdown()
        _recorder = None


def span(
    name: str, deliveries: Iterable[int] = (), traceparent: str = "", **attributes: Any
) -> AbstractContextManager[Any]:
    """A stretch of work, linked to the deliveries that it is about. An exception that leaves it is recorded, masked, and goes on.

    ``traceparent``: of whoever asked for it; it is a part of their trace.
    """
    if _recorder is None:
        return nullcontext()
    return _recorder.span(name, deliveries, traceparent, attributes)


def batch(name: str, work: Callable[[], int], **attributes: Any) -> int:
    """Do what says how much it was; a span of it, unless it was nothing."""
    return work() if _recorder is None else _recorder.batch(name, work, attributes)


def is_on() -> bool:
    """Whether somebody listens: what is only done for traces is left out where not."""
    return _recorder is not None


def link(deliveries: Iterable[int]) -> None:
    """Link the span that is open to deliveries that turned out to be part of it."""
    if _recorder is not None:
        from opentelemetry.trace import get_current_span

        span = get_current_span()
        for delivery in itertools.islice(dict.fromkeys(deliveries), MOST_LINKS):
            span.add_link(_place(delivery))


def delivered(id: int, received_at: dt.datetime, traceparent: str, **attributes: Any) -> None:
    """The span of one delivery, from its receipt until now: the root of its trace, linked to the trace of whoever sent it."""
    if _recorder is not None:
        _recorder.delivered(id, received_at, traceparent, attributes)


def current() -> dict[str, str]:
    """``trace_id`` and ``span_id`` of the span that is open, for logs; empty where there is none."""
    if _recorder is None:
        return {}
    from opentelemetry.trace import format_span_id, format_trace_id, get_current_span

    context = get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": format_trace_id(context.trace_id), "span_id": format_span_id(context.span_id)}


def trace_of(delivery: int) -> str:
    """The trace id of a delivery, hexadecimal."""
    return _ids(delivery)[0].to_bytes(16, "big").hex()


def _ids(delivery: int) -> tuple[int, int]:
    digest = hashlib.sha256(f"tieout delivery {delivery}".encode()).digest()
    return int.from_bytes(digest[:16], "big"), int.from_bytes(digest[16:24], "big")


def _exporter(environment: Mapping[str, str]) -> SpanExporter | None:
    """By OpenTelemetry's variables; but nothing is exported unless one of them asks for it."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return None
    endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    default = "otlp" if any(environment.get(name) for name in endpoints) else "none"
    match environment.get("OTEL_TRACES_EXPORTER") or default:
        case "none":
            return None
        case "console":
            from opentelemetry.sdk.trace.export import ConsoleSpanExporter

            return ConsoleSpanExporter()
        case "otlp":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            return OTLPSpanExporter()
        case other:
            raise MappingFault(
                f"there is no exporter {other!r}", where="OTEL_TRACES_EXPORTER", mend="otlp, console or none"
            )


class _Recorder:
    """Everything that needs OpenTelemetry."""

    def __init__(self, exporter: SpanExporter, redaction: Redaction, program: str) -> None:
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

        class Ids(RandomIdGenerator):
            """Random ones, but for the span of a delivery."""

            def generate_trace_id(self) -> int:
                given = _given.get()
                return given[0] if given else super().generate_trace_id()

            def generate_span_id(self) -> int:
                given = _given.get()
                return given[1] if given else super().generate_span_id()

        self.redaction = redaction
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say goes before.
        ours = Resource({"service.name": f"tieout-{program}", "service.version": __version__})
        resource = ours.merge(OTELResourceDetector().detect())
        self.provider = TracerProvider(resource=resource, id_generator=Ids())
        self.provider.add_span_processor(BatchSpanProcessor(exporter))
        self.tracer = self.provider.get_tracer("tieout", __version__)

    @contextmanager
    def span(
        self, name: str, deliveries: Iterable[int], traceparent: str, attributes: Mapping[str, Any]
    ) -> Iterator[Span]:
        from opentelemetry.trace import Link

        links = [Link(_place(delivery)) for delivery in itertools.islice(dict.fromkeys(deliveries), MOST_LINKS)]
        context = _sent_in(traceparent) if traceparent else None
        span = self.tracer.start_span(name, context, links=links, attributes=self._masked(attributes))
        with self._within(span):
            yield span
        span.end()

    def batch(self, name: str, work: Callable[[], int], attributes: Mapping[str, Any]) -> int:
        span = self.tracer.start_span(name, attributes=self._masked(attributes))
        with self._within(span):
            done = work()
        if done:  # A span that is never ended is never told of.
            span.set_attribute("done", done)
            span.end()
        return done

    @contextmanager
    def _within(self, span: Span) -> Iterator[None]:
        """While it is the current one. An exception is written down, masked, and ends it."""
        from opentelemetry.trace import StatusCode, use_span

        with use_span(span, record_exception=False, set_status_on_exception=False):
            try:
                yield
            except BaseException as error:
                said = self.redaction.text(str(error))
                stack = self.redaction.text("".join(traceback.format_exception(error)))
                told = {
                    "exception.type": type(error).__qualname__,
                    "exception.message": said,
                    "exception.stacktrace": stack,
                }
                span.add_event("exception", told)
                span.set_status(StatusCode.ERROR, said)
                span.end()
                raise

    def delivered(self, id: int, received_at: dt.datetime, traceparent: str, attributes: Mapping[str, Any]) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, SpanKind, get_current_span

        sender = get_current_span(_sent_in(traceparent)).get_span_context()
        given = _given.set(_ids(id))
        try:
            span = self.tracer.start_span(
                "delivery", Context(), SpanKind.CONSUMER, {"delivery": id, **self._masked(attributes)},
                [Link(sender)] if sender.is_valid else [], int(received_at.timestamp() * 1e9),
            )  # fmt: skip
        finally:
            _given.reset(given)
        span.end()

    def _masked(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        masked: dict[str, Any] = self.redaction.value(attributes)
        return {name: value for name, value in masked.items() if value is not None}


def _sent_in(traceparent: str) -> Context:
    """What a sender says of its trace (W3C Trace Context); empty where that cannot be read."""
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())


def _place(delivery: int) -> SpanContext:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(*_ids(delivery), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED))
