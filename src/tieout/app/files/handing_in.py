"""A file's documents as deliveries: those that are good are kept, each part under a name of its own, so that nothing is kept twice."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from tieout.canon import batch
from tieout.canon.faults import InputFault
from tieout.store.intake import Delivery, GroupCommit

from .content import parts
from .folder import Refusals

LONGEST_NAME = 200


class HandedIn(msgspec.Struct, frozen=True):
    """What became of a file. What was accepted is on disk."""

    accepted: int
    refused: int
    repeated: int
    """Documents, of those accepted, that were here before: from a file of the same name with the same content."""


def hand_in(path: Path, name: str, connection: str, intake: GroupCommit, refusals: Refusals) -> HandedIn:
    """Keep a file's documents.

    Raises InputFault where it cannot be read to its end (what came before that is kept), and StoreError where it is to be handed in
    again later: what was kept until then is kept once.
    """
    accepted = repeated = 0
    try:
        for part in parts(path, name):
            refusals.add(part.wrong)
            if part.good:
                receipt = intake.submit(_delivery(part.good, name, connection)).result()
                accepted += len(part.good)
                repeated += len(part.good) if receipt.outcome == "repeated" else 0
    finally:
        refusals.close()
    if not accepted and not refusals.count:
        raise InputFault("there is no document in it", where=name)
    refusals.finish()
    return HandedIn(accepted, refusals.count, repeated)


def _delivery(good: list[bytes], name: str, connection: str) -> Delivery:
    content = b"\n".join(good)
    name = name.encode("utf-8", "replace").decode()  # The system may have names that are no text.
    key = f"{hashlib.sha256(content).hexdigest()} {name[-LONGEST_NAME:]}"
    return Delivery(
        connection=connection, kind="file", content_type=batch.NDJSON, headers={"file": name}, body=content, dedup_key=key
    )  # fmt: skip
