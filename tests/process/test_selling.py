"""A quote and its order, an amendment and its charges: where they differ, order-to-bill's money has its reason."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from tieout.canon.documents import Amendment, Charge, Document, Order, OrderLine, Quote, QuoteLine
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.process.instance import Instance
from tieout.process.selling import judge_amendment, judge_quote
from tieout.process.verdict import Outcome

DAY = dt.date(2026, 6, 30)
MONDAY = dt.datetime(2026, 6, 1, 9, tzinfo=dt.UTC)
HEADER: dict[str, Any] = {"entity": "DE01", "currency": "EUR"}
SEATS = {"id": "1", "product": "cpq/SEAT", "quantity": Decimal(10), "net": 50_000}


def quote(*lines: dict[str, Any], **more: Any) -> Quote:
    fields = {"status": "ordered", "accepted_at": MONDAY, **HEADER, **more}
    made = tuple(QuoteLine(**line) for line in lines or (SEATS,))
    return Quote(system="cpq", id="Q", customer="crm/C", lines=made, **fields)


def order(*lines: dict[str, Any], **more: Any) -> Order:
    fields = {"id": "O", "accepted_at": MONDAY, **HEADER, **more}
    made = tuple(OrderLine(**line) for line in lines or (SEATS | {"product": "crm/SEAT"},))
    return Order(system="crm", quote="cpq/Q", customer="crm/C", lines=made, **fields)


def conflicts(
    anchor: Document, control, policy: Policy | None = None, **members: tuple[Document, ...]
) -> dict[str, str]:
    """Field in conflict → why."""
    outcome = Outcome()
    control(Instance(anchor.key, anchor, members), policy or Policy.default(), DAY, outcome)
    assert all(f.risk is Risk.OWNERSHIP_CONFLICT and f.exposure == 0 for f in outcome.findings)
    assert not outcome.positions, "the money is order-to-bill's"
    return {f.subject.removeprefix(f"{anchor.key}#"): f.why for f in outcome.findings}


def test_ordered_as_quoted():
    assert not conflicts(quote(), judge_quote, orders=(order(),))


def test_lines_renumbered_are_the_same_lines():
    assert not conflicts(quote(), judge_quote, orders=(order(SEATS | {"id": "10"}),))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({"quantity": Decimal(8)}, "quoted 10 × SEAT at 500.00 EUR; ordered 8 × SEAT at 500.00 EUR"),
        ({"net": 45_000}, "quoted 10 × SEAT at 500.00 EUR; ordered 10 × SEAT at 450.00 EUR"),
        ({"product": "crm/DESK"}, "quoted 10 × SEAT at 500.00 EUR; ordered 10 × DESK at 500.00 EUR"),
    ],
)
def test_ordered_otherwise_than_quoted(line, why):
    assert conflicts(quote(), judge_quote, orders=(order(SEATS | line),)) == {
        "lines": f"ordered otherwise than quoted: {why}"
    }


def test_a_line_that_was_never_quoted():
    extra = {"id": "2", "product": "crm/DESK", "net": 1_000}
    assert conflicts(quote(), judge_quote, orders=(order(SEATS, extra),)) == {
        "lines": "ordered otherwise than quoted: ordered 1 × DESK at 10.00 EUR"
    }


def test_ordered_without_acceptance():
    for never in ({"accepted_at": None, "status": "approved"}, {"accepted_at": MONDAY + dt.timedelta(days=60)}):
        assert list(conflicts(quote(**never), judge_quote, orders=(order(),))) == ["accepted_at"]
    assert not conflicts(quote(accepted_at=None), judge_quote, orders=(order(),)), "ordered says that it was accepted"


def test_one_order_for_one_quote():
    twice = (order(), order(id="O2"))
    assert conflicts(quote(), judge_quote, orders=twice) == {"orders": "ordered 2 times: crm/O, crm/O2"}
    for other in (order(id="O2", status="cancelled"), order(id="O2", mirrors="crm/O"), order(id="O2", deleted=True)):
        assert not conflicts(quote(), judge_quote, orders=(order(), other))


def test_a_discount_needs_its_approval():
    sold = {"discount_percent": Decimal(15)}
    assert conflicts(quote(**sold, approved_discount_percent=Decimal(10)), judge_quote, orders=(order(),)) == {
        "discount_percent": "sold with 15 % discount, of which 10 % was approved"
    }
    assert list(conflicts(quote(**sold), judge_quote, orders=(order(),))) == ["discount_percent"]
    assert not conflicts(quote(**sold, approved_discount_percent=Decimal(15)), judge_quote, orders=(order(),))


def test_a_quote_that_nobody_ordered_is_nobodys_conflict():
    assert not conflicts(quote(discount_percent=Decimal(50), status="draft", accepted_at=None), judge_quote)


def test_bookings_agree_with_the_owner():
    policy = Policy(ownership={"order": "crm"})
    copy = {"mirrors": "crm/O", "effective_on": dt.date(2026, 7, 1)}
    in_erp = Order(system="erp", id="SO", customer="erp/C", **HEADER, **copy)
    outcome = Outcome()
    members = {"orders": (order(effective_on=dt.date(2026, 6, 1)), in_erp)}
    judge_quote(Instance("q", quote(), members), policy, DAY, outcome)
    assert [f.subject for f in outcome.findings] == ["order/crm/O#effective_on"]


# Amendments. 500.00 a month becomes 800.00 on 16 June.


def amendment(**more: Any) -> Amendment:
    fields = {
        "kind": "upgrade", "accepted_at": MONDAY, "effective_on": dt.date(2026, 6, 16), "delta_recurring": 30_000, **HEADER,
        **more,
    }  # fmt: skip
    return Amendment(system="crm", id="A", order="crm/O", **fields)


def charge(name: str, price: str, start: int = 1, **more: Any) -> Charge:
    fields = {"period_months": 1, **HEADER, **more}
    return Charge(
        system="billing", id=name, order="crm/O", line="1", product="crm/P", unit_price=Decimal(price),
        start_on=dt.date(2026, 6, start), **fields,
    )  # fmt: skip


OLD = charge("C1", "500.00")
NEW = charge("C2", "800.00", 16, replaces="billing/C1", amendment="crm/A")


def test_an_amendment_that_billing_took_over_as_agreed():
    assert not conflicts(amendment(), judge_amendment, charges=(NEW,), replaced=(OLD,))


def test_another_day_in_billing():
    late = charge("C2", "800.00", 20, replaces="billing/C1", amendment="crm/A")
    assert conflicts(amendment(), judge_amendment, charges=(OLD, late)) == {
        "effective_on": "in effect on 2026-06-16, and its charges start on 2026-06-20"
    }


def test_another_value_in_billing():
    cheap = charge("C2", "750.00", 16, replaces="billing/C1", amendment="crm/A")
    assert conflicts(amendment(), judge_amendment, charges=(OLD, cheap)) == {
        "delta_recurring": "changes the recurring value by 300.00 EUR, and its charges by 250.00 EUR"
    }


@pytest.mark.parametrize(
    ("change", "charges"),
    [
        ({"kind": "add", "delta_recurring": 10_000}, (charge("C3", "100.00", 16, amendment="crm/A"),)),
        ({"kind": "remove", "delta_recurring": -50_000}, (OLD, charge("C2", "0", 16, replaces="billing/C1", amendment="crm/A"))),
        ({"kind": "pause", "delta_recurring": 0}, (OLD, charge("C2", "0", 16, replaces="billing/C1", amendment="crm/A"))),
        ({"kind": "co_term"}, (OLD, charge("C2", "9.00", 16, replaces="billing/C1", amendment="crm/A", period_months=12))),
        ({}, (NEW,)),
        ({"status": "draft"}, (OLD, charge("C2", "1.00", 20, replaces="billing/C1", amendment="crm/A"))),
        ({"accepted_at": MONDAY + dt.timedelta(days=60)}, (OLD, charge("C2", "1.00", 20, amendment="crm/A"))),
        ({}, (OLD, NEW, charge("C9", "5000.00", 16, kind="one_time", amendment="crm/A"))),
        ({}, ()),
    ],
    ids=["add", "remove", "pause", "another period", "predecessor unknown", "draft", "not yet accepted", "set-up fee", "no charge"],
)  # fmt: skip
def test_amendments_that_agree_or_cannot_be_compared(change, charges):
    assert not conflicts(amendment(**change), judge_amendment, charges=charges)
