"""Which kind of document a file holds, whose it is, and which column is which field: by names, and by what values allow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec

from tieout.setwise.tables import Column, columns, fields

from .look import Look
from .mapping import nested_column
from .vocabulary import alike, mentions, plain, vocabulary
from .writing import (
    DAY_FORMS,
    INSTANT_FORMS,
    epoch_form,
    forms_of,
    is_currency,
    is_instant,
    is_number,
    is_truth,
)

_COMMON = ("id", "version", "entity", "currency", "known_at", "deleted", "mirrors", "status", "kind", "name", "number")
"""Fields that say little about the type."""
_FOLDERS = ("data", "export", "exports", "csv", "files", "input", "extract", "extracts", "dump", "dumps", "raw")
"""Names of folders that name no system."""
_SURE, _LIKELY = 0.95, 0.5


class Choice(msgspec.Struct, frozen=True):
    """A column for a field: whether it is sure, and why it is thought so."""

    column: str
    sure: bool
    why: str


class Guess(msgspec.Struct, kw_only=True):
    """What a file is thought to be."""

    look: Look
    type: str
    type_sure: bool
    type_why: str
    system: str
    system_sure: bool
    columns: dict[str, Choice]
    nested: dict[str, Choice] = {}
    """Fields of the nested part, where it stands in a column of this file."""
    lines: Lines | None = None

    @property
    def path(self) -> Path:
        """The first of its files."""
        return self.look.paths[0]

    def values(self, field: str) -> list[str]:
        """What the file has for a field."""
        return self.look.filled(self.columns[field].column) if field in self.columns else []

    def inner(self, *kinds: str) -> list[str]:
        """What the fields of these kinds hold in its lines, where those are a file of their own."""
        nested = nested_column(self.type)
        if self.lines is None or nested is None:
            return []
        wanted = [column.name for column in nested.nested if column.kind in kinds and column.name in self.lines.columns]
        return [value for name in wanted for value in self.lines.look.filled(self.lines.columns[name].column)]


class Lines(msgspec.Struct, kw_only=True):
    """A file of lines: which column names the document, and which is which field."""

    look: Look
    parent: Choice
    columns: dict[str, Choice]


def guess(look: Look, directory: Path) -> Guess | None:
    """What the file is; None where nothing fits."""
    stem, folders = _words(look.paths[0], directory)
    best: tuple[float, str, dict[str, Choice]] | None = None
    for type_name in vocabulary().types:
        chosen = choose(type_name, columns(type_name)[2:], look.columns, unique_id=True)
        score = _named(type_name, stem, folders) + _fit(type_name, chosen)
        if best is None or score > best[0]:
            best = (score, type_name, chosen)
    assert best is not None
    score, type_name, chosen = best
    named = bool(mentions(stem, vocabulary().types[type_name]))
    if score < (1.5 if named else 2.5):
        return None
    missing = [column.name for column in columns(type_name)[2:] if _needed(column) and column.name not in chosen]
    sure = named and not missing
    why = "its name and its columns say so" if sure else "its name says so" if named else "its columns look like it"
    system, system_sure = system_of(look.paths[0], directory, type_name)
    nested = nested_column(type_name)
    found = Guess(
        look=look, type=type_name, type_sure=sure, type_why=why, system=system, system_sure=system_sure, columns=chosen
    )  # fmt: skip
    if nested is not None:
        _take_nested(found, nested)
    return _one_amount(found)


def lines_of(look: Look, directory: Path) -> str | None:
    """The type whose lines the file holds, by its name: ``invoice_items.csv`` holds lines of invoices."""
    stem, _ = _words(look.paths[0], directory)
    lines = mentions(stem, vocabulary().lines["words"])
    compound = next((word for word in vocabulary().lines["words"] if len(word) > 4 and stem.endswith(word)), "")
    documents = any(stem in words for words in vocabulary().types.values())
    if documents or (not lines and not compound):
        return None
    rest = stem.removesuffix(compound)
    named = {
        name: length
        for name, words in vocabulary().types.items()
        if nested_column(name)
        and (length := max(mentions(text, words) for text in (stem, rest, rest.removesuffix("s"))))
    }
    return max(named, key=lambda name: named[name]) if named else None


def take_lines(document: Guess, look: Look) -> Lines | None:
    """A file of lines for a document: the column that names it is the one whose values are the document's ids."""
    nested = nested_column(document.type)
    assert nested is not None
    ids = set(document.values("id"))

    def shared(name: str) -> float:
        values = set(look.filled(name))
        return len(values & ids) / len(values) if values else 0.0

    names = [
        document.columns["id"].column,
        *vocabulary().names(document.type, "id"),
        *vocabulary().names("", document.type),
    ]
    words = tuple(map(plain, names))
    ranked = sorted(look.columns, key=lambda name: (shared(name), alike(plain(name), words)), reverse=True)
    parent = ranked[0]
    if not shared(parent) and alike(plain(parent), words) < _LIKELY:
        return None
    why = f"its values are ids of {document.type}s" if shared(parent) > 0.5 else "its name looks like it"
    rest = {name: values for name, values in look.columns.items() if name != parent}
    chosen = choose("lines", nested.nested, rest, unique_id=False)
    return Lines(look=look, parent=Choice(parent, shared(parent) > 0.5, why), columns=chosen)


def choose(
    type_name: str, wanted: Sequence[Column], given: Mapping[str, list[str]], *, unique_id: bool
) -> dict[str, Choice]:
    """The best column for each field: names first, and only where the values can be what the field means."""
    rated = []
    for column in wanted:
        words = vocabulary().names(type_name, column.name)
        for name, values in given.items():
            score = alike(plain(name), words)
            if score < _LIKELY:
                continue
            filled = tuple(value for value in values if value)
            if _fits(column, filled):
                if unique_id and column.name == "id" and (len(set(filled)) < len(filled) or len(filled) < len(values)):
                    score -= 0.3
                rated.append((score if filled or score == 1 else score - 0.2, column.name, name))
    rated.sort(key=lambda item: -item[0])
    chosen: dict[str, Choice] = {}
    taken: set[str] = set()
    for score, field, name in rated:
        if field in chosen or name in taken:
            continue
        own = plain(name) == plain(field)
        why = "the same name" if own else "called so elsewhere" if score >= _SURE else "its name is like it"
        chosen[field] = Choice(name, score >= _SURE, why)
        taken.add(name)
    if unique_id and "id" not in chosen:
        _first_unique(chosen, given)
    return {column.name: chosen[column.name] for column in wanted if column.name in chosen}


def system_of(path: Path, directory: Path, type_name: str) -> tuple[str, bool]:
    """The system that a file is of, and whether its folder or name says so; else the one that such documents are most often of."""
    known = vocabulary().systems
    *folders, stem = (plain(part) for part in path.relative_to(directory).with_suffix("").parts)
    for text in (*folders, stem):
        for words in known.values():
            for word in sorted(words, key=len, reverse=True):
                if f" {word} " in f" {text} " and (text is not stem or word not in vocabulary().types[type_name]):
                    return word.replace(" ", "_"), True
    for folder in folders[:1]:
        if folder not in _FOLDERS:
            return folder.replace(" ", "_"), False
    role = next((role for role, types in vocabulary().owners.items() if type_name in types), "erp")
    return role, False


def role_of(system: str, types: Iterable[str]) -> tuple[str, bool]:
    """The role of a system by its name, else by what its documents are."""
    name = system.replace("_", " ")
    for role, words in vocabulary().systems.items():
        if name in words:
            return role, True
    owned = [role for type_name in types for role, own in vocabulary().owners.items() if type_name in own]
    return max(set(owned), key=owned.count) if owned else "erp", False


def _words(path: Path, directory: Path) -> tuple[str, str]:
    *folders, name = path.relative_to(directory).parts
    return plain(name.split(".")[0]), plain(" ".join(folders))


def _named(type_name: str, stem: str, folders: str) -> float:
    words = vocabulary().types[type_name]
    whole = 1.0 if stem in words else 0.0
    length = mentions(stem, words)
    return whole + (2.0 + length / 20 if length else 0.0) + (0.7 if mentions(folders, words) else 0.0)


def _fit(type_name: str, chosen: dict[str, Choice]) -> float:
    """How well a file's columns fit a type: what it needs counts most, what every type has least."""
    score = 0.0
    for column in columns(type_name)[2:]:
        if column.name in chosen:
            weight = 0.1 if column.name in _COMMON else 0.6 if column.required else 0.3
            score += weight if chosen[column.name].sure else weight / 2
        elif _needed(column):
            score -= 0.8
    return score


def _needed(column: Column) -> bool:
    return column.required and column.name != "system"


def _fits(column: Column, values: tuple[str, ...]) -> bool:
    """Whether values can be what a column means; no values can be anything."""
    if not values:
        return True
    nature = natures(values)
    if column.name == "currency":
        return "currency" in nature
    if column.name == "version":
        return bool(nature & {"number", "instant"})
    if column.kind in ("minor", "decimal", "integer"):
        return "number" in nature
    if column.kind == "date":
        return bool(nature & {"day", "instant"})
    if column.kind == "instant":
        return bool(nature & {"day", "instant", "epoch"})
    if column.kind == "boolean":
        return "truth" in nature
    if column.choices:
        return len(set(values)) <= 30 and "number" not in nature
    if column.kind in ("json", "structs"):
        return "json" in nature
    return "json" not in nature


@cache
def natures(values: tuple[str, ...]) -> frozenset[str]:
    """What all of these values could be."""
    found = {
        "number": is_number(values),
        "day": bool(forms_of(values, DAY_FORMS)),
        "instant": is_instant(values) or bool(forms_of(values, INSTANT_FORMS)),
        "epoch": bool(epoch_form(values)),
        "truth": is_truth(values),
        "currency": is_currency(values),
        "json": values[0].startswith(("{", "[")),
    }
    return frozenset(name for name, holds in found.items() if holds)


def _first_unique(chosen: dict[str, Choice], given: Mapping[str, list[str]]) -> None:
    """No name says which column is the id: the first one that is always filled and never repeats."""
    taken = {choice.column for choice in chosen.values()}
    for name, values in given.items():
        if name not in taken and values and all(values) and len(set(values)) == len(values):
            chosen["id"] = Choice(name, False, "the first column that never repeats")
            return


def _take_nested(found: Guess, nested: Column) -> None:
    """Fields of the nested part, where a column of the file holds it."""
    name = found.columns[nested.name].column if nested.name in found.columns else None
    name = name or next((name for name in found.look.nested), None)
    if name is None or name not in found.look.nested:
        return
    found.columns.setdefault(nested.name, Choice(name, False, "it holds lists of objects"))
    assert nested.struct is not None
    found.nested = choose("lines", fields(nested.struct), found.look.nested[name], unique_id=False)


def _one_amount(found: Guess) -> Guess:
    """A file with one amount and no tax has it both as net and as total."""
    needed = {column.name for column in columns(found.type)[2:] if column.required}
    if {"net", "total"} <= needed and "tax" not in found.columns:
        for there, missing in (("total", "net"), ("net", "total")):
            if there in found.columns and missing not in found.columns:
                column = found.columns[there].column
                found.columns[missing] = Choice(column, False, f"there is one amount and no tax: {missing} is {there}")
    return found
