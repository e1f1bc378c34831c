"""docs/api.md: every route with what it takes and gives, in the words of its function and of its types."""

from __future__ import annotations

import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from tieout.canon.documents import Document
from tieout.canon.schema import words
from tieout.web.deliveries import AnyDocument
from tieout.web.refusal import Problem
from tieout.web.roles import ROLES, SCOPES
from tieout.web.route import Plain, Route
from tieout.web.routes import ROUTES

INTRODUCTION = """`tieout web` (or `tieout serve`) answers these; `/openapi.json` says the same for programs. Send `Authorization: Bearer
TOKEN`; `tieout token create` makes one. JSON goes both ways; a body may be packed (`Content-Encoding: gzip` or `zstd`). Amounts are
whole minor units, instants ISO 8601, days 2026-06-30. Who is limited to legal entities sees and touches nothing of others.

What is not done is answered with problem details (RFC 9457), 4xx where the caller can mend it. After a 503 nothing was changed, or what
was changed is not known: `Retry-After` says when to send the same again."""

ADDING = """## To add a route

A route is a line in `src/tieout/web/routes.py` and a function; `src/tieout/web/route.py` says what its arguments may be called.

```python
class At(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: dt.date
    \"\"\"As of the end of this day.\"\"\"


def show_risk(means: Means, caller: Caller, query: At) -> Risk:
    \"\"\"Money at risk, by class and owner.\"\"\"
    return transact(means.pool, lambda connection: risk(connection, query.day, caller.entities))


Route("GET", "/v1/risk", "read", show_risk)
```

The types become the schema, the docstrings its words; a fault that the function raises becomes an answer. `caller.entities` are the legal
entities where the caller has the route's scope (None: all), `caller.may("approve", entity)` asks for another scope. `./dev docs` writes
this page."""


def api_page(note: str) -> str:
    """The page."""
    parts = ["# The API", note, INTRODUCTION, table(), scopes()]
    shown: set[str] = set()
    for route in ROUTES:
        parts += section(route, shown)
    parts += ["## Problem", *fields(Problem, shown), ADDING]
    return "\n\n".join(part for part in parts if part) + "\n"


def table() -> str:
    rows = [
        f"| `{route.method} {route.path}` | {route.scope or '–'} | {route.words.partition(chr(10))[0]} |"
        for route in ROUTES
    ]
    return "\n".join(["| | scope | |", "|---|---|---|", *rows])


def scopes() -> str:
    rows = [
        f"| `{scope}` | {meaning} | {', '.join(role for role in ROLES if scope in ROLES[role])} |"
        for scope, meaning in SCOPES.items()
    ]
    return "\n".join(["| scope | allows to | roles that bring it |", "|---|---|---|", *rows])


def section(route: Route, shown: set[str]) -> Iterator[str]:
    yield f"## {route.method} {route.path}"
    yield "\n\n".join(" ".join(part.split()) for part in route.words.split("\n\n"))
    if route.accepts is not None:
        rows = [f"| `{name}` | {meaning} |" for name, meaning in route.accepts.headers.items()]
        yield "\n".join(["| header | |", "|---|---|", *rows]) if rows else ""
    if "query" in route.hints:
        yield "In the query:"
        yield from fields(route.hints["query"], set())
    if "body" in route.hints:
        yield f"Takes {shown_type(route.hints['body'])}."
        yield from fields(route.hints["body"], shown)
    statuses = " · ".join(f"{status}: {meaning}" for status, meaning in route.statuses.items())
    if route.answer is Plain:
        yield "Gives text."
    elif route.answer is not type(None):
        yield f"Gives {shown_type(route.answer)}." + (f" {statuses}" if len(route.statuses) > 1 else "")
        yield from fields(route.answer, shown)


def fields(hint: Any, shown: set[str]) -> Iterator[str]:
    """A table for each struct in a type that no table was given before."""
    for struct in structs(hint):
        if struct.__name__ in shown or issubclass(struct, Document):
            continue
        shown.add(struct.__name__)
        meanings = words(struct)
        rows = []
        config = struct.__struct_config__
        if config.tag is not None:
            rows.append(f"| **`{config.tag_field}`** | `{config.tag}` | |")
        for field in msgspec.structs.fields(struct):
            needed = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
            name = f"**`{field.encode_name}`**" if needed else f"`{field.encode_name}`"
            rows.append(f"| {name} | {shown_type(field.type)} | {meanings.get(field.name, '')} |".replace("``", "`"))
        summary = " ".join(inspect.cleandoc(struct.__doc__ or "").split())
        yield f"**{struct.__name__}**: {summary}"
        yield "\n".join(["| field | | |", "|---|---|---|", *rows])


def structs(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if hint == AnyDocument:
        return
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        yield hint
        for field in msgspec.structs.fields(hint):
            yield from structs(field.type)
    for argument in typing.get_args(hint):
        yield from structs(argument)


def shown_type(hint: Any) -> str:
    """A type as people write it."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if hint == AnyDocument:
        return "[a document](documents.md)"
    if origin in (types.UnionType, typing.Union):
        return " or ".join(shown_type(argument) for argument in arguments)
    if origin is Literal:
        return " ".join(f"`{value}`" for value in arguments)
    if origin in (tuple, list, frozenset):
        return f"list of {shown_type(arguments[0])}"
    if origin in (dict, Mapping):
        return f"object of {shown_type(arguments[1])}"
    plain = {
        "str": "text",
        "int": "whole number",
        "bool": "flag",
        "date": "day",
        "datetime": "instant",
        "NoneType": "null",
        "Any": "any JSON",
    }
    name = getattr(hint, "__name__", str(hint))
    return plain.get(name, re.sub(r"^.*\.", "", name))
