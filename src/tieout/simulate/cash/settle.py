"""Settle a shard's receivables: what they wish first, then each look-alike and each spoil, then the run of the mill."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial

from ...canon.finding import Risk
from ..world import World
from . import collective, settlements, spoils, ways
from .bill import Bill, first_issues, posted_bills, uninvoiced_orders, unposted_bills
from .collective import Together, same_payer
from .desk import Desk
from .treasury import keep_accounts
from .ways import Way

HINTED: dict[str, Way] = {
    "card": ways.card,
    "transfer": ways.wire,
    "marketplace": ways.marketplace,
    "deposit": ways.deposit,
    "withholding": ways.withholding,
    "discount": ways.discount,
    "refund": ways.refund_after_credit,
    "none": ways.still_open,
}
"""What a receivable wishes → how it is done."""

LOOKALIKES: tuple[Way, ...] = (
    ways.marketplace, ways.deposit, ways.withholding, ways.discount, ways.refund_after_credit, ways.settled_elsewhere,
    ways.dispute_won, ways.dispute_lost, ways.dispute_open, ways.refund_without_credit, ways.refund_of_excess,
    ways.failed_and_retried, ways.exhausted, ways.cancelled_authorisation, ways.returned_debit, ways.two_parts,
    ways.bank_charge, ways.small_difference, ways.bad_debt, ways.late_gateway, ways.arrived_today, ways.captured_today,
)  # fmt: skip
"""Ways that look like leaks: every company has each of them, clean ones too, and none may raise a finding."""

TOGETHER: tuple[Together, ...] = (collective.one_for_all, collective.on_account_first)
"""The same, of one payment for several invoices."""

ORDINARY: tuple[Way, ...] = (ways.card, ways.wire, ways.direct_debit, ways.still_open)
ORDINARY_WEIGHTS = (44, 38, 10, 8)


def settle(world: World) -> None:
    """Pay what the receivables ask for, spoil some of it and write the truth; close the processor's and the bank's books."""
    desk = Desk(world)
    if world.shard == 0:
        keep_accounts(world)
    rest = _as_wished(desk, posted_bills(world))
    desk.rng.shuffle(rest)
    taken = world.taken
    free = [bill for bill in rest if bill.invoice not in taken and bill.order not in taken]
    spoilt_elsewhere = [bill for bill in rest if bill.invoice in taken or bill.order in taken]
    _show(desk, free)
    _spoil(desk, free)
    for bill in (*free, *spoilt_elsewhere):
        way = desk.rng.choices(ORDINARY, ORDINARY_WEIGHTS)[0]
        way(desk, bill)
    _close(desk)


def _as_wished(desk: Desk, bills: Iterable[Bill]) -> list[Bill]:
    """Settle the bills that say how; return those that do not, or whose way is not possible yet."""
    rest = []
    for bill in bills:
        way = HINTED.get(bill.pay)
        if way is None or not way(desk, bill):
            rest.append(bill)
        elif way in LOOKALIKES:
            desk.world.shown.add(way.__name__)
    return rest


def _take(desk: Desk, pool: list[Bill], way: Way) -> bool:
    """Let the first bill that it is possible for go that way."""
    for at, bill in enumerate(pool):
        if way(desk, bill):
            del pool[at]
            return True
    return False


def _take_together(desk: Desk, pool: list[Bill], together: Together) -> bool:
    """The same for bills that one customer pays at once."""
    for group in same_payer(pool):
        if together(desk, group):
            paid = {bill.invoice for bill in group}
            pool[:] = [bill for bill in pool if bill.invoice not in paid]
            return True
    return False


def _count(world: World) -> int:
    """How many of each kind: one for every 400 orders where everything is shown, one for every 1000 in the mass."""
    return 1 + world.orders // (400 if world.mix == "rich" else 1000)


def _show(desk: Desk, pool: list[Bill]) -> None:
    shown = desk.world.shown
    for together in TOGETHER:
        for _ in range(_count(desk.world)):
            if _take_together(desk, pool, together):
                shown.add(together.__name__)
    for way in LOOKALIKES:
        for _ in range(_count(desk.world)):
            if _take(desk, pool, way):
                shown.add(way.__name__)
    ahead = [bill for bill in uninvoiced_orders(desk.world) if bill.order not in desk.world.taken]
    for bill in ahead[: _count(desk.world)]:
        desk.take_deposit(bill, max(1, bill.gross // 4), bill.issued_on, released_on=None)
        shown.add("deposit_before_any_invoice")


def _spoil(desk: Desk, pool: list[Bill]) -> None:
    world, count = desk.world, _count(desk.world)
    if world.leaks_wanted(Risk.UNRECORDED_CASH):
        for _ in range(count):
            for spoil in spoils.UNRECORDED:
                _take(desk, pool, spoil)
            _take_together(desk, pool, collective.all_unrecorded)
    if world.leaks_wanted(Risk.UNAPPLIED_CASH):
        kept = partial(_deposit_kept, first_issues(world))
        for _ in range(count):
            for spoil in (*spoils.UNAPPLIED, kept):
                _take(desk, pool, spoil)
            _take_together(desk, pool, collective.one_forgotten)
    _pay_unposted(desk, pool)


def _deposit_kept(first_issue: dict[str, dt.date], desk: Desk, bill: Bill) -> bool:
    return first_issue.get(bill.order) == bill.issued_on and spoils.deposit_kept(desk, bill)


def _pay_unposted(desk: Desk, pool: list[Bill]) -> None:
    """Customers pay invoices that the ERP never took, too."""
    unposted = list(unposted_bills(desk.world))
    excess = desk.world.leaks_wanted(Risk.UNAPPLIED_CASH)
    for at, bill in enumerate(unposted):
        if at % 3 == 0:
            spoils.unposted_paid(desk, bill)
        elif at % 9 == 1 and excess:
            spoils.unposted_overpaid(desk, bill)
        else:
            _take(desk, pool, partial(collective.beside_unposted, bill))


def _close(desk: Desk) -> None:
    """Close the processor's books, and let the bank book what arrives."""
    payouts = desk.payouts
    payouts.settle_withdrawals()
    payouts.hold_reserves()
    if desk.world.leaks_wanted(Risk.SHORT_SETTLEMENT):
        settlements.shorten(desk, _count(desk.world))
    settlements.split(desk, _count(desk.world))
    payouts.write()
