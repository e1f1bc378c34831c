"""Every way to lose money is in the company, with a truth that can be checked by hand."""

import datetime as dt

import msgspec
import pytest

from tieout.canon.documents import TYPES
from tieout.canon.finding import RISKS, Group, Risk
from tieout.simulate import catalogue
from tieout.simulate.company import build
from tieout.simulate.leaks import LEAKS
from tieout.simulate.world import World

LIVE_ONLY = {Risk.IN_DOUBT, Risk.STREAM_SILENT} | {risk for risk in Risk if risk.value.startswith("own_")}
CASH = {Risk.UNRECORDED_CASH, Risk.SHORT_SETTLEMENT, Risk.UNAPPLIED_CASH}


def spoil(name: str, seed: int = 1) -> World:
    """A world that contains one injection and nothing else."""
    world = World(seed)
    catalogue.load(world)
    leak = next(leak for leak in LEAKS if leak.name == name)
    leak.spoil(world, leak.name)
    return world


def find(world, type_, ref):
    return next(doc for doc in world.docs[type_] if doc.ref == ref)


def test_every_class_that_exports_can_show_is_leaked():
    assert {risk for leak in LEAKS for risk in leak.risks} == set(Risk) - LIVE_ONLY - CASH


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_company_has_every_variant_of_every_class(seed):
    world = build(seed)
    assert {leak.note for leak in world.leaks} >= {leak.name.replace("_", " ") for leak in LEAKS}
    assert {leak.risk for leak in world.leaks} == set(Risk) - LIVE_ONLY


@pytest.mark.parametrize("leak", LEAKS, ids=[leak.name for leak in LEAKS])
def test_an_injection_leaks_into_its_classes_about_documents_that_exist(leak):
    for seed in range(1, 4):
        world = spoil(leak.name, seed)
        assert {line.risk for line in world.leaks} == leak.risks
        keys = {doc.key for docs in world.docs.values() for doc in docs}
        for line in world.leaks:
            overlay = RISKS[line.risk].group is Group.OVERLAY
            assert line.amount == 0 if overlay else line.amount > 0, (seed, line)
            assert line.since is None or world.start < line.since <= world.as_of
            if line.risk is not Risk.MASTER_DATA_GAP:
                assert line.subject.partition("#")[0] in keys
        for name, docs in world.docs.items():
            for doc in docs:
                assert msgspec.json.decode(msgspec.json.encode(doc), type=TYPES[name]) == doc


def test_only_the_wanted_classes_leak():
    world = build(4, only=[Risk.MISSED_UPSELL, Risk.CREDIT_LEAKAGE])
    assert {leak.risk for leak in world.leaks} == {Risk.MISSED_UPSELL, Risk.CREDIT_LEAKAGE}


def test_spoilt_orders_are_left_alone_by_the_cash_side():
    world = spoil("one_month_skipped")
    (order,) = world.docs["order"]
    assert order.ref in world.taken


# --- the truth, by hand -----------------------------------------------------------------------------------------------


def test_a_month_that_was_skipped_is_worth_its_whole_price():
    world = spoil("one_month_skipped")
    (leak,) = world.leaks
    charge = find(world, "charge", leak.subject.removeprefix("charge/"))
    digits = {"JPY": 0, "KWD": 3}.get(charge.currency, 2)
    assert leak.amount == charge.quantity * charge.unit_price * 10**digits
    billed = {line.service_from for i in world.docs["invoice"] if i.system == "billing" for line in i.lines}
    assert len(billed) >= 5  # the months around it are billed


def test_a_prepaid_year_leaks_only_as_far_as_it_was_received():
    world = spoil("prepaid_year_never_billed")
    (leak,) = world.leaks
    charge = find(world, "charge", leak.subject.removeprefix("charge/"))
    gone = (world.as_of - charge.start_on).days + 1
    digits = {"JPY": 0, "KWD": 3}.get(charge.currency, 2)
    price = int(charge.quantity * charge.unit_price * 10**digits)
    assert abs(leak.amount - price * gone / 365) < price * 0.006  # by months and days: within two days of it
    assert not world.docs["invoice"]


def test_service_past_the_end_costs_its_months_and_days():
    world = spoil("on_past_the_end")
    (leak,) = world.leaks
    (charge,), (entitlement,), (contract,) = (world.docs[t] for t in ("charge", "entitlement", "contract"))
    assert leak.subject == entitlement.key
    assert leak.since == contract.end_on + dt.timedelta(days=1)
    digits = {"JPY": 0, "KWD": 3}.get(charge.currency, 2)
    months = (world.as_of - contract.end_on).days / 30.4375
    assert abs(leak.amount - float(charge.quantity * charge.unit_price) * 10**digits * months) < leak.amount * 0.02


def test_what_the_erp_refused_has_a_view_without_a_posting():
    world = spoil("refused_for_a_tax_code")
    (leak,) = world.leaks
    issued = find(world, "invoice", leak.subject.removeprefix("invoice/"))
    (refused,) = [i for i in world.docs["invoice"] if i.mirrors == issued.ref]
    assert (refused.status, refused.posted_at) == ("rejected", None)
    assert refused.error
    assert leak.amount == issued.net


def test_a_duplicate_repeats_charge_and_days_of_an_earlier_invoice():
    world = spoil("month_billed_twice")
    (leak,) = world.leaks
    second = find(world, "invoice", leak.subject.removeprefix("invoice/"))
    twins = [
        i for i in world.docs["invoice"]
        if i.system == "billing" and [(x.charge, x.service_from, x.net) for x in i.lines]
        == [(x.charge, x.service_from, x.net) for x in second.lines]
    ]  # fmt: skip
    first = next(i for i in twins if i.ref != second.ref)
    assert first.issued_at < second.issued_at
    assert leak.amount == second.net == first.net


def test_an_upgrade_nobody_charged_leaks_only_its_delta():
    world = spoil("price_rise_never_charged")
    (leak,) = world.leaks
    (old, new) = sorted(world.docs["charge"], key=lambda charge: charge.start_on)
    assert leak.subject == world.docs["amendment"][0].key
    assert new.amendment == world.docs["amendment"][0].ref
    digits = {"JPY": 0, "KWD": 3}.get(old.currency, 2)
    a_month = int((new.unit_price - old.unit_price) * old.quantity * 10**digits)
    months = (world.as_of - new.start_on).days / 30.4375
    assert abs(leak.amount - a_month * months) <= a_month * 0.1


def test_a_stale_item_holds_all_invoices_of_its_orders():
    world = spoil("retired_item_holds_invoices")
    held = [leak for leak in world.leaks if leak.risk is Risk.UNPOSTED_INVOICE]
    gaps = {leak.subject for leak in world.leaks if leak.risk is Risk.MASTER_DATA_GAP}
    assert gaps == {"crosswalk/item/P-EDGE"}
    assert {leak.subject for leak in held} == {i.key for i in world.docs["invoice"] if i.system == "billing"}
    (row,) = [row for row in world.crosswalks["item"] if row.code == "P-EDGE"]
    assert all(order.effective_on > row.to_on for order in world.docs["order"])


def test_a_skipped_month_with_an_uncharged_upgrade_is_split_between_the_two():
    world = spoil("upgrade_uncharged_and_a_month_skipped")
    by_class = {leak.risk: leak for leak in world.leaks}
    rest = by_class[Risk.UNBILLED_SERVICE]
    old = min(world.docs["charge"], key=lambda charge: charge.start_on)
    digits = {"JPY": 0, "KWD": 3}.get(old.currency, 2)
    # The whole month was received: the upgrade takes its delta, what is left is the old price.
    assert rest.amount == old.quantity * old.unit_price * 10**digits
