"""Symbolic paths: what a flow's class body says about documents, as small values.

`order.accepted_at`, `latest(invoices.in_("erp").posted_at)` and the like are built when a flow class is made, checked
against the canonical types at once (a misspelt field is refused with the nearest name) and compiled to plain Python
for `evaluate` (`code`).

    Documents   a set of documents: the anchor, a relation, or either of them narrowed by role or field values
    Field       one field of each of these documents
    Value       something computed from fields: latest, earliest, every, total, count, minus, attribute
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from tieout.canon import references
from tieout.canon.documents import Document
from tieout.canon.faults import FlowFault, InputFault, nearest
from tieout.canon.money import price

from .code import Code
from .instance import Instance

Getter = Callable[[Instance, Callable[[str], str]], Any]
"""(instance, role of a system) → value."""


class Value:
    """Anything that can be worked out from one instance."""

    def source(self, code: Code) -> str:
        """How it reads as a Python expression in a function in the making."""
        raise NotImplementedError

    def getter(self) -> Getter:
        """The compiled form."""
        return Code().value(self)

    def words(self) -> str:
        """The same for people."""
        raise NotImplementedError

    def sources(self) -> tuple[Documents, ...]:
        """The sets of documents that it reads: where it is None, their absence must be proved."""
        raise NotImplementedError

    def __sub__(self, other: Value) -> Value:
        return Minus(self, other)


class Documents:
    """A set of documents of one type, by relation name, perhaps narrowed to a role and to field values."""

    _seldom = False

    def __init__(
        self,
        type_: type[Document],
        *,
        base: Documents | None = None,
        role: str = "",
        equal: dict[str, Any] | None = None,
    ) -> None:
        self._type = type_
        self._base = base
        self._role = role
        self._equal = equal or {}
        self._name = ""
        for name in self._equal:
            check_field(type_, name)

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = self._name or name

    @property
    def relation(self) -> str:
        """Name of the relation (or anchor) that the documents come from."""
        return self._base.relation if self._base is not None else self._name

    def in_(self, role: str) -> Documents:
        """Only the views held by systems of this role."""
        return Documents(self._type, base=self, role=role)

    def where(self, **equal: Any) -> Documents:
        """Only documents whose fields have these values."""
        return Documents(self._type, base=self, equal=equal)

    def path(self, dotted: str) -> Field:
        """A reference inside the documents' lines, such as ``lines.product``."""
        references.target(self._type, dotted)
        return Field(self, dotted)

    def attribute(self, name: str) -> Attribute:
        """An attribute of one's own (`ext`) of each of the documents."""
        return Attribute(self, name)

    def __getattr__(self, name: str) -> Field:
        if name.startswith("_"):
            raise AttributeError(name)
        return Field(self, check_field(self._type, name))

    def source(self, code: Code) -> str:
        """How they read as a Python expression in a function in the making."""
        if self._base is None:
            return f"instance.get({self._name!r})" if self._seldom else f"members.get({self._name!r}, ())"
        tests = [f"role(d.system) == {self._role!r}"] if self._role else []
        tests += [f"d.{name} == {code.constant(value)}" for name, value in self._equal.items()]
        return f"[d for d in {code.documents(self._base)} if {' and '.join(tests)}]"

    def phrase(self) -> str:
        """The same for people."""
        if self._base is None:
            return self._name.replace("_", " ")
        if self._role:
            return f"{self._base.phrase()} in {self._role}"
        return f"{self._base.phrase()} with " + ", ".join(f"{f} {v!r}" for f, v in self._equal.items())


def check_field(type_: type[Document], name: str) -> str:
    """``name``, if the type has such a field; else FlowFault with the nearest."""
    fields = type_.__struct_fields__
    if name not in fields:
        raise FlowFault(
            f"{type_.__name__} has no field {name!r}", mend=nearest(name, fields) or f"it has {', '.join(fields)}"
        )
    return name


class Field(Value):
    """One field of one document (an anchor or a `one` relation), or of each of several inside an aggregate."""

    def __init__(self, documents: Documents, name: str) -> None:
        self.documents, self.name = documents, name

    def source(self, code: Code) -> str:
        found = code.documents(self.documents)
        return f"({self.of(f'{found}[0]')} if {found} else None)"

    def each(self, code: Code) -> str:
        """The field of every document, deleted ones left out."""
        return f"[{self.of('d')} for d in {code.documents(self.documents)} if not d.deleted]"

    def of(self, document: str) -> str:
        """The field of one document."""
        return f"{document}.{self.name}"

    def words(self) -> str:
        return f"{self.documents.phrase()}: {self.name}"

    def sources(self) -> tuple[Documents, ...]:
        return (self.documents,)


class Attribute(Field):
    """One `ext` attribute, as a number where it is one."""

    def of(self, document: str) -> str:
        return f"{document}.ext.get({self.name!r})"


class Aggregate(Value):
    """latest, earliest, every, total of a field over its documents."""

    def __init__(self, kind: str, field: Field, fold: Callable[[list[Any]], Any]) -> None:
        self.kind, self.field, self.fold = kind, field, fold

    def source(self, code: Code) -> str:
        return f"{code.constant(self.fold)}({self.field.each(code)})"

    def words(self) -> str:
        return f"{self.kind} {self.field.words()}"

    def sources(self) -> tuple[Documents, ...]:
        return self.field.sources()


def _present(values: list[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _chosen(choose: Callable[..., Any]) -> Callable[[list[Any]], Any]:
    return lambda values: values[0] if len(values) == 1 else choose(_present(values), default=None)


def latest(field: Field) -> Aggregate:
    """The latest of the instants or days that are set; None where none is."""
    return Aggregate("latest", field, _chosen(max))


def earliest(field: Field) -> Aggregate:
    """The earliest of the instants or days that are set; None where none is."""
    return Aggregate("earliest", field, _chosen(min))


def every(field: Field) -> Aggregate:
    """The latest once *every* document has the field set; None before that, and where there are no documents."""
    return Aggregate("every", field, lambda values: max(values) if values and None not in values else None)


def total(field: Field) -> Aggregate:
    """The sum over the documents, in minor units for money."""
    return Aggregate("total", field, lambda values: sum(_present(values)))


class Either(Value):
    """The first of several values that is there."""

    def __init__(self, *values: Value) -> None:
        self.values = values

    def source(self, code: Code) -> str:
        found = "None"
        for value in reversed(self.values):
            source, name = value.source(code), code.variable()
            found = f"({name} if ({name} := {source}) is not None else {found})"
        return found

    def words(self) -> str:
        return ", or else ".join(value.words() for value in self.values)

    def sources(self) -> tuple[Documents, ...]:
        return tuple(documents for value in self.values for documents in value.sources())


def either(*values: Value) -> Either:
    """The first of the values that is there: ``either(latest(answers.known_at), earliest(invoices.issued_at))``."""
    return Either(*values)


class Computed(Value):
    """A value that a plain pure function works out of the instance."""

    def __init__(self, function: Callable[[Instance], Any], said: str) -> None:
        self.function, self.said = function, said

    def source(self, code: Code) -> str:
        return f"{code.constant(self.function)}(instance)"

    def words(self) -> str:
        return self.said

    def sources(self) -> tuple[Documents, ...]:
        return ()


def computed(function: Callable[[Instance], Any], said: str) -> Computed:
    """What ``function(instance)`` answers; ``said`` is how it reads in the flow's description."""
    return Computed(function, said)


class First(Value):
    """A field of the document that comes first by another field."""

    def __init__(self, field: Field, by: str) -> None:
        check_field(field.documents._type, by)
        self.field, self.by = field, by

    def source(self, code: Code) -> str:
        times = Field(self.field.documents, self.by).each(code)
        return f"{code.constant(_earliest_of)}({times}, {self.field.each(code)})"

    def words(self) -> str:
        return f"{self.field.words()} of the first by {self.by}"

    def sources(self) -> tuple[Documents, ...]:
        return self.field.sources()


def _earliest_of(times: list[Any], values: list[Any]) -> Any:
    dated = [(at, i) for i, at in enumerate(times) if at is not None]
    return values[min(dated)[1]] if dated else None


def first(field: Field, by: str = "at") -> First:
    """The field of the document that is earliest by ``by``: ``first(events.attribute("price"))``."""
    return First(field, by)


class Count(Value):
    """How many documents there are."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents

    def source(self, code: Code) -> str:
        return f"len({code.documents(self.documents)})"

    def words(self) -> str:
        return f"number of {self.documents.phrase()}"

    def sources(self) -> tuple[Documents, ...]:
        return (self.documents,)


def count(documents: Documents) -> Count:
    """How many documents a relation (or a narrowed one) has."""
    return Count(documents)


class Minus(Value):
    """One amount less another."""

    def __init__(self, left: Value, right: Value) -> None:
        self.left, self.right = left, right

    def source(self, code: Code) -> str:
        return f"(({self.left.source(code)} or 0) - ({self.right.source(code)} or 0))"

    def words(self) -> str:
        return f"{self.left.words()} less {self.right.words()}"

    def sources(self) -> tuple[Documents, ...]:
        return (*self.left.sources(), *self.right.sources())


class Amount(Value):
    """An attribute's decimal text (major units) as minor units of the anchor's currency.

    0 where there is none; None where there is a text that is no amount, or no currency to count it in.
    """

    def __init__(self, value: Value) -> None:
        self.value = value

    def source(self, code: Code) -> str:
        return f"{code.constant(_minor)}({self.value.source(code)}, instance.anchor.currency)"

    def words(self) -> str:
        return self.value.words()

    def sources(self) -> tuple[Documents, ...]:
        return self.value.sources()


def _minor(found: Any, currency: str) -> int | None:
    if found in (None, ""):
        return 0
    try:
        return price(Decimal(1), Decimal(str(found)), currency)
    except (InputFault, InvalidOperation, ValueError, OverflowError):
        return None


def amount(value: Value) -> Amount:
    """Money from an attribute: ``amount(order.attribute("price"))``, rounded to the currency's minor unit."""
    return Amount(value)


class Condition(Value):
    """A yes or no about an instance: where it is no, a step does not apply."""

    def __init__(self, phrase: str, test: Callable[[Any], bool], value: Value, values: tuple[Any, ...] = ()) -> None:
        self.phrase, self.test, self.value, self.values = phrase, test, value, values

    def source(self, code: Code) -> str:
        return f"{code.constant(self.test)}({self.value.source(code)})"

    def words(self) -> str:
        return f"{self.value.words()} {self.phrase}"

    def sources(self) -> tuple[Documents, ...]:
        return self.value.sources()


def exists(documents: Documents) -> Condition:
    """There is at least one such document."""
    return Condition("is not 0", bool, Count(documents))


def is_(field: Value, *values: Any) -> Condition:
    """The field has one of these values."""
    return Condition("is " + " or ".join(map(repr, values)), lambda value: value in values, field, values)


def is_set(field: Value) -> Condition:
    """The field has a value (not None, not empty, not zero)."""
    return Condition("is set", bool, field)
