"""Invoices and credit memos as whole documents: doubled, unsupported, not posted or posted wrongly; and row R3.

Source: docs/money.md, "Stuck", "Overstatement", "Future at risk, overlays, differences" and "The bridge".
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.documents import CreditMemo, Invoice, TaxAnswer
from tieout.canon.finding import Position, Risk

from ..instance import Instance
from ..verdict import Outcome
from .books import Bill, Desk, line_count
from .emit import finding, money, position, unknown
from .tally import Tally
from .view import Billed, OrderView

if TYPE_CHECKING:
    from tieout.policy import Policy


def judge_surplus(view: OrderView, tally: Tally) -> set[str]:
    """Report lines that bill something a second time, and lines that no charge asks for.

    Returns the references of the invoices that are surplus or unsupported as a whole: they are not judged again.
    """
    apart: set[str] = set()
    for billed in view.astray:
        if billed.net:
            tally.unsupported(billed)
    for reference, lines in view.by_invoice.items():
        priced = [b for b in lines if b.net]
        doubled = [b for b in priced if b.surplus is not None]
        if doubled:
            whole = len(doubled) == len(priced) and _is_whole(view, doubled)
            for billed in doubled:
                chain = view.chain_of(billed.line)
                assert chain is not None and billed.surplus is not None
                if whole:
                    tally.duplicate(chain, billed)
                else:
                    tally.overbilled(chain, billed.surplus, billed.net, [billed])
            if whole:
                apart.add(reference)
        elif priced and all(view.chain_of(b.line) is None for b in priced):
            apart.add(reference)
    return apart


def _is_whole(view: OrderView, doubled: list[Billed]) -> bool:
    """Whether surplus lines are all that the invoice has: it has no others, or repeats the net of an earlier invoice."""
    invoice = doubled[0].invoice
    if sum(b.line.net for b in doubled) == invoice.net:
        return True
    for earlier in view.books.invoices:
        if earlier.ref == invoice.ref:
            return False
        if earlier.net == invoice.net:
            return True
    return False


def judge_invoices(view: OrderView, apart: set[str]) -> None:
    """Every valid invoice and credit memo once, where the whole of it is reported: its posting, its tax, row R3."""
    books = view.books
    answers: dict[str, list[TaxAnswer]] = {}
    for answer in view.instance.get("tax_answers"):
        if answer.committed and not answer.deleted and answer.mirrors is None:
            answers.setdefault(answer.invoice, []).append(answer)
    for invoice in books.invoices:
        if books.owns(invoice):
            views = books.views.get(invoice.ref)
            clean = _bridge(view, invoice, 1, views[0] if views else None, invoice.ref in apart)
            if invoice.ref not in apart and clean and not _misposted(view, invoice, views):
                _differences(view, invoice, views[0] if views else None, answers.get(invoice.ref))
        _second_views(view, invoice)
    for memo in books.credits:
        if books.owns(memo):
            views = books.views.get(memo.ref)
            _bridge(view, memo, -1, views[0] if views else None, False)
    for orphan in books.orphans:
        _orphan(view, orphan)


def _bridge(desk: Desk, bill: Bill, sign: int, posted: Bill | None, apart: bool) -> bool:
    """Row R3 of one document, and `unposted_invoice`. Returns False where that is reported."""
    books, day = desk.books, desk.day
    key, entity, currency = bill.key, bill.entity, bill.currency
    add = desk.outcome.positions.append
    if bill.net:
        add(Position("R3", "from", entity, currency, sign * bill.net, key))
    if bill.tax:
        add(Position("R3", "tax", entity, currency, sign * bill.tax, key))
    gross = bill.total
    rounding = gross - bill.net - bill.tax
    if rounding:
        add(Position("R3", "rounding", entity, currency, sign * rounding, key))
    if posted is not None and books.booked_on(posted) <= day:
        if posted.total:
            add(Position("R3", "to", posted.entity, posted.currency, sign * posted.total, key))
        if posted.entity != entity or posted.currency != currency:
            add(Position("R3", "misposted", entity, currency, -sign * gross, key))
            add(Position("R3", "misposted", posted.entity, posted.currency, sign * posted.total, key))
        elif posted.total != gross:
            add(Position("R3", "misposted", entity, currency, sign * (posted.total - gross), key))
        if books.posted_on(posted) <= day:  # type: ignore[operator]
            return True
    line, clean = "cut-off", True
    if not books.is_posted(bill) and books.issued_on[bill.ref] < day:
        if not desk.knows("erp", bill.type, entity):
            line = "not judged"
            unknown(desk.outcome, "whether it was posted", bill, bill.net)
        elif isinstance(bill, CreditMemo):
            line = "credits not posted"
        elif apart:
            line = "surplus, not posted"
        else:
            line, clean = "unposted", False
            _unposted(desk, bill)
    if posted is None or books.booked_on(posted) > day:
        add(Position("R3", line, entity, currency, -sign * gross, key))
    return clean


def _unposted(desk: Desk, invoice: Invoice) -> None:
    refused = desk.books.refused.get(invoice.ref)
    issued_on = desk.books.issued_on[invoice.ref]
    amount = money(invoice.net, invoice.currency)
    why = f"issued on {issued_on} and not in the ERP: {amount} net"
    documents = [invoice.key]
    if refused is not None:
        documents.append(refused.key)
        error = refused.error if isinstance(refused, Invoice | CreditMemo) else ""
        why = f"issued on {issued_on} and refused by the ERP{f' ({error})' if error else ''}: {amount} net"
    finding(
        desk.outcome, desk.policy, Risk.UNPOSTED_INVOICE, invoice, invoice.net, why, tax=invoice.tax, since=issued_on,
        documents=tuple(documents), customer=invoice.customer or desk.customer,
        variant="refused" if refused is not None else "absent",
    )  # fmt: skip


def _misposted(desk: Desk, invoice: Invoice, views: list[Bill] | None) -> bool:
    """Posted with another amount, tax, entity or currency than issued."""
    if not views:
        return False
    posted = views[0]
    posted_on = desk.books.posted_on(posted)
    elsewhere = posted.entity != invoice.entity or posted.currency != invoice.currency
    net, tax = posted.net - invoice.net, posted.tax - invoice.tax
    if not elsewhere and not net and not tax:
        return False
    if posted_on is None or posted_on > desk.day:
        return False
    if elsewhere:
        exposure = invoice.net
        why = f"posted in {posted.entity} in {posted.currency}, issued in {invoice.entity} in {invoice.currency}"
    else:
        tolerance = desk.policy.tolerance("line", invoice.entity) * line_count(invoice)
        net, tax = (abs(d) if abs(d) > tolerance else 0 for d in (net, tax))
        exposure = net + tax
        why = f"posted with {money(net, invoice.currency)} of net and {money(tax, invoice.currency)} of tax too much or little"
    if exposure <= 0:
        return False
    finding(
        desk.outcome, desk.policy, Risk.MISPOSTED_INVOICE, invoice, exposure, why, since=posted_on,
        documents=(invoice.key, posted.key), amounts={} if elsewhere else {"net": net, "tax": tax},
        customer=invoice.customer or desk.customer, variant="elsewhere" if elsewhere else "amount",
    )  # fmt: skip
    return True


def _differences(view: OrderView, invoice: Invoice, posted: Bill | None, answers: list[TaxAnswer] | None) -> None:
    """`currency_mismatch`, `tax_mismatch` or `period_cutoff`: the first that applies to an otherwise clean invoice."""
    issued_on = view.books.issued_on[invoice.ref]
    if view.order.currency and invoice.currency != view.order.currency:
        why = f"invoiced in {invoice.currency}, the order is in {view.order.currency}"
        _difference(view, Risk.CURRENCY_MISMATCH, invoice, abs(invoice.net), why, issued_on)
        return
    if answers:
        answered = sum(answer.tax for answer in answers)
        difference = abs(invoice.tax - answered)
        if difference and difference > view.policy.tolerance("tax", invoice.entity) * line_count(invoice):
            why = f"tax is {money(invoice.tax, invoice.currency)}, the tax engine said {money(answered, invoice.currency)}"
            documents = (invoice.key, *(a.key for a in answers))
            _difference(view, Risk.TAX_MISMATCH, invoice, difference, why, issued_on, documents)
            return
    if posted is None or not posted.posting_period:
        return
    posted_on = view.books.posted_on(posted)
    assert posted_on is not None
    if posted_on > view.day or f"{issued_on:%Y-%m}" == posted.posting_period:
        return
    if not view.policy.posting.accepts(issued_on, posted.posting_period, invoice.entity, posted_on):
        why = f"issued on {issued_on}, posted in period {posted.posting_period}"
        documents = (invoice.key, posted.key) if posted is not invoice else (invoice.key,)
        _difference(view, Risk.PERIOD_CUTOFF, invoice, abs(invoice.net), why, posted_on, documents)


def _difference(
    desk: Desk, risk: Risk, invoice: Invoice, exposure: int, why: str, since: dt.date,
    documents: tuple[str, ...] = (),
) -> None:  # fmt: skip
    if exposure:
        finding(
            desk.outcome, desk.policy, risk, invoice, exposure, why, since=since,
            documents=documents or (invoice.key,), customer=invoice.customer or desk.customer,
        )  # fmt: skip


def _second_views(desk: Desk, invoice: Invoice) -> None:
    """The ERP's second and further views of one invoice."""
    for second in desk.books.views.get(invoice.ref, ())[1:]:
        if desk.books.owns(second):
            why = f"the ERP holds {invoice.key} a second time"
            _only_in_erp(desk, second, Risk.DUPLICATE_DOCUMENT, why, (second.key, invoice.key))


def _orphan(desk: Desk, orphan: Bill) -> None:
    if not desk.books.owns(orphan):
        return
    if not desk.knows("billing", orphan.type, orphan.entity):
        unknown(desk.outcome, "whether billing issued it", orphan, orphan.net)
        return
    why = f"the ERP holds it for {orphan.mirrors}, which is void or unknown in billing"
    _only_in_erp(desk, orphan, Risk.UNSUPPORTED_DOCUMENT, why, (orphan.key,))


def _only_in_erp(desk: Desk, bill: Bill, risk: Risk, why: str, documents: tuple[str, ...]) -> None:
    sign = 1 if isinstance(bill, Invoice) else -1
    if desk.books.booked_on(bill) <= desk.day:
        position(desk.outcome, "R3", "ERP only", bill, sign * bill.total)
        position(desk.outcome, "R3", "to", bill, sign * bill.total)
    posted_on = desk.books.posted_on(bill)
    if sign > 0 and bill.net and posted_on is not None and posted_on <= desk.day:
        finding(
            desk.outcome, desk.policy, risk, bill, bill.net, why, tax=bill.tax, since=posted_on, documents=documents,
            customer=bill.customer or desk.customer,
        )  # fmt: skip


def judge_unclaimed(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Invoices that no order claims: each is `unsupported_document`, with its lines in rows R2 and R3."""
    desk = Desk(instance, policy, day, outcome)
    books = desk.books
    for invoice in books.invoices:
        views = books.views.get(invoice.ref)
        if not (desk.knows("crm", "order", invoice.entity) and desk.knows("billing", "charge", invoice.entity)):
            unknown(outcome, "whether something was ordered", invoice, invoice.net)
            position(outcome, "R2", "not judged", invoice, invoice.net)
        elif invoice.net:
            issued_on = books.issued_on[invoice.ref]
            why = f"no known order or charge asks for {money(invoice.net, invoice.currency)}"
            finding(
                outcome, policy, Risk.UNSUPPORTED_DOCUMENT, invoice, invoice.net, why, tax=invoice.tax, since=issued_on
            )
            position(outcome, "R2", "unsupported", invoice, invoice.net)
        position(outcome, "R2", "to", invoice, invoice.net)
        _bridge(desk, invoice, 1, views[0] if views else None, True)
        _second_views(desk, invoice)
    for orphan in books.orphans:
        _orphan(desk, orphan)
