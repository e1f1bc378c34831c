"""The sources' own totals close: what opened, and moved, is what closed."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import pytest

from tieout.canon.documents import CashApplication, GlBalance, SourceTotal
from tieout.simulate.cash import settle
from tieout.simulate.totals import Totals
from tieout.simulate.world import World

from .small_world import credited, posted, small_world


def stated(world: World) -> dict[tuple[str, str, str, str], dict[str, SourceTotal]]:
    totals = Totals()
    totals.add(world)
    table: dict = defaultdict(dict)
    for doc in totals.documents(world.start, world.as_of):
        if isinstance(doc, SourceTotal):
            table[doc.system, doc.measure, doc.entity, doc.currency][doc.period] = doc
    return table


def control(world: World) -> dict[tuple[str, str], GlBalance]:
    totals = Totals()
    totals.add(world)
    return {
        (doc.entity, doc.period): doc
        for doc in totals.documents(world.start, world.as_of)
        if isinstance(doc, GlBalance)
    }


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_r4_opening_plus_posted_less_settled_is_closing(seed: int):
    """Independently: the ERP's postings and applications are summed here straight from the documents, month by month."""
    world = small_world(seed)
    settle(world)
    table = stated(world)
    settled: dict[tuple[str, str, str], int] = defaultdict(int)
    for a in world.docs["cash_application"]:
        month = f"{world.entities[a.entity].day(a.applied_at):%Y-%m}"
        settled[a.entity, a.currency, month] += a.amount * (-1 if a.kind in ("refund", "chargeback") else 1)
    cells = [cell for cell in table if cell[1] == "ar_closing"]
    assert {(cell[2], cell[3]) for cell in cells} == {
        ("DE01", "EUR"),
        ("DE01", "KWD"),
        ("US01", "USD"),
        ("JP01", "JPY"),
    }
    for _, _, entity, currency in cells:
        opening = 0
        for period, closing in table["erp", "ar_closing", entity, currency].items():
            gross = table["erp", "posted_gross", entity, currency][period].amount
            assert opening + gross - settled[entity, currency, period] == closing.amount
            opening = closing.amount


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_r5_what_came_in_is_applied_given_back_or_waiting(seed: int):
    """Over the whole year: collected − never recorded − refunded − lost = applied + unapplied."""
    world = small_world(seed)
    settle(world)
    table = stated(world)
    receipts = [p for p in world.docs["payment"] if p.system == "erp"]
    known = {r.mirrors for r in receipts} | {r.bank_line for r in receipts} | {r.ref for r in receipts}
    gone: dict[tuple[str, str], int] = defaultdict(int)
    for p in world.docs["payment"]:
        if p.system == "payments" and p.status == "succeeded" and p.ref not in known:
            gone[p.entity, p.currency] += p.amount
    for line in world.docs["bank_line"]:
        if line.kind == "customer" and line.ref not in known:
            gone[line.entity, line.currency] += line.amount
    for doc, counts in [(d, "succeeded") for d in world.docs["refund"]] + [(d, "lost") for d in world.docs["dispute"]]:
        if doc.status == counts and doc.payment in known:
            gone[doc.entity, doc.currency] += doc.amount
    for entity, currency in {cell[2:] for cell in table if cell[1] == "applied"}:

        def year(system: str, measure: str, cell: tuple[str, str] = (entity, currency)) -> int:
            return sum(total.amount for total in table.get((system, measure, *cell), {}).values())

        collected = year("payments", "collected") + year("bank", "collected")
        waiting = table["erp", "unapplied_closing", entity, currency]["2026-06"].amount
        assert collected - gone[entity, currency] == year("erp", "applied") + waiting


def test_the_control_account_is_the_sum_of_the_ageing_over_currencies():
    world = small_world(1)
    settle(world)
    ageing: dict[tuple[str, str], int] = defaultdict(int)
    for (_, measure, entity, _), months in stated(world).items():
        if measure == "ar_closing":
            for period, total in months.items():
                ageing[entity, period] += total.functional
    balances = control(world)
    assert {key: balance.closing for key, balance in balances.items()} == dict(ageing)
    for balance in balances.values():
        assert balance.opening + balance.debits - balance.credits == balance.closing


def test_a_dinar_invoice_by_hand():
    """KWD 100.000 + 10.000 tax; KWD 60.000 applied a month later: the open 50.000 are still stated at the invoice's rate."""
    world = World(1)
    receivable = posted(world, "DE01", "KWD", 100_000, dt.date(2026, 4, 10))
    rate = receivable.erp.fx_rate
    world.add(
        CashApplication(
            system="erp", id="A1", entity="DE01", currency="KWD", invoice=receivable.erp.ref, amount=60_000,
            applied_at=world.entities["DE01"].at(dt.date(2026, 5, 4)),
        )
    )  # fmt: skip
    april, may = (stated(world)["erp", "ar_closing", "DE01", "KWD"][p] for p in ("2026-04", "2026-05"))
    assert (april.amount, may.amount) == (110_000, 50_000)
    assert april.functional == round(110 * rate * 100)
    assert may.functional == round(50 * rate * 100)
    assert control(world)["DE01", "2026-05"].credits == april.functional - may.functional


def test_the_register_is_net_of_credit_memos_and_knows_quiet_months():
    """1,000 + 100 tax issued in March, 200 + 20 credited in April, nothing in May."""
    world = World(1)
    receivable = posted(world, "US01", "USD", 1_000_00, dt.date(2026, 3, 31))
    credited(world, receivable, 200_00, dt.date(2026, 4, 2))
    table = stated(world)
    net, tax = table["billing", "billed_net", "US01", "USD"], table["billing", "billed_tax", "US01", "USD"]
    assert [net[p].amount for p in ("2026-02", "2026-03", "2026-04", "2026-05")] == [0, 1_000_00, -200_00, 0]
    assert [tax[p].amount for p in ("2026-03", "2026-04")] == [100_00, -20_00]
    assert list(net) == sorted(net)
    assert (min(net), max(net)) == ("2025-07", "2026-06")


def test_a_banks_total_is_every_line_and_nothing_but_its_lines():
    world = small_world(4)
    settle(world)
    for (system, measure, entity, currency), months in stated(world).items():
        if (system, measure) == ("bank", "banked"):
            lines = [b.amount for b in world.docs["bank_line"] if (b.entity, b.currency) == (entity, currency)]
            assert sum(total.amount for total in months.values()) == sum(lines)


def test_shards_add_up():
    whole, parts = Totals(), Totals()
    for shard in range(3):
        world = small_world(9, invoices=60, shard=shard)
        settle(world)
        whole.add(world)
        one = Totals()
        one.add(world)
        parts.merge(one)
    day = world.as_of
    assert list(whole.documents(world.start, day)) == list(parts.documents(world.start, day))
