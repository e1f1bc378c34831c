"""What the books and the sources' own totals say."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec

from .header import Document, Minor, Ref


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a journal entry."""

    account: str
    debit: Minor = 0
    credit: Minor = 0


class JournalEntry(Document, frozen=True, kw_only=True, tag="journal_entry"):
    """A journal entry; ``manual`` ones are counted by reason."""

    posted_on: dt.date
    manual: bool = False
    reason: str = ""
    lines: tuple[JournalLine, ...] = ()


class ScheduleLine(msgspec.Struct, frozen=True, kw_only=True):
    """Revenue recognised in the calendar month ending ``period_end``."""

    period_end: dt.date
    amount: Minor


class RevenueSchedule(Document, frozen=True, kw_only=True, tag="revenue_schedule"):
    """The ERP's revenue schedule of one charge."""

    charge: Ref
    order: Ref
    lines: tuple[ScheduleLine, ...] = ()


class GlBalance(Document, frozen=True, kw_only=True, tag="gl_balance"):
    """A general-ledger account's balance of one period."""

    account: str
    period: str
    opening: Minor = 0
    debits: Minor = 0
    credits: Minor = 0
    closing: Minor


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
    amount: Minor
    functional: Minor | None = None
    """The same in the entity's functional currency, where the source states it."""
