"""The audit trail: who changed what, when, why, from what to what. Appended with each change, chained afterwards, verified at any time.

`append` writes entries in the transaction of the change that they are about: both are committed, or neither. `seal` hashes what was
committed since into the next batch of the chain; whoever runs it does so alone. `verify` recomputes everything and names each row that
was changed, removed or put in. A chain proves nothing to somebody who can rewrite all of it; so its heads are published outside of the
database (`trail_heads`), and each of them must still be there.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

import msgspec

from . import locks
from .connection import Connection, arrays
from .statements import sql

MOST = 1_000
"""Entries of one batch."""
START = bytes(32)
"""The head before the first batch."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change, to be appended."""

    who: str
    """The name of the person or service; ``tieout`` where nobody asked for it."""
    kind: Literal["person", "service", "tieout"]
    what: str
    """Noun and verb: ``policy.change``, ``case.assign``, ``token.revoke``."""
    subject: str
    """What was changed: the key of a document or a case, the name of a table of the policy."""
    why: str = ""
    before: Any = None
    """Whatever msgspec writes as JSON; None where there was nothing."""
    after: Any = None


class By(msgspec.Struct, frozen=True):
    """Who asks for a change, and why."""

    who: str
    kind: Literal["person", "service", "tieout"] = "person"
    why: str = ""

    def did(self, what: str, subject: str, before: Any = None, after: Any = None) -> Entry:
        """The entry of a change that they made."""
        return Entry(who=self.who, kind=self.kind, why=self.why, what=what, subject=subject, before=before, after=after)


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it is kept. ``before`` and ``after`` are canonical JSON."""

    id: int
    at: dt.datetime
    who: str
    kind: str
    what: str
    subject: str
    why: str
    before: str | None
    after: str | None

    def hash(self) -> bytes:
        """sha256 over all of it, as a JSON array in the order of the fields."""
        values = [getattr(self, field) for field in self.__struct_fields__]
        values[1] = self.at.astimezone(dt.UTC).isoformat(timespec="microseconds")
        return hashlib.sha256(msgspec.json.encode(values)).digest()

    def __str__(self) -> str:
        return f"entry {self.id} ({self.what} of {self.subject} by {self.who}, {self.at:%Y-%m-%d %H:%M:%S} UTC)"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; what is not given does not matter."""

    subject: str = ""
    """What was changed."""
    who: str = ""
    what: str = ""
    """`case.assign`; or the noun alone, `case`."""
    since: dt.datetime | None = None
    until: dt.datetime | None = None
    """Before then."""
    before: int | None = None
    """Only entries with a smaller `id`: the page that follows."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    """Entries in one answer; at most 1000."""


class Head(msgspec.Struct, frozen=True):
    """The chain up to one batch, in one number."""

    batch: int
    sealed_at: dt.datetime
    total: int
    """Entries up to and with this batch."""
    head: str
    """Hexadecimal."""


class Flaw(msgspec.Struct, frozen=True):
    """Something that is not as it was written."""

    kind: Literal["changed", "removed", "inserted", "rewritten"]
    found: str


class Verified(msgspec.Struct, frozen=True):
    """What recomputing the chain came to."""

    batches: int
    entries: int
    unsealed: int
    flaws: tuple[Flaw, ...]
    """In the order of the chain: the first is where the tampering begins."""


def append(connection: Connection, *entries: Entry) -> None:
    """Write entries in the transaction that is open, beside the change that they are about."""
    columns = arrays(entries, "who", "kind", "what", "subject", "why")
    columns["before"] = [_canonical(entry.before) for entry in entries]
    columns["after"] = [_canonical(entry.after) for entry in entries]
    connection.execute(sql("append_entries"), columns)


def find(connection: Connection, wanted: Wanted) -> list[Written]:
    """The entries that are wanted, the newest first."""
    return _written(connection.execute(sql("find_entries"), msgspec.structs.asdict(wanted)))


def history(connection: Connection, subject: str) -> list[Written]:
    """What was last done to one subject, the newest first."""
    return find(connection, Wanted(subject=subject))


def seal(connection: Connection, most: int = MOST) -> Head | None:
    """Hash the next batch into the chain, in the transaction that is open. None: nothing waits, or somebody else is at it."""
    (is_alone,) = connection.execute(sql("try_to_seal"), {"lock": locks.SEAL}).fetchone() or (False,)
    if not is_alone:
        return None
    entries = _written(connection.execute(sql("take_unsealed"), {"most": most}))
    if not entries:
        return None
    last = connection.execute(sql("last_batch")).fetchone()
    id, total, before = (last[0] + 1, last[2], last[3]) if last else (1, 0, START)
    total += len(entries)
    numbers, hashes = [entry.id for entry in entries], [entry.hash() for entry in entries]
    head = _head(before, id, total, numbers, hashes)
    batch = {"id": id, "entries": numbers, "hashes": hashes, "total": total, "head": head}
    row = connection.execute(sql("insert_batch"), batch).fetchone()
    assert row is not None
    return _as_head(row)


def heads_after(connection: Connection, batch: int) -> list[Head]:
    """The heads of the batches that follow one."""
    return [_as_head(row) for row in connection.execute(sql("heads_after"), {"id": batch})]


def verify(connection: Connection, published: Iterable[Head] = ()) -> Verified:
    """Recompute the chain, as it is at one moment, and set it against the heads that were published."""
    promised: dict[int, set[str]] = {}
    end = None
    for head in published:
        promised.setdefault(head.batch, set()).add(head.head)
        end = head if end is None or head.batch > end.batch else end
    flaws: list[Flaw] = []
    before: bytes | None = START
    last, total = 0, 0
    with connection.transaction():
        connection.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        with connection.cursor(name="batches") as batches:
            batches.itersize = 20
            for id, sealed_at, total, head, numbers, hashes in batches.execute(sql("read_batches")):
                if id != last + 1:
                    flaws.append(Flaw("removed", f"{_batches(last + 1, id - 1)} of the chain"))
                    before = _any_promised(promised, id - 1)
                flaws += _check_entries(connection, id, numbers, hashes)
                name = f"batch {id} of {sealed_at:%Y-%m-%d %H:%M:%S} UTC: its head is not the one"
                if before is not None and head != _head(before, id, total, numbers, hashes):
                    flaws.append(Flaw("rewritten", f"{name} that follows from what it holds"))
                elif promised.get(id, {head.hex()}) != {head.hex()}:
                    flaws.append(Flaw("rewritten", f"{name} that was published"))
                before, last = head, id
        if end is not None and end.batch > last:
            missing = f"{_batches(last + 1, end.batch)} at the end of the chain, {end.total - total} entries"
            flaws.append(Flaw("removed", f"{missing}, published at {end.sealed_at:%Y-%m-%d %H:%M:%S} UTC"))
        flaws += [Flaw("inserted", str(entry)) for entry in _written(connection.execute(sql("stray_entries")))]
        lost = connection.execute(sql("lost_entries")).fetchall()
        flaws += [Flaw("removed", f"entry {id}, which was not sealed yet") for (id,) in lost]
        (unsealed,) = connection.execute(sql("count_unsealed")).fetchone() or (0,)
    return Verified(last, total, unsealed, tuple(flaws))


def _check_entries(connection: Connection, batch: int, numbers: list[int], hashes: list[bytes]) -> Iterator[Flaw]:
    """What is wrong with the entries of a batch, in its order."""
    there = {entry.id: entry for entry in _written(connection.execute(sql("read_entries"), {"ids": numbers}))}
    for number, hashed in zip(numbers, hashes, strict=True):
        entry = there.get(number)
        if entry is None:
            yield Flaw("removed", f"entry {number}, of batch {batch}")
        elif entry.hash() != hashed:
            yield Flaw("changed", f"{entry}, of batch {batch}")


def _any_promised(promised: dict[int, set[str]], batch: int) -> bytes | None:
    """What the batches of a gap must have ended in; None where nobody wrote it down."""
    return next((bytes.fromhex(head) for head in promised.get(batch, ())), None)


def _batches(first: int, last: int) -> str:
    return f"batch {first}" if first == last else f"batches {first} to {last}"


def _head(before: bytes, id: int, total: int, numbers: list[int], hashes: list[bytes]) -> bytes:
    pairs = [[number, hashed.hex()] for number, hashed in zip(numbers, hashes, strict=True)]
    return hashlib.sha256(msgspec.json.encode([before.hex(), id, total, pairs])).digest()


def _as_head(row: tuple[Any, ...]) -> Head:
    id, sealed_at, total, head = row
    return Head(id, sealed_at, total, head.hex())


def _written(rows: Iterable[tuple[Any, ...]]) -> list[Written]:
    return [Written(**dict(zip(Written.__struct_fields__, row, strict=True))) for row in rows]


def _canonical(value: object) -> str | None:
    """JSON with its keys in order, so that the same value has the same bytes."""
    return None if value is None else msgspec.json.encode(value, order="sorted").decode()
