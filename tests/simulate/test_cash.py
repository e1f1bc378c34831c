"""The cash of a small company: what is settled in order raises nothing, what is spoilt is in the truth, to the cent."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest

from tieout.canon.finding import Risk
from tieout.simulate.cash import settle, spoils
from tieout.simulate.cash.bill import posted_bills
from tieout.simulate.cash.desk import Desk
from tieout.simulate.cash.settle import LOOKALIKES, TOGETHER
from tieout.simulate.world import World

from .small_world import posted, small_world


def settled(seed: int = 1, **how) -> World:
    world = small_world(seed, **how)
    settle(world)
    return world


def of_system(world: World, type_: str, system: str) -> list:
    return [doc for doc in world.docs[type_] if doc.system == system]


def unapplied(world: World) -> dict[str, int]:
    """By receipt's subject: what came in less what was applied, refunded and lost, added up document by document."""
    receipts = {r.ref: r for r in of_system(world, "payment", "erp")}
    subject = {r.ref: f"payment/{r.mirrors or r.ref}" for r in receipts.values()}
    by_payment = {r.mirrors: r.ref for r in receipts.values() if r.mirrors}
    left: dict[str, int] = defaultdict(int)
    for ref, receipt in receipts.items():
        left[subject[ref]] += receipt.amount
    for application in world.docs["cash_application"]:
        sign = {"cash": -1, "refund": 1, "chargeback": 1}.get(application.kind, 0)
        if sign:
            left[subject[application.payment]] += sign * application.amount
    for refund in world.docs["refund"]:
        ref = refund.payment if refund.payment in receipts else by_payment.get(refund.payment)
        if ref and refund.status == "succeeded":
            left[subject[ref]] -= refund.amount
    for dispute in world.docs["dispute"]:
        if dispute.status == "lost":
            left[subject[by_payment[dispute.payment]]] -= dispute.amount
    return {key: amount for key, amount in left.items() if amount}


def waiting_by_right(world: World) -> set[str]:
    """Recorded on the last day, or a deposit on an order that has no invoice."""
    invoiced = {line.order for invoice in world.docs["invoice"] for line in invoice.lines}
    return {
        f"payment/{r.mirrors or r.ref}"
        for r in of_system(world, "payment", "erp")
        if r.recorded_at.date() == world.as_of or (r.deposit_for and r.deposit_for not in invoiced)
    }


def truth(world: World, risk: Risk) -> dict[str, int]:
    return {leak.subject: leak.amount for leak in world.leaks if leak.risk is risk}


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("clean", [True, False])
def test_what_is_left_unapplied_is_the_truth(seed: int, clean: bool):
    world = settled(seed, clean=clean)
    left = unapplied(world)
    assert all(amount > 0 for amount in left.values()), "nothing is applied or refunded beyond what came in"
    for subject in waiting_by_right(world):
        left.pop(subject, None)
    assert left == truth(world, Risk.UNAPPLIED_CASH)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("clean", [True, False])
def test_money_without_a_receipt_is_the_truth(seed: int, clean: bool):
    world = settled(seed, clean=clean)
    receipts = of_system(world, "payment", "erp")
    known = {r.mirrors for r in receipts} | {r.bank_line for r in receipts}
    old = world.as_of - dt.timedelta(days=7)
    missing = {
        payment.key: payment.amount
        for payment in of_system(world, "payment", "payments")
        if payment.status == "succeeded" and payment.ref not in known and payment.captured_at.date() <= old
    } | {
        line.key: line.amount
        for line in world.docs["bank_line"]
        if line.kind == "customer" and line.ref not in known and line.booked_on <= old
    }
    assert missing == truth(world, Risk.UNRECORDED_CASH)


@pytest.mark.parametrize("seed", range(1, 6))
@pytest.mark.parametrize("clean", [True, False])
def test_payouts_equal_their_parts_and_their_bank_lines_but_for_the_truth(seed: int, clean: bool):
    world = settled(seed, clean=clean)
    banked: dict[str, int] = defaultdict(int)
    for line in world.docs["bank_line"]:
        if line.payout:
            banked[line.payout] += line.amount
    short = {}
    for payout in world.docs["payout"]:
        parts = payout.charges - payout.fees - payout.refunds - payout.disputes - payout.reserve + payout.fx
        due = payout.paid_on + dt.timedelta(days=10) <= world.as_of or payout.ref in banked
        missing = parts - (banked[payout.ref] if due else payout.amount)
        if missing:
            short[payout.key] = missing
    assert short == truth(world, Risk.SHORT_SETTLEMENT)
    assert clean == (not short)


def test_a_payouts_charges_and_fees_are_those_of_its_payments():
    world = settled()
    charges: dict[str, int] = defaultdict(int)
    fees: dict[str, int] = defaultdict(int)
    foreign = set()
    currency = {payout.ref: payout.currency for payout in world.docs["payout"]}
    for payment in of_system(world, "payment", "payments"):
        if payment.payout:
            charges[payment.payout] += payment.amount
            fees[payment.payout] += payment.fee
            if payment.currency != currency[payment.payout]:
                foreign.add(payment.payout)
    assert foreign, "some payments are settled in another currency"
    for payout in world.docs["payout"]:
        if payout.ref in foreign:
            assert payout.fx, "converting costs something"
        else:
            assert (payout.charges, payout.fees, payout.fx) == (charges[payout.ref], fees[payout.ref], 0)


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_lookalike_is_in_every_company(seed: int, clean: bool):
    world = settled(seed, clean=clean)
    assert {way.__name__ for way in (*LOOKALIKES, *TOGETHER)} <= world.shown
    assert {"bank_interest", "tax_refund", "internal_transfer", "payout_in_two_lines"} <= world.shown


def test_every_kind_of_spoilt_cash_is_in_a_leaky_company():
    notes = {leak.note for leak in settled().leaks}
    assert len(notes) == 18, notes
    assert {"paid twice", "unidentified", "deposit of an invoiced order", "no bank line"} <= notes


def test_only_the_wished_class_is_spoilt():
    assert {leak.risk for leak in settled(only={Risk.SHORT_SETTLEMENT}).leaks} == {Risk.SHORT_SETTLEMENT}


def test_no_invoice_is_settled_beyond_its_total():
    world = settled()
    total = {invoice.ref: invoice.total for invoice in of_system(world, "invoice", "erp")}
    for application in world.docs["cash_application"]:
        total[application.invoice] -= application.amount * (-1 if application.kind in ("refund", "chargeback") else 1)
    assert min(total.values()) >= 0


def test_nothing_happens_after_the_last_day():
    world = settled()
    for type_, field in (("payment", "recorded_at"), ("payment", "captured_at"), ("cash_application", "applied_at")):
        for doc in world.docs[type_]:
            instant = getattr(doc, field)
            assert instant is None or world.entities[doc.entity].day(instant) <= world.as_of
    assert max(line.booked_on for line in world.docs["bank_line"]) <= world.as_of


def test_a_customer_who_pays_1100_euros_twice_leaves_1100_on_no_invoice():
    world = World(7)
    posted(world, "DE01", "EUR", 1_000_00, dt.date(2026, 3, 2))
    assert spoils.paid_twice(Desk(world), next(posted_bills(world)))
    (leak,) = world.leaks
    assert (leak.amount, leak.currency, leak.since) == (1_100_00, "EUR", dt.date(2026, 3, 6))
    assert leak.subject.startswith("payment/payments/")


def test_a_deposit_of_half_is_stranded_from_the_day_of_the_invoice():
    world = World(7)
    posted(world, "US01", "USD", 500_00, dt.date(2026, 4, 1))
    assert spoils.deposit_kept(Desk(world), next(posted_bills(world)))
    (leak,) = world.leaks
    assert (leak.amount, leak.since) == (275_00, dt.date(2026, 4, 1))
