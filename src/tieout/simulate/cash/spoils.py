"""What goes wrong with cash, and the truth about it. Amounts and days as docs/money.md (Stuck) defines them.

A *spoil* spoils the payment of one bill and writes the truth; False leaves the bill untouched. Everything spoilt happened
long enough before `as_of` that no grace is left.
"""

from __future__ import annotations

import datetime as dt

from ...canon.documents import Payment
from ...canon.finding import Risk
from ..amounts import coins
from .bill import Bill
from .desk import Desk
from .ways import days

GRACE = days(14)
"""Longer than any grace of the cash classes, with the holidays of every entity."""


def _truth(desk: Desk, risk: Risk, subject: str, bill: Bill, amount: int, since: dt.date, note: str) -> bool:
    desk.world.leak(risk, subject, bill.entity.code, bill.currency, amount, since, note)
    return True


def _unrecorded(desk: Desk, bill: Bill, subject: str, amount: int, since: dt.date, note: str) -> bool:
    return _truth(desk, Risk.UNRECORDED_CASH, subject, bill, amount, since, note)


def _unapplied(desk: Desk, bill: Bill, subject: Payment, amount: int, since: dt.date, note: str) -> bool:
    return _truth(desk, Risk.UNAPPLIED_CASH, subject.key, bill, amount, since, note)


def _paid_on(desk: Desk, bill: Bill) -> dt.date | None:
    """A business day on which the invoice is posted, and which is long past."""
    day = desk.business_day(bill.entity, max(bill.issued_on + days(3), bill.ready_on))
    return day if day + GRACE <= desk.as_of else None


def capture_unrecorded(desk: Desk, bill: Bill, method: str = "card") -> bool:
    """Captured and paid out; the ERP has never heard of it."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    payment = desk.charge(bill, bill.gross, day, method)
    return _unrecorded(desk, bill, payment.key, bill.gross, day, f"{method} payment without receipt")


def debit_unrecorded(desk: Desk, bill: Bill) -> bool:
    """A direct debit that was collected and not recorded."""
    return capture_unrecorded(desk, bill, "direct_debit")


def refunded_unrecorded(desk: Desk, bill: Bill) -> bool:
    """Captured, never recorded, and half of it refunded later: the whole capture is still not in the books."""
    day = _paid_on(desk, bill)
    if day is None or bill.gross < 2:
        return False
    payment = desk.charge(bill, bill.gross, day)
    desk.refund(payment, bill.gross // 2, day + days(6))
    return _unrecorded(desk, bill, payment.key, bill.gross, day, "captured, partly refunded, without receipt")


def wire_unrecorded(desk: Desk, bill: Bill) -> bool:
    """A customer's transfer that nobody booked."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    line = desk.wire(bill, bill.gross, day)
    return _unrecorded(desk, bill, line.key, bill.gross, line.booked_on, "transfer without receipt")


def stranger_unrecorded(desk: Desk, bill: Bill) -> bool:
    """A credit on the statement that names nobody, and that nobody booked."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    line = desk.wire(bill, bill.gross, day, "GUTSCHRIFT OHNE ANGABE", known=False)
    return _unrecorded(desk, bill, line.key, bill.gross, line.booked_on, "unknown sender without receipt")


def identified_unapplied(desk: Desk, bill: Bill) -> bool:
    """Recorded with its customer and invoice, and not applied."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    payment = desk.charge(bill, bill.gross, day)
    recorded_on = bill.entity.add_business_days(day, 1)
    desk.record(bill, payment, recorded_on)
    return _unapplied(desk, bill, payment, bill.gross, recorded_on, "recorded, not applied")


def unidentified(desk: Desk, bill: Bill) -> bool:
    """A transfer without a sender that we know: recorded, waiting for somebody to find out."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    receipt = desk.record(bill, desk.wire(bill, bill.gross, day, "RE 2026 DANKE", known=False), day, known=False)
    return _unapplied(desk, bill, receipt, bill.gross, day, "unidentified")


def overpaid(desk: Desk, bill: Bill) -> bool:
    """The invoice and something more: the rest stays on account."""
    day = _paid_on(desk, bill)
    more = coins(bill.currency, 7) + bill.gross // 10
    if day is None:
        return False
    receipt = desk.pay_by_wire(bill, bill.gross + more, day)
    assert receipt is not None
    return _unapplied(desk, bill, receipt, more, day, "on account")


def paid_twice(desk: Desk, bill: Bill) -> bool:
    """The customer pays one invoice by card twice; the second payment settles nothing."""
    day = _paid_on(desk, bill)
    if day is None:
        return False
    desk.pay_by_card(bill, bill.gross, day)
    second = desk.charge(bill, bill.gross, day)
    recorded_on = bill.entity.add_business_days(day, 1)
    desk.record(bill, second, recorded_on)
    return _unapplied(desk, bill, second, bill.gross, recorded_on, "paid twice")


def partly_applied(desk: Desk, bill: Bill) -> bool:
    """Two thirds are applied, and the rest was forgotten."""
    day = _paid_on(desk, bill)
    applied = bill.gross * 2 // 3
    if day is None or not 0 < applied < bill.gross:
        return False
    receipt = desk.record(bill, desk.wire(bill, bill.gross, day), day)
    desk.apply(bill, receipt, applied, day)
    return _unapplied(desk, bill, receipt, bill.gross - applied, day, "partly applied")


def refund_failed(desk: Desk, bill: Bill) -> bool:
    """The receivable was opened again for a refund that then failed: the money is still here, and on no invoice."""
    day = _paid_on(desk, bill)
    if day is None or bill.gross < 4:
        return False
    payment, receipt = desk.pay_by_card(bill, bill.gross, day)
    back = bill.gross // 4
    refunded_on = bill.entity.add_business_days(day, 3)
    assert receipt is not None and receipt.recorded_at is not None
    desk.refund(payment, back, refunded_on, status="failed")
    desk.apply(bill, receipt, back, refunded_on, "refund")
    return _unapplied(desk, bill, payment, back, bill.entity.day(receipt.recorded_at), "refund failed")


def deposit_kept(desk: Desk, bill: Bill) -> bool:
    """The order has been invoiced (for the first time by this bill), and its deposit is still a liability."""
    down = bill.gross // 2
    if bill.ready_on + GRACE > desk.as_of or not down:
        return False
    receipt = desk.take_deposit(bill, down, bill.issued_on - days(12), released_on=None)
    assert receipt is not None and receipt.mirrors
    subject = f"payment/{receipt.mirrors}"
    return _truth(desk, Risk.UNAPPLIED_CASH, subject, bill, down, bill.issued_on, "deposit of an invoiced order")


def unposted_paid(desk: Desk, bill: Bill) -> bool:
    """Paid, and the ERP never took the invoice: the stranded cash is the unposted invoice's consequence, not other money."""
    day = desk.business_day(bill.entity, bill.issued_on + days(4))
    recorded_on = bill.entity.add_business_days(day, 1)
    if recorded_on > desk.as_of:
        return False
    desk.record(bill, desk.charge(bill, bill.gross, day), recorded_on)
    return True


def unposted_overpaid(desk: Desk, bill: Bill) -> bool:
    """As before, with something more than the invoice: only the excess is unapplied cash."""
    day = desk.business_day(bill.entity, bill.issued_on + days(4))
    more = coins(bill.currency, 9)
    if day + GRACE > desk.as_of:
        return False
    receipt = desk.record(bill, desk.wire(bill, bill.gross + more, day), day)
    return _unapplied(desk, bill, receipt, more, day, "on account beside an unposted invoice")


UNRECORDED = (capture_unrecorded, debit_unrecorded, refunded_unrecorded, wire_unrecorded, stranger_unrecorded)
UNAPPLIED = (identified_unapplied, unidentified, overpaid, paid_twice, partly_applied, refund_failed)
