"""Strict reading of TOML into frozen types: a fault names file, line, key, what is wrong and the nearest valid name."""

from __future__ import annotations

import re
import tomllib
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from tieout.canon.faults import MappingFault, nearest

S = TypeVar("S", bound=msgspec.Struct)
Place = tuple[str | int, ...]
"""Where a value is: keys and positions of array tables, ``("files", 2, "path")``."""

_HEADER = re.compile(r"\s*(\[\[?)\s*(.+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*'|\s*\.\s*)+?)\s*=")
_PART = re.compile(r"\"([^\"]*)\"|'([^']*)'|([\w-]+)")
_PATH = re.compile(r" - at `(?:key in )?(.+?)`$")


class Source:
    """A parsed TOML file that remembers on which line its keys stand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_bytes().decode("utf-8-sig")
            self.tables: dict[str, Any] = tomllib.loads(text)
        except FileNotFoundError:
            raise MappingFault(
                "there is no such file", where=str(path), mend=f"tieout audit init {path.parent} proposes one"
            ) from None
        except UnicodeDecodeError as wrong:
            raise MappingFault(f"is not UTF-8 (byte {wrong.start})", where=str(path), mend="save it as UTF-8") from None
        except tomllib.TOMLDecodeError as wrong:
            raise MappingFault(f"is not TOML: {wrong}", where=str(path), mend="https://toml.io shows how") from None
        self._lines = _lines(text)

    def where(self, place: Place) -> str:
        """``audit.toml, line 12, files.path`` of a place; the line of its table where it has none of its own."""
        line = next((self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines), 0)
        key = ".".join(str(part) for part in place if isinstance(part, str))
        return ", ".join(filter(None, (self.path.name, f"line {line}" if line else "", key)))

    def fault(self, what: str, place: Place, mend: str = "") -> MappingFault:
        """A fault at a place."""
        return MappingFault(what, where=self.where(place), mend=mend)

    def read(self, values: Any, into: type[S], place: Place) -> S:
        """A table as a struct, unknown keys and wrong types refused by name."""
        self._unknown(values, into, place)
        try:
            return msgspec.convert(values, into)
        except msgspec.ValidationError as wrong:
            raise self._wrong(str(wrong), place) from None

    def _unknown(self, values: Any, into: Any, place: Place) -> None:
        """Follow a value along its type, and refuse the first key or word that the type does not have."""
        origin, arguments = typing.get_origin(into), typing.get_args(into)
        if origin in (types.UnionType, typing.Union):
            for argument in arguments:
                self._unknown(values, argument, place)
        elif origin is dict and isinstance(values, dict):
            for key, value in values.items():
                self._unknown(value, arguments[1], (*place, key))
        elif origin is tuple and isinstance(values, list):
            for index, value in enumerate(values):
                self._unknown(value, arguments[0], (*place, index))
        elif origin is typing.Literal and isinstance(values, str) and values not in arguments:
            mend = nearest(values, arguments) or f"values are {', '.join(repr(known) for known in arguments)}"
            raise self.fault(f"cannot be {values!r}", place, mend)
        elif isinstance(into, type) and issubclass(into, msgspec.Struct) and isinstance(values, dict):
            known = {field.encode_name: field.type for field in msgspec.structs.fields(into)}
            for key, value in values.items():
                if key not in known:
                    mend = nearest(key, known) or f"keys here are {', '.join(known)}"
                    raise self.fault(f"there is no key {key!r}", (*place, key), mend)
                self._unknown(value, known[key], (*place, key))

    def _wrong(self, message: str, place: Place) -> MappingFault:
        found = _PATH.search(message)
        inner: list[str | int] = []
        for word, index in re.findall(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]", found[1] if found else ""):
            inner.append(word or (int(index) if index.isdigit() else index))
        what = _PATH.sub("", message).replace("`", "")
        missing = re.match(r"Object missing required field (.+)", what)
        if missing:
            return self.fault(f"has no {missing[1]}", (*place, *inner), f"add {missing[1]} = …")
        return self.fault(what[:1].lower() + what[1:], (*place, *inner))


def _lines(text: str) -> dict[Place, int]:
    """The line of each table and key. Keys inside inline tables and multi-line values have the line of their own key."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    table: Place = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            table = _resolved(_parts(header[2]), counts, opens=header[1] == "[[")
            found.setdefault(table, number)
            continue
        key = _KEY.match(line)
        if key:
            found.setdefault((*table, *_parts(key[1])), number)
    return found


def _resolved(parts: Place, counts: dict[Place, int], *, opens: bool) -> Place:
    """A table's name with the position of the newest entry of every array of tables on the way."""
    place: Place = ()
    for index, part in enumerate(parts):
        place = (*place, part)
        if opens and index == len(parts) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _parts(name: str) -> Place:
    return tuple(next(filter(None, match), "") for match in _PART.findall(name))
