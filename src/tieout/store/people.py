"""People with their roles, and the tokens that speak for a person or a service."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import msgspec

from tieout.canon.faults import InputFault, nearest

from .connection import Connection
from .statements import sql

EVERYWHERE = "*"
"""The entity of a role that holds in all of them."""


class Person(msgspec.Struct, frozen=True):
    """Somebody who works here."""

    name: str
    disabled_at: dt.datetime | None
    roles: tuple[tuple[str, str], ...]
    """(role, entity)"""


class Token(msgspec.Struct, frozen=True):
    """A token as it is kept: the token itself is not."""

    id: int
    name: str
    kind: str
    holder: str
    scopes: list[str]
    entities: list[str] | None
    """None: all."""
    created_at: dt.datetime
    expires_at: dt.datetime | None
    revoked_at: dt.datetime | None


class Bearer(msgspec.Struct, frozen=True):
    """Whom a good token speaks for."""

    kind: str
    holder: str
    scopes: list[str]
    entities: list[str] | None
    roles: tuple[tuple[str, str], ...]
    """(role, entity) of the person; empty for a service."""


def add_person(connection: Connection, name: str, roles: list[str], entities: list[str], *, replace: bool) -> None:
    """Add somebody, or add to their roles; with ``replace`` instead of the ones they have. Who was disabled is not any more."""
    connection.execute(sql("add_person"), {"name": name})
    if replace:
        connection.execute(sql("withdraw_roles"), {"name": name})
    connection.execute(sql("grant_roles"), {"name": name, "roles": roles, "entities": entities or [EVERYWHERE]})


def disable_person(connection: Connection, name: str) -> None:
    """From now on nobody speaks for them. Raises InputFault where there is no such person."""
    if not connection.execute(sql("disable_person"), {"name": name}).fetchall():
        known = [person.name for person in list_people(connection)]
        raise InputFault(f"there is no person {name!r}", mend=nearest(name, known) or "tieout user list")


def list_people(connection: Connection) -> list[Person]:
    """Everybody, disabled or not, by name."""
    rows = connection.execute(sql("list_people")).fetchall()
    return [
        Person(name, disabled, tuple(zip(roles, entities, strict=True))) for name, disabled, roles, entities in rows
    ]


def add_token(
    connection: Connection, *, name: str, kind: str, holder: str, scopes: list[str], entities: list[str] | None, days: int | None
) -> tuple[int, str]:  # fmt: skip
    """Its number, and the token itself, which is kept nowhere. ``days``: how long it is good, None for ever."""
    token = f"tieout_{secrets.token_urlsafe(32)}"
    values = {
        "sha256": fingerprint(token), "name": name, "kind": kind, "holder": holder, "scopes": scopes,
        "entities": entities, "days": days,
    }  # fmt: skip
    (row,) = connection.execute(sql("add_token"), values).fetchall()
    return row[0], token


def revoke_token(connection: Connection, id: int) -> None:
    """It is not good any more. Raises InputFault where there is no such token."""
    if not connection.execute(sql("revoke_token"), {"id": id}).fetchall():
        raise InputFault(f"there is no token {id}", mend="tieout token list")


def list_tokens(connection: Connection) -> list[Token]:
    """All of them in the order in which they were made."""
    return [Token(*row) for row in connection.execute(sql("list_tokens")).fetchall()]


def find_bearer(connection: Connection, token: str) -> Bearer | None:
    """Whom a token speaks for; None where it is not good, or not good any more."""
    row = connection.execute(sql("find_token"), {"sha256": fingerprint(token)}).fetchone()
    if row is None:
        return None
    kind, holder, scopes, entities, roles, where = row
    return Bearer(kind, holder, scopes, entities, tuple(zip(roles, where, strict=True)))


def fingerprint(token: str) -> bytes:
    """What is kept of a token. Its 256 random bits cannot be guessed from a plain hash, so it needs no slow one."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
