"""Whether a document of the right types also makes sense: what no source means to say is refused, by field.

Types, names and required fields are `decode`'s business. Here: identity, references, currency, bounds of days, amounts and
counts, price tiers, and characters that no text should hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

import msgspec

from .dates import EARLIEST, LATEST
from .documents import Charge, Document, Price, SourceTotal
from .faults import InputFault
from .money import LARGEST, exponent
from .shape import Shape, shapes

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_BOUNDS: dict[str, tuple[int, int]] = {
    "anchor_day": (1, 31), "bill_day": (1, 31), "period_months": (0, 1200), "notice_days": (0, 3660),
    "back_bill_days": (0, 36600), "term_months": (1, 1200), "renewal_months": (1, 1200),
}  # fmt: skip
_FRACTIONS = frozenset({"tax_rate", "rate"})
_MOST_DIGITS, _MOST_DECIMALS = 18, 18


class Flaw(NamedTuple):
    """What is wrong with one field, and how to mend it."""

    field: str
    """``lines[0].net``."""
    what: str
    mend: str = ""

    def fault(self, where: str = "") -> InputFault:
        """The same as a fault."""
        return InputFault(self.what, where=f"{where} {self.field}".strip(), mend=self.mend)


def flaws(document: Document) -> list[Flaw]:
    """Everything that is wrong with a document; nothing: it may be used."""
    found = [*_identity(document), *_values(document, "")]
    if document.currency:
        try:
            exponent(document.currency)
        except InputFault as fault:
            found.append(Flaw("currency", fault.what, fault.mend))
    elif (amount := _first_amount(document)) is not None:
        found.append(Flaw("currency", f"missing, though there is an amount in {amount}", "say which currency it is in"))
    if isinstance(document, Charge | Price):
        found.extend(_tiers(document))
    if isinstance(document, SourceTotal) and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", document.period):
        found.append(Flaw("period", f"{document.period!r} is not a month", "write it like 2026-06"))
    return found


def _identity(document: Document) -> Iterator[Flaw]:
    for name in ("system", "id"):
        value = getattr(document, name)
        if not value:
            yield Flaw(name, "empty", f"every document needs its {name}")
        elif value != value.strip():
            yield Flaw(name, f"spaces around {value!r}", "drop them")
        elif not value.isprintable():
            yield Flaw(name, f"{value!r} holds characters that cannot be seen", "drop them")
    if "/" in document.system:
        yield Flaw("system", f"{document.system!r} holds a slash", "only ids may: name the system without")


class _Plan(NamedTuple):
    """The fields of a struct by what is looked at."""

    texts: tuple[str, ...]
    references: tuple[str, ...]
    lists: tuple[str, ...]
    amounts: tuple[str, ...]
    counts: tuple[str, ...]
    decimals: tuple[str, ...]
    days: tuple[str, ...]
    instants: tuple[str, ...]
    objects: tuple[str, ...]
    structs: tuple[str, ...]


@cache
def _plan(struct: type[msgspec.Struct]) -> _Plan:
    def of(kind: str) -> tuple[str, ...]:
        return tuple(field.name for field in shapes(struct) if _looked_at(field) and field.kind == kind)

    return _Plan(
        of("text"), of("ref"), of("refs"), of("minor"), of("integer"), of("decimal"), of("date"), of("instant"),
        of("json"), of("structs"),
    )  # fmt: skip


def _looked_at(field: Shape) -> bool:
    return not field.choices and not (field.kind == "integer" and field.name not in (*_BOUNDS, "version"))


def _values(struct: Any, at: str) -> Iterator[Flaw]:
    type_: type[msgspec.Struct] = type(struct)
    plan = _plan(type_)
    for name in plan.texts:
        value = getattr(struct, name)
        if value and _CONTROL.search(value):
            yield Flaw(at + name, f"{value!r} holds control characters", "drop them")
    for name in plan.references:
        value = getattr(struct, name)
        if value is not None:
            yield from _reference(at + name, value)
    for name in plan.lists:
        for index, value in enumerate(getattr(struct, name)):
            yield from _reference(f"{at}{name}[{index}]", value)
    for name in plan.amounts:
        value = getattr(struct, name)
        if value and not -LARGEST <= value <= LARGEST:
            yield Flaw(at + name, f"{value} is beyond any amount", f"at most {LARGEST} minor units")
    for name in plan.days:
        value = getattr(struct, name)
        if value is not None and not EARLIEST <= value <= LATEST:
            yield Flaw(at + name, f"{value} lies outside 1900 to 2200", "correct the year")
    for name in plan.instants:
        value = getattr(struct, name)
        if value is not None and not EARLIEST <= value.date() <= LATEST:
            yield Flaw(at + name, f"{value:%Y-%m-%d} lies outside 1900 to 2200", "correct the year")
    yield from _numbers(struct, plan, at)
    for name in plan.objects:
        for key, value in getattr(struct, name).items():
            if name == "refs":
                yield from _reference(f"{at}refs.{key}", value)
            elif isinstance(value, str) and _CONTROL.search(value):
                yield Flaw(f"{at}{name}.{key}", f"{value!r} holds control characters", "drop them")
    for name in plan.structs:
        for index, value in enumerate(getattr(struct, name)):
            yield from _values(value, f"{at}{name}[{index}].")


def _numbers(struct: Any, plan: _Plan, at: str) -> Iterator[Flaw]:
    for name in plan.counts:
        value = getattr(struct, name)
        least, most = _BOUNDS.get(name, (-(2**63), 2**63 - 1))
        if value is not None and not least <= value <= most:
            yield Flaw(at + name, f"{value} is out of range", f"from {least} to {most}")
    for name in plan.decimals:
        value = getattr(struct, name)
        if value:  # NaN too
            yield from _decimal(name, at, value)


def _decimal(name: str, at: str, value: Decimal) -> Iterator[Flaw]:
    if not value.is_finite():
        yield Flaw(at + name, f"{value} is not a number", "write it like 1234.56")
    elif value.adjusted() >= _MOST_DIGITS or -int(value.as_tuple().exponent) > _MOST_DECIMALS:
        yield Flaw(at + name, f"{value} has too many digits", f"at most {_MOST_DIGITS} before and after the point")
    elif name in _FRACTIONS and not 0 <= value <= 1:
        yield Flaw(at + name, f"{value} is not a rate of tax", "write 0.19 for 19 %")
    elif name == "fx_rate" and value <= 0:
        yield Flaw(at + name, f"{value} is no rate", "it must be above 0")


def _reference(field: str, value: str) -> Iterator[Flaw]:
    system, slash, id_ = value.partition("/")
    if not (system and slash and id_):
        yield Flaw(field, f"{value!r} is not a reference", "write it as system/id")
    elif not value.isprintable():
        yield Flaw(field, f"{value!r} holds characters that cannot be seen", "drop them")


def _first_amount(document: Document) -> str | None:
    plan = _plan(type(document))
    if plan.amounts or isinstance(document, Charge | Price):
        for name in (*plan.amounts, "unit_price"):
            if getattr(document, name, 0):
                return name
    return None


def _tiers(priced: Charge | Price) -> Iterator[Flaw]:
    tiers = priced.tiers
    if priced.tier_model in ("graduated", "volume") and not tiers:
        yield Flaw("tiers", f"missing, though the price is {priced.tier_model}", "give its tiers")
    below = Decimal(0)
    for index, tier in enumerate(tiers):
        if tier.up_to is None:
            if index + 1 < len(tiers):
                yield Flaw(f"tiers[{index}].up_to", "a tier without an end is not the last", "give it an end")
            return
        if tier.up_to <= below:
            yield Flaw(f"tiers[{index}].up_to", f"{tier.up_to} is not above {below}", "put tiers in ascending order")
            return
        below = tier.up_to
