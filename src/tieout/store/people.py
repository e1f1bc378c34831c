"""People with their roles, and the tokens that speak for a person or a service."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

import msgspec

from tieout.canon.faults import InputFault, nearest

from .connection import Connection
from .statements import sql
from .trail import By, append

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


def add_person(
    connection: Connection, name: str, roles: list[str], entities: list[str], by: By, *, replace: bool = False
) -> None:
    """Add somebody, or add to their roles; with ``replace`` instead of the ones they have. Who was disabled is not any more.

    The roles hold in these entities; in all of them where none is named.
    """
    before = _roles(connection, name)
    connection.execute(sql("add_person"), {"name": name})
    if replace:
        connection.execute(sql("withdraw_roles"), {"name": name})
    connection.execute(sql("grant_roles"), {"name": name, "roles": roles, "entities": entities or [EVERYWHERE]})
    append(connection, by.did("person.grant", name, before, _roles(connection, name)))


def disable_person(connection: Connection, name: str, by: By) -> None:
    """From now on nobody speaks for them. Raises InputFault where there is no such person."""
    if not connection.execute(sql("disable_person"), {"name": name}).fetchall():
        known = [person.name for person in list_people(connection)]
        raise InputFault(f"there is no person {name!r}", mend=nearest(name, known) or "tieout user list")
    append(connection, by.did("person.disable", name))


def find_person(connection: Connection, name: str) -> Person:
    """Somebody by their name. Raises InputFault where there is no such person."""
    people = {person.name: person for person in list_people(connection)}
    if name not in people:
        raise InputFault(f"there is no person {name!r}", mend=nearest(name, people) or "tieout user add")
    return people[name]


def list_people(connection: Connection) -> list[Person]:
    """Everybody, disabled or not, by name."""
    rows = connection.execute(sql("list_people")).fetchall()
    return [Person(name, disabled, tuple(zip(roles, where, strict=True))) for name, disabled, roles, where in rows]


def _roles(connection: Connection, name: str) -> list[tuple[str, str]] | None:
    return next((list(person.roles) for person in list_people(connection) if person.name == name), None)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is to be made."""

    name: str
    """What it is for, in words."""
    kind: str
    """person or service"""
    holder: str
    scopes: list[str]
    entities: list[str] | None = None
    """None: all."""
    days: int | None = None
    """How long it is good. None: for ever."""


def add_token(connection: Connection, wish: Wish, by: By) -> tuple[int, str]:
    """Its number, and the token itself, which is kept nowhere."""
    token = f"tieout_{secrets.token_urlsafe(32)}"
    row = connection.execute(
        sql("add_token"), {"sha256": fingerprint(token), **msgspec.structs.asdict(wish)}
    ).fetchone()
    assert row is not None
    append(connection, by.did("token.create", f"{row[0]} {wish.name}", after=wish))
    return row[0], token


def revoke_token(connection: Connection, id: int, by: By) -> None:
    """It is not good any more. Raises InputFault where there is no such token."""
    row = connection.execute(sql("revoke_token"), {"id": id}).fetchone()
    if row is None:
        raise InputFault(f"there is no token {id}", mend="tieout token list")
    append(connection, by.did("token.revoke", f"{id} {row[1]}"))


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
