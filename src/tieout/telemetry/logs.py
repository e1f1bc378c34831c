"""Logs: one JSON object a line for machines, readable lines in a terminal, each with what it is about.

Whoever works on something says so once (`about`), and every line until then carries it: the delivery, the document, the instance, the
case. Lines of Python's own ``logging``, ours and of other packages, come out the same way.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO

import msgspec
import structlog

from . import traces
from .redaction import Redaction


def about(
    *,
    delivery: int | None = None,
    document: str | None = None,
    instance: str | None = None,
    case: int | None = None,
    **more: object,
) -> AbstractContextManager[None]:
    """What the lines are about until the block ends. What is not given stays as it was."""
    ids = {"delivery": delivery, "document": document, "instance": instance, "case": case, **more}
    return structlog.contextvars.bound_contextvars(**{name: value for name, value in ids.items() if value is not None})


def configure(redaction: Redaction, form: str = "auto", level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log line to a stream (standard error), masked. ``auto``: readable in a terminal, JSON elsewhere."""
    is_tty = (stream or sys.stderr).isatty()
    is_readable = form == "console" or (form == "auto" and is_tty)
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
    ]
    render: Any = structlog.dev.ConsoleRenderer(colors=is_tty) if is_readable else _as_json
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*before, structlog.stdlib.ExtraAdder()],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            _masking(redaction),
            render,
        ],
    )
    handler = logging.StreamHandler(stream) if stream else _StandardError()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level, *before, structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(), wrapper_class=structlog.stdlib.BoundLogger,
    )  # fmt: skip


class _StandardError(logging.StreamHandler[TextIO]):
    """Whatever standard error is when a line is written."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        self.stream = sys.stderr
        super().emit(record)


def _masking(redaction: Redaction) -> Any:
    """After exceptions have become text, so that theirs is masked too."""

    def mask(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event.pop("color_message", None)  # uvicorn says everything twice.
        masked: dict[str, Any] = redaction.value(dict(event))
        return masked

    return mask


def _add_trace(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event.update(traces.current())
    return event


def _as_json(_logger: object, _method: str, event: MutableMapping[str, Any]) -> str:
    first = {name: event[name] for name in ("timestamp", "level", "event", "logger") if name in event}
    return msgspec.json.encode({**first, **event}, enc_hook=str).decode()
