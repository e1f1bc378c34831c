"""What a broker has to be able to do. RabbitMQ does; Kafka (whose `acknowledge` commits offsets) and NATS JetStream can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message as the broker has it."""

    body: bytes
    content_type: str
    headers: Mapping[str, str]
    name: str | None
    """What tells it from every other of this connection, and is the same when it is delivered again. None: nothing does."""
    receipt: Any
    """By which the broker knows it."""


class Broker(Protocol):
    """A connection to one, for one thread. Everything raises MachineFault where it breaks; it is then closed and made anew."""

    def receive(self, seconds: float) -> Sequence[Message]:
        """What has arrived; waits so long for the first."""

    def acknowledge(self, messages: Sequence[Message]) -> None:
        """These are kept: never deliver them again."""

    def refuse(self, messages: Sequence[Message]) -> None:
        """These can never be kept: put them where somebody looks at them, and do not deliver them again."""

    def close(self) -> None:
        """What was not acknowledged is delivered to somebody else."""
