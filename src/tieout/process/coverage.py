"""Where the absence of a document proves that there is none: the ``[[complete]]`` entries, answered fast."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

Span = tuple[dt.date, dt.date]


class Claim(Protocol):
    """A declaration that a system told everything: of a type and an entity (``*``: of all), from one day to another (None: no end)."""

    @property
    def system(self) -> str:
        """Name, or ``*``."""

    @property
    def type(self) -> str:
        """Of documents, or ``*``."""

    @property
    def entity(self) -> str:
        """Legal entity, or ``*``."""

    @property
    def from_on(self) -> dt.date | None:
        """The first day."""

    @property
    def to_on(self) -> dt.date | None:
        """The last day."""


class Coverage:
    """Answers `known`. Can be pickled; each process fills a cache of its own.

    ``spans`` holds the complete days by (system, type, entity), with ``*`` for all; ``roles`` the systems of each role;
    ``holders`` which entities' documents were read, by (system, type); ``unread`` of which entities some are there and
    could not be read (``*``: of any), so that nothing is complete.
    """

    __slots__ = ("_cache", "holders", "roles", "spans", "unread")

    def __init__(
        self,
        spans: dict[tuple[str, str, str], tuple[Span, ...]],
        roles: dict[str, tuple[str, ...]],
        holders: dict[tuple[str, str], frozenset[str]],
        unread: dict[tuple[str, str], frozenset[str]] | None = None,
    ) -> None:
        self.spans, self.roles, self.holders, self.unread = spans, roles, holders, unread or {}
        self._cache: dict[tuple[str, str, str], tuple[Span, ...]] = {}

    @classmethod
    def claimed(
        cls, claims: Iterable[Claim], systems: Sequence[str], types: Callable[[str], Iterable[str]],
        role: Callable[[str], str], holders: Iterable[tuple[str, str, str]],
        unread: dict[tuple[str, str], frozenset[str]] | None = None,
    ) -> Coverage:  # fmt: skip
        """What is declared, for these systems.

        ``types``: what ``*`` means for a system; ``holders``: (system, type, entity) of the documents that there are.
        """
        spans: dict[tuple[str, str, str], tuple[Span, ...]] = {}
        for claim in claims:
            span = (claim.from_on or dt.date.min, claim.to_on or dt.date.max)
            for system in systems if claim.system == "*" else (claim.system,):
                for type_ in types(system) if claim.type == "*" else (claim.type,):
                    key = (system, type_, claim.entity)
                    spans[key] = (*spans.get(key, ()), span)
        roles: dict[str, tuple[str, ...]] = {}
        for system in systems:
            roles[role(system)] = (*roles.get(role(system), ()), system)
        held: dict[tuple[str, str], set[str]] = {}
        for system, type_, entity in holders:
            held.setdefault((system, type_), set()).add(entity)
        return cls(spans, roles, {place: frozenset(entities) for place, entities in held.items()}, unread)

    def known(self, role_or_system: str, type_: str, entity: str, day: dt.date) -> bool:
        """Whether the absence of such a document of the entity on that day is proved.

        For a role: by one of its systems that is complete there, as long as no other of its systems has documents of
        this type and entity without being complete itself.
        """
        return any(first <= day <= last for first, last in self.complete(role_or_system, type_, entity))

    def complete(self, role_or_system: str, type_: str, entity: str) -> tuple[Span, ...]:
        """The days, both included, on which absence is proved."""
        place = (role_or_system, type_, entity)
        spans = self._cache.get(place)
        if spans is None:
            spans = self._cache[place] = self._spans(*place)
        return spans

    def _spans(self, role_or_system: str, type_: str, entity: str) -> tuple[Span, ...]:
        systems = self.roles.get(role_or_system, (role_or_system,))
        found: tuple[Span, ...] | None = None
        for system in systems:
            unread = self._is_unread(system, type_, entity)
            own = () if unread else self._of_system(system, type_, entity)
            holds = entity in self.holders.get((system, type_), ())
            if not own and not holds and not unread:
                continue
            found = own if found is None else _both(found, own)
        return found or ()

    def _of_system(self, system: str, type_: str, entity: str) -> tuple[Span, ...]:
        return tuple(
            span
            for system_key in (system, "*")
            for type_key in (type_, "*")
            for entity_key in dict.fromkeys((entity, "*"))
            for span in self.spans.get((system_key, type_key, entity_key), ())
        )

    def _is_unread(self, system: str, type_: str, entity: str) -> bool:
        places = (self.unread.get((name, type_), frozenset()) for name in (system, "*"))
        return any(entity in found or "*" in found for found in places)

    def __reduce__(self) -> tuple[type[Coverage], tuple[object, ...]]:
        return Coverage, (self.spans, self.roles, self.holders, self.unread)


def _both(one: tuple[Span, ...], other: tuple[Span, ...]) -> tuple[Span, ...]:
    """The days that lie in a span of each."""
    overlaps = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple((first, last) for first, last in overlaps if first <= last)
