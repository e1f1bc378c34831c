"""``POST /v1/preflight``: what would become of documents that are not there yet."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon import batch
from tieout.canon.decode import decode
from tieout.canon.documents import Document
from tieout.canon.faults import InputFault
from tieout.engine.foreseen import Foreseen
from tieout.engine.preflight import within
from tieout.store.preflight import preflight

from .caller import Caller
from .deliveries import AnyDocument
from .means import Means
from .refusal import Refusal, Refused
from .route import Accepts, Content

MOST = 500
"""Documents in one request."""
ACCEPTS = Accepts(schemas={batch.JSON: AnyDocument | list[AnyDocument], batch.NDJSON: str})


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """As of when it is judged, beside now."""

    later: dt.date | None = None
    """The end of this day too, in each entity's time zone."""


def foresee(means: Means, caller: Caller, content: Content, query: Later) -> Foreseen:
    """Ask what would become of proposed documents: a quote, an order with its charges, an amendment, an invoice.

    They are laid over what is known, and what they touch is evaluated before and after, as live. The answer says what would hold them
    up (with where to mend it, and the money), which findings there would be or no longer be, and which invoices would follow. Nothing
    is kept.
    """
    documents = _read(content, caller)
    foreseen = preflight(means.pool, means.compass, documents, dt.datetime.now(dt.UTC), query.later)
    return foreseen if caller.entities is None else within(foreseen, caller.entities)


def _read(content: Content, caller: Caller) -> list[Document]:
    texts = batch.split(content.body, content.media_type)
    if len(texts) > MOST:
        raise Refusal(413, f"{len(texts)} documents in one request", mend=f"send at most {MOST}")
    found, refused = [], []
    for n, text in enumerate(texts):
        try:
            document = decode(text)
            if not caller.may(caller.scope, document.entity):
                raise InputFault(f"{caller.holder} asks nothing of entity {document.entity!r}", where="entity")
            found.append(document)
        except InputFault as fault:
            refused.append(Refused(n, fault.what, fault.where, fault.mend))
    if refused or not found:
        raise Refusal(
            422, "not every document can be read" if refused else "there is no document in it", refused=tuple(refused)
        )
    return found
