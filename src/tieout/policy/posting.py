"""Posting rules: what the ERP asks of a document before it books it, and in which accounting period."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from tieout.canon.dates import ONE_DAY, month_end, month_of
from tieout.canon.documents import AccountingPeriod, CreditMemo, Invoice
from tieout.canon.faults import nearest

ACCOUNTS: dict[str, str] = {
    "receivable": "trade receivables",
    "revenue": "revenue",
    "deferred_revenue": "billed and not yet fulfilled",
    "unbilled_receivable": "fulfilled and not yet billed",
    "tax": "output tax payable",
    "clearing": "processor clearing",
    "bank": "bank",
    "deposits": "customer deposits",
    "unapplied": "cash on account",
    "write_off": "bad debt and small differences",
    "bank_charges": "bank charges",
    "discounts": "discounts taken",
    "fx": "exchange gains and losses",
}
"""Role of a ledger account → what it holds."""


class Sequence(msgspec.Struct, frozen=True, kw_only=True):
    """How an entity numbers its invoices: a prefix and a running number of at least ``digits`` digits."""

    prefix: str = ""
    digits: int = 1

    def number(self, text: str) -> int | None:
        """The running number of a document number, or None where it does not follow the sequence."""
        found = re.fullmatch(rf"{re.escape(self.prefix)}(\d{{{self.digits},18}})", text)
        return int(found[1]) if found else None

    def gaps(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Numbers missing between the first and the last one, as ranges: ``DE-0004`` or ``DE-0004 to DE-0007``."""
        numbers = sorted({n for text in texts if (n := self.number(text)) is not None})
        found = []
        for before, after in pairwise(numbers):
            if after - before > 1:
                first, last = self.text(before + 1), self.text(after - 1)
                found.append(first if first == last else f"{first} to {last}")
        return tuple(found)

    def text(self, number: int) -> str:
        """The document number of a running number."""
        return f"{self.prefix}{number:0{self.digits}d}"


class PostingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What one entity's ERP asks for."""

    month_end_to_next: bool = True
    """Whether an invoice of the last day of a period may be booked in the next one."""
    subsidiary: str = ""
    """The entity's number in the ERP."""
    accounts: dict[str, str] = {}
    """Role of an account (`ACCOUNTS`) → its number."""
    dimensions: tuple[str, ...] = ()
    """Attributes (``ext``) that a document must carry: department, cost centre …"""
    tax_codes: tuple[str, ...] = ()
    """Tax codes (``ext.tax_code``) that the ERP knows; none named: any."""
    sequence: Sequence | None = None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """One reason why the ERP would not book a document, and how to mend it."""

    field: str
    what: str
    mend: str = ""


class Posting:
    """The posting rules of every entity, with the accounting periods that the ERP has told of."""

    __slots__ = ("_general", "_periods", "_rules")

    def __init__(
        self, general: PostingRules, rules: dict[str, PostingRules], periods: Iterable[AccountingPeriod] = ()
    ) -> None:
        self._general, self._rules = general, rules
        self._periods: dict[str, dict[str, AccountingPeriod]] = {}
        for period in periods:
            self._periods.setdefault(period.entity, {})[period.period] = period

    def rules(self, entity: str) -> PostingRules:
        """What the entity's ERP asks for."""
        return self._rules.get(entity, self._general)

    def account(self, role: str, entity: str) -> str | None:
        """The number of the entity's account in a role (`ACCOUNTS`)."""
        return self.rules(entity).accounts.get(role)

    def account_role(self, account: str, entity: str) -> str | None:
        """The role of an account number, or None for an account that policy does not name."""
        return next((role for role, number in self.rules(entity).accounts.items() if number == account), None)

    def accepts(self, issued_on: dt.date, period: str, entity: str, posted_on: dt.date | None = None) -> bool:
        """Whether an invoice issued on that day may be in that period. Source: docs/money.md, ``period_cutoff``.

        Its own period; the next one, for the last day of a period where policy allows it; or the next open period, when
        receivables of its own were locked on or before ``posted_on`` (default: the day of issue).
        """
        own = self.period_of(issued_on, entity)
        if period == own:
            return True
        if self.rules(entity).month_end_to_next and period == self.period_of(issued_on + ONE_DAY, entity):
            return True
        day = posted_on or issued_on
        return self.locked(own, entity, day) and period == self.open_period(issued_on, entity, day)

    def period_of(self, day: dt.date, entity: str) -> str:
        """The name of the accounting period of a day: as the ERP cut it, else the calendar month ``YYYY-MM``."""
        for period in self._periods.get(entity, {}).values():
            if period.start_on and period.end_on and period.start_on <= day <= period.end_on:
                return period.period
        return month_of(day)

    def locked(self, period: str, entity: str, day: dt.date) -> bool:
        """Whether receivables of the period were locked on or before ``day``."""
        known = self._periods.get(entity, {}).get(period)
        return known is not None and known.ar_locked_on is not None and known.ar_locked_on <= day

    def open_period(self, issued_on: dt.date, entity: str, day: dt.date) -> str:
        """The first period, from the one of ``issued_on`` on, that is not locked on ``day``."""
        current = issued_on
        while self.locked(name := self.period_of(current, entity), entity, day):
            known = self._periods[entity][name]
            current = (known.end_on or month_end(current)) + ONE_DAY
        return name

    def refusals(self, document: Invoice | CreditMemo, posted_on: dt.date) -> tuple[Refusal, ...]:
        """Every reason why the ERP would not book the document on that day; none: it would.

        Looks at dimensions and tax code in ``ext``, at the number's sequence and at the period named by the document.
        """
        rules, found = self.rules(document.entity), []
        for name in rules.dimensions:
            if not document.ext.get(name):
                near = nearest(name, document.ext)
                found.append(Refusal(field=f"ext.{name}", what="required dimension is missing", mend=near or "fill it"))
        code = document.ext.get("tax_code")
        if rules.tax_codes and code not in rules.tax_codes:
            mend = nearest(str(code), rules.tax_codes) or f"one of {', '.join(rules.tax_codes)}"
            found.append(Refusal(field="ext.tax_code", what=f"tax code {code!r} is unknown to the ERP", mend=mend))
        if rules.sequence and document.number and rules.sequence.number(document.number) is None:
            mend = f"number it like {rules.sequence.text(1)}"
            found.append(Refusal(field="number", what=f"{document.number!r} is outside the sequence", mend=mend))
        if document.posting_period and self.locked(document.posting_period, document.entity, posted_on):
            mend = f"post it in {self.open_period(posted_on, document.entity, posted_on)}"
            found.append(Refusal(field="posting_period", what=f"{document.posting_period} is locked", mend=mend))
        return tuple(found)
