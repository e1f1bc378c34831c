"""What must not be told: fields that were declared private, and whatever opens doors.

A field is masked by its name wherever it stands: in documents, in mappings and lists of them, and in text, where it is followed by its
value as JSON, Python or a person writes it (``"email": "a@b.com"``, ``email='a@b.com'``). Where an e-mail address is private, everything
that looks like one is masked too. A name is masked in types that were not named as well: too little told is mended later, too much is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.faults import MappingFault, nearest

MASK = "•••"
SECRETS = frozenset({
    "api_key", "apikey", "authorization", "client_secret", "cookie", "credential", "credentials", "password", "private_key",
    "secret", "set_cookie", "signature", "token", "access_token", "refresh_token", "x_api_key",
})  # fmt: skip
"""Always masked. Hyphens count as underscores, capitals as small letters."""
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+")
DEEPEST = 12


class Redaction:
    """Masks what must not be told in anything that is about to be."""

    def __init__(self, fields: Iterable[str] = ()) -> None:
        self.names = SECRETS | {_plain(field) for field in fields}
        self._hides_addresses = "email" in self.names
        names = "|".join(re.escape(name).replace("_", "[_-]") for name in sorted(self.names, key=len, reverse=True))
        # A quoted value ends with the quote that it began with, as many backslashes before it; one that was cut ends with the text.
        # Any other ends where the next thing begins. `Authorization: Bearer …` has two words.
        self._said = re.compile(
            rf"""(?isx) (?P<name> (?<![a-z0-9]) (?:{names}) \\*["']? \s* [:=] \s* (?:[bru]{{1,2}}(?=["']))?)
            (?: (?P<quote> \\*["']) (?: (?! (?<!\\)(?P=quote) ) . )* (?: (?P=quote) | \Z)
            | (?:bearer|basic)\s+[^\s,;&}}\])]+ | [^\s,;&}}\])"']+ )"""
        )

    def value(self, value: Any, depth: int = 0) -> Any:
        """The same without what must not be told; documents become mappings. What is nested too deeply becomes text."""
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth > DEEPEST:
            return self.text(repr(value))
        if isinstance(value, msgspec.Struct):
            value = {name: getattr(value, name) for name in value.__struct_fields__}
        if isinstance(value, Mapping):
            return {
                self.text(str(key)): MASK if _plain(str(key)) in self.names and inner else self.value(inner, depth + 1)
                for key, inner in value.items()
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self.value(inner, depth + 1) for inner in value]
        if isinstance(value, bytes):
            return f"{len(value)} bytes"
        return self.text(str(value))

    def text(self, text: str) -> str:
        """A text without the values that it gives to private names."""
        if self._hides_addresses:
            text = ADDRESS.sub(MASK, text)
        return self._said.sub(lambda said: f"{said['name']}{said['quote'] or ''}{MASK}{said['quote'] or ''}", text)


def declared(fields: Iterable[str]) -> Redaction:
    """The redaction of fields named ``type.field``. Raises MappingFault for one that does not exist."""
    known = {f"{name}.{field}" for name, type_ in TYPES.items() for field in type_.__struct_fields__}
    fields = list(fields)
    for field in fields:
        if field not in known:
            raise MappingFault(
                f"there is no field {field!r}", where="settings.toml [redact] fields",
                mend=nearest(field, known) or "a field is named type.field, as in customer.email",
            )  # fmt: skip
    return Redaction(field.partition(".")[2] for field in fields)


def _plain(name: str) -> str:
    return name.lower().replace("-", "_")
