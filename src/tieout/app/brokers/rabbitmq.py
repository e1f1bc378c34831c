"""RabbitMQ (AMQP 0-9-1): one queue of one virtual host.

The queue has to be there: who owns it decides how it is bound, how long it may grow, and where its refused messages go (its dead-letter
exchange; without one they are gone, and our log has said so).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
import pika
from pika.exceptions import AMQPError

from tieout.canon.faults import MachineFault, MappingFault

from .port import Message

PREFETCH = 500
"""Messages that are under way to us, or not acknowledged, at most."""
CLOUD_EVENT = ("cloudEvents:", "cloudEvents_")
"""Of CloudEvents' attributes among the headers (AMQP protocol binding)."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connection to RabbitMQ."""

    address: str
    """amqp://user@host:5672/virtual-host, or amqps://; the password is the connection's secret."""
    queue: str
    prefetch: int = PREFETCH


def check(options: Options) -> None:
    """Raise MappingFault for an address that is none."""
    parts = urlsplit(options.address)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname or parts.password is not None:
        raise MappingFault(
            f"{options.address!r} is no broker",
            mend="write it as amqp://user@host:5672/, with the password in --secret-file",
        )


class RabbitMq:
    """One connection, with one consumer."""

    def __init__(self, options: Options, password: str) -> None:
        self._where = f"{options.address} {options.queue}"
        self._arrived: list[Message] = []
        self._is_cancelled = False
        with self._explained():
            self._connection = pika.BlockingConnection(pika.URLParameters(_with_password(options.address, password)))
            self._channel = self._connection.channel()
            self._channel.add_on_cancel_callback(self._cancel)
            self._channel.basic_qos(prefetch_count=options.prefetch)
            self._channel.queue_declare(options.queue, passive=True)
            self._channel.basic_consume(options.queue, self._arrive)

    def receive(self, seconds: float) -> Sequence[Message]:
        """What has arrived; waits so long for the first."""
        deadline = time.monotonic() + seconds
        with self._explained():
            while True:
                self._connection.process_data_events(max(0.0, min(0.05, deadline - time.monotonic())))
                if self._is_cancelled or not self._channel.is_open:
                    raise MachineFault("the queue is not there any more, or its channel was closed", where=self._where)
                if self._arrived or time.monotonic() >= deadline:
                    arrived, self._arrived = self._arrived, []
                    return arrived

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """These are kept: never deliver them again."""
        with self._explained():
            for message in messages:
                self._channel.basic_ack(message.receipt)

    def refuse(self, messages: Sequence[Message]) -> None:
        """To the queue's dead-letter exchange."""
        with self._explained():
            for message in messages:
                self._channel.basic_reject(message.receipt, requeue=False)

    def close(self) -> None:
        """What was not acknowledged is delivered to somebody else."""
        with self._explained():
            if self._connection.is_open:
                self._connection.close()

    def _cancel(self, _method: Any) -> None:
        """The queue was deleted. The channel stays open, and would be silent for ever."""
        self._is_cancelled = True

    def _arrive(self, _channel: Any, method: Any, properties: Any, body: bytes) -> None:
        headers = {_header(str(name)): str(value) for name, value in (properties.headers or {}).items()}
        message = Message(
            body=body, content_type=properties.content_type or "application/json", headers=headers,
            name=properties.message_id or None, receipt=method.delivery_tag,
        )  # fmt: skip
        self._arrived.append(message)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (AMQPError, OSError) as error:
            reason = str(error) or getattr(error, "args", [""])[0] or type(error).__name__
            raise MachineFault(f"the broker does not answer as it should: {reason}", where=self._where) from error


def _header(name: str) -> str:
    for prefix in CLOUD_EVENT:
        if name.startswith(prefix):
            return f"ce-{name.removeprefix(prefix)}"
    return name.lower()


def _with_password(address: str, password: str) -> str:
    parts = urlsplit(address)
    user, _, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}", path=parts.path or "/").geturl()
