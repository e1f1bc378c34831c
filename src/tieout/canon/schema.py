"""JSON Schema (2020-12) of every canonical type, with the words of its docstrings."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

import msgspec

from .documents import TYPES
from .shape import Shape, named, shapes

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MEANS: dict[str, str] = {
    "ref": "Reference system/id.",
    "refs": "References system/id.",
    "minor": "Minor units of the document's currency.",
    "date": "Day.",
    "instant": "Instant, ISO 8601; without an offset UTC.",
}
_FORMS: dict[str, dict[str, str]] = {
    "ref": {"pattern": "^[^/]+/.+$"},
    "date": {"format": "date"},
    "instant": {"format": "date-time"},
    "decimal": {"format": "decimal"},
}


def schema(type_name: str) -> dict[str, Any]:
    """The JSON Schema of one type, complete in itself. Raises InputFault for an unknown type."""
    struct = named(type_name)
    (found,), components = msgspec.json.schema_components([struct], ref_template="#/$defs/{name}")
    classes = {struct.__name__: struct, **_inside(struct)}
    for name, component in components.items():
        _describe(classes[name], component)
    body = components.pop(found["$ref"].rpartition("/")[2])
    return {"$schema": DIALECT, **body, **({"$defs": components} if components else {})}


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON Schema of every type, by name."""
    return {name: schema(name) for name in sorted(TYPES)}


def description(struct: type[msgspec.Struct], field: Shape) -> str:
    """What a field means: the words written under it, and what its kind implies."""
    parts = (words(struct).get(field.name, ""), _MEANS.get(field.kind, ""))
    return " ".join(part for part in parts if part)


def list_types() -> str:
    """Every type with what it is, one a line."""
    return "\n".join(f"{name:<24} {_first_line(TYPES[name])}" for name in sorted(TYPES))


LEGEND = """* required · ref system/id · minor whole minor units (in files 12.34, unless the mapping says money = "minor") · date
2026-06-30 · instant 2026-06-30T14:05:00Z · decimal, rates and prices in major units · json an object"""


def describe_type(type_name: str) -> str:
    """A type for people: what it is, and its fields, required ones first, with kinds, values and meanings."""
    struct = named(type_name)
    parts = [f"{type_name}: {inspect.cleandoc(struct.__doc__ or '')}", *_rows(struct, "")]
    for field in shapes(struct):
        if field.struct is not None:
            parts += ["", f"{field.name}[]: {_first_line(field.struct)}", *_rows(field.struct, "  ")]
    return "\n".join([*parts, "", LEGEND])


def _rows(struct: type[msgspec.Struct], indent: str) -> list[str]:
    """A line for each field, and one for the values that it may have."""
    found = []
    for field in sorted(shapes(struct), key=lambda f: not f.required):
        kind = "one of" if field.choices else "list" if field.struct is not None else field.kind
        meaning = " | ".join(filter(None, field.choices)) or words(struct).get(field.name, "")
        found.append(f"{indent}{'*' if field.required else ' '} {field.name:<26} {kind:<9} {meaning}".rstrip())
    return found


def _first_line(struct: type[msgspec.Struct]) -> str:
    return (struct.__doc__ or "").strip().split("\n")[0]


def _inside(struct: type[msgspec.Struct]) -> dict[str, type[msgspec.Struct]]:
    return {field.struct.__name__: field.struct for field in shapes(struct) if field.struct is not None}


def _describe(struct: type[msgspec.Struct], component: dict[str, Any]) -> None:
    component["description"] = inspect.cleandoc(struct.__doc__ or "")
    for field in shapes(struct):
        prop = component["properties"][field.name]
        if meaning := description(struct, field):
            prop["description"] = meaning
        for form in prop.get("anyOf", (prop,)):
            if form.get("type") == "string" and field.kind in _FORMS:
                form.update(_FORMS[field.kind])


@cache
def words(struct: type[msgspec.Struct]) -> dict[str, str]:
    """The text under each field of a struct and of those that it inherits from, read from their own source."""
    found: dict[str, str] = {}
    for base in reversed(struct.__mro__):
        if not issubclass(base, msgspec.Struct) or base is msgspec.Struct:
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        body = definition.body if isinstance(definition, ast.ClassDef) else []
        for field, text in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(field.target, ast.Name):
                value = text.value
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found[field.target.id] = " ".join(value.value.split())
    return found
