"""``POST /v1/deliveries``: canonical documents, one or many.

Each is read at once, so that the sender hears what is wrong with it; those that are good are kept, as they came, as one delivery.
What they mean is found out later, by a worker.
"""

from __future__ import annotations

import typing
from typing import Any

import msgspec

from tieout.canon import batch
from tieout.canon.decode import decode
from tieout.canon.documents import TYPES
from tieout.canon.faults import InputFault
from tieout.store.intake import Delivery, Receipt

from .caller import Caller
from .means import Means
from .refusal import Refusal, Refused
from .route import Accepts, Answer, Content

MOST = 10_000
"""Documents in one request."""
KEY = "Idempotency-Key"
LONGEST_KEY = 200

AnyDocument: Any = typing.Union[tuple(TYPES.values())]  # noqa: UP007 - made at run time
ACCEPTS = Accepts(
    schemas={batch.JSON: AnyDocument | list[AnyDocument], batch.NDJSON: str},
    headers={
        KEY: "The sender's own name for this request: sent again under the same one it is kept once. "
        f"At most {LONGEST_KEY} characters.",
    },
)


class Delivered(msgspec.Struct, frozen=True):
    """What became of a request. Everything in it that was accepted is on disk."""

    accepted: int
    """How many documents were kept."""
    refused: tuple[Refused, ...]
    """The ones that were not."""
    delivery: int
    """The number under which they are kept."""
    repeated: bool
    """They were here before under this Idempotency-Key, and are kept once."""


def deliver(means: Means, caller: Caller, content: Content) -> Answer[Delivered]:
    """Hand in documents as a system sees them.

    The body is one document, a JSON array of them, or one a line (application/x-ndjson); gzip and zstd are unpacked. A document says
    of one thing, such as an invoice, how one system holds it now, whole; send it again whenever it changes, with a higher version.
    """
    documents = batch.split(content.body, content.media_type)
    if len(documents) > MOST:
        raise Refusal(413, f"{len(documents)} documents in one request", mend=f"send at most {MOST}")
    good, refused = _sorted(documents, caller)
    if not good:
        detail = "none of the documents was accepted" if documents else "there is no document in it"
        raise Refusal(422, detail, refused=refused)
    receipt = means.intake.submit(_delivery(good, caller, content)).result()
    if receipt.outcome == "contradicted":
        raise _contradicted(receipt)
    delivered = Delivered(len(good), refused, receipt.id, receipt.outcome == "repeated")
    return Answer(207 if refused else 200, delivered)


def _trace(content: Content) -> dict[str, str]:
    """The trace that the sender is in, where it says so (W3C Trace Context)."""
    return {"traceparent": content.headers["traceparent"]} if "traceparent" in content.headers else {}


def connection_of(caller: Caller) -> str:
    """The connection that a caller's own deliveries are of."""
    return f"api/{caller.holder}"


def _sorted(documents: list[bytes], caller: Caller) -> tuple[list[bytes], tuple[Refused, ...]]:
    """Those that are good, and what is wrong with the others."""
    good: list[bytes] = []
    refused: list[Refused] = []
    for n, text in enumerate(documents):
        try:
            document = decode(text)
            if not caller.may(caller.scope, document.entity):
                raise InputFault(f"{caller.holder} delivers nothing of entity {document.entity!r}", where="entity")
        except InputFault as fault:
            refused.append(Refused(n, fault.what, fault.where, fault.mend))
        else:
            good.append(text)
    return good, tuple(refused)


def _delivery(good: list[bytes], caller: Caller, content: Content) -> Delivery:
    key = content.headers.get(KEY.lower())
    if key is not None and not 1 <= len(key) <= LONGEST_KEY:
        raise Refusal(422, f"has {len(key)} characters", where=KEY, mend=f"use 1 to {LONGEST_KEY}")
    return Delivery(
        connection=connection_of(caller), kind="api", content_type=batch.NDJSON, headers={"caller": caller.holder} | _trace(content),
        body=b"\n".join(good), dedup_key=key,
    )  # fmt: skip


def _contradicted(receipt: Receipt) -> Refusal:
    return Refusal(
        409, f"delivery {receipt.id} had the same key and other documents; these were not kept", where=KEY,
        mend="use a new key for what is new",
    )  # fmt: skip
