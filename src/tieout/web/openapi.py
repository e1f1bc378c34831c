"""The OpenAPI 3.1 document of a table of routes, from the types and the words of their functions."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from tieout import __version__
from tieout.canon.schema import words

from .refusal import Problem
from .roles import SCOPES
from .route import Plain, Route

REFS = "#/components/schemas/{name}"
TOKEN = "token"
INTRODUCTION = """Documents go in at `/v1/deliveries`; what came of them is read elsewhere. A token names the caller: `Authorization:
Bearer TOKEN`; `tieout token create` makes one. Amounts are whole minor units. A limit to legal entities limits what is seen.
What is not done is said as problem details (RFC 9457) with `where` and `mend`; after a 503 the same request may be sent again."""


def openapi(routes: tuple[Route, ...]) -> dict[str, Any]:
    """The document, as plain values."""
    wanted = list(_types(routes))
    schemas, components = msgspec.json.schema_components(wanted, ref_template=REFS)
    schema_of = dict(zip(map(repr, wanted), schemas, strict=True))
    described = _structs(wanted)
    for name, component in components.items():
        if name in described:
            _describe(component, described[name])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tieout", "version": __version__, "description": " ".join(INTRODUCTION.split())},
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {TOKEN: {"type": "http", "scheme": "bearer"}}},
    }


def _types(routes: Iterable[Route]) -> Iterator[Any]:
    yield Problem
    for route in routes:
        if route.answer is not Plain:
            yield route.answer
        for name in ("body", "query"):
            if name in route.hints:
                yield route.hints[name]
        if route.accepts is not None:
            yield from route.accepts.schemas.values()


def _operation(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    summary, _, rest = route.words.partition("\n")
    operation: dict[str, Any] = {
        "operationId": route.handler.__name__,
        "summary": summary.rstrip("."),
        "tags": [route.parts[1] if route.parts[0] == "v1" and len(route.parts) > 1 else "server"],
        "parameters": list(_parameters(route, schema_of)),
        "responses": _responses(route, schema_of),
    }
    description = [" ".join(part.split()) for part in rest.strip().split("\n\n") if part]
    if route.scope:
        description.append(f"Needs the scope `{route.scope}`: {SCOPES[route.scope]}.")
        operation["security"] = [{TOKEN: []}]
    if description:
        operation["description"] = "\n\n".join(description)
    if route.has_body:
        forms = route.accepts.schemas if route.accepts else {"application/json": route.hints["body"]}
        media = {name: {"schema": schema_of[repr(type_)]} for name, type_ in forms.items()}
        operation["requestBody"] = {"required": True, "content": media}
    return operation


def _parameters(route: Route, schema_of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name in route.variables:
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    if "query" in route.hints:
        struct = route.hints["query"]
        meanings = words(struct)
        for field in msgspec.structs.fields(struct):
            (schema,), _ = msgspec.json.schema_components([field.type], ref_template=REFS)
            required = field.default is msgspec.NODEFAULT and field.default_factory is msgspec.NODEFAULT
            parameter = {"name": field.encode_name, "in": "query", "required": required, "schema": schema}
            yield parameter | ({"description": meanings[field.name]} if field.name in meanings else {})
    for name, meaning in (route.accepts.headers if route.accepts else {}).items():
        yield {"name": name, "in": "header", "required": False, "description": meaning, "schema": {"type": "string"}}


def _responses(route: Route, schema_of: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, meaning in route.statuses.items():
        if route.answer is Plain:
            found[str(status)] = {"description": meaning, "content": _media("text/plain", {"type": "string"})}
        elif route.answer is type(None):
            is_bare = route.hints["return"] is type(None)
            found["204" if is_bare else str(status)] = {"description": meaning}
        else:
            found[str(status)] = {
                "description": meaning,
                "content": _media("application/json", schema_of[repr(route.answer)]),
            }
    statuses = {500, 503, *route.refusals}
    statuses |= {401, 403} if route.scope else set()
    statuses |= {413, 415, 422} if route.has_body else set()
    statuses |= {422} if "query" in route.hints else set()
    statuses |= {404} if route.variables else set()
    for status in sorted(statuses):
        problem = _media("application/problem+json", schema_of[repr(Problem)])
        found[str(status)] = {"description": f"{HTTPStatus(status).phrase}.", "content": problem}
    return found


def _media(name: str, schema: Any) -> dict[str, Any]:
    return {name: {"schema": schema}}


def _structs(types: Iterable[Any]) -> dict[str, type[msgspec.Struct]]:
    """Every struct within some types, by the name of its component."""
    found: dict[str, type[msgspec.Struct]] = {}

    def walk(hint: Any) -> None:
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and hint.__name__ not in found:
            found[hint.__name__] = hint
            for field in msgspec.structs.fields(hint):
                walk(field.type)
        for argument in typing.get_args(hint):
            walk(argument)

    for hint in types:
        walk(hint)
    return found


def _describe(component: dict[str, Any], struct: type[msgspec.Struct]) -> None:
    """Put a struct's own words into its schema."""
    component["description"] = re.sub(r"\s*\n\s*", " ", inspect.cleandoc(struct.__doc__ or ""))
    for name, meaning in words(struct).items():
        if name in component.get("properties", {}):
            component["properties"][name]["description"] = meaning
