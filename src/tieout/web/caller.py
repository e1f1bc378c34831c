"""Who calls, and what they may do where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from tieout.store.people import EVERYWHERE, Bearer

from .roles import ROLES

Entities = frozenset[str] | None
"""Legal entities; None is all of them."""


class Caller(msgspec.Struct, frozen=True):
    """A person or a service, as their token has it."""

    holder: str
    kind: str
    """person or service"""
    reach: Mapping[str, Entities]
    """Each scope that they have → the entities where they have it."""
    scope: str = ""
    """The one that the route asks for."""

    @property
    def scopes(self) -> frozenset[str]:
        """All that they have, wherever."""
        return frozenset(self.reach)

    @property
    def entities(self) -> Entities:
        """Where they have what the route asks for: what they may see and touch by it. None is everywhere."""
        return self.reach.get(self.scope, frozenset())

    def may(self, scope: str, entity: str | None = None) -> bool:
        """Whether they have a scope, in this entity if one is named (the entity ``""`` is in nobody's limits but everybody's)."""
        if scope not in self.reach:
            return False
        within = self.reach[scope]
        return entity is None or within is None or entity in within


def caller_of(bearer: Bearer) -> Caller:
    """What a token and the roles of its person come to together."""
    limit: Entities = None if bearer.entities is None else frozenset(bearer.entities)
    if bearer.kind == "service":
        return Caller(bearer.holder, bearer.kind, dict.fromkeys(bearer.scopes, limit))
    reach: dict[str, Entities] = {}
    for scope, where in _granted(bearer.roles).items():
        within = _both(limit, where)
        if scope in bearer.scopes and within != frozenset():
            reach[scope] = within
    return Caller(bearer.holder, bearer.kind, reach)


def _granted(roles: Iterable[tuple[str, str]]) -> dict[str, Entities]:
    found: dict[str, Entities] = {}
    for role, entity in roles:
        for scope in ROLES.get(role, ()):
            before = found.get(scope, frozenset())
            found[scope] = None if before is None or entity == EVERYWHERE else before | {entity}
    return found


def _both(one: Entities, other: Entities) -> Entities:
    if one is None or other is None:
        return other if one is None else one
    return one & other
