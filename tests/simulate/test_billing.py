"""What an orderly billing system bills and gives back, in stories and over a few hundred random changes."""

import datetime as dt
from collections import defaultdict
from decimal import Decimal

import pytest

from tieout.simulate import changes, papers
from tieout.simulate.billing import due_lines
from tieout.simulate.deal import Deal
from tieout.simulate.shapes import complete, subscribed
from tieout.simulate.world import World


def day(text):
    return dt.date.fromisoformat(text)


def five_hundred_a_month(world, start="2026-03-01"):
    deal = Deal(world, "story", market="DE", start=day(start))
    deal.accepted_on = deal.start
    deal.sign(12)
    chain = deal.add(changes.SUPPORT, Decimal(500), period_months=1)
    return deal, chain


def test_an_upgrade_on_the_16th_of_june_is_charged_for_fifteen_days():
    deal, chain = five_hundred_a_month(World(1))
    changes.dearer(deal, chain, day("2026-06-16"), day("2026-06-16"), 160)
    complete(deal, slow=False)
    june = [(bill.on, bill.net) for bill in deal.bills if bill.on >= day("2026-06-01")]
    assert june == [(day("2026-06-01"), 50000), (day("2026-06-16"), 15000)]  # 15/30 × (800 − 500)


def test_a_downgrade_on_the_16th_gives_back_fifteen_days_once():
    deal, chain = five_hundred_a_month(World(1))
    changes.downgrade(deal, chain, day("2026-05-16"), day("2026-05-18"), 60)
    complete(deal, slow=False)
    (credit,) = [credit for bill in deal.bills for credit in bill.credits]
    # 16 of 31 days at 200 less: 500 × 15/31 + 300 × 16/31 = 241.94 + 154.84; 500.00 was billed.
    assert (credit.on, credit.net, credit.reason) == (day("2026-05-18"), 50000 - 24194 - 15484, "unused")
    assert credit.cause == deal.amendments[0].ref
    assert [bill.net for bill in deal.bills] == [50000, 50000, 50000, 30000]


def test_a_pause_bills_nothing_and_then_goes_on():
    deal, chain = five_hundred_a_month(World(1), "2025-12-01")
    changes.pause(deal, chain, day("2026-02-01"), day("2026-03-31"), day("2026-01-20"))
    complete(deal, slow=False)
    months = [bill.on.month for bill in deal.bills]
    assert months == [12, 1, 4, 5, 6]


@pytest.mark.parametrize("number", range(60))
def test_whatever_is_changed_every_period_is_billed_as_the_contract_then_says(number):
    world = World(number)
    deal, chain = subscribed(
        world, "any", period=world.rng("p").choice((1, 1, 3, 12)), start=world.start + dt.timedelta(30)
    )
    rng = world.rng("changes")
    on = deal.start + dt.timedelta(days=25)
    for _ in range(rng.randrange(3)):
        on += dt.timedelta(days=rng.randrange(10, 70))
        accepted = on + dt.timedelta(days=rng.randrange(-9, 30))
        rng.choice((changes.upgrade, changes.dearer, changes.downgrade))(deal, chain, on, accepted)
        on = max(on, accepted)
    complete(deal, slow=False)
    wanted, billed = defaultdict(int), defaultdict(int)
    for due in due_lines(deal, chain):
        if due.bill_on <= deal.as_of:
            wanted[due.period_first] += due.net
    for bill in deal.bills:
        for line in bill.lines:
            billed[line.period[0]] += line.net
        for credit in bill.credits:
            period = bill.lines[0].period if len(bill.lines) == 1 else _period(deal, chain, credit.lines[0].first)
            billed[period[0]] -= credit.net
    assert billed == wanted
    papers.write(deal)


def _period(deal, chain, first):
    return next(
        (d.period_first, d.period_last) for d in due_lines(deal, chain) if d.period_first <= first <= d.period_last
    )
