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

HINTED: dict[str, tuple[str, Way]] = {
    "card": ("", ways.card),
    "transfer": ("", ways.wire),
    "marketplace": ("marketplace disbursement net of fee", ways.marketplace),
    "deposit": ("deposit", ways.deposit),
    "withholding": ("withholding certificate", ways.withholding),
    "discount": ("2% early-payment discount", ways.discount),
    "refund": ("refund after credit note", ways.refund_after_credit),
    "none": ("", ways.still_open),
}
"""What a receivable wishes → the look-alike that it is then, and how it is done."""

LOOKALIKES: dict[str, Way] = {
    **{name: way for name, way in HINTED.values() if name},
    "PSP settling in another currency": ways.settled_elsewhere,
    "won dispute": ways.dispute_won,
    "lost dispute": ways.dispute_lost,
    "open dispute": ways.dispute_open,
    "refund without credit note": ways.refund_without_credit,
    "refund of money on account": ways.on_account,
    "failed and retried": ways.failed_and_retried,
    "retries exhausted": ways.exhausted,
    "cancelled authorisation": ways.cancelled_authorisation,
    "returned direct debit": ways.returned_debit,
    "payment in two parts": ways.two_parts,
    "bank charge written off": ways.bank_charge,
    "small difference written off": ways.small_difference,
    "bad debt written off": ways.bad_debt,
    "late gateway": ways.late_gateway,
    "receipt of the last day": ways.arrived_today,
    "capture of the last day": ways.captured_today,
}
"""Ways that look like leaks: every company has each of them, clean ones too, and none may raise a finding."""

COLLECTIVE: dict[str, Together] = {
    "one payment for several invoices": collective.one_for_all,
    "cash on account until its invoices are found": collective.on_account_first,
}

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
        name, way = HINTED.get(bill.pay, ("", None))
        if way is None or not way(desk, bill):
            rest.append(bill)
        elif name:
            desk.world.shown.add(name)
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
    for name, together in COLLECTIVE.items():
        for _ in range(_count(desk.world)):
            if _take_together(desk, pool, together):
                shown.add(name)
    for name, way in LOOKALIKES.items():
        for _ in range(_count(desk.world)):
            if _take(desk, pool, way):
                shown.add(name)
    ahead = [bill for bill in uninvoiced_orders(desk.world) if bill.order not in desk.world.taken]
    for bill in ahead[: _count(desk.world)]:
        desk.take_deposit(bill, max(1, bill.gross // 4), bill.issued_on, released_on=None)
        shown.add("deposit on an order without invoice")


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
        elif at % 3 == 1 and excess:
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
