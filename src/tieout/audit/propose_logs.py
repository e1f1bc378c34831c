"""The proposed entry of an event log: how its times and numbers are written, what its amounts are in, what its cases are."""

from __future__ import annotations

import re

from .guess import Choice
from .look import Look
from .proposal import Page, named_columns
from .vocabulary import alike, plain, vocabulary
from .writing import DAY_FORMS, INSTANT_FORMS, decimal_style, epoch_form, forms_of, is_currency, is_number, lacks_offset

_YEAR_FIRST = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}")
_OF_CASES = {
    "case",
    "id",
    "key",
    "no",
    "nr",
    "number",
    "concept",
    "name",
    "trace",
    "vorgang",
    "vorgangsnr",
    "vorgangsnummer",
    "fall",
    "fallnummer",
    "caseid",
}
"""Words in the name of the column of cases that do not say what they are."""


def log_entry(page: Page, look: Look) -> None:
    """Write ``[[logs]]`` for a file that is one."""
    page.table("[logs]")
    page.key("path", page.path(look), "sure", "")
    page.layout(look, None)
    ocel = "ocel:activity" in look.columns
    said = {} if ocel else named_columns(look, vocabulary().logs)
    page.choices({field: Choice(name, False, "its name is like it") for field, name in said.items() if name != field})
    if kind := " ".join(word for word in plain(said.get("case", "")).split() if word not in _OF_CASES):
        page.key("kind", kind.replace(" ", "_"), "guess", "what its cases are, by the name of the column")
    _times(page, look.filled("ocel:timestamp" if ocel else said["timestamp"]))
    _attributes(page, look, set(said.values()))


def _times(page: Page, values: list[str]) -> None:
    if not all(_YEAR_FIRST.match(value) for value in values):
        forms = forms_of(values, (*INSTANT_FORMS, *DAY_FORMS)) or [form for form in [epoch_form(values)] if form]
        if forms:
            others = f"every value would fit {' and '.join(forms[1:])} too" if forms[1:] else "every value fits"
            page.key("datetime", forms[0], "guess" if forms[1:] else "sure", others)
        else:
            page.remark("missing", f"how are times such as {values[0]!r} written?", 'datetime = "%d.%m.%Y %H:%M"')
    if lacks_offset(values):
        page.remark("guess", "its times name no offset: taken to be UTC", 'time_zone = "Europe/Berlin"')


def _attributes(page: Page, look: Look, taken: set[str]) -> None:
    """How the numbers among the attributes are written, and what they are in."""
    columns = {
        name: values
        for name in look.columns
        if name not in taken and not name.startswith("ocel:") and (values := look.filled(name))
    }
    numbers = {name: values for name, values in columns.items() if is_number(values)}
    decimal, thousands = decimal_style(value for values in numbers.values() for value in values)
    if decimal == ",":
        page.key("decimal", decimal, "sure", "that is how its numbers are written")
    if thousands:
        page.key("thousands", thousands, "sure", "digits are grouped")
    for key, fits in (("currency", is_currency), ("entity", bool)):
        words = vocabulary().fields[key]
        column = next((name for name, values in columns.items() if alike(plain(name), words) == 1 and fits(values)), "")
        column = column or next(
            (name for name in columns if alike(plain(name), words) >= 0.9 and fits(columns[name])), ""
        )
        if column:
            page.key(f"{key}_column", column, "guess", "called so elsewhere")
        elif key == "currency" and numbers:
            what = f"the currency, should a flow count {', '.join(list(numbers)[:3])} as money"
            page.remark("missing", what, 'currency = "EUR"')
