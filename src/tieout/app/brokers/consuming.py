"""Messages into our inbox: acknowledged when they are committed, and not before."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

from tieout.canon.faults import Fault, InputFault
from tieout.connect import cloudevents
from tieout.store.errors import DeliveryRefused, IntakeFull
from tieout.store.intake import Delivery, GroupCommit, Receipt
from tieout.telemetry import metrics

from .port import Broker, Message

log = logging.getLogger(__name__)

TURN = 0.25
"""Seconds that a connection without messages is waited for, before the next one is looked at."""
PATIENCE = 10.0
"""Seconds to wait for room in the intake."""
LONGEST_NAME = 400


class Messages:
    """The messages of one connection."""

    def __init__(self, connect: Callable[[], Broker]) -> None:
        self._connect = connect
        self._broker: Broker | None = None

    def sweep(self, name: str, intake: GroupCommit) -> None:
        """Keep what has arrived. Where nothing can be kept now, the broker has it still, and delivers it again."""
        try:
            if self._broker is None:
                self._broker = self._connect()
            messages = self._broker.receive(TURN)
            if messages:
                kept, refused = keep(messages, name, intake)
                self._broker.acknowledge(kept)
                if refused:
                    self._broker.refuse(refused)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """What was not acknowledged is delivered to somebody else."""
        broker, self._broker = self._broker, None
        if broker is not None:
            try:
                broker.close()
            except Fault as fault:
                log.info("a connection to a broker was broken: %s", fault)


def keep(messages: Sequence[Message], name: str, intake: GroupCommit) -> tuple[list[Message], list[Message]]:
    """Commit messages: those that are kept, and those that can never be. Raises StoreError where nothing can be kept now."""
    handed_in: list[tuple[Message, list[Future[Receipt]]]] = []
    refused = []
    for message in messages:
        try:
            handed_in.append((message, [_submit(delivery, intake) for delivery in list(_deliveries(message, name))]))
        except InputFault as fault:
            _refuse(message, name, str(fault))
            refused.append(message)
    kept = []
    for message, futures in handed_in:
        try:
            for future in futures:
                future.result()
            kept.append(message)
        except DeliveryRefused as error:
            _refuse(message, name, str(error))
            refused.append(message)
    return kept, refused


def _submit(delivery: Delivery, intake: GroupCommit) -> Future[Receipt]:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return intake.submit(delivery)
        except IntakeFull:  # The broker holds back what we have not acknowledged; but not for ever.
            if time.monotonic() >= deadline:
                raise
            time.sleep(0.05)


def _deliveries(message: Message, name: str) -> Iterator[Delivery]:
    headers = {key: _text(value) for key, value in message.headers.items()}
    media_type = message.content_type.partition(";")[0].strip().lower()
    events = cloudevents.unwrap(headers, media_type, message.body)
    if events is None:
        yield _delivery(name, media_type, headers, message.body, message.name)
    for event in events or ():
        yield _delivery(name, event.content_type, headers | event.attributes, event.body, event.key)


def _delivery(name: str, media_type: str, headers: dict[str, str], body: bytes, key: str | None) -> Delivery:
    # A producer may use a name twice, for messages that differ. Nobody is there to be told so; both are kept.
    mark = f"{hashlib.sha256(body).hexdigest()} {_text(key)[-LONGEST_NAME:]}" if key else None
    return Delivery(
        connection=name, kind="broker", content_type=_text(media_type), headers=headers, body=body, dedup_key=mark
    )


def _text(value: str) -> str:
    """Without what no database holds in a text."""
    return value.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


def _refuse(message: Message, name: str, why: str) -> None:
    metrics.refused("message")
    log.warning("a message of %s was refused: %s", name, why, extra={"message_name": message.name})
