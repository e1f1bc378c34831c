"""Rows R5 (collected to applied) and R6 (collected to banked) of one money in. Source: docs/money.md, "The bridge".

The functional column carries every line at its document's rate; a line ``fx`` closes the row, and is 0 within the
functional currency.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tieout.canon.documents import BankLine, Document
from tieout.canon.finding import Position

from ..verdict import Outcome
from .rates import Rate, rate_of
from .received import _SIGN, Received

if TYPE_CHECKING:
    from tieout.policy import Policy


FROM, TO = "from", "to"
"""Ends of a row, as evaluated."""
RECEIVED = "received"
"""The part of R5's and R6's ``from`` that no processor captured: customers' bank lines, receipts without one."""


class Walk:
    """Adds lines of one document to one row, in its currency and in the books."""

    __slots__ = ("currency", "entity", "known", "outcome", "rate", "row", "total")

    def __init__(self, outcome: Outcome, row: str, document: Document, rate: Rate) -> None:
        self.outcome, self.row, self.rate = outcome, row, rate
        self.entity, self.currency = document.entity, document.currency
        self.total: int = 0
        """Functional sum of the lines so far."""

    def add(self, line: str, key: str, amount: int) -> None:
        """A signed line, itemised to the document ``key``; nothing where it is 0."""
        if amount:
            books = self.rate.books(amount)
            self.total += books or 0
            self.outcome.positions.append(Position(self.row, line, self.entity, self.currency, amount, key, books))

    def fx(self, key: str, books: int) -> None:
        """What exchange rates made of it: functional only."""
        if books:
            self.outcome.positions.append(Position(self.row, "fx", self.entity, self.currency, 0, key, books))


def walk_applied(received: Received, unapplied: int) -> None:
    """R5 of one money in: collected − unrecorded − unapplied − refunded = applied, net of reversals."""
    outcome, policy, key, returned = received.outcome, received.policy, received.key, received.returned
    rate = _rate(received)
    walk = Walk(outcome, "R5", received.anchor, rate)
    lines = _own_lines(received) if received.direct else ()
    if lines:
        walk.add("unrecorded", lines[0].key, received.recorded)
    else:
        walk.add(RECEIVED if received.direct else FROM, key, received.captured)
        kept = received.recorded if received.recorded else returned
        walk.add("unrecorded", key, kept - received.captured)
    if unapplied > 0:
        walk.add(_UNAPPLIED[received.variant], key, -unapplied)
    elif unapplied < 0:
        walk.add("over-applied", key, -unapplied)
    walk.add("refunded", key, -returned)
    applied = 0
    for application in received.applications:
        amount = _SIGN[application.kind] * application.amount
        on = received.calendar.day(application.applied_at) if rate.foreign else None
        other = Walk(
            outcome, "R5", received.anchor, rate_of(outcome, policy, application, on) if rate.foreign else rate
        )
        other.add(TO, application.key, amount)
        applied += other.total
    if rate.foreign and rate.value is not None:
        walk.fx(key, applied - walk.total)


_UNAPPLIED = {"unidentified": "unidentified", "on account": "on account", "deposit": "deposits"}


def walk_banked(received: Received) -> None:
    """R6 of one money in, up to its payout: what was collected and is still on its way to the bank."""
    anchor, key = received.anchor, received.key
    walk = Walk(received.outcome, "R6", anchor, _rate(received))
    booked = [] if anchor.payout else _booked(received)
    if not received.direct:
        walk.add(FROM, key, received.captured)
        walk.add("in transit", key, -received.captured)
        if booked and received.captured:
            walk.add("in transit", key, received.captured)
            walk.add("fees", key, -anchor.fee)
            _walk_lines(received, booked, "")
        return
    own = _own_lines(received)
    if not own:
        walk.add(RECEIVED, key, received.captured)
        walk.add("fx" if booked else "in transit", key, -received.captured)
    _walk_lines(received, booked, RECEIVED if own else "fx")


def _walk_lines(received: Received, booked: list[BankLine], arrival: str) -> None:
    for line in booked:
        if received.instance.owns(line):
            _walk_line(line, arrival if _from_customer(line) else "other bank lines", received.policy, received.outcome)


def walk_unclaimed(line: BankLine, policy: Policy, outcome: Outcome) -> None:
    """R5 and R6 of a bank line that no payment and no payout names."""
    refund = "refunds" if line.kind == "refund" else "other bank lines"
    _walk_line(line, RECEIVED if _from_customer(line) else refund, policy, outcome)


def _walk_line(line: BankLine, arrival: str, policy: Policy, outcome: Outcome) -> None:
    """A booked line: money that arrived as ``arrival``; empty: it is already on the row, in transit."""
    rate = rate_of(outcome, policy, line, line.booked_on)
    walk = Walk(outcome, "R6", line, rate)
    if arrival:
        walk.add(arrival, line.key, line.amount)
    walk.add(TO, line.key, line.amount)
    if arrival == RECEIVED:
        walk = Walk(outcome, "R5", line, rate)
        walk.add(RECEIVED, line.key, line.amount)
        walk.add("unrecorded", line.key, -line.amount)


def _rate(received: Received) -> Rate:
    """The one rate of a money in: its own, else its bank line's, else the policy's of the day."""
    anchor = received.anchor
    lines = received.instance.get("bank_lines")
    agreed = lines[0].fx_rate if lines and lines[0].currency == anchor.currency else None
    return rate_of(received.outcome, received.policy, anchor, received.captured_on, agreed)


def _from_customer(line: BankLine) -> bool:
    return line.kind == "customer" and line.amount > 0


def _own_lines(received: Received) -> list[BankLine]:
    """Customer lines in the receipt's own currency: they, not the receipt, say what was collected."""
    anchor = received.anchor
    return [
        line for line in received.instance.get("bank_lines")
        if _from_customer(line) and line.currency == anchor.currency and line.entity == anchor.entity
        and not line.deleted
    ]  # fmt: skip


def _booked(received: Received) -> list[BankLine]:
    """Bank lines of the payment booked by the day; those of a payout belong to settlement."""
    return [
        line for line in received.instance.get("bank_lines")
        if not line.deleted and line.payout is None and line.booked_on <= received.day
    ]  # fmt: skip
