"""Documents of every type, made by Hypothesis from the types' own shapes: any field, any value that makes sense."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import strategies as st

from tieout.canon.documents import TYPES, Document
from tieout.canon.money import EXPONENTS, LARGEST
from tieout.canon.sanity import flaws
from tieout.canon.shape import Shape, shapes

WORDS = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
NAMES = st.text(st.sampled_from("AaZz09-_.é語"), min_size=1, max_size=8)
IDS = st.builds("/".join, st.lists(NAMES, min_size=1, max_size=3))
REFS = st.builds("{}/{}".format, NAMES, IDS)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
INSTANTS = st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(2200, 12, 30), timezones=st.none() | st.just(dt.UTC))
DECIMALS = st.decimals(Decimal("0"), Decimal("1"), places=4)  # within every field's bounds

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": WORDS, "ref": REFS, "refs": st.lists(REFS, max_size=3).map(tuple), "minor": st.integers(-LARGEST, LARGEST),
    "integer": st.integers(1, 28), "boolean": st.booleans(), "date": DAYS, "instant": INSTANTS, "decimal": DECIMALS,
}  # fmt: skip


def value(field: Shape) -> st.SearchStrategy[Any]:
    """Any sensible value of a field."""
    if field.choices:
        made: st.SearchStrategy[Any] = st.sampled_from(field.choices)
    elif field.struct is not None:
        made = st.lists(struct(field.struct), max_size=3).map(tuple)
    elif field.kind == "json":
        plain = REFS if field.name == "refs" else WORDS | st.integers(-(2**53), 2**53) | st.booleans() | st.none()
        made = st.dictionaries(NAMES, plain, max_size=3)
    else:
        made = VALUES[field.kind]
    return st.none() | made if field.nullable else made


def struct(type_: type[msgspec.Struct]) -> st.SearchStrategy[Any]:
    """Any sensible struct."""
    return st.fixed_dictionaries({field.name: value(field) for field in shapes(type_)}).map(lambda v: type_(**v))


def documents(type_name: str) -> st.SearchStrategy[Document]:
    """Any document of a type in which `flaws` sees nothing wrong."""
    type_ = TYPES[type_name]
    fixed = {"system": NAMES, "id": IDS, "currency": st.sampled_from(sorted(EXPONENTS)), "tiers": st.just(())}
    if type_name == "source_total":
        fixed["period"] = st.just("2026-06")
    if type_name in ("charge", "price"):
        fixed["tier_model"] = st.sampled_from(["flat", "per_unit", "package"])
    fields = {f.name: fixed[f.name] if f.name in fixed else value(f) for f in shapes(type_)}
    return st.fixed_dictionaries(fields).map(lambda v: type_(**v)).filter(lambda d: not flaws(d))
