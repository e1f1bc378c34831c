"""What things are called elsewhere: the words of ``vocabulary.toml``, and how alike two names are."""

from __future__ import annotations

import difflib
import re
import tomllib
from functools import cache
from importlib import resources

import msgspec


class Vocabulary(msgspec.Struct, frozen=True):
    """Words by what they mean."""

    types: dict[str, tuple[str, ...]]
    lines: dict[str, tuple[str, ...]]
    fields: dict[str, tuple[str, ...]]
    fields_of: dict[str, dict[str, tuple[str, ...]]]
    values: dict[str, tuple[str, ...]]
    systems: dict[str, tuple[str, ...]]
    owners: dict[str, tuple[str, ...]]
    crosswalks: dict[str, tuple[str, ...]]
    rates: dict[str, tuple[str, ...]]
    logs: dict[str, tuple[str, ...]]

    def names(self, type_name: str, field: str) -> tuple[str, ...]:
        """What a field of a type may be called, its own name first."""
        own = self.fields_of.get(type_name, {}).get(field, ())
        return (plain(field), *own, *self.fields.get(field, ()))


@cache
def vocabulary() -> Vocabulary:
    """The words that come with Tieout."""
    text = resources.files("tieout.audit").joinpath("vocabulary.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Vocabulary)


@cache
def plain(name: str) -> str:
    """A name in lower case with its words apart: ``InvoiceNo.`` → ``invoice no``."""
    apart = re.sub(r"(?<=[a-zà-ÿ0-9])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", apart.lower()))


@cache
def alike(name: str, words: tuple[str, ...]) -> float:
    """How well a column's plain name fits one of a field's names: 1 exactly; less where words are left over; 0 not at all."""
    best = 0.0
    for rank, word in enumerate(words):
        if name == word:
            return 1.0 - rank / 1000
        given, wanted = set(name.split()), set(word.split())
        if wanted <= given:
            best = max(best, 0.8 * len(wanted) / len(given))
        elif (
            len(word) > 5
            and abs(len(word) - len(name)) < 3
            and difflib.SequenceMatcher(None, name, word).ratio() > 0.87
        ):
            best = max(best, 0.75)
    return best


def mentions(text: str, words: tuple[str, ...]) -> int:
    """Length of the longest of the words that stand in a plain text as words; 0 for none."""
    padded = f" {text} "
    return max((len(word) for word in words if f" {word} " in padded), default=0)
