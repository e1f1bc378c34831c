"""What holds for any order: rows close, no money counts twice, the order of documents does not matter."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.process.money.conftest import Shop, on

from tieout.canon.finding import Group, Risk

SHOP = Shop()
DAYS = st.integers(0, 364).map(lambda n: f"{dt.date(2026, 1, 1) + dt.timedelta(days=n)}")
PRICES = st.integers(0, 100_000).map(lambda cents: f"{cents / 100:.2f}")


def later(day: str, days: int) -> str:
    return f"{on(day) + dt.timedelta(days=days)}"


@st.composite
def charges(draw: Any) -> list[Any]:
    """A recurring charge, perhaps with a second segment that an amendment made, and perhaps a meter beside it."""
    start = draw(DAYS)
    shape = {
        "period_months": draw(st.sampled_from([1, 3, 12])),
        "timing": draw(st.sampled_from(["advance", "arrears"])),
        "proration": draw(st.sampled_from(["none", "second", "day", "30/360", "month"])),
        "anchor_day": draw(st.sampled_from([None, 1, 15, 31])),
        "trigger": draw(st.sampled_from(["contract_effective", "activation"])),
    }
    end = draw(st.one_of(st.none(), st.integers(20, 700).map(lambda n: later(start, n))))
    found = [SHOP.charge(draw(PRICES), start, end, **shape)]
    if draw(st.booleans()):
        change = later(start, draw(st.integers(1, 200)))
        if end is None or change < end:
            kind = draw(st.sampled_from(["upgrade", "downgrade", "pause", "terminate"]))
            price = "0" if kind in ("pause", "terminate") else draw(PRICES)
            found += [
                SHOP.charge(price, change, end, id="CH2", replaces="billing/CH1", amendment="crm/A1", **shape),
                SHOP.amendment(kind, change, later(change, draw(st.integers(-20, 20)))),
            ]
    if draw(st.booleans()):
        found.append(SHOP.metered(draw(PRICES), start, id="CH3", line="3"))
        for n in range(draw(st.integers(0, 4))):
            used = draw(DAYS)
            known = later(used, draw(st.integers(0, 500)))
            found.append(SHOP.used(f"{draw(st.integers(1, 300))}", used, known, id=f"U{n}", charge="billing/CH3"))
    return found


@st.composite
def bills(draw: Any) -> list[Any]:
    """Invoices of any of those charges, posted or not, and credits against them."""
    found: list[Any] = []
    for n in range(draw(st.integers(0, 5))):
        first = draw(DAYS)
        charge = draw(st.sampled_from(["CH1", "CH2", "CH3"]))
        net = draw(st.integers(-5_000, 120_000))
        quantity = Decimal(draw(st.integers(0, 300))) if charge == "CH3" else None
        line = SHOP.line(net, first, later(first, draw(st.integers(0, 364))), charge, quantity=quantity)
        currency = draw(st.sampled_from(["EUR", "EUR", "EUR", "USD"]))
        invoice = SHOP.invoice(f"I{n}", draw(DAYS), line, tax=draw(st.integers(0, 20_000)), currency=currency)
        found.append(invoice)
        if draw(st.booleans()):
            found.append(invoice_twice(draw, invoice, f"J{n}"))
        if draw(st.booleans()):
            period = draw(st.sampled_from(["", "2026-03", "2026-11"]))
            changed = {"net": invoice.net + draw(st.integers(-100, 100))} if draw(st.booleans()) else {}
            found.append(SHOP.posted(invoice, draw(DAYS), posting_period=period, **changed))
        if draw(st.booleans()):
            reason = draw(
                st.sampled_from(["", "unused", "return", "goodwill", "rebill", "price_correction", "duplicate"])
            )
            credited = SHOP.line(draw(st.integers(0, 130_000)), first, charge=charge)
            more = {"cause": draw(st.sampled_from([None, "crm/A1"])), "approved_by": draw(st.sampled_from(["", "kim"]))}
            found.append(SHOP.credit(f"CR{n}", draw(DAYS), reason, credited, of=f"I{n}", **more))
    return found


def invoice_twice(draw: Any, invoice: Any, number: str) -> Any:
    return SHOP.invoice(number, draw(DAYS), *invoice.lines, tax=invoice.tax, currency=invoice.currency)


@st.composite
def orders(draw: Any) -> list[Any]:
    found = [*draw(charges()), *draw(bills())]
    if draw(st.booleans()):
        since = draw(DAYS)
        found.append(SHOP.active(since, draw(st.sampled_from(["", later(since, 40), later(since, 200)]))))
    if draw(st.booleans()):
        start = draw(DAYS)
        more = {} if draw(st.booleans()) else {"signed_at": None}
        contract = SHOP.contract(start, draw(st.sampled_from([None, later(start, 90)])), **more)
        found += [contract, SHOP.order(contract=contract.ref, accepted_at=SHOP_OPENS)]
    return found


SHOP_OPENS = dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
MANY = settings(max_examples=100, deadline=None)


@given(orders(), DAYS)
@MANY
def test_every_row_closes(documents: list[Any], day: str) -> None:
    """`judge` of the shop asserts it, for every row, entity and currency."""
    SHOP.judge(day, *documents)


@given(orders(), DAYS)
@MANY
def test_late_lines_of_r2_are_the_leakage(documents: list[Any], day: str) -> None:
    judged = SHOP.judge(day, *documents)
    late: dict[str, int] = defaultdict(int)
    for position in judged.outcome.positions:
        if position.row == "R2" and position.line.startswith("late: "):
            late[position.line.removeprefix("late: ")] -= position.amount
    found: dict[str, int] = defaultdict(int)
    for finding in judged.findings:
        if finding.group is Group.LEAKAGE:
            found[finding.risk.value] += finding.exposure
    assert {k: v for k, v in late.items() if v} == dict(found)


@given(orders(), DAYS)
@MANY
def test_unposted_of_r3_is_that_class_gross(documents: list[Any], day: str) -> None:
    judged = SHOP.judge(day, *documents)
    for currency in ("EUR", "USD"):
        stuck = [f for f in judged.findings if f.risk is Risk.UNPOSTED_INVOICE and f.currency == currency]
        booked = {p.document for p in judged.outcome.positions if (p.row, p.line) == ("R3", "to")}
        gross = sum(f.exposure + f.tax for f in stuck if f.subject not in booked and not posted_later(judged, f))
        assert judged.row("R3", currency).get("unposted", 0) == -gross


def posted_later(judged: Any, finding: Any) -> bool:
    """Posted after the day into an earlier period: in the books by then, and stuck all the same as of the day."""
    lines = {p.line for p in judged.outcome.positions if (p.row, p.document) == ("R3", finding.subject)}
    return "unposted" not in lines


@given(orders(), DAYS)
@MANY
def test_no_money_counts_twice(documents: list[Any], day: str) -> None:
    """Per charge chain, leakage is at most what is expected, and overstatement at most what is billed."""
    judged = SHOP.judge(day, *documents, detail=True)
    expected = sum(s.expected for s in judged.outcome.slices)
    past_end = judged.row("R1").get("outside contract", 0)
    assert judged.leakage() <= expected + past_end
    billed = sum(
        line.net for d in documents if d.type == "invoice" and d.system == "billing" for line in d.lines if line.net > 0
    )
    over = sum(
        f.exposure
        for f in judged.findings
        if f.risk in (Risk.OVERBILLED, Risk.DUPLICATE_DOCUMENT, Risk.UNENTITLED_BILLING)
    )
    assert over <= billed


@given(orders(), DAYS, st.randoms(use_true_random=False))
@MANY
def test_the_order_of_documents_does_not_matter(documents: list[Any], day: str, chance: random.Random) -> None:
    """The instance orders by key; here its relations come in any order."""
    import tieout.process.money as money
    from tieout.process.instance import Instance
    from tieout.process.verdict import Outcome

    outcomes = []
    for turn in range(2):
        shuffled = sorted(documents, key=lambda d: d.key)
        if turn:
            chance.shuffle(shuffled)
        members: dict[str, tuple[Any, ...]] = {}
        for document in shuffled:
            relation = RELATION_OF[document.type]
            members[relation] = (*members.get(relation, ()), document)
        order = members.get("order", (SHOP.order(),))[0]
        outcome = Outcome()
        money.judge_order(Instance(order.key, order, members), SHOP.policy, on(day), outcome)
        found = sorted((f.identity, f.exposure, f.since, sorted(f.documents)) for f in outcome.findings)
        sums: dict[Any, int] = defaultdict(int)
        for p in outcome.positions:
            sums[p.row, p.line, p.currency, p.document] += p.amount
        outcomes.append((found, {k: v for k, v in sums.items() if v}))
    assert outcomes[0] == outcomes[1]


RELATION_OF = {
    "order": "order", "contract": "contract", "charge": "charges", "amendment": "amendments",
    "entitlement": "entitlements", "usage": "usage", "invoice": "invoices", "credit_memo": "credit_memos",
}  # fmt: skip


@given(orders(), DAYS)
@MANY
def test_detail_changes_no_money(documents: list[Any], day: str) -> None:
    plain, detailed = SHOP.judge(day, *documents), SHOP.judge(day, *documents, detail=True)
    assert plain.money() == detailed.money()
    for row in ("R1", "R2", "R3"):
        assert plain.row(row) == detailed.row(row)
