"""Requests made into the types that a handler asks for; what does not fit is refused by name."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from tieout.canon.faults import nearest

from .refusal import Refusal
from .route import Route


def query(route: Route, text: str) -> Any:
    """The query's parameters as the struct that the route's handler takes. Raises Refusal (422)."""
    struct = route.hints["query"]
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name not in fields:
            raise _unknown(name, list(fields), "the query")
        if _is_many(fields[name].type):
            found.setdefault(name, []).append(value)
        elif name in found:
            raise Refusal(422, "given twice", where=name, mend="give it once")
        else:
            found[name] = value
    return _converted(lambda: msgspec.convert(found, struct, strict=False), list(fields))


def body(route: Route, content: bytes) -> Any:
    """The body as what the route's handler takes. Raises Refusal (422)."""
    return _converted(lambda: route.decoder.decode(content), _names(route.hints["body"]))


def _converted(convert: Callable[[], Any], names: list[str]) -> Any:
    try:
        return convert()
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at `$")
        at = place.rstrip("`").lstrip(".")
        if field := re.search(r"unknown field `(.+)`", what):
            raise _unknown(field[1], names, at or "the body") from None
        raise Refusal(422, what.replace("`", "'"), where=at) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(422, f"no JSON: {error}", where="body", mend="send JSON in UTF-8") from None


def _unknown(name: str, known: list[str], where: str) -> Refusal:
    mend = nearest(name, known) or (f"known: {', '.join(known)}" if known else "leave it out")
    return Refusal(422, f"there is no {name!r} in {where}", where=name, mend=mend)


def _names(hint: Any) -> list[str]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return [field.encode_name for field in msgspec.structs.fields(hint)]
    return []


def _is_many(hint: Any) -> bool:
    return typing.get_origin(hint) in (tuple, list, frozenset, set)
