"""The ways in which invoices are settled in order: none of them may raise a finding.

A *way* settles a bill, and says whether it could: False leaves the bill untouched.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from ...canon.documents import WithholdingCertificate, WriteOff
from ..amounts import coins, share
from .bill import Bill
from .desk import Desk

Way = Callable[[Desk, Bill], bool]


def days(count: int) -> dt.timedelta:
    """That many days."""
    return dt.timedelta(days=count)


def card(desk: Desk, bill: Bill) -> bool:
    """Charged within three days of issue."""
    day = bill.issued_on + days(desk.rng.randrange(4))
    if day > desk.as_of:
        return False
    desk.pay_by_card(bill, bill.gross, day, desk.rng.choice(("card", "card", "wallet")))
    return True


def direct_debit(desk: Desk, bill: Bill) -> bool:
    """Collected on the due date."""
    day = desk.business_day(bill.entity, max(bill.due_on, bill.issued_on))
    if day > desk.as_of:
        return False
    desk.pay_by_card(bill, bill.gross, day, "direct_debit")
    return True


def wire(desk: Desk, bill: Bill) -> bool:
    """By bank transfer, or to the lockbox, around the due date."""
    day = max(bill.issued_on, bill.due_on + days(desk.rng.randrange(-8, 15)))
    lockbox = bill.entity.country == "US" and desk.rng.random() < 0.5
    return desk.pay_by_wire(bill, bill.gross, day, "lockbox" if lockbox else "transfer") is not None


def still_open(_desk: Desk, _bill: Bill) -> bool:
    """Nothing has come yet."""
    return True


def failed_and_retried(desk: Desk, bill: Bill) -> bool:
    """The card fails twice, and works on the third attempt."""
    if bill.issued_on + days(12) > desk.as_of:
        return False
    for wait in (0, 3):
        desk.attempt(bill, bill.issued_on + days(wait), "failed")
    desk.pay_by_card(bill, bill.gross, bill.issued_on + days(8))
    return True


def exhausted(desk: Desk, bill: Bill) -> bool:
    """Every attempt fails; the invoice stays open."""
    if bill.issued_on + days(22) > desk.as_of:
        return False
    for wait in (0, 3, 10, 21):
        desk.attempt(bill, bill.issued_on + days(wait), "failed")
    return True


def cancelled_authorisation(desk: Desk, bill: Bill) -> bool:
    """An authorisation is cancelled before its capture; the customer sends a transfer."""
    if bill.due_on + days(7) > desk.as_of:
        return False
    desk.attempt(bill, bill.issued_on, "cancelled")
    desk.pay_by_wire(bill, bill.gross, max(bill.issued_on, bill.due_on))
    return True


def returned_debit(desk: Desk, bill: Bill) -> bool:
    """A direct debit comes back within its return window, before it was paid out; a transfer follows."""
    if bill.due_on + days(10) > desk.as_of:
        return False
    desk.attempt(bill, max(bill.due_on, bill.issued_on), "returned", "direct_debit")
    desk.pay_by_wire(bill, bill.gross, bill.due_on + days(9))
    return True


def two_parts(desk: Desk, bill: Bill) -> bool:
    """Half now, the rest a fortnight later; what has not come is open, not lost."""
    if bill.due_on > desk.as_of:
        return False
    first = bill.gross // 2
    for amount, wait in ((first, 0), (bill.gross - first, 14)):
        day = desk.business_day(bill.entity, max(bill.due_on, bill.issued_on) + days(wait))
        if amount and day <= desk.as_of:
            receipt = desk.record(bill, desk.wire(bill, amount, day), day)
            desk.apply(bill, receipt, amount, day)
    return True


def settled_elsewhere(desk: Desk, bill: Bill) -> bool:
    """The processor pays out in another currency than the customer paid in."""
    day = bill.issued_on + days(1)
    if day + days(14) > desk.as_of:
        return False
    other = "USD" if bill.currency == "EUR" else "EUR"
    desk.pay_by_card(bill, bill.gross, day, settle_in=other)
    return True


def arrived_today(desk: Desk, bill: Bill) -> bool:
    """On the statement and recorded on the last day; its application has until tomorrow."""
    if not bill.entity.is_business_day(desk.as_of) or bill.ready_on > desk.as_of:
        return False
    desk.record(bill, desk.wire(bill, bill.gross, desk.as_of), desk.as_of)
    return True


def captured_today(desk: Desk, bill: Bill) -> bool:
    """Captured on the last day; the receipt has two business days."""
    if bill.issued_on > desk.as_of:
        return False
    desk.charge(bill, bill.gross, desk.as_of)
    return True


def late_gateway(desk: Desk, bill: Bill) -> bool:
    """The gateway reports a capture only three business days later."""
    if bill.issued_on + days(21) > desk.as_of:
        return False
    desk.pay_by_card(bill, bill.gross, bill.issued_on + days(1), delay=3)
    return True


def marketplace(desk: Desk, bill: Bill) -> bool:
    """The marketplace collects, keeps its fee and pays out the rest; the receipt is gross."""
    day = bill.issued_on + days(2)
    if day > desk.as_of:
        return False
    desk.pay_by_card(bill, bill.gross, day, "marketplace")
    return True


def withholding(desk: Desk, bill: Bill) -> bool:
    """The customer withholds 10% of the net for its tax authority, and sends the certificate."""
    day = desk.business_day(bill.entity, bill.due_on)
    withheld = share(bill.net, 1000)
    if day + days(21) > desk.as_of or not 0 < withheld < bill.gross:
        return False
    receipt = desk.pay_by_wire(bill, bill.gross - withheld, day)
    certified_on = desk.business_day(bill.entity, day + days(12))
    desk.world.add(
        WithholdingCertificate(
            system="erp", id=desk.world.id("WHT"), entity=bill.entity.code, currency=bill.currency,
            invoice=bill.erp or "", amount=withheld, received_on=certified_on,
        )
    )  # fmt: skip
    desk.apply(bill, receipt, withheld, certified_on, "withholding")
    return True


def discount(desk: Desk, bill: Bill) -> bool:
    """Paid within 10 days, less 2%."""
    off = share(bill.gross, 200)
    day = bill.issued_on + days(6)
    if day + days(7) > desk.as_of or off <= 0:
        return False
    day = desk.business_day(bill.entity, day)
    receipt = desk.pay_by_wire(bill, bill.gross - off, day)
    desk.apply(bill, receipt, off, day, "discount")
    return True


def bank_charge(desk: Desk, bill: Bill) -> bool:
    """The banks in between keep a little, which is written off as a bank charge."""
    charge = coins(bill.currency, 15)
    day = desk.business_day(bill.entity, bill.due_on)
    if day > desk.as_of or charge >= bill.gross:
        return False
    receipt = desk.pay_by_wire(bill, bill.gross - charge, day)
    desk.apply(bill, receipt, charge, day, "bank_charge")
    return True


def small_difference(desk: Desk, bill: Bill) -> bool:
    """The customer mistypes the amount; the cents are written off."""
    return _written_off(desk, bill, min(coins(bill.currency, 1) // 4, bill.gross - 1), "small difference")


def bad_debt(desk: Desk, bill: Bill) -> bool:
    """The customer is insolvent: the whole receivable is given up."""
    return _written_off(desk, bill, bill.gross, "customer insolvent")


def _written_off(desk: Desk, bill: Bill, amount: int, reason: str) -> bool:
    day = desk.business_day(bill.entity, bill.due_on)
    off_on = desk.business_day(bill.entity, day + days(20))
    if off_on > desk.as_of or amount <= 0:
        return False
    receipt = desk.pay_by_wire(bill, bill.gross - amount, day) if amount < bill.gross else None
    desk.world.add(
        WriteOff(
            system="erp", id=desk.world.id("WO"), entity=bill.entity.code, currency=bill.currency,
            invoice=bill.erp or "", amount=amount, reason=reason, approved_by="head of AR", written_off_on=off_on,
        )
    )  # fmt: skip
    desk.apply(bill, receipt, amount, off_on, "write_off")
    return True


def deposit(desk: Desk, bill: Bill) -> bool:
    """A third was paid before there was an invoice: a liability, applied once the invoice is posted."""
    down = bill.gross // 3
    day = bill.issued_on - days(9)
    if bill.ready_on + days(14) > desk.as_of or not down:
        return False
    released_on = desk.business_day(bill.entity, max(bill.ready_on, bill.issued_on))
    receipt = desk.take_deposit(bill, down, day, released_on=released_on)
    desk.apply(bill, receipt, down, released_on)
    desk.pay_by_wire(bill, bill.gross - down, bill.due_on)
    return True


def refund_of_excess(desk: Desk, bill: Bill) -> bool:
    """Twice the amount comes in; the second half is given back by transfer."""
    if bill.due_on + days(21) > desk.as_of:
        return False
    receipt = desk.pay_by_wire(bill, 2 * bill.gross, max(bill.due_on, bill.issued_on))
    assert receipt is not None
    desk.refund_by_wire(bill, receipt, bill.gross, bill.due_on + days(12))
    return True


def refund_after_credit(desk: Desk, bill: Bill) -> bool:
    """Paid in full; a credit memo follows and is refunded. The refund opens the receivable again, the credit closed it."""
    if not bill.credits or bill.issued_on + days(2) > desk.as_of:
        return False
    whole = bill._replace(gross=bill.total)
    payment, receipt = desk.pay_by_card(whole, bill.total, bill.issued_on + days(1))
    for credit in bill.credits:
        posted_on = bill.entity.day(credit.posted_at) if credit.posted_at else bill.issued_on
        day = desk.business_day(bill.entity, max(posted_on, bill.issued_on + days(10)) + days(3))
        if receipt is not None and day <= desk.as_of:
            desk.refund(payment, credit.total, day, credit_memo=credit.mirrors or credit.ref)
            desk.apply(bill, receipt, credit.total, day, "refund")
    return True


def refund_without_credit(desk: Desk, bill: Bill) -> bool:
    """Charged to the wrong card: refunded in full, and the invoice is open again."""
    if bill.ready_on + days(30) > desk.as_of:
        return False
    payment, receipt = desk.pay_by_card(bill, bill.gross, bill.issued_on + days(1))
    day = desk.business_day(bill.entity, max(bill.ready_on, bill.issued_on + days(5)) + days(3))
    desk.refund(payment, bill.gross, day)
    desk.apply(bill, receipt, bill.gross, day, "refund")
    return True


def dispute_won(desk: Desk, bill: Bill) -> bool:
    """Charged back, defended and won: withheld by one payout, given back by another; the ERP never moved."""
    return _disputed(desk, bill, "won")


def dispute_lost(desk: Desk, bill: Bill) -> bool:
    """Charged back and lost: the receivable is open again."""
    return _disputed(desk, bill, "lost")


def dispute_open(desk: Desk, bill: Bill) -> bool:
    """Charged back, and not decided yet."""
    return _disputed(desk, bill, "open")


def _disputed(desk: Desk, bill: Bill, status: str) -> bool:
    opened_on = max(bill.ready_on, bill.issued_on) + days(15)
    closed_on = desk.business_day(bill.entity, opened_on + days(28))
    if closed_on + days(7) > desk.as_of:
        return False
    payment, receipt = desk.pay_by_card(bill, bill.gross, bill.issued_on + days(1))
    desk.dispute(payment, opened_on, status, None if status == "open" else closed_on)
    if status == "lost":
        desk.apply(bill, receipt, bill.gross, closed_on, "chargeback")
    return True
