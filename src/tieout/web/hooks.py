"""``POST /hooks/{connection}``: webhooks, checked and kept as they came. What they mean is found out later, by a worker.

This is the way in that has to keep up: nothing here waits for anything but the commit of its group.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec

from tieout.connect import cloudevents
from tieout.connect.signing import Forged
from tieout.store.intake import Delivery
from tieout.telemetry import metrics

from .awaiting import Awaited
from .doors import Door
from .means import Means
from .refusal import Refusal, not_found
from .route import Accepts, Answer, Content

ACCEPTS = Accepts(schemas={"*/*": bytes})
NEVER_KEPT = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
"""Headers that may be secrets."""
LONGEST_KEY = 500


class Taken(msgspec.Struct, frozen=True):
    """What was sent is on disk."""

    deliveries: tuple[int, ...]
    """The numbers under which it is kept; several where a batch of CloudEvents was sent."""
    repeated: int
    """How many of them were here before under the sender's own name, and are kept once."""


async def take_hook(means: Means, connection: str, content: Content) -> Taken:
    """Take a webhook.

    The connection, which `tieout connection add` makes, says how the sender proves who it is. The body is kept as it came, whatever it
    is; CloudEvents (binary, structured or a batch) are unwrapped, and named by their source and id.
    """
    door = means.doors.remembered(connection) or await asyncio.to_thread(means.doors.find, connection)
    if door is None:
        raise not_found(f"there is no connection {connection!r}", "tieout connection list")
    try:
        door.check(content.headers, content.sent)
    except Forged as forged:
        metrics.refused(f"webhook: {forged.reason}")
        raise Refusal(
            401, forged.reason, where=connection, mend="sign it as the connection says, with its secret"
        ) from None
    deliveries = list(_deliveries(door, content))
    awaited = [means.intake.promise(delivery, Awaited(means.answers)) for delivery in deliveries]
    receipts = (
        [await awaited[0].future] if len(awaited) == 1 else await asyncio.gather(*(one.future for one in awaited))
    )
    if against := [receipt.id for receipt in receipts if receipt.outcome == "contradicted"]:
        raise Refusal(
            409, f"delivery {against[0]} had the same name and another body; this one was not kept", where=connection,
            mend="give what is new a name of its own",
        )  # fmt: skip
    return Taken(tuple(receipt.id for receipt in receipts), sum(receipt.outcome == "repeated" for receipt in receipts))


async def agree_to_hooks(means: Means, connection: str, content: Content) -> Answer[None]:
    """Agree to be sent webhooks: the handshake of CloudEvents (HTTP 1.1 Web Hooks for Event Delivery)."""
    if await asyncio.to_thread(means.doors.find, connection) is None:
        raise not_found(f"there is no connection {connection!r}")
    origin = content.headers.get("webhook-request-origin", "*")
    return Answer(200, None, (("webhook-allowed-origin", origin), ("webhook-allowed-rate", "*"), ("allow", "POST")))


def _deliveries(door: Door, content: Content) -> Iterator[Delivery]:
    headers = {name: value for name, value in content.headers.items() if name not in NEVER_KEPT}
    events = cloudevents.unwrap(content.headers, content.media_type, content.body)
    if events is None:
        yield Delivery(
            connection=door.name, kind="hook", content_type=content.media_type, headers=headers, body=content.body,
            dedup_key=_key(door.scheme.key(content.headers)),
        )  # fmt: skip
        return
    for event in events:
        yield Delivery(
            connection=door.name, kind="hook", content_type=event.content_type, headers=headers | event.attributes,
            body=event.body, dedup_key=_key(event.key),
        )  # fmt: skip


def _key(name: str | None) -> str | None:
    if name is not None and len(name) > LONGEST_KEY:
        raise Refusal(422, f"the delivery's name has {len(name)} characters", mend=f"use at most {LONGEST_KEY}")
    return name
