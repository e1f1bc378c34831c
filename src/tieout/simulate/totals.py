"""What each system would state as its own totals: registers, ageings, balances, from the documents that it holds.

The bridge is tied to these. They are added up here from each source's documents alone, by the table "Source totals" of
docs/money.md; nothing of the product's evaluation is in them.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TypeVar

from ..canon.dates import ONE_DAY, month_end, month_of
from ..canon.documents import CreditMemo, Document, GlBalance, Invoice, SourceTotal
from .amounts import exchanged
from .entities import ENTITIES
from .world import World

K = TypeVar("K")
AR_CONTROL = "AR_CONTROL"
NOT_VALID = frozenset({"draft", "void"})
NOT_POSTED = frozenset({"draft", "void", "rejected"})
REOPENS = frozenset({"refund", "chargeback"})
NOT_CASH = frozenset({"withholding", "discount", "bank_charge", "write_off"})


class Cell(NamedTuple):
    """Whose total of what: one line of a register, before it is cut into months."""

    system: str
    measure: str
    entity: str
    currency: str


class Totals:
    """Movements by cell and month. Shards are added one after the other; sums of sums are the company's."""

    def __init__(self) -> None:
        """Nothing added yet."""
        self.moved: dict[Cell, Counter[str]] = defaultdict(Counter)
        self.functional: dict[Cell, Counter[str]] = defaultdict(Counter)
        self.debits: dict[str, Counter[str]] = defaultdict(Counter)
        """Of the AR control account, by entity and period, in functional currency; likewise the credits."""
        self.credits: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, world: World) -> None:
        """Add what every system holds of one shard."""
        _billed(self, world)
        _receivables(self, world)
        _collected(self, world)
        _cash_position(self, world)
        _banked(self, world)
        _recognised(self, world)

    def merge(self, other: Totals) -> None:
        """Add the totals of other shards."""
        self._take(self.moved, other.moved)
        self._take(self.functional, other.functional)
        self._take(self.debits, other.debits)
        self._take(self.credits, other.credits)

    @staticmethod
    def _take(mine: dict[K, Counter[str]], theirs: dict[K, Counter[str]]) -> None:
        for key, months in theirs.items():
            mine[key].update(months)

    def move(self, system: str, measure: str, doc: Document, day: dt.date | str, amount: int) -> None:
        """One movement in a month (``YYYY-MM``) or on a day."""
        period = day if isinstance(day, str) else month_of(day)
        self.moved[Cell(system, measure, doc.entity, doc.currency)][period] += amount

    def documents(self, start: dt.date, as_of: dt.date) -> Iterator[SourceTotal | GlBalance]:
        """A total for every cell and month up to ``as_of``, from ``start`` or the first month that moved."""
        first = min([month_of(start), *(period for months in self.moved.values() for period in months)])
        periods = list(_months(first, month_of(as_of)))
        for cell in sorted(self.moved):
            closing = cell.measure.endswith("_closing")
            amount, functional, has_functional = 0, 0, cell.measure == "ar_closing"
            for period in periods:
                moved = self.moved[cell][period]
                amount = amount + moved if closing else moved
                functional += self.functional[cell][period] if has_functional else 0
                yield SourceTotal(
                    system=cell.system, id=f"{cell.measure}-{cell.entity}-{cell.currency}-{period}", entity=cell.entity,
                    currency=cell.currency, measure=cell.measure, period=period, amount=amount,  # type: ignore[arg-type]
                    functional=functional if has_functional else None,
                )  # fmt: skip
        yield from self._control_account(periods)

    def _control_account(self, periods: list[str]) -> Iterator[GlBalance]:
        for entity in sorted(self.debits):
            closing = 0
            for period in periods:
                opening, debit, credit = closing, self.debits[entity][period], self.credits[entity][period]
                closing = opening + debit - credit
                yield GlBalance(
                    system="erp", id=f"{AR_CONTROL}-{entity}-{period}", entity=entity,
                    currency=ENTITIES[entity].functional, account=AR_CONTROL, period=period, opening=opening,
                    debits=debit, credits=credit, closing=closing,
                )  # fmt: skip


def _months(first: str, last: str) -> Iterator[str]:
    day = dt.date.fromisoformat(f"{first}-01")
    while month_of(day) <= last:
        yield month_of(day)
        day = month_end(day) + ONE_DAY


def _until(world: World, doc: Document, instant: dt.datetime | None) -> dt.date | None:
    """The local day of an instant, if it has come by the end of the last day."""
    if instant is None:
        return None
    day = world.entities[doc.entity].day(instant)
    return day if day <= world.as_of else None


def _documents(world: World) -> Iterable[tuple[Invoice | CreditMemo, int]]:
    """Invoices, and credit memos as less."""
    for invoice in world.docs["invoice"]:
        yield invoice, 1
    for memo in world.docs["credit_memo"]:
        yield memo, -1


def _billed(totals: Totals, world: World) -> None:
    """Billing's register: what it issued, by day of issue."""
    for doc, sign in _documents(world):
        if doc.system == "billing" and not doc.mirrors and not doc.deleted and doc.status not in NOT_VALID:
            day = _until(world, doc, doc.issued_at)
            if day:
                totals.move("billing", "billed_net", doc, day, sign * doc.net)
                totals.move("billing", "billed_tax", doc, day, sign * (doc.tax + doc.rounding))


def _receivables(totals: Totals, world: World) -> None:
    """The ERP's sales journal, its open items, and its control account."""
    applied: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for application in world.docs["cash_application"]:
        day = _until(world, application, application.applied_at)
        if day:
            sign = 1 if application.kind in REOPENS else -1
            applied[application.invoice].append((month_of(day), sign * application.amount))
    for doc, sign in _documents(world):
        if (
            doc.system == "erp"
            and not doc.deleted
            and doc.status not in NOT_POSTED
            and _until(world, doc, doc.posted_at)
        ):
            totals.move("erp", "posted_gross", doc, doc.posting_period, sign * doc.total)
            movements = [(doc.posting_period, sign * doc.total), *applied.get(doc.ref, ())]
            _open_item(totals, world, doc, movements)


def _open_item(totals: Totals, world: World, doc: Invoice | CreditMemo, movements: list[tuple[str, int]]) -> None:
    """One document's open amount, month by month; in functional currency at the document's own rate."""
    cell = Cell("erp", "ar_closing", doc.entity, doc.currency)
    entity = world.entities[doc.entity]
    assert doc.posted_at is not None
    rate = doc.fx_rate or world.fx.rate(doc.currency, entity.functional, entity.day(doc.posted_at))
    left = stated = 0
    for period, amount in sorted(movements, key=lambda movement: movement[0]):
        left += amount
        functional = exchanged(left, doc.currency, entity.functional, rate)
        totals.moved[cell][period] += amount
        totals.functional[cell][period] += functional - stated
        side = totals.debits if functional > stated else totals.credits
        side[doc.entity][period] += abs(functional - stated)
        stated = functional


def _collected(totals: Totals, world: World) -> None:
    """The processor's balance report: captures, and what it paid out."""
    for payment in world.docs["payment"]:
        if payment.system == "payments" and payment.status == "succeeded":
            day = _until(world, payment, payment.captured_at)
            if day:
                totals.move("payments", "collected", payment, day, payment.amount)
    for payout in world.docs["payout"]:
        if payout.status == "paid" and payout.paid_on <= world.as_of:
            totals.move("payments", "paid_out", payout, payout.paid_on, payout.amount)


def _cash_position(totals: Totals, world: World) -> None:
    """The ERP's cash: what it applied, and what it has recorded and not applied, refunded or lost."""
    recorded: dict[str, dt.date] = {}
    for receipt in world.docs["payment"]:
        if receipt.system == "erp" and receipt.status == "succeeded":
            day = _until(world, receipt, receipt.recorded_at)
            if day:
                recorded[receipt.mirrors or receipt.ref] = recorded[receipt.ref] = day
                totals.move("erp", "unapplied_closing", receipt, day, receipt.amount)
    for application in world.docs["cash_application"]:
        day = _until(world, application, application.applied_at)
        if day and application.kind not in NOT_CASH:
            sign = -1 if application.kind in REOPENS else 1
            totals.move("erp", "applied", application, day, sign * application.amount)
            totals.move("erp", "unapplied_closing", application, day, -sign * application.amount)
    for doc, ended_at, counts in (
        *((refund, refund.refunded_at, "succeeded") for refund in world.docs["refund"]),
        *((dispute, dispute.closed_at, "lost") for dispute in world.docs["dispute"]),
    ):
        day = _until(world, doc, ended_at)
        known_on = recorded.get(doc.payment)
        if day and known_on and doc.status == counts:
            totals.move("erp", "unapplied_closing", doc, max(day, known_on), -doc.amount)


def _banked(totals: Totals, world: World) -> None:
    """The bank's statements: every line, and those that treasury has marked as a customer's."""
    for line in world.docs["bank_line"]:
        if line.booked_on <= world.as_of:
            totals.move("bank", "banked", line, line.booked_on, line.amount)
            if line.kind == "customer" and line.amount > 0:
                totals.move("bank", "collected", line, line.booked_on, line.amount)


def _recognised(totals: Totals, world: World) -> None:
    """The ERP's revenue: the schedule lines of the months gone by."""
    for schedule in world.docs["revenue_schedule"]:
        for line in schedule.lines:
            if line.period_end <= world.as_of:
                totals.move("erp", "recognised", schedule, line.period_end, line.amount)
