"""Invoices and credits that look doubled, missing, late or baseless."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import msgspec

from ...canon.documents import SupportCase
from .. import papers
from ..arithmetic import ONE_DAY, later
from ..catalogue import ar_locks_on
from ..customers import enrol
from ..deal import Bill, BillLine, Deal
from ..shapes import annual, complete, goods, subscribed
from ..world import World
from .register import early, lookalike


def copied(lines: list[BillLine], share: int = 100) -> list[BillLine]:
    """The same lines again, or so many percent of them, as on a re-bill or a credit."""
    return [
        BillLine(line.charge, line.first, line.last, line.net * share // 100, line.quantity if share == 100 else None)
        for line in lines
    ]


def complaint(deal: Deal, on: dt.date, subject: str) -> str:
    """A support case of the customer; its reference."""
    number = len(deal.extra) + 1
    case = SupportCase(
        system="support", id=f"CS-{deal.stem}-{number}", entity=deal.entity.code, customer=deal.account.crm,
        subject=subject, opened_at=deal.at(on), closed_at=deal.at(on, 19, 22), status="closed",
    )  # fmt: skip
    deal.extra.append(case)
    return case.ref


def merge(deals: list[Deal]) -> None:
    """One invoice a day for all these planned deals of one customer, on the first deal."""
    days: dict[dt.date, list[BillLine]] = defaultdict(list)
    for deal in deals:
        for bill in deal.bills:
            days[bill.on] += bill.lines
        deal.bills.clear()
    for on, lines in sorted(days.items()):
        deals[0].bill(on, lines)


def consolidated(world: World, name: str, start: dt.date) -> list[Deal]:
    """Three orders of one customer whose bills come on one invoice a month, held by the first; not written yet."""
    account = enrol(world, "DE")
    deals = [subscribed(world, name, account=account, start=start)[0] for _ in range(3)]
    for deal in deals:
        deal.accepted_on = deal.start
        complete(deal, slow=False)
    merge(deals)
    return deals


@lookalike
def consolidated_invoice(world: World, name: str) -> None:
    """Three orders of one customer on one invoice a month."""
    for deal in consolidated(world, name, early(world, 66)):
        papers.write(deal)


@lookalike
def credit_and_rebill(world: World, name: str) -> None:
    """An invoice with a wrong address is credited whole and issued again: two invoices, one debt."""
    deal, _ = subscribed(world, name, start=early(world, 52))
    complete(deal)
    wrong = deal.bills[2]
    on = wrong.on + dt.timedelta(days=6)
    cause = complaint(deal, on, "Wrong address on invoice")
    deal.credit(wrong, on, copied(wrong.lines), reason="rebill", cause=cause)
    deal.bill(on, copied(wrong.lines), replaces=wrong.ref)
    wrong.pay = "none"
    papers.write(deal)


@lookalike
def price_corrected(world: World, name: str) -> None:
    """Billed a tenth too much, complained about, and credited."""
    deal, _ = subscribed(world, name, start=early(world, 53))
    complete(deal)
    wrong = deal.bills[1]
    excess = wrong.lines[0].net // 10
    wrong.lines[0].net += excess
    on = wrong.on + dt.timedelta(days=9)
    line = BillLine(wrong.lines[0].charge, wrong.lines[0].first, wrong.lines[0].last, excess)
    deal.credit(wrong, on, [line], reason="price_correction", cause=complaint(deal, on, "Price not as agreed"))
    papers.write(deal)


@lookalike
def duplicate_credited(world: World, name: str) -> None:
    """Billed twice by mistake, noticed the week after, and credited as a duplicate."""
    deal, _ = subscribed(world, name, start=early(world, 54))
    complete(deal)
    first = deal.bills[1]
    again = deal.bill(first.on + dt.timedelta(days=1), copied(first.lines), pay="none")
    on = first.on + dt.timedelta(days=7)
    cause = complaint(deal, on, "Invoiced twice")
    deal.credit(again, on, copied(first.lines), reason="duplicate", cause=cause)
    papers.write(deal)


@lookalike
def voided_duplicate(world: World, name: str) -> None:
    """A second invoice was voided before it left; a third one never got beyond a draft; a fourth was deleted."""
    deal, _ = subscribed(world, name, start=early(world, 55))
    complete(deal)
    first = deal.bills[1]
    deal.bill(first.on, copied(first.lines), status="void")
    deal.bill(first.on, copied(first.lines), status="draft")
    deal.bill(first.on, copied(first.lines), deleted=True)
    papers.write(deal)


@lookalike
def goodwill_with_approval(world: World, name: str) -> None:
    """A tenth given back for an outage, approved by name: a concession."""
    deal, _ = subscribed(world, name, start=early(world, 56))
    complete(deal)
    bill = deal.bills[2]
    deal.credit(
        bill, bill.on + dt.timedelta(days=12), copied(bill.lines, 10), reason="goodwill", approved_by="m.keller"
    )
    papers.write(deal)


@lookalike
def goods_returned(world: World, name: str) -> None:
    """Goods come back and are credited against their shipment."""
    deal, _ = goods(world, name, start=early(world, 130))
    complete(deal)
    bill = deal.bills[0]
    cause = complaint(deal, bill.on + dt.timedelta(days=10), "Return")
    deal.credit(bill, bill.on + dt.timedelta(days=15), copied(bill.lines), reason="return", cause=cause)
    bill.pay = "refund"
    papers.write(deal)


@lookalike
def refund_after_credit_note(world: World, name: str) -> None:
    """Paid, partly credited for a cause, and the credit paid back."""
    deal, _ = subscribed(world, name, start=early(world, 57))
    complete(deal)
    bill = deal.bills[1]
    bill.pay = "refund"
    on = bill.on + dt.timedelta(days=16)
    cause = complaint(deal, on, "Service did not work")
    deal.credit(bill, on, copied(bill.lines, 25), reason="goodwill", cause=cause, approved_by="r.osei")
    papers.write(deal)


def _billed_on(world: World, name: str, day: dt.date, market: str = "DE") -> tuple[Deal, Bill]:
    """A deal that is billed on exactly that day once."""
    deal, _ = subscribed(world, name, start=later(day, -2, day.day), market=market)
    deal.accepted_on = deal.start - dt.timedelta(days=2)
    complete(deal, slow=False)
    return deal, next(bill for bill in deal.bills if bill.on == day)


@lookalike
def last_of_the_month_posted_to_the_next(world: World, name: str) -> None:
    """Issued on the 31st in the evening, and booked in the next period by policy."""
    deal, bill = _billed_on(world, name, next(day for n in range(90, 160) if (day := early(world, n)).day == 31))
    bill.hour, bill.posted_after = 22, 170
    bill.period = f"{bill.on + ONE_DAY:%Y-%m}"
    papers.write(deal)


@lookalike
def posted_after_the_lock(world: World, name: str) -> None:
    """Refused at first; when it was mended the month was locked, and it went into the next one."""
    deal, bill = _billed_on(world, name, later(world.start, 4).replace(day=20))
    bill.posted_on = ar_locks_on(world, "DE01", bill.on.replace(day=1)) + dt.timedelta(days=3)
    bill.period = f"{bill.posted_on:%Y-%m}"
    papers.write(deal)


@lookalike
def posted_late(world: World, name: str) -> None:
    """Posted after two days; late then, in order now."""
    deal, bill = _billed_on(world, name, later(world.start, 5).replace(day=9), "US")
    bill.posted_on = bill.on + dt.timedelta(days=2)
    papers.write(deal)


@lookalike
def refused_then_posted(world: World, name: str) -> None:
    """The ERP refused the first attempt and kept it; the second one is posted."""
    deal, bill = _billed_on(world, name, later(world.start, 4).replace(day=5))
    papers.write(deal)
    assert bill.written_erp
    refused = msgspec.structs.replace(
        bill.written_erp, id=bill.written_erp.id + "-A", status="rejected", posted_at=None, posting_period="",
        fx_rate=None, error="Period is being closed",
    )  # fmt: skip
    world.add(refused)


@lookalike
def issued_today_not_posted_yet(world: World, name: str) -> None:
    """Issued on the last evening: the ERP has until tomorrow."""
    deal, bill = _billed_on(world, name, world.as_of)
    bill.hour, bill.fate = 21, "missing"
    papers.write(deal)


@lookalike
def due_but_within_the_grace(world: World, name: str) -> None:
    """To be billed yesterday, and not billed yet: it has two business days."""
    day = world.as_of - ONE_DAY
    deal, _ = subscribed(world, name, start=later(day, -3, day.day), market="DE")
    deal.accepted_on = deal.start
    complete(deal, slow=False)
    deal.bills = [bill for bill in deal.bills if bill.on < day]
    papers.write(deal)


@lookalike
def morning_in_tokyo(world: World, name: str) -> None:
    """Issued at half past one on the first of the month in Tokyo: the last evening of the month in UTC."""
    deal, bill = _billed_on(world, name, later(world.start, 7).replace(day=1), "JP")
    bill.hour, bill.minute = 1, 30
    papers.write(deal)


@lookalike
def line_names_only_the_order(world: World, name: str) -> None:
    """Billing names order and line, and not the charge."""
    deal, _ = subscribed(world, name, start=early(world, 67))
    complete(deal)
    for bill in deal.bills:
        bill.names = "line"
    papers.write(deal)


@lookalike
def same_amount_twice_in_a_month(world: World, name: str) -> None:
    """Two orders of one customer for the same thing at the same price in the same month."""
    account = enrol(world, "US")
    for _ in range(2):
        deal, _chain = subscribed(world, name, account=account, start=early(world, 68), quantity=7)
        complete(deal, slow=False)
        papers.write(deal)


@lookalike
def sold_through_a_marketplace(world: World, name: str) -> None:
    """The marketplace pays out net of its fee."""
    deal, _ = subscribed(
        world, name, start=early(world, 69), channel="marketplace", charge={"seller_of_record": "marketplace"}
    )
    complete(deal)
    for bill in deal.bills[:3]:
        bill.pay = "marketplace"
    papers.write(deal)


@lookalike
def tax_withheld(world: World, name: str) -> None:
    """The customer keeps back the withholding tax and sends its certificate."""
    deal, _ = annual(world, name, start=early(world, 72), market="KW")
    complete(deal)
    deal.bills[0].pay = "withholding"
    papers.write(deal)


@lookalike
def early_payment_discount(world: World, name: str) -> None:
    """Two percent less within ten days."""
    deal, _ = subscribed(world, name, start=early(world, 73))
    complete(deal)
    for bill in deal.bills[:2]:
        bill.pay = "discount"
    papers.write(deal)


@lookalike
def deposit_before_the_invoice(world: World, name: str) -> None:
    """A deposit on the order, released when the goods are invoiced."""
    deal, _ = goods(world, name, start=early(world, 150), channel="sales", shipped=40)
    complete(deal)
    deal.bills[0].pay = "deposit"
    papers.write(deal)
