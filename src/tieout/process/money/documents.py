"""Invoices and credit memos as whole documents: doubled, unsupported, not posted or posted wrongly; and row R3.

Source: docs/money.md, "Stuck", "Overstatement" and "The bridge".
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.dates import ONE_DAY
from tieout.canon.documents import CreditMemo, Invoice, TaxAnswer
from tieout.canon.finding import Position, Risk

from ..instance import Instance
from ..kpis import NET_BILLED
from ..verdict import Measure, Outcome
from .books import Desk, Issued, Posting, line_count
from .differences import judge_differences
from .emit import finding, money, position, unknown
from .tally import Tally
from .view import Billed, OrderView

if TYPE_CHECKING:
    from tieout.policy import Policy


def judge_surplus(view: OrderView, tally: Tally) -> set[str]:
    """Report lines that bill something a second time, and lines that no charge asks for (where all charges of the entity are known).

    Returns the references of the invoices that are surplus or unsupported as a whole: they are not judged again.
    """
    apart: set[str] = set()
    proved = not view.booked or view.instance.known("billing", "charge", view.order.entity, view.day)
    for billed in view.astray:
        if billed.net and proved:
            tally.unsupported(billed)
        elif billed.net:
            tally.unjudged(billed)
    for issued in view.books.invoices:
        priced = [b for b in issued.lines if b.net]
        doubled = [b for b in priced if b.surplus is not None]
        if doubled:
            whole = len(doubled) == len(priced) and _is_whole(view, issued, doubled)
            for billed in doubled:
                chain = view.chain_of(billed.line)
                assert chain is not None and billed.surplus is not None
                if whole:
                    tally.duplicate(chain, billed)
                else:
                    tally.overbilled(chain, billed.surplus, billed.net, [billed])
            if whole:
                apart.add(issued.ref)
        elif priced and all(view.chain_of(b.line) is None for b in priced):
            apart.add(issued.ref)
    return apart


def _is_whole(view: OrderView, issued: Issued, doubled: list[Billed]) -> bool:
    """Whether surplus lines are all that the invoice has: it has no others, or repeats the net of an earlier invoice."""
    net = issued.bill.net
    if sum(b.line.net for b in doubled) == net:
        return True
    earlier = view.books.invoices[: view.books.invoices.index(issued)]
    return any(other.bill.net == net for other in earlier)


def judge_bills(view: OrderView, apart: set[str]) -> None:
    """Every valid invoice and credit memo once, where the whole of it is reported: its posting, its tax, row R3."""
    books = view.books
    answers: dict[str, list[TaxAnswer]] = {}
    for answer in view.instance.members.get("tax_answers", ()):
        if answer.committed and not answer.deleted and answer.mirrors is None:
            answers.setdefault(answer.invoice, []).append(answer)
    for issued in books.invoices:
        if not books.foreign or books.owns(issued.bill):
            clean = _bridge(view, issued, 1, apart=issued.ref in apart)
            if clean and issued.ref not in apart and not _misposted(view, issued):
                judge_differences(view, issued, answers.get(issued.ref))
        if len(issued.postings) > 1:
            _second_views(view, issued)
    for issued in books.credits:
        if books.owns(issued.bill):
            _bridge(view, issued, -1, apart=False)
    for orphan in books.orphans:
        _orphan(view, orphan)


def _bridge(desk: Desk, issued: Issued, sign: int, *, apart: bool) -> bool:
    """Row R3 of one document, and `unposted_invoice`. Returns False where that is reported."""
    bill, day = issued.bill, desk.day
    key, entity, currency, gross, net, tax = bill.key, bill.entity, bill.currency, bill.total, bill.net, bill.tax
    add = desk.outcome.positions.append
    if net:
        add(Position("R3", "from", entity, currency, sign * net, key))
    if tax:
        add(Position("R3", "tax", entity, currency, sign * tax, key))
    if gross != net + tax:
        add(Position("R3", "rounding", entity, currency, sign * (gross - net - tax), key))
    posting = issued.postings[0] if issued.postings else None
    booked = posting is not None and posting.booked_on <= day
    if posting is not None and booked:
        posted = posting.view
        if posted.total:
            add(Position("R3", "to", posted.entity, posted.currency, sign * posted.total, key))
        if posted.entity != entity or posted.currency != currency:
            add(Position("R3", "misposted", entity, currency, -sign * gross, key))
            add(Position("R3", "misposted", posted.entity, posted.currency, sign * posted.total, key))
        elif posted.total != gross:
            add(Position("R3", "misposted", entity, currency, sign * (posted.total - gross), key))
        if posting.posted_on <= day:
            return True
    line, clean = "cut-off", True
    if (posting is None or posting.posted_on > day) and issued.on < day:
        line = _why_not_posted(desk, issued, apart)
        clean = line != "unposted"
    if line == "cut-off" and posting is None:
        desk.outcome.wake(issued.on + ONE_DAY)
    if not booked:
        add(Position("R3", line, entity, currency, -sign * gross, key))
    return clean


def _why_not_posted(desk: Desk, issued: Issued, apart: bool) -> str:
    """The line of R3 for a document that the ERP should have by now; reports an invoice that is stuck."""
    bill = issued.bill
    if not desk.knows("erp", bill.type, bill.entity):
        unknown(desk.outcome, "whether it was posted", bill, bill.net)
        return "not judged"
    if isinstance(bill, CreditMemo):
        return "credits not posted"
    if apart:
        return "surplus, not posted"
    refused = issued.refused
    amount = money(bill.net, bill.currency)
    documents: tuple[str, ...] = (bill.key,)
    why = f"issued on {issued.on} and not in the ERP: {amount} net"
    if refused is not None:
        documents = (bill.key, refused.key)
        why = f"issued on {issued.on} and refused by the ERP{f' ({refused.error})' if refused.error else ''}: {amount} net"
    finding(
        desk.outcome, desk.policy, Risk.UNPOSTED_INVOICE, bill, bill.net, why, tax=bill.tax, since=issued.on,
        documents=documents, customer=bill.customer or desk.customer, variant="refused" if refused else "absent",
    )  # fmt: skip
    return "unposted"


def _misposted(desk: Desk, issued: Issued) -> bool:
    """Posted with another amount, tax, entity or currency than issued."""
    if not issued.postings:
        return False
    invoice, posting = issued.bill, issued.postings[0]
    posted = posting.view
    elsewhere = posted.entity != invoice.entity or posted.currency != invoice.currency
    net, tax = posted.net - invoice.net, posted.tax - invoice.tax
    if (not elsewhere and not net and not tax) or posting.posted_on > desk.day:
        return False
    if elsewhere:
        exposure = invoice.net
        why = f"posted in {posted.entity} in {posted.currency}, issued in {invoice.entity} in {invoice.currency}"
    else:
        tolerance = desk.policy.tolerance("line", invoice.entity) * line_count(invoice)
        net, tax = (abs(d) if abs(d) > tolerance else 0 for d in (net, tax))
        exposure = net + tax
        why = f"posted otherwise than issued: net by {money(net, invoice.currency)}, tax by {money(tax, invoice.currency)}"
    if exposure <= 0:
        return False
    finding(
        desk.outcome, desk.policy, Risk.MISPOSTED_INVOICE, invoice, exposure, why, since=posting.posted_on,
        documents=(invoice.key, posted.key), amounts={} if elsewhere else {"net": net, "tax": tax},
        customer=invoice.customer or desk.customer, variant="elsewhere" if elsewhere else "amount",
    )  # fmt: skip
    return True


def _second_views(desk: Desk, issued: Issued) -> None:
    """The ERP's second and further views of one invoice."""
    first = issued.bill.key
    for second in issued.postings[1:]:
        if desk.books.owns(second.view):
            why = f"the ERP holds {first} a second time"
            _only_in_erp(desk, second, Risk.DUPLICATE_DOCUMENT, why, (second.view.key, first))


def _orphan(desk: Desk, orphan: Posting) -> None:
    bill = orphan.view
    if not desk.books.owns(bill):
        return
    if not desk.knows("billing", bill.type, bill.entity):
        unknown(desk.outcome, "whether billing issued it", bill, bill.net)
        return
    why = f"the ERP holds it for {bill.mirrors}, which is void or unknown in billing"
    _only_in_erp(desk, orphan, Risk.UNSUPPORTED_DOCUMENT, why, (bill.key,))


def _only_in_erp(desk: Desk, posting: Posting, risk: Risk, why: str, documents: tuple[str, ...]) -> None:
    bill = posting.view
    sign = 1 if isinstance(bill, Invoice) else -1
    if posting.booked_on <= desk.day:
        position(desk.outcome, "R3", "ERP only", bill, sign * bill.total)
        position(desk.outcome, "R3", "to", bill, sign * bill.total)
    if sign > 0 and bill.net and posting.posted_on <= desk.day:
        finding(
            desk.outcome, desk.policy, risk, bill, bill.net, why, tax=bill.tax, since=posting.posted_on,
            documents=documents, customer=bill.customer or desk.customer,
        )  # fmt: skip


def judge_unclaimed(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Invoices that no order claims: each is `unsupported_document`, with its lines in rows R2 and R3, and is billed.

    One that only the ERP holds, while billing is known and has not issued it, was never billed: it is in row R3 alone.
    """
    desk = Desk(instance, policy, day, outcome)
    for issued in desk.books.invoices:
        invoice = issued.bill
        if (
            issued.postings
            and policy.role(invoice.system) == "erp"
            and desk.knows("billing", "invoice", invoice.entity)
        ):
            why = "only the ERP holds it: no order or charge asks for it and billing never issued it"
            _only_in_erp(desk, issued.postings[0], Risk.UNSUPPORTED_DOCUMENT, why, (invoice.key,))
            continue
        outcome.measures.append(Measure(NET_BILLED, invoice.entity, invoice.currency, None, invoice.net))
        if not (desk.knows("crm", "order", invoice.entity) and desk.knows("billing", "charge", invoice.entity)):
            unknown(outcome, "whether something was ordered", invoice, invoice.net)
            position(outcome, "R2", "not judged", invoice, invoice.net)
        elif invoice.net:
            why = f"no known order or charge asks for {money(invoice.net, invoice.currency)}"
            finding(
                outcome, policy, Risk.UNSUPPORTED_DOCUMENT, invoice, invoice.net, why, tax=invoice.tax, since=issued.on
            )
            position(outcome, "R2", "unsupported", invoice, invoice.net)
        position(outcome, "R2", "to", invoice, invoice.net)
        _bridge(desk, issued, 1, apart=True)
        _second_views(desk, issued)
    for orphan in desk.books.orphans:
        _orphan(desk, orphan)
