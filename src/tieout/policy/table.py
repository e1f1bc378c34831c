"""A TOML table read key by key, so that whatever nobody asked for is refused with the nearest name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from numbers import Number
from typing import Any, NoReturn

from tieout.canon.dates import EARLIEST, LATEST
from tieout.canon.faults import MappingFault, nearest


class Table:
    """The values of one table, with the file and key that faults name. Call `finish` once every known key is read.

    Values may be TOML's own or text, as CSV gives them; an empty text is a value that is not there.
    """

    __slots__ = ("_asked", "file", "path", "values")

    def __init__(self, values: object, file: str, path: str = "") -> None:
        self.file, self.path = file, path
        if not isinstance(values, Mapping):
            raise MappingFault(
                f"{_kind(values)} where a table is expected", where=self.place(), mend=f"write it as [{path}] with keys"
            )
        self.values: Mapping[str, Any] = values
        self._asked: set[str] = set()

    def place(self, key: str = "") -> str:
        """Where a key stands, for faults: ``audit.toml [entities.DE01] time_zone``."""
        return " ".join(part for part in (self.file, self.path and f"[{self.path}]", key) if part)

    def fault(self, key: str, what: str, mend: str = "") -> NoReturn:
        """Refuse the value of a key."""
        raise MappingFault(what, where=self.place(key), mend=mend)

    def take(self, key: str) -> Any:
        """The raw value of a key; None where it is not there."""
        self._asked.add(key)
        value = self.values.get(key)
        return None if value == "" else value

    def finish(self) -> None:
        """Refuse keys that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                known = sorted(self._asked)
                self.fault(str(key), "unknown key", nearest(str(key), known) or f"known here: {', '.join(known)}")

    def rest(self) -> list[str]:
        """The keys that nobody asked for yet, for tables whose keys are names; they count as asked for."""
        left = [key for key in self.values if key not in self._asked]
        self._asked.update(left)
        return left

    def known(self, key: str, names: Iterable[str], what: str) -> None:
        """Refuse a key that is none of the names."""
        if key not in (known := sorted(names)):
            self.fault(key, f"{what} {key!r} is unknown", nearest(key, known) or f"known: {', '.join(known) or 'none'}")

    def text(self, key: str, default: str | None = "") -> str:
        """A text; required where ``default`` is None."""
        value = self.take(key)
        if value is None:
            return self.required(key) if default is None else default
        if not isinstance(value, str):
            self.fault(key, f"{_kind(value)} where a text is expected", f'write {key} = "{value}"')
        return value

    def choice(self, key: str, options: Iterable[str], default: str | None = "") -> str:
        """One of several words."""
        value = self.text(key, default)
        if value != default and value not in (known := tuple(options)):
            self.fault(key, f"{value!r} is none of the values", nearest(value, known) or f"one of {', '.join(known)}")
        return value

    def integer(self, key: str, default: int | None, *, least: int, most: int) -> int:
        """A whole number within bounds, both included."""
        value = self.take(key)
        if value is None:
            return self.required(key) if default is None else default
        if isinstance(value, bool) or not isinstance(value, int):
            self.fault(key, f"{value!r} is not a whole number", f"from {least} to {most}")
        if not least <= value <= most:
            self.fault(key, f"{value} is out of range", f"from {least} to {most}")
        return value

    def flag(self, key: str, default: bool) -> bool:
        """true or false."""
        value = self.take(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault(key, f"{value!r} is neither true nor false", "write true or false, without quotes")
        return value

    def day(self, key: str) -> dt.date | None:
        """A day, as TOML writes it or as text ``YYYY-MM-DD``; None where it is not there."""
        value = self.take(key)
        return None if value is None else self.as_day(key, value)

    def as_day(self, key: str, value: object) -> dt.date:
        """A value of ``key`` as a day between 1900 and 2200."""
        if isinstance(value, str):
            with suppress(ValueError):
                value = dt.date.fromisoformat(value.strip())
        if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
            self.fault(key, f"{value!r} is not a day", "write it like 2026-06-30")
        if not EARLIEST <= value <= LATEST:
            self.fault(key, f"{value} lies outside 1900 to 2200", "correct the year")
        return value

    def decimal(self, key: str) -> Decimal:
        """A number, required: TOML's, or text with a decimal point."""
        value = self.take(key)
        if value is None:
            self.required(key)
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = Decimal("nan")
        if not number.is_finite():
            self.fault(key, f"{value!r} is not a number", "write it like 1.0825")
        return number

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        value = self.take(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.fault(key, f"{value!r} is not a list of texts", f'write {key} = ["…", "…"]')
        return tuple(value)

    def table(self, key: str) -> Table:
        """A table within; an empty one where it is not there."""
        value = self.take(key)
        return Table({} if value is None else value, self.file, self.inner(key))

    def tables(self, key: str) -> list[Table]:
        """A list of tables within."""
        value = self.take(key)
        if value is None:
            return []
        if not isinstance(value, list):
            self.fault(key, f"{_kind(value)} where a list of tables is expected", f"write it as [[{self.inner(key)}]]")
        return [Table(item, self.file, f"{self.inner(key)} #{number}") for number, item in enumerate(value, 1)]

    def inner(self, key: str) -> str:
        """The path of a key within, as TOML writes it."""
        return f"{self.path}.{key}" if self.path else key

    def required(self, key: str) -> NoReturn:
        """Refuse that a key is not there."""
        self.fault(key, "missing", f"add {key}")


def _kind(value: object) -> str:
    kinds = ((bool, "a flag"), (str, "a text"), (Number, "a number"), (list, "a list"), (Mapping, "a table"))
    return next((word for kind, word in kinds if isinstance(value, kind)), "a day")
