"""SQL that reads one value exactly: from the text (or typed value) of a file to what the canonical column holds.

Every expression gives NULL for what it cannot read; `Reading.refusal` then says which refusal that is. No expression goes through a
binary float: amounts are decimals of 24 digits on their way to minor units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from tieout.canon.money import EXPONENTS
from tieout.setwise.tables import Column, literal

FIRST_DAY, LAST_DAY = "1900-01-01", "2199-12-31"
_SIGNED = r"[+-]?"
_OFFSET = r"\s?[+-][0-9]{2}(:?[0-9]{2})?"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
"""Types of whole numbers that a BIGINT holds all of."""
_TRUE, _FALSE = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")


def among(values: Iterable[str]) -> str:
    """A list of constants for IN."""
    return "(" + ", ".join(literal(value) for value in values) + ")"


def matches(text: str, pattern: str) -> str:
    """Whether all of a text matches."""
    return f"regexp_full_match({text}, {literal(pattern)})"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How the values of one file are written, and what surrounds a value: zone, systems, currency of its row."""

    decimal: str = "."
    thousands: str = ""
    date: tuple[str, ...] = ()
    datetime: tuple[str, ...] = ()
    zone: str = "UTC"
    day_zone: str = "'UTC'"
    """SQL of the time zone in which a bare day begins."""
    minor: bool = False
    system: str = "v_system"
    """SQL of the row's system."""
    systems: tuple[str, ...] = ()
    """Names that a whole reference may begin with."""
    row_systems: tuple[str, ...] = ()
    """Systems that a row may be of."""
    ref_systems: dict[str, str] = {}
    entities: tuple[str, ...] = ()
    exact_digits: bool = True
    """False where numbers have gone through a binary float (numbers of JSON): then 15 digits are all that is exact."""
    digits: str = "_digits"
    """SQL of the decimals of the row's currency."""
    currency: str = "v_currency"

    def keeps_type(self, column: Column, sql_type: str) -> bool:
        """Whether a typed value of a file is taken as it is rather than through its text."""
        temporal = sql_type == "DATE" or sql_type.startswith("TIMESTAMP")
        return (
            (column.kind in ("date", "instant") and temporal)
            or (column.kind == "boolean" and sql_type == "BOOLEAN")
            or (column.kind == "refs" and sql_type.endswith("[]"))
            or (sql_type in _WHOLE and (column.kind == "integer" or (column.kind == "minor" and self.minor)))
        )

    def clean(self, column: Column, raw: str, sql_type: str) -> str:
        """The value as trimmed text, NULL for empty; numbers in plain decimal text. Typed days and instants stay."""
        if self.keeps_type(column, sql_type):
            return raw
        text = text_of(raw, sql_type)
        if sql_type not in ("VARCHAR", "BLOB"):
            return text
        return f"nullif(CASE WHEN starts_with({text}, ' ') OR ends_with({text}, ' ') THEN trim({text}) ELSE {text} END, '')"

    def value(self, column: Column, text: str, sql_type: str = "VARCHAR") -> str:
        """The canonical value of a cleaned one (of its `number`, for numbers); NULL where it cannot be read."""
        typed = self.keeps_type(column, sql_type)
        by_kind: dict[str, Callable[[], str]] = {
            "minor": lambda: f"CASE WHEN {self.digits} IS NOT NULL THEN {text} END" if typed else self._minor(text),
            "integer": lambda: text if typed else self._integer(column, text),
            "boolean": lambda: text if typed else _boolean(text),
            "date": lambda: in_range(self._day(text, sql_type if typed else "")),
            "instant": lambda: in_range(self._instant(text, sql_type if typed else "")),
            "decimal": lambda: self._decimal(text),
            "ref": lambda: self.reference(column.name, text),
            "refs": lambda: self._references(column.name, text, sql_type if typed else ""),
            "json": lambda: f"CASE WHEN {is_json_object(text)} THEN {text} END",
        }
        if column.kind in by_kind:
            return by_kind[column.kind]()
        return self._text(column, text)

    def refusal(self, column: Column, text: str, sql_type: str = "VARCHAR") -> str:
        """SQL of the refusal's name for a cleaned value that `value` could not read."""
        typed = self.keeps_type(column, sql_type)
        if column.kind == "minor":
            return self._number_refusal(text_of(text, sql_type) if typed else text, money=True)
        if column.kind == "decimal":
            return self._number_refusal(text, money=False)
        if column.kind in ("date", "instant"):
            found = (
                self._day(text, sql_type if typed else "")
                if column.kind == "date"
                else self._instant(text, sql_type if typed else "")
            )
            late, early = f"{found} > DATE '{LAST_DAY}'", f"{found} < DATE '{FIRST_DAY}'"
            return f"CASE WHEN {early} THEN 'early' WHEN {late} THEN 'far' ELSE '{column.kind}' END"
        if column.name in ("currency", "entity", "system") and column.kind == "text":
            return literal(column.name)
        return literal("choice" if column.choices else column.kind)

    def number(self, text: str) -> str:
        """Plain decimal text (``-1234.5``) of a number as this file writes them: signs in front, behind, in brackets."""
        point, group = "\\" + self.decimal, "\\" + self.thousands if self.thousands else ""
        plain = rf"{_SIGNED}([0-9]+({point}[0-9]*)?|{point}[0-9]+)"
        unsigned = (
            f"CASE WHEN {text} LIKE '%-' THEN '-' || left({text}, -1) "
            f"WHEN {text} LIKE '(%)' THEN '-' || {text}[2:-2] ELSE {text} END"
        )
        odd = f"try_cast({text} AS DECIMAL(38, 18))::VARCHAR"
        scientific = rf"{_SIGNED}[0-9]+(\.[0-9]+)?[eE][+-]?[0-9]+"
        cases = [
            (matches(text, plain), self._pointed(text)),
            (matches(text, scientific), f"rtrim(rtrim({odd}, '0'), '.')"),
        ]
        if group:
            grouped = rf"{_SIGNED}[0-9]{{1,3}}({group}[0-9]{{3}})+({point}[0-9]*)?"
            shorn = f"replace({text}, {literal(self.thousands)}, '')"
            cases.append((matches(text, grouped), self._pointed(shorn)))
            behind = rf"[0-9]{{1,3}}({group}[0-9]{{3}})*({point}[0-9]*)?-|\([0-9]{{1,3}}({group}[0-9]{{3}})*({point}[0-9]*)?\)|"
        else:
            behind = ""
        behind += rf"[0-9]+({point}[0-9]*)?-|\([0-9]+({point}[0-9]*)?\)"
        moved = self._pointed(f"replace({unsigned}, {literal(self.thousands)}, '')" if group else f"({unsigned})")
        cases.append((matches(text, behind), moved))
        return "CASE " + " ".join(f"WHEN {condition} THEN {result}" for condition, result in cases) + " END"

    def reference(self, field: str, text: str) -> str:
        """``system/id`` of a reference: as it stands where it begins with a system's name, else with its system before it."""
        system = literal(self.ref_systems[field]) if field in self.ref_systems else self.system
        prefixed = f"{system} || '/' || {text}"
        if not self.systems:
            return prefixed
        whole = f"contains({text}, '/') AND split_part({text}, '/', 1) IN {among(self.systems)}"
        return f"CASE WHEN {whole} THEN {text} ELSE {prefixed} END"

    def _pointed(self, text: str) -> str:
        return text if self.decimal == "." else f"replace({text}, ',', '.')"

    def _minor(self, number: str) -> str:
        """Minor units of plain decimal text; NULL where it has more decimals than its currency."""
        decimals = f"length(rtrim(split_part({number}, '.', 2), '0'))"
        if self.minor:
            return f"CASE WHEN {decimals} = 0 AND {self.digits} IS NOT NULL THEN try_cast(split_part({number}, '.', 1) AS BIGINT) END"
        power = "(CASE {} {} END)".format(
            self.digits, " ".join(f"WHEN {n} THEN {10**n}::DECIMAL(5, 0)" for n in (2, 0, 3, 4))
        )
        point = f"strpos({number}, '.')"
        written = f"{point} > 0 AND length({number}) - {point} = {self.digits}"
        small, whole = (f"try_cast(try_cast({number} AS DECIMAL({n}, 4)) * {power} AS BIGINT)" for n in (18, 24))
        exact = (
            f"CASE WHEN {written} THEN try_cast(replace({number}, '.', '') AS BIGINT) "
            f"WHEN {decimals} <= {self.digits} THEN CASE WHEN length({number}) <= 14 THEN {small} ELSE {whole} END END"
        )
        return exact if self.exact_digits else f"CASE WHEN NOT {_inexact(number)} THEN {exact} END"

    def _number_refusal(self, text: str, *, money: bool) -> str:
        number = self.number(text)
        other = "," if self.decimal == "." else "."
        swapped = rf"{_SIGNED}[0-9{'.' if other == ',' else ','}]*[0-9]\{other}[0-9]+"
        cases = [
            (f"{number} IS NULL AND {matches(text, swapped)}", "decimal comma" if other == "," else "decimal point"),
            (f"{number} IS NULL", "amount" if money else "number"),
        ]
        if money:
            limit = "0" if self.minor else self.digits
            cases.append((f"{self.currency} IS NULL", "no currency"))
            cases.append(
                (f"length(rtrim(split_part({number}, '.', 2), '0')) > {limit}", "whole" if self.minor else "decimals")
            )
            if not self.exact_digits:
                cases.append((_inexact(number), "digits"))
        return "CASE " + " ".join(f"WHEN {condition} THEN '{code}'" for condition, code in cases) + " ELSE 'large' END"

    def _integer(self, column: Column, text: str) -> str:
        whole = rf"{_SIGNED}[0-9]+(\.0*)?"
        number = f"CASE WHEN {matches(text, whole)} THEN try_cast(split_part({text}, '.', 1) AS BIGINT) END"
        if column.name != "version":
            return number
        return f"coalesce({number}, epoch_ms({self._instant(text, '')}))"

    def _decimal(self, number: str) -> str:
        return f"CASE WHEN starts_with({number}, '.') THEN '0' || {number} ELSE ltrim({number}, '+') END"

    def _text(self, column: Column, text: str) -> str:
        if column.choices:
            return f"CASE WHEN {text} IN {among(filter(None, column.choices))} THEN {text} END"
        if column.name == "currency":
            return f"CASE WHEN upper({text}) IN {among(EXPONENTS)} THEN upper({text}) END"
        known = {"entity": self.entities, "system": self.row_systems}.get(column.name, ())
        return f"CASE WHEN {text} IN {among(known)} THEN {text} END" if known else text

    def _day(self, text: str, sql_type: str) -> str:
        if sql_type == "DATE":
            return text
        if sql_type:
            zone = self.zone
            return f"timezone({literal(zone)}, {text})::DATE" if "ZONE" in sql_type else f"{text}::DATE"
        written = [f"try_strptime({text}, {literal(form)})::DATE" for form in self.date]
        if not self.date:
            written = [
                f"CASE WHEN {matches(text, _DAY)} THEN try_cast({text} AS DATE) "
                f"WHEN {matches(text, '[0-9]{8}')} THEN try_strptime({text}, '%Y%m%d')::DATE END"
            ]
        instants = [self._formatted(text, form) for form in self.datetime] or [self._iso(text)]
        local = [f"timezone({literal(self.zone)}, timezone('UTC', {instant}))::DATE" for instant in instants]
        return f"coalesce({', '.join((*written, *local))})"

    def _instant(self, text: str, sql_type: str) -> str:
        """UTC, naive. Where formats are declared, a bare day may be written as days are."""
        if sql_type == "DATE":
            return _to_utc(f"{text}::TIMESTAMP", self.day_zone)
        if "ZONE" in sql_type:
            return f"timezone('UTC', {text})"
        if sql_type:
            return _to_utc(f"{text}::TIMESTAMP", literal(self.zone))
        written = [self._formatted(text, form) for form in self.datetime] or [self._iso(text)]
        written += [self._formatted(text, form) for form in self.date]
        return f"coalesce({', '.join(written)})" if len(written) > 1 else written[0]

    def _formatted(self, text: str, form: str) -> str:
        if form in ("epoch", "epoch_ms"):
            digits, zeros = (11, "000000") if form == "epoch" else (14, "000")
            return f"CASE WHEN {matches(text, f'-?[0-9]{{1,{digits}}}')} THEN make_timestamp(try_cast({text} || '{zeros}' AS BIGINT)) END"
        parsed = f"try_strptime({text}, {literal(form)})"
        if "%z" in form:
            return f"timezone('UTC', {parsed})"
        return _to_utc(parsed, literal(self.zone) if "%H" in form or "%I" in form else self.day_zone)

    def _iso(self, text: str) -> str:
        offset = f"regexp_replace({text}, '\\s([+-])', '\\1')"
        naive = _to_utc(f"try_cast(replace({text}, ',', '.') AS TIMESTAMP)", literal(self.zone))
        return (
            f"CASE WHEN {matches(text, _DAY + _TIME + 'Z')} THEN try_cast(replace({text}, ',', '.') AS TIMESTAMP) "
            f"WHEN {matches(text, _DAY + _TIME + _OFFSET)} THEN timezone('UTC', try_cast({offset} AS TIMESTAMPTZ)) "
            f"WHEN {matches(text, _DAY)} THEN {_to_utc(f'try_cast({text} AS TIMESTAMP)', self.day_zone)} "
            f"WHEN {matches(text, _DAY + _TIME)} THEN {naive} END"
        )

    def _references(self, field: str, text: str, sql_type: str) -> str:
        if sql_type:
            items = f"CAST({text} AS VARCHAR[])"
        else:
            listed = f"json_transform({text}, '[\"VARCHAR\"]')"
            split = rf"regexp_split_to_array({text}, '\s*[;|,]\s*')"
            items = f"CASE WHEN starts_with({text}, '[') THEN CASE WHEN json_valid({text}) THEN {listed} END ELSE {split} END"
        filled = f"list_filter({items}, lambda item: item <> '')"
        return f"list_transform({filled}, lambda item: {self.reference(field, 'item')})"


def text_of(raw: str, sql_type: str) -> str:
    """The text of a typed value: what a person would read, and what the file holds, to the last digit.

    A float is its shortest decimal text; one that is no number (what pandas writes for an empty cell) is empty.
    """
    if sql_type == "VARCHAR":
        return raw
    if sql_type == "BLOB":
        return f"TRY(decode({raw}))"
    if sql_type in ("DOUBLE", "FLOAT"):
        whole = f"{raw} = trunc({raw}) AND abs({raw}) < 1e15"
        cases = f"WHEN isnan({raw}) THEN NULL WHEN {whole} THEN CAST(try_cast({raw} AS BIGINT) AS VARCHAR)"
        return f"CASE {cases} ELSE CAST({raw} AS VARCHAR) END"
    if sql_type.startswith(("STRUCT", "MAP")) or sql_type.endswith("[]"):
        return f"CAST(to_json({raw}) AS VARCHAR)"
    return f"CAST({raw} AS VARCHAR)"


def is_json_object(text: str) -> str:
    """Whether a text is a JSON object. Invalid text is kept from the function that would stop the read."""
    return f"coalesce(json_type(CASE WHEN json_valid({text}) THEN {text} END) = 'OBJECT', false)"


def in_range(moment: str) -> str:
    """A day or instant between 1900 and 2199, else NULL."""
    return f"CASE WHEN {moment} BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}' THEN {moment} END"


def digits_of(currency: str) -> str:
    """SQL of the decimals of a currency that there is; NULL without one."""
    odd = {n: [code for code, digits in EXPONENTS.items() if digits == n] for n in (0, 3, 4)}
    cases = " ".join(f"WHEN {currency} IN {among(codes)} THEN {n}" for n, codes in odd.items())
    return f"CASE {cases} WHEN {currency} IS NOT NULL THEN 2 END"


def _inexact(number: str) -> str:
    """Whether a number with a fraction has more digits than a binary float carries."""
    return f"(contains({number}, '.') AND length(replace(ltrim({number}, '+-'), '.', '')) > 15)"


def _boolean(text: str) -> str:
    return f"CASE WHEN lower({text}) IN {among(_TRUE)} THEN true WHEN lower({text}) IN {among(_FALSE)} THEN false END"


def _to_utc(local: str, zone: str) -> str:
    return local if zone == "'UTC'" else f"timezone('UTC', timezone({zone}, {local}))"
