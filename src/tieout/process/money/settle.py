"""What recurring, one-time, time and usage charges have in common: surplus lines, credits that go too far, booking."""

from __future__ import annotations

from tieout.canon.documents import Charge

from .chain import Chain
from .tally import Tally
from .view import Billed, OrderView


def mark_surplus(view: OrderView, lines: list[Billed], contracted: int, tolerance: int, charge: Charge) -> None:
    """Mark lines that bill ``charge`` a second time: an earlier one is for the same range, and the contract was reached.

    ``lines`` are those of one period, in order of issue; ``contracted`` is its net in minor units.
    """
    if contracted <= 0:
        return
    seen: set[tuple[object, ...]] = set()
    doubled: set[str] = set()
    running = 0
    for billed in lines:
        line = billed.line
        key = (line.charge, line.service_from, line.service_to)
        reached = key in seen and running >= contracted - tolerance
        if reached and (billed.net > 0 or (billed.net < 0 and billed.invoice.ref in doubled)):
            billed.surplus = charge
            view.doubled = True
            doubled.add(billed.invoice.ref)
            continue
        if billed.net > 0:
            seen.add(key)
        running += billed.net


def excess_credit(lines: list[Billed], missing: int, tolerance: int, tally: Tally) -> int:
    """What credits for unused service took off ``lines`` beyond what was billed too much.

    ``missing`` is expected less billed, after the credits. Source: docs/money.md, ``credit_leakage``.
    """
    if missing <= tolerance:
        return 0
    found = 0
    for billed in reversed(lines):
        if billed.surplus is None and billed.credits:
            for issued, amount in reversed(billed.credits):
                if getattr(issued.bill, "reason", "") == "unused" and missing > found:
                    part = min(amount, missing - found)
                    tally.credit(issued, part, "more than the contract makes too much")
                    found += part
    return found


def book(chain: Chain, lines: list[Billed]) -> None:
    """Add what the chain's lines bill to its cumulative sums; lines in another currency or entity stand apart."""
    entity, currency = chain.charge.entity, chain.charge.currency
    for billed in lines:
        invoice = billed.invoice
        if invoice.currency == currency and invoice.entity == entity:
            chain.billed += billed.net
        else:
            chain.elsewhere.append(billed)
            chain.move("other currency or entity", -billed.net)
