"""Credit memos: which are concessions, which correct what was billed, and which should not be.

Source: docs/money.md, "Billed" and ``credit_leakage``.
"""

from __future__ import annotations

from tieout.canon.documents import CreditMemo, Invoice, InvoiceLine

from .books import Bill, Issued
from .chain import Chain
from .tally import Tally
from .view import Billed, OrderView

CONCESSIONS = frozenset({"goodwill", "return"})


def settle_credits(view: OrderView, tally: Tally) -> None:
    """Set every correcting credit against the lines that it corrects; report what has no cause, comes twice or goes too far."""
    credited: set[tuple[str, str, str]] = set()
    bills = {issued.ref: issued for issued in view.books.invoices}
    replaced = {i.bill.replaces for i in view.books.invoices if isinstance(i.bill, Invoice) and i.bill.replaces}
    for issued in view.books.credits:
        memo = issued.bill
        assert isinstance(memo, CreditMemo)
        named = bills.get(memo.invoice or "")
        lines = memo.lines or (_whole(view, memo, named),)
        lacks = _lacks(memo, replaced)
        seen = set()
        for line in lines:
            chain = view.chain_of(line)
            mark = (memo.invoice or "", chain.root if chain else "", memo.cause or "")
            if lacks:
                _leak(tally, chain, issued, line.net, lacks)
            elif memo.cause and mark in credited:
                _leak(tally, chain, issued, line.net, "a second time for the same cause")
            elif memo.reason in CONCESSIONS:
                _concede(view, tally, chain, issued, named, line)
            else:
                _correct(view, tally, chain, issued, named, line)
            seen.add(mark)
        credited |= seen


def _whole(view: OrderView, memo: CreditMemo, named: Issued | None) -> InvoiceLine:
    """A credit memo without lines as one line, for what the invoice that it names bills."""
    charge = named.lines[0].line.charge if named is not None and named.lines else None
    return InvoiceLine(id="", order=view.order.ref, charge=charge, net=memo.net, tax=memo.tax)


def _lacks(memo: CreditMemo, replaced: set[str]) -> str:
    """What a credit memo lacks to be justified, in words; empty where nothing."""
    if not memo.reason:
        return "without a reason"
    if memo.reason == "goodwill":
        return "" if memo.approved_by else "as goodwill that nobody approved"
    if memo.cause or (memo.reason == "rebill" and memo.invoice in replaced):
        return ""
    return f"as {memo.reason.replace('_', ' ')} without a cause"


def _leak(tally: Tally, chain: Chain | None, issued: Issued, amount: int, variant: str) -> None:
    if amount > 0:
        tally.credit(issued, amount, variant)
    _itemise(tally, chain, issued.bill, "credit leakage", amount)


def _concede(
    view: OrderView, tally: Tally, chain: Chain | None, issued: Issued, named: Issued | None, line: InvoiceLine
) -> None:
    """Nothing is billed less for it; what is more than the invoice lines that it forgives should not be."""
    forgiven = _targets(view, chain, issued.bill, named, line)
    excess = max(0, line.net - sum(billed.line.net for billed in forgiven)) if forgiven else 0
    _itemise(tally, chain, issued.bill, "concessions", line.net - excess)
    if excess:
        _leak(tally, chain, issued, excess, "more than the invoice line")


def _itemise(tally: Tally, chain: Chain | None, memo: Bill, line: str, amount: int) -> None:
    tally.whole.append(("R2", line, memo, -amount))
    tally.whole.append(("R2", "to", memo, -amount))
    if chain is not None:
        tally.touched.add(chain.root)


def _correct(
    view: OrderView, tally: Tally, chain: Chain | None, issued: Issued, named: Issued | None, line: InvoiceLine
) -> None:
    """Take a credit off the lines of the invoice that it names; what is more than those lines should not be."""
    left = line.net
    for billed in _targets(view, chain, issued.bill, named, line):
        part = min(left, billed.net)
        if part > 0:
            billed.net -= part
            billed.credits = (*billed.credits, (issued, part))
            left -= part
        if left <= 0:
            return
    if left > 0 and not view.proves("billing", "invoice"):
        _itemise(tally, chain, issued.bill, "not judged", left)
    else:
        _leak(tally, chain, issued, left, "more than the invoice line")


def _targets(view: OrderView, chain: Chain | None, memo: Bill, named: Issued | None, line: InvoiceLine) -> list[Billed]:
    """The invoice lines that a credit line may correct, the nearest first: same charge, same days, then the rest."""
    if named is not None:
        lines = named.lines
    else:
        lines = chain.lines if chain is not None and isinstance(memo, CreditMemo) and not memo.invoice else []
    found = [b for b in lines if chain is None or view.chain_of(b.line) is chain]

    def distance(billed: Billed) -> tuple[bool, bool]:
        other_charge = line.charge is not None and billed.line.charge != line.charge
        begin, end, day = billed.line.service_from, billed.line.service_to, line.service_from
        other_days = not (begin and day and begin <= day <= (end or day))
        return other_charge, other_days

    return sorted(found, key=distance) if len(found) > 1 else found
