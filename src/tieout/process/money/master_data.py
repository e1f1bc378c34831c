"""Products without a crosswalk to the ERP's item: `master_data_gap`, and the findings that it explains.

Source: docs/money.md, ``master_data_gap``. One stale code is one root cause, however many documents it holds up.
"""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.finding import Risk

from .emit import finding
from .view import OrderView

TABLE = "item"
EXPLAINED = frozenset({Risk.MISSED_UPSELL, Risk.UNBILLED_USAGE, Risk.UNBILLED_SERVICE, Risk.UNPOSTED_INVOICE})
"""Classes that a missing item code can be the reason of."""


def judge_master_data(view: OrderView) -> None:
    """Every product of the order on its effective date; findings that a gap explains get it as their cause."""
    items = view.policy.crosswalk(TABLE)
    reads, entity = view.outcome.reads, view.order.entity
    if not items.declared:
        reads.add(f"crosswalk/{TABLE}")
        return
    gaps: dict[str, dt.date] = {}
    for product, day in _asked(view):
        code = product.partition("/")[2] or product
        reads.add(items.entry(code))
        if items.find(code, day, entity) is None:
            gaps.setdefault(product, day)
    for product, day in gaps.items():
        _report(view, product, day)


def _asked(view: OrderView) -> dict[tuple[str, dt.date], None]:
    """(product, day): what the order sells, on its effective date; what amendments sell, on theirs."""
    order = view.order
    day = order.effective_on or view.accepted_on
    found = {(line.product, day): None for line in order.lines} if day is not None else {}
    for chain in view.chains:
        for segment in chain.segments:
            if segment.amendment is not None:
                found[segment.charge.product, segment.amendment.effective_on] = None
            elif day is None:
                found[segment.charge.product, segment.charge.start_on] = None
    return found


def _report(view: OrderView, product: str, day: dt.date) -> None:
    code = product.partition("/")[2] or product
    subject = f"crosswalk/{TABLE}/{code}"
    held = _held(view, product)
    findings = view.outcome.findings
    holds: dict[str, None] = {}
    for index, found in enumerate(findings):
        if found.risk in EXPLAINED and not found.cause and found.subject in held:
            findings[index] = msgspec.structs.replace(found, cause=subject)
            holds[found.subject] = None
    finding(
        view.outcome, view.policy, Risk.MASTER_DATA_GAP, subject, 0,
        f"{code} has no ERP item on {day}: what sells it cannot be posted", entity=view.order.entity,
        currency=view.order.currency, since=day, documents=(view.order.key, *holds), holds=tuple(holds), cause=subject,
    )  # fmt: skip


def _held(view: OrderView, product: str) -> set[str]:
    """Keys of the documents that a product is on: charges, the amendments that made them, invoices that bill them."""
    found: set[str] = set()
    lines = {line.id for line in view.order.lines if line.product == product}
    for chain in view.chains:
        for segment in chain.segments:
            charge = segment.charge
            if charge.product == product or charge.line in lines:
                found.add(charge.key)
                if segment.amendment is not None:
                    found.add(segment.amendment.key)
                for billed in chain.lines:
                    if billed.line.charge in (None, charge.ref):
                        found.add(billed.invoice.key)
    return found
