"""A route: what may be asked for, by whom, and the function that answers. Everything else is read from that function.

    Route("GET", "/v1/instances/{id}", "read", show_instance)

    def show_instance(means: Means, caller: Caller, id: str, query: At) -> InstanceView: ...

An argument is filled by its name: ``means``, ``caller``, ``query`` (a struct of the query's parameters), ``body`` (of the request's
JSON, in any type that msgspec decodes), ``content`` (the body as bytes with its type and headers); any other is the part of the path
in braces of that name. What the function returns is the answer's JSON; None is an empty one. Its docstring describes the route.
A handler is called in a thread, or if it is a coroutine, which waits for nothing but what it awaits, where it is. It may raise any
Fault, StoreError or `Refusal`.
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Generic, TypeVar

import msgspec

T = TypeVar("T")
MEGABYTE = 2**20
BODY_LIMIT = 8 * MEGABYTE
"""Bytes of a request, packed or unpacked, unless its route says otherwise."""


class Content(msgspec.Struct, frozen=True):
    """What was sent."""

    media_type: str
    """Lower case, without parameters."""
    body: bytes
    """Unpacked."""
    sent: bytes
    """As it came."""
    headers: Mapping[str, str]
    """By their names in lower case."""


class Answer(msgspec.Struct, Generic[T], frozen=True):
    """An answer with another status than 200, or with headers."""

    status: int
    body: T
    headers: tuple[tuple[str, str], ...] = ()


class Plain(msgspec.Struct, frozen=True):
    """An answer that is not JSON."""

    media_type: str
    body: bytes


class Accepts(msgspec.Struct, frozen=True):
    """What a route reads that takes its body as `Content`."""

    schemas: Mapping[str, Any]
    """Media type → the type of what is in it. */* is every other."""
    headers: Mapping[str, str] = {}
    """Name → what it is for."""


class Route(msgspec.Struct, frozen=True, dict=True):
    """One thing that may be asked for."""

    method: str
    path: str
    scope: str
    """What the caller's token has to have; empty: anybody may ask."""
    handler: Callable[..., Any]
    statuses: Mapping[int, str] = msgspec.field(default_factory=lambda: {200: "Done."})
    """Of its answers, with what they mean."""
    refusals: tuple[int, ...] = ()
    """Statuses of its own refusals, beyond those that every route has."""
    accepts: Accepts | None = None
    limit: int = BODY_LIMIT
    """Bytes of a request at most."""

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The types of the handler's arguments and, under ``return``, of its answer."""
        return typing.get_type_hints(self.handler)

    @cached_property
    def is_coroutine(self) -> bool:
        """Whether it is to be awaited."""
        return inspect.iscoroutinefunction(self.handler)

    @cached_property
    def arguments(self) -> frozenset[str]:
        """The names that the handler wants filled."""
        return frozenset(inspect.signature(self.handler).parameters)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """Of the path, ``{id}`` for the ones that vary."""
        return tuple(self.path.strip("/").split("/"))

    @cached_property
    def variables(self) -> tuple[str, ...]:
        """The names in braces."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def has_body(self) -> bool:
        """Whether it reads what is sent."""
        return bool(self.arguments & {"body", "content"})

    @cached_property
    def answer(self) -> Any:
        """The type of its answer's JSON; NoneType where there is none."""
        hint = self.hints["return"]
        return typing.get_args(hint)[0] if typing.get_origin(hint) is Answer else hint

    @cached_property
    def decoder(self) -> msgspec.json.Decoder[Any]:
        """Of its body."""
        return msgspec.json.Decoder(self.hints["body"])

    @property
    def words(self) -> str:
        """What it is for, in the words of its function."""
        return inspect.cleandoc(self.handler.__doc__ or "")


class Routes:
    """Routes by path and method."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self.all = routes
        self._tree: dict[str, Any] = {}
        for route in routes:
            node = self._tree
            for part in route.parts:
                node = node.setdefault("{}" if part.startswith("{") else part, {})
            node.setdefault("", {})[route.method] = route

    def find(self, parts: list[str]) -> tuple[Mapping[str, Route], list[str]]:
        """The routes of a path by method, and the parts of it that vary. Empty where there is no such path."""
        node, varying = self._tree, []
        for part in parts:
            if part and part in node:
                node = node[part]
            elif part and "{}" in node:
                node = node["{}"]
                varying.append(part)
            else:
                return {}, []
        return types.MappingProxyType(node.get("", {})), varying
