"""Documents from JSON and from plain values, strictly: an unknown field, a wrong type or a value that makes no sense is a
fault that names the field, the value and how to mend it. And back to JSON.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import msgspec

from .documents import TYPES, Document
from .faults import InputFault, nearest
from .sanity import flaws
from .shape import Shape, named, shapes

_EXPECTED: dict[str, tuple[str, str]] = {
    "text": ("a text", "put it in quotes"),
    "ref": ("a reference", "write it as system/id"),
    "refs": ("a list of references", 'write it as ["system/id", …]'),
    "minor": ("an amount in minor units", "write 1234 for 12.34"),
    "integer": ("a whole number", "drop quotes and decimals"),
    "boolean": ("true or false", "drop the quotes"),
    "date": ("a day", "write it like 2026-06-30"),
    "instant": ("an instant", "write it like 2026-06-30T14:05:00Z"),
    "decimal": ("a decimal number", 'write it like "1234.56"'),
    "json": ("an object", "write it as { … }"),
    "structs": ("a list of objects", "write it as [ { … } ]"),
}
"""Kind of field → what is expected, how to write it."""


@cache
def decoder(type_name: str) -> msgspec.json.Decoder[Document]:
    """The decoder of one type: strict in names and types, and fast, but without the check of `flaws`.

    For documents that were checked when they came in. Raises InputFault for an unknown type.
    """
    return msgspec.json.Decoder(named(type_name))


def decode(content: bytes | str, type_name: str = "", where: str = "") -> Document:
    """A document from JSON, whose ``type`` must be ``type_name`` where that is given.

    Raises InputFault that names ``where``, the field, its value and how to mend it.
    """
    content = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    try:
        document = decoder(type_name).decode(content) if type_name else _any().decode(content)
    except msgspec.ValidationError as error:
        raise _explained(_raw(content, str(error), where), type_name, str(error), where) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(content, error, where) from None
    return _sane(document, where)


def from_plain(values: Mapping[str, Any], type_name: str = "", where: str = "") -> Document:
    """The same from a mapping of plain values, in which days, instants and decimals may be such or text."""
    try:
        document = msgspec.convert(values, named(type_name) if type_name else _union())
    except msgspec.ValidationError as error:
        raise _explained(values, type_name, str(error), where) from None
    return _sane(cast(Document, document), where)


def encode(document: Document) -> bytes:
    """The document as JSON, tagged with its ``type``; fields with their default value are left out."""
    return msgspec.json.encode(document)


def to_plain(document: Document) -> dict[str, Any]:
    """The document as plain values, as JSON would have them."""
    return cast(dict[str, Any], msgspec.to_builtins(document))


@cache
def _union() -> Any:
    return typing.Union[tuple(TYPES.values())]  # noqa: UP007 - made at run time


@cache
def _any() -> msgspec.json.Decoder[Document]:
    return msgspec.json.Decoder(_union())


def _raw(content: bytes, message: str, where: str) -> object:
    """What was written, for the fault to show; what not even that can read is a fault at once."""
    try:
        return msgspec.json.decode(content)
    except UnicodeDecodeError as error:
        raise _unreadable(content, error, where) from None
    except (msgspec.DecodeError, RecursionError):
        raise InputFault(message.replace("`$.", "`"), where=where, mend="write one plain object in { }") from None


def _unreadable(content: bytes, error: Exception, where: str) -> InputFault:
    if isinstance(error, UnicodeDecodeError):
        byte = error.object[error.start]
        return InputFault(f"byte 0x{byte:02x} is not UTF-8", where=where, mend="save the file as UTF-8")
    if isinstance(error, RecursionError):
        return InputFault("nested too deeply", where=where, mend="one plain object in { } is expected")
    if content.startswith(b"\xef\xbb\xbf"):
        return InputFault("begins with a byte-order mark", where=where, mend="save it as UTF-8 without BOM")
    return InputFault(f"no JSON: {error}", where=where, mend="one object in { } is expected")


def _sane(document: Document, where: str) -> Document:
    found = flaws(document)
    if found:
        raise found[0].fault(where)
    return document


def _explained(raw: object, type_name: str, message: str, where: str) -> InputFault:
    """What msgspec refused, in the words of the trade."""
    if not isinstance(raw, Mapping):
        return InputFault("not a document", where=where, mend="one object in { } is expected")
    tag = raw.get("type", type_name)
    if tag not in TYPES or (type_name and tag != type_name):
        wanted = [type_name] if type_name else list(TYPES)
        what = f"{tag!r} is not the document type expected" if tag else "missing"
        mend = nearest(str(tag), wanted) or f"write {type_name!r}" if type_name else nearest(str(tag), wanted)
        return InputFault(what, where=f"{where} type".strip(), mend=mend or "name the document type, such as 'invoice'")
    what, _, place = message.partition(" - at `$")
    path = place.rstrip("`").lstrip(".")
    struct, field, value = _found(TYPES[tag], raw, path)
    name = re.search(r"(?:missing required field|unknown field) `(.+)`", what)
    if name:
        at, known = f"{path}.{name[1]}".lstrip("."), [shape.name for shape in shapes(struct)]
        missing = "missing" in what
        mend = "add it" if missing else nearest(name[1], known) or "keep attributes of your own in ext"
        return InputFault("missing" if missing else "unknown field", where=f"{where} {at}".strip(), mend=mend)
    expected, mend = _expected(field, inside=path.endswith("]"), value=value)
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
    return InputFault(f"{shown} is not {expected}", where=f"{where} {path}".strip(), mend=mend)


def _found(struct: type[msgspec.Struct], raw: Any, path: str) -> tuple[type[msgspec.Struct], Shape | None, Any]:
    """The struct, field and raw value that a path such as ``lines[0].net`` leads to."""
    field: Shape | None = None
    for part in re.findall(r"[^.\[\]]+", path):
        if part.isdigit() and isinstance(raw, list):
            raw = raw[int(part)]
            continue
        if field is not None and field.struct is not None:
            struct = field.struct
        known = {shape.name: shape for shape in shapes(struct)}
        if part in known:
            field = known[part]
            raw = raw.get(part) if isinstance(raw, Mapping) else raw
    if field is not None and field.struct is not None and path.endswith("]"):
        struct = field.struct
    return struct, field, raw


def _expected(field: Shape | None, *, inside: bool, value: object) -> tuple[str, str]:
    """What a field should hold, or an element of it, and how to write that."""
    if field is None:
        return "a document", "one object in { } is expected"
    if field.choices:
        return "a known value", nearest(str(value), field.choices) or f"one of {', '.join(filter(None, field.choices))}"
    if inside and field.kind == "structs":
        return _EXPECTED["json"]
    if inside and field.kind == "refs":
        return _EXPECTED["ref"]
    if inside and field.kind == "json":
        return "an object of plain values", "no lists and objects inside; amounts in ext as text"
    return _EXPECTED[field.kind]
