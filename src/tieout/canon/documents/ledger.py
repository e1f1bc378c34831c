"""What the books and the sources' own totals say."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from .header import Document, Minor, Part, Ref


class JournalLine(Part, frozen=True, kw_only=True):
    """One side of a journal entry."""

    account: str
    """Number of the account."""
    debit: Minor = 0
    credit: Minor = 0


class JournalEntry(Document, frozen=True, kw_only=True, tag="journal_entry"):
    """A journal entry; ``manual`` ones are counted by reason."""

    posted_on: dt.date
    manual: bool = False
    """Entered by a person."""
    reason: str = ""
    """Why, in the words of who entered it."""
    lines: tuple[JournalLine, ...] = ()


class ScheduleLine(Part, frozen=True, kw_only=True):
    """Revenue recognised in the calendar month ending ``period_end``."""

    period_end: dt.date
    amount: Minor
    """Net."""


class RevenueSchedule(Document, frozen=True, kw_only=True, tag="revenue_schedule"):
    """The ERP's revenue schedule of one charge."""

    charge: Ref
    order: Ref
    lines: tuple[ScheduleLine, ...] = ()


class GlBalance(Document, frozen=True, kw_only=True, tag="gl_balance"):
    """A general-ledger account's balance of one period."""

    account: str
    """Number of the account."""
    period: str
    """``YYYY-MM``."""
    opening: Minor = 0
    """Debit positive."""
    debits: Minor = 0
    """Movement."""
    credits: Minor = 0
    """Movement."""
    closing: Minor
    """Debit positive: opening + debits − credits."""


class AccountingPeriod(Document, frozen=True, kw_only=True, tag="accounting_period"):
    """An entity's accounting period and when receivables locked."""

    period: str
    """Its name: ``YYYY-MM`` where periods are months."""
    start_on: dt.date | None = None
    end_on: dt.date | None = None
    """Its days, where periods are not calendar months (a 4-4-5 year)."""
    ar_locked_on: dt.date | None = None
    """From this day on receivables can no longer be booked in it."""
    closed: bool = False
    """Nothing can be booked in it any more."""


Measure = Literal[
    "contracted",
    "billed_net",
    "billed_tax",
    "posted_gross",
    "ar_closing",
    "collected",
    "applied",
    "unapplied_closing",
    "paid_out",
    "banked",
    "recognised",
]


class SourceTotal(Document, frozen=True, kw_only=True, tag="source_total"):
    """A total that a source computed itself: what the bridge is tied to.

    ``measure`` ending in ``_closing`` is a balance at the end of ``period`` (``YYYY-MM``); the others are the movement
    of that month.
    """

    measure: Measure
    period: str
    """``YYYY-MM``."""
    amount: Minor
    """Net for contracted, billed_net and recognised; else gross."""
    functional: Minor | None = None
    """The same in the entity's functional currency, where the source states it."""
