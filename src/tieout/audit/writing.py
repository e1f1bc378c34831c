"""How values are written: days, instants, amounts, currencies. Judged by all values of a column, never by one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence

from tieout.canon.money import EXPONENTS

DAY_FORMS = (
    "%Y-%m-%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d.%m.%y", "%d-%b-%Y", "%d %b %Y",
    "%b %d, %Y",
)  # fmt: skip
INSTANT_FORMS = (
    "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%d-%b-%Y %H:%M:%S",
)  # fmt: skip
PLAIN_DAYS = ("%Y-%m-%d", "%Y%m%d")
"""Forms of days that need no declaration."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d([.,]\d+)?)?\s?(Z|[+-]\d\d(:?\d\d)?)?")
_OFFSET = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")
_POINT = re.compile(r"[+-]?\(?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?\)?-?")
_COMMA = re.compile(r"[+-]?\(?(\d{1,3}(\.\d{3})+|\d+)?(,\d+)?\)?-?")
_TRUTH = {"true", "false", "yes", "no", "y", "n", "t", "f", "0", "1"}


def forms_of(values: Iterable[str], forms: Sequence[str]) -> list[str]:
    """The forms that all values have; none where there are no values."""
    distinct = list(dict.fromkeys(values))[:500]
    return [form for form in forms if distinct and all(_has_form(value, form) for value in distinct)]


def is_instant(values: Sequence[str]) -> bool:
    """Whether all values are instants as ISO 8601 writes them."""
    return bool(values) and all(_ISO.fullmatch(value) for value in values)


def lacks_offset(values: Iterable[str]) -> bool:
    """Whether some ISO instant says no offset."""
    return any(not _OFFSET.search(value[10:]) for value in values)


def epoch_form(values: Sequence[str]) -> str:
    """``epoch`` or ``epoch_ms`` where all values are such counts of our time, else the empty string."""
    if values and all(re.fullmatch(r"1\d{9}", value) for value in values):
        return "epoch"
    return "epoch_ms" if values and all(re.fullmatch(r"1\d{12}", value) for value in values) else ""


def is_number(values: Sequence[str]) -> bool:
    """Whether all values are numbers, in whichever way."""
    return bool(values) and all(
        any(char.isdigit() for char in value) and (_POINT.fullmatch(value) or _COMMA.fullmatch(value))
        for value in values
    )


def is_whole(values: Sequence[str]) -> bool:
    """Whether all values are plain whole numbers."""
    return bool(values) and all(re.fullmatch(r"-?\d+", value) for value in values)


def decimal_style(values: Iterable[str]) -> tuple[str, str]:
    """(decimal, thousands) of numbers; ("", "") where nothing tells."""
    point = comma = group_point = group_comma = False
    for value in values:
        text = value.strip("()-+")
        if "," in text and "." in text:
            later = max(text.rfind(","), text.rfind("."))
            comma, point = comma or text[later] == ",", point or text[later] == "."
            group_point, group_comma = group_point or text[later] == ",", group_comma or text[later] == "."
        elif re.fullmatch(r"\d*,\d{1,2}|\d*,\d{4,}", text):
            comma = True
        elif re.fullmatch(r"\d*\.\d{1,2}|\d*\.\d{4,}", text):
            point = True
        elif re.fullmatch(r"\d{1,3}(\.\d{3}){2,}", text):
            group_point = True
        elif re.fullmatch(r"\d{1,3}(,\d{3}){2,}", text):
            group_comma = True
    if comma and not point:
        return ",", "." if group_point else ""
    if point and not comma:
        return ".", "," if group_comma else ""
    return "", ""


def is_currency(values: Sequence[str]) -> bool:
    """Whether all values are currency codes."""
    return bool(values) and all(value.upper() in EXPONENTS for value in values)


def is_truth(values: Sequence[str]) -> bool:
    """Whether all values say yes or no."""
    return bool(values) and all(value.lower() in _TRUTH for value in values)


def _has_form(value: str, form: str) -> bool:
    try:
        day = dt.datetime.strptime(value, form)  # noqa: DTZ007  only its form is asked for
    except ValueError:
        return False
    return 1900 <= day.year < 2200 and (form != "%Y%m%d" or len(value) == 8)
