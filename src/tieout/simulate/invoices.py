"""Invoices and credit memos as billing issued them and as the ERP booked them, with tax answers and journal entries."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import msgspec

from ..canon.documents import CreditMemo, Invoice, InvoiceLine, TaxAnswer
from .amounts import whole
from .deal import Bill, BillLine, Credit, Deal
from .journals import journal
from .world import Receivable


def tax_of(line: BillLine) -> int:
    """The tax of a line, minor units, unless the line says otherwise."""
    return whole(line.net * Fraction(line.charge.tax_rate)) if line.tax is None else line.tax


def write_bills(deal: Deal) -> None:
    """Both views of every bill and credit of the deal, and a receivable for each that may be settled."""
    for bill in deal.bills:
        _write_bill(deal, bill)


def _lines(bill: Bill | None, lines: list[BillLine]) -> tuple[InvoiceLine, ...]:
    names = bill.names if bill else "charge"
    made = []
    for number, line in enumerate(lines, 1):
        refs: dict[str, Any] = {}
        if names in ("charge", "line"):
            refs = {"order": line.charge.order, "line": line.charge.line}
        if names == "charge":
            refs["charge"] = line.charge.ref
        if names == "unknown":
            refs = {"order": line.charge.order + "-LOST", "line": "1"}
        made.append(
            InvoiceLine(
                id=str(number), service_from=line.first, service_to=line.last, quantity=line.quantity, net=line.net,
                tax=tax_of(line), **refs,
            )
        )  # fmt: skip
    return tuple(made)


def _write_bill(deal: Deal, bill: Bill) -> None:
    world, entity = deal.world, deal.entity
    lines = _lines(bill, bill.lines)
    net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    issued_at = entity.at(bill.on, bill.hour, bill.minute)
    invoice = Invoice(
        system="billing", id=bill.id, entity=entity.code, currency=bill.currency or deal.currency, number=bill.id,
        customer=deal.account.billing, status=bill.status, issued_at=issued_at,  # type: ignore[arg-type]
        known_at=issued_at, due_on=bill.on + dt.timedelta(days=bill.terms_days), net=net, tax=tax,
        rounding=bill.rounding, total=net + tax + bill.rounding, lines=lines, replaces=bill.replaces,
        delivered_at=issued_at + dt.timedelta(minutes=3), deleted=bill.deleted,
    )  # fmt: skip
    world.add(invoice)
    bill.written = invoice
    if bill.deleted or bill.status in ("draft", "void"):
        return
    if bill.answered and not deal.lean:
        answer = tax if bill.tax_answer is None else bill.tax_answer
        rate = max((line.charge.tax_rate for line in bill.lines), default=0)
        world.add(
            TaxAnswer(
                system="tax", id=f"TX-{bill.id[4:]}", entity=entity.code, currency=invoice.currency,
                invoice=invoice.ref, net=net, tax=answer, rate=rate, jurisdiction=deal.account.market,  # type: ignore[arg-type]
            )
        )  # fmt: skip
    _post_bill(deal, bill, invoice)
    for credit in bill.credits:
        _write_credit(deal, bill, credit)
    world.receivables.append(
        Receivable(invoice, bill.written_erp, bill.lines[0].charge.order, bill.pay, bill.written_credits)
    )


def _post_bill(deal: Deal, bill: Bill, invoice: Invoice) -> None:
    """The ERP's view, unless the ERP never got it or refused it."""
    world, entity = deal.world, deal.entity
    posted_at, posted_on = deal.posted_at(bill), deal.posted_day(bill)
    if bill.fate == "missing" or (bill.fate == "posted" and posted_on > world.as_of):
        return
    booked = msgspec.structs.replace(
        invoice, system="erp", id=f"AR-{bill.id[4:]}", mirrors=invoice.ref, customer=deal.account.erp, known_at=None,
        status="posted", posted_at=posted_at, posting_period=bill.period or f"{bill.on:%Y-%m}", delivered_at=None,
        replaces=f"erp/AR-{bill.replaces[12:]}" if bill.replaces else None,
        fx_rate=world.fx.rate(invoice.currency, entity.functional, posted_on),
    )  # fmt: skip
    if bill.fate == "refused":
        booked = msgspec.structs.replace(
            booked, status="rejected", posted_at=None, posting_period="", fx_rate=None, error=bill.error
        )
    if bill.erp_amounts:
        net, tax = bill.erp_amounts
        lines = (msgspec.structs.replace(booked.lines[0], net=net, tax=tax),)
        booked = msgspec.structs.replace(booked, net=net, tax=tax, total=net + tax + booked.rounding, lines=lines)
    booked = msgspec.structs.replace(booked, **bill.erp)
    world.add(booked)
    if bill.fate == "posted":
        bill.written_erp = booked
        if not deal.lean:
            journal(world, booked)


def _write_credit(deal: Deal, bill: Bill, credit: Credit) -> None:
    world, entity = deal.world, deal.entity
    lines = _lines(None, credit.lines)
    net, tax = sum(line.net for line in lines), sum(line.tax for line in lines)
    assert bill.written
    issued_at = entity.at(credit.on, 10, deal.rng.randrange(60))
    if credit.on == bill.on:
        assert bill.written.issued_at
        issued_at = max(issued_at, bill.written.issued_at + dt.timedelta(minutes=20))
    memo = CreditMemo(
        system="billing", id=credit.id, entity=entity.code, currency=bill.written.currency, number=credit.id,
        customer=deal.account.billing, invoice=bill.ref, status="draft" if credit.draft else "issued",
        reason=credit.reason, cause=credit.cause, approved_by=credit.approved_by,  # type: ignore[arg-type]
        issued_at=issued_at, known_at=issued_at, net=net, tax=tax, total=net + tax, lines=lines,
    )  # fmt: skip
    world.add(memo)
    posted_at = issued_at + dt.timedelta(minutes=40)
    if credit.draft or bill.written_erp is None or entity.day(posted_at) > world.as_of:
        return
    booked = msgspec.structs.replace(
        memo, system="erp", id=f"AC-{credit.id[3:]}", mirrors=memo.ref, customer=deal.account.erp, known_at=None,
        invoice=bill.written_erp.ref, status="posted", posted_at=posted_at, posting_period=f"{credit.on:%Y-%m}",
        fx_rate=world.fx.rate(memo.currency, entity.functional, entity.day(posted_at)),
    )  # fmt: skip
    world.add(booked)
    bill.written_credits.append(booked)
    journal(world, booked)
