"""The bytes of a delivery → observations: whole documents as a system restates them, each with its place in the order of arrival.

A document counts by (version, arrival, place): the version that its system gives it, and among equal ones what came last. So any order
of interpretation ends in the same records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import msgspec

from tieout.canon.decode import decode, encode, from_plain
from tieout.canon.documents import Document
from tieout.canon.faults import Fault, InputFault

from .graph import Edge, edges_of


class Observation:
    """One document as it was said, ready to be kept."""

    __slots__ = ("arrival", "body", "digest", "document", "edges", "key", "n")

    def __init__(self, document: Document, arrival: int, n: int) -> None:
        self.document, self.arrival, self.n = document, arrival, n
        self.key = document.key
        self.body = encode(document)
        self.digest = hashlib.sha256(self.body).digest()
        self.edges: list[Edge] = list(edges_of(document))

    @property
    def order(self) -> tuple[int, int, int]:
        """The greatest of a key counts."""
        return self.document.version, self.arrival, self.n

    @property
    def mirrors(self) -> str | None:
        """Key of the document that it mirrors."""
        document = self.document
        return f"{document.type}/{document.mirrors}" if document.mirrors is not None else None


class Refused(msgspec.Struct, frozen=True):
    """A document of a delivery that cannot be understood: its place, from 1, and why."""

    n: int
    fault: Fault


def observations(body: bytes, content_type: str, arrival: int) -> Iterator[Observation | Refused]:
    """The documents of a delivery: one JSON object, an array of them, or one a line; wrapped in CloudEvents or not.

    What cannot be understood is told apart, one by one. Raises InputFault where the whole of it is no JSON.
    """
    for n, raw in enumerate(_parts(body, content_type), 1):
        try:
            document = decode(raw) if isinstance(raw, bytes) else from_plain(raw)
        except Fault as fault:
            yield Refused(n, fault)
        else:
            yield Observation(document, arrival, n)


def _parts(body: bytes, content_type: str) -> Iterator[bytes | dict[str, Any]]:
    if "ndjson" in content_type or "jsonl" in content_type:
        for line in body.splitlines():
            if line.strip():
                yield line
        return
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if b"\n{" in body.strip():  # documents a line, called plain JSON
            yield from _parts(body, "application/x-ndjson")
            return
        raise InputFault(f"no JSON: {error}", mend="send a document, an array of documents, or one a line") from None
    for part in whole if isinstance(whole, list) else [whole]:
        yield from _unwrapped(part)


def _unwrapped(part: Any) -> Iterator[bytes | dict[str, Any]]:
    if isinstance(part, dict) and "specversion" in part and "data" in part:
        held = part["data"]
        for inner in held if isinstance(held, list) else [held]:
            yield inner if isinstance(inner, dict) else msgspec.json.encode(inner)
    else:
        yield part if isinstance(part, dict) else msgspec.json.encode(part)
