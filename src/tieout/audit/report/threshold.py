"""``--fail-over 'leakage 10000 EUR'``: does a total exceed what is allowed?"""

from __future__ import annotations

from fractions import Fraction

import msgspec

from tieout.audit.result import AuditResult
from tieout.canon.faults import InputFault, MappingFault, nearest
from tieout.canon.finding import Group
from tieout.canon.money import convert, exponent, format_amount, to_minor

from .figures import base_exposure
from .words import MONEY_GROUPS, group_title, plural

_NAMES = {group.value: group for group in MONEY_GROUPS} | {"future": Group.FUTURE}
_WHERE = "--fail-over"
_EXAMPLE = "write it like 'leakage 10000 EUR'"


class Threshold(msgspec.Struct, frozen=True):
    """The most that one of the four totals may be, in minor units of a currency."""

    group: Group
    limit: int
    currency: str


def parse(text: str) -> Threshold:
    """A threshold from ``GROUP AMOUNT CURRENCY``. Raises InputFault with the nearest valid name."""
    words = text.split()
    if len(words) < 3:
        raise InputFault(f"{text!r} is not a threshold", where=_WHERE, mend=_EXAMPLE)
    *name, amount, currency = words
    group = _NAMES.get(" ".join(name).lower().replace("_", " "))
    if group is None:
        known = ", ".join(repr(known.value) for known in MONEY_GROUPS)
        hint = nearest(" ".join(name).lower(), _NAMES) or f"the totals are {known}"
        raise InputFault(f"unknown total {' '.join(name)!r}", where=_WHERE, mend=hint)
    try:
        currency = currency.upper()
        exponent(currency)
        limit = to_minor(amount.replace(",", ""), currency)
    except InputFault as fault:
        raise InputFault(fault.what, where=_WHERE, mend=fault.mend) from None
    if limit < 0:
        raise InputFault(f"{amount} is below 0, and totals never are", where=_WHERE, mend=_EXAMPLE)
    return Threshold(group, limit, currency)


def exceeded(threshold: Threshold, result: AuditResult) -> str:
    """In words, by how much the total exceeds the threshold; the empty string where it does not.

    The threshold is converted at the audit's own rate. Raises MappingFault where there is none, or where findings without a
    rate leave it open whether the total is within the threshold.
    """
    base, group = result.base_currency, threshold.group
    total, limit = result.totals.get(group.value, 0), _in_base(threshold, result)
    if total > limit:
        allowed = f"{format_amount(limit, base)} {base}"
        if threshold.currency != base:
            allowed = f"{format_amount(threshold.limit, threshold.currency)} {threshold.currency} = {allowed}"
        return f"{group_title(group)} is {format_amount(total, base)} {base}, more than the {allowed} allowed."
    open_ones = [f for f in result.findings if f.group is group and base_exposure(result, f) is None]
    if open_ones:
        missing = ", ".join(sorted({finding.currency for finding in open_ones}))
        raise MappingFault(
            f"{plural(len(open_ones), 'finding')} in {missing} cannot be converted to {base}, so it is not known whether "
            f"{group.value} is within {format_amount(threshold.limit, threshold.currency)} {threshold.currency}",
            where=_WHERE, mend=f"add the rate of {missing} to the [fx] file",
        )  # fmt: skip
    return ""


def _in_base(threshold: Threshold, result: AuditResult) -> int:
    if threshold.currency == result.base_currency:
        return threshold.limit
    for used in result.fx:
        if used.currency == threshold.currency:
            return convert(threshold.limit, used.currency, result.base_currency, Fraction(used.rate))
    raise MappingFault(
        f"there is no rate from {threshold.currency} to {result.base_currency} as of {result.as_of}",
        where=_WHERE, mend=f"name the threshold in {result.base_currency}, or add the rate to the [fx] file",
    )  # fmt: skip
