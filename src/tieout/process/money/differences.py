"""What differs on an invoice that is otherwise in order: its currency, its tax, or the period it was posted in.

Source: docs/money.md, "Future at risk, overlays, differences". The first that applies is reported, no more.
"""

from __future__ import annotations

import datetime as dt

from tieout.canon.documents import Invoice, TaxAnswer
from tieout.canon.finding import Risk

from .books import Issued, line_count
from .emit import finding, money
from .view import OrderView


def judge_differences(view: OrderView, issued: Issued, answers: list[TaxAnswer] | None) -> None:
    """`currency_mismatch`, `tax_mismatch` or `period_cutoff` of an invoice that is the subject of no other finding."""
    invoice = issued.bill
    assert isinstance(invoice, Invoice)
    ordered = view.order.currency
    if ordered and invoice.currency != ordered:
        why = f"invoiced in {invoice.currency}, the order is in {ordered}"
        _report(view, Risk.CURRENCY_MISMATCH, invoice, abs(invoice.net), why, issued.on, ())
        return
    if answers:
        answered = answers[0].tax if len(answers) == 1 else sum(answer.tax for answer in answers)
        difference = abs(invoice.tax - answered)
        if difference and difference > view.policy.tolerance("tax", invoice.entity) * line_count(invoice):
            said = money(answered, invoice.currency)
            why = f"tax is {money(invoice.tax, invoice.currency)}, the tax engine said {said}"
            _report(view, Risk.TAX_MISMATCH, invoice, difference, why, issued.on, tuple(a.key for a in answers))
            return
    if issued.postings:
        _cutoff(view, invoice, issued)


def _cutoff(view: OrderView, invoice: Invoice, issued: Issued) -> None:
    posted, posted_on, booked_on = issued.postings[0]
    on, period = issued.on, posted.posting_period
    if not period or posted_on > view.day or (booked_on.month == on.month and booked_on.year == on.year):
        return
    if not view.policy.posting.accepts(on, period, invoice.entity, posted_on):
        why = f"issued on {on}, posted in period {period}"
        _report(view, Risk.PERIOD_CUTOFF, invoice, abs(invoice.net), why, posted_on, (posted.key,))


def _report(
    view: OrderView, risk: Risk, invoice: Invoice, exposure: int, why: str, since: dt.date, documents: tuple[str, ...]
) -> None:
    if exposure:
        finding(
            view.outcome, view.policy, risk, invoice, exposure, why, since=since,
            documents=tuple(dict.fromkeys((invoice.key, *documents))), customer=invoice.customer or view.customer,
        )  # fmt: skip
