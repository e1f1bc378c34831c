"""Figures that were signed off, each with what it was made of. Rows are only ever added; the trail has the hash of each."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import msgspec

from tieout.canon.faults import InputFault, MachineFault, nearest

from .connection import Connection
from .snapshot import Moment, Ruling
from .statements import sql
from .trail import By, append, history


class Seal(msgspec.Struct, frozen=True):
    """What was sealed, and by what it can be made again."""

    id: int
    period: str
    entity: str
    """Empty: the whole company."""
    as_of: dt.date
    sealed_at: dt.datetime
    who: str
    why: str
    known_at: dt.datetime
    visible: str
    policy: int
    """Version; 0 where nothing was decided."""
    policy_hash: str
    code: str
    sha256: bytes
    """Of the figures as they are kept."""

    @property
    def moment(self) -> Moment:
        """Which documents were known."""
        return Moment(self.known_at, self.visible)

    @property
    def name(self) -> str:
        """``2026-06`` or ``2026-06 of DE01``."""
        return f"{self.period} of {self.entity}" if self.entity else self.period


def keep(
    connection: Connection, period: str, entity: str, as_of: dt.date, made_of: tuple[Moment, Ruling, str], figures: bytes,
    by: By, now: dt.datetime,
) -> Seal:  # fmt: skip
    """Seal figures, in the transaction that is open, with its entry in the trail. ``made_of``: moment, policy, version of the code."""
    moment, ruling, code = made_of
    seal = Seal(
        0, period, entity, as_of, now, by.who, by.why, moment.at, moment.visible, ruling.version, ruling.hash, code,
        hashlib.sha256(figures).digest(),
    )  # fmt: skip
    row = connection.execute(
        sql("insert_seal"), msgspec.structs.asdict(seal) | {"policy": ruling.version or None, "body": figures}
    ).fetchone()
    assert row is not None
    seal = msgspec.structs.replace(seal, id=row[0])
    told = {"seal": seal.id, "sha256": seal.sha256.hex(), "policy": seal.policy, "code": code, "known_at": moment.at}
    append(connection, by.did("period.seal", _subject(seal), after=told))
    return seal


def listed(connection: Connection) -> list[Seal]:
    """Every seal, the newest period first."""
    return [_seal(row) for row in connection.execute(sql("list_seals"))]


def find(connection: Connection, period: str, entity: str = "") -> Seal | None:
    """The newest seal of a period and entity."""
    row = connection.execute(sql("newest_seal"), {"period": period, "entity": entity}).fetchone()
    return None if row is None else _seal(row)


def found(connection: Connection, period: str, entity: str = "") -> Seal:
    """The same; raises InputFault where there is none."""
    seal = find(connection, period, entity)
    if seal is None:
        names = sorted({other.name for other in listed(connection)})
        wanted = f"{period} of {entity}" if entity else period
        mend = nearest(wanted, names) or (f"there are {', '.join(names)}" if names else "tieout seal period")
        raise InputFault(f"{wanted} is not sealed", mend=mend)
    return seal


def figures_of(connection: Connection, seal: Seal) -> bytes:
    """The figures as they were sealed. Raises MachineFault where they are not what the audit trail says was sealed."""
    row = connection.execute(sql("sealed_body"), {"id": seal.id}).fetchone()
    promised = _promised(connection, seal)
    if row is None or promised != seal.sha256.hex() or hashlib.sha256(row[0]).hexdigest() != promised:
        what = f"the figures of {seal.name} are not what was sealed: {promised or 'the trail knows nothing of it'}"
        raise MachineFault(
            what, where=f"sealed_figure {seal.id}", mend="tieout verify, then restore them from a backup"
        )
    return bytes(row[0])


def _promised(connection: Connection, seal: Seal) -> str:
    """The hash that the trail has of it."""
    for entry in history(connection, _subject(seal)):
        said = msgspec.json.decode(entry.after or "{}")
        if said.get("seal") == seal.id:
            return str(said["sha256"])
    return ""


def _subject(seal: Seal) -> str:
    return f"period/{seal.name}"


def _seal(row: tuple[Any, ...]) -> Seal:

    return Seal(*row)
