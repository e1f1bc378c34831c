"""One payment for several invoices of a customer: in order, and spoilt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from ...canon.documents import Payment
from ...canon.finding import Risk
from .bill import Bill
from .desk import Desk
from .spoils import GRACE

Together = Callable[[Desk, Sequence[Bill]], bool]
"""Settles two or three bills of one customer at once; False leaves them untouched."""


def same_payer(bills: Sequence[Bill]) -> list[list[Bill]]:
    """Groups of two or three bills that one customer may pay at once: same entity and currency, long posted."""
    by_payer: dict[tuple[str, str, str], list[Bill]] = defaultdict(list)
    for bill in bills:
        if bill.customer and not bill.credits:
            by_payer[bill.entity.code, bill.currency, bill.customer].append(bill)
    groups = []
    for own in by_payer.values():
        own.sort(key=lambda bill: (bill.issued_on, bill.invoice))
        groups += [own[at : at + 3] for at in range(0, len(own) - 1, 3) if len(own[at : at + 3]) > 1]
    return groups


def one_for_all(desk: Desk, bills: Sequence[Bill]) -> bool:
    """One transfer, applied to each invoice."""
    return _one_wire(desk, bills, named=bills, applied=bills) is not None


def on_account_first(desk: Desk, bills: Sequence[Bill]) -> bool:
    """The transfer names one invoice; what is left stays on account until the next ones are found to be meant."""
    return _one_wire(desk, bills, named=bills[:1], applied=bills) is not None


def one_forgotten(desk: Desk, bills: Sequence[Bill]) -> bool:
    """One transfer names all invoices, and the last one was forgotten when it was applied."""
    receipt = _one_wire(desk, bills, named=bills, applied=bills[:-1])
    if receipt is None or receipt.recorded_at is None:
        return False
    last = bills[-1]
    since = last.entity.day(receipt.recorded_at)
    desk.world.leak(
        Risk.UNAPPLIED_CASH, receipt.key, last.entity.code, last.currency, last.gross, since, "one invoice of several"
    )
    return True


def all_unrecorded(desk: Desk, bills: Sequence[Bill]) -> bool:
    """One card payment for all of them, without a receipt."""
    day = max(max(bill.ready_on, bill.issued_on) for bill in bills)
    if day + GRACE > desk.as_of:
        return False
    first, amount = bills[0], sum(bill.gross for bill in bills)
    payment = desk.charge(first, amount, day, also=bills[1:])
    desk.world.leak(
        Risk.UNRECORDED_CASH, payment.key, first.entity.code, first.currency, amount, day, "payment of several invoices"
    )
    return True


def beside_unposted(unposted: Bill, desk: Desk, posted: Bill) -> bool:
    """One card payment for a posted and an unposted invoice: the one is applied, the other waits for its posting."""
    if (unposted.customer, unposted.currency, unposted.entity) != (posted.customer, posted.currency, posted.entity):
        return False
    day = max(unposted.issued_on, posted.ready_on, posted.issued_on)
    if day + GRACE > desk.as_of:
        return False
    payment = desk.charge(posted, posted.gross + unposted.gross, day, also=(unposted,))
    recorded_on = posted.entity.add_business_days(day, 1)
    receipt = desk.record(posted, payment, recorded_on, also=(unposted,))
    desk.apply(posted, receipt, posted.gross, recorded_on)
    return True


def _one_wire(desk: Desk, bills: Sequence[Bill], *, named: Sequence[Bill], applied: Sequence[Bill]) -> Payment | None:
    first = bills[0]
    day = desk.business_day(first.entity, max(max(bill.ready_on, bill.issued_on) for bill in bills))
    if day + GRACE > desk.as_of:
        return None
    receipt = desk.record(first, desk.wire(first, sum(bill.gross for bill in bills), day), day, also=named[1:])
    for bill in applied:
        desk.apply(bill, receipt, bill.gross, day)
    return receipt
