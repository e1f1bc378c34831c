"""Controls of what was agreed: a quote and its order, an amendment and the charges that it made.

They find no money: what they find is why money will go wrong, and order-to-bill counts that money. So everything here is
`ownership_conflict`, about the field of the document that decides. Source of the rules: docs/money.md, "overlays".
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from tieout.canon.documents import Amendment, Charge, Document, Order, OrderLine, Quote, QuoteLine
from tieout.canon.finding import Risk

from .instance import Instance
from .money.chain import full_price, rounded
from .money.emit import finding, money
from .money.ownership import judge_ownership
from .verdict import Outcome

if TYPE_CHECKING:
    from tieout.policy import Policy

ACCEPTED = frozenset({"accepted", "ordered"})


def judge_quote(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """A quote and its order (flow quote_to_order): ordered as quoted, accepted, approved and once; bookings agree."""
    quote = instance.anchor
    assert isinstance(quote, Quote)
    judge_ownership(instance, policy, outcome)
    happened = policy.calendar(quote.entity).happened
    orders = [
        o for o in instance.get("orders")
        if not o.deleted and o.mirrors is None and o.status == "accepted" and happened(o.accepted_at, day)
    ]  # fmt: skip
    if quote.deleted or not orders:
        return

    def conflict(field: str, why: str, *documents: Order) -> None:
        _report(outcome, policy, quote, field, why, documents or tuple(orders), customer=quote.customer)

    if len(orders) > 1:
        conflict("orders", f"ordered {len(orders)} times: {', '.join(o.ref for o in orders)}")
    if not happened(quote.accepted_at, day) and not (quote.accepted_at is None and quote.status in ACCEPTED):
        conflict("accepted_at", f"ordered as {orders[0].ref}, and the customer never accepted the quote")
    if quote.discount_percent > (quote.approved_discount_percent or 0):
        approved = quote.approved_discount_percent or 0
        conflict(
            "discount_percent", f"sold with {quote.discount_percent} % discount, of which {approved} % was approved"
        )
    if quote.lines and orders[0].lines:
        differing = _differing(quote, orders[0])
        if differing:
            conflict("lines", f"ordered otherwise than quoted: {'; '.join(differing)}", orders[0])


def _differing(quote: Quote, order: Order) -> list[str]:
    """In words, every line that was quoted and not ordered so, or the other way round.

    Lines are compared by product (its id: systems write their own name before it), quantity and net, not by number.
    """
    quoted, ordered = (Counter(_line(line) for line in document.lines) for document in (quote, order))
    return [
        *(f"quoted {_words(line, quote.currency)}" for line in (quoted - ordered).elements()),
        *(f"ordered {_words(line, order.currency)}" for line in (ordered - quoted).elements()),
    ]


def _line(line: QuoteLine | OrderLine) -> tuple[str, Fraction, int]:
    return line.product.partition("/")[2] or line.product, Fraction(line.quantity), line.net


def _words(line: tuple[str, Fraction, int], currency: str) -> str:
    product, quantity, net = line
    count = quantity.numerator if quantity.denominator == 1 else f"{quantity}"
    return f"{count} × {product} at {money(net, currency)}"


def judge_amendment(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """An accepted amendment and the charges that it made (flow amendment_sync): same day, same change of value.

    Relation ``charges`` holds the charges that name the amendment, ``replaced`` those that they take over from.
    """
    amendment = instance.anchor
    assert isinstance(amendment, Amendment)
    calendar = policy.calendar(amendment.entity)
    if amendment.deleted or amendment.status != "accepted" or not calendar.happened(amendment.accepted_at, day):
        return
    judge_ownership(instance, policy, outcome)
    charges = {
        c.ref: c for c in (*instance.get("charges"), *instance.get("replaced")) if not c.deleted and c.mirrors is None
    }
    made = [c for c in charges.values() if c.amendment == amendment.ref]
    if not made:
        return
    if all(c.start_on != amendment.effective_on for c in made):
        starts = ", ".join(sorted({str(c.start_on) for c in made}))
        why = f"in effect on {amendment.effective_on}, and its charges start on {starts}"
        _report(outcome, policy, amendment, "effective_on", why, tuple(made), customer=amendment.customer or "")
    delta = _delta(made, charges)
    if amendment.delta_recurring and delta is not None and delta != amendment.delta_recurring:
        currency = amendment.currency or made[0].currency
        why = (
            f"changes the recurring value by {money(amendment.delta_recurring, currency)}, and its charges by"
            f" {money(delta, currency)}"
        )
        _report(outcome, policy, amendment, "delta_recurring", why, tuple(made), customer=amendment.customer or "")


def _delta(made: list[Charge], charges: dict[str, Charge]) -> int | None:
    """What the charges change a period's value by; None where that cannot be compared.

    It cannot where a replaced charge is not there, or had another billing period.
    """
    delta = 0
    for charge in made:
        if charge.kind != "recurring":
            continue
        delta += rounded(full_price(charge))
        if charge.replaces is not None:
            before = charges.get(charge.replaces)
            if before is None or before.period_months != charge.period_months:
                return None
            delta -= rounded(full_price(before))
    return delta


def _report(
    outcome: Outcome,
    policy: Policy,
    owner: Quote | Amendment,
    field: str,
    why: str,
    others: tuple[Document, ...],
    **more: Any,
) -> None:
    finding(
        outcome, policy, Risk.OWNERSHIP_CONFLICT, f"{owner.key}#{field}", 0, why, entity=owner.entity,
        currency=owner.currency, documents=(owner.key, *(o.key for o in others)), holds=tuple(o.key for o in others),
        variant=field, **more,
    )  # fmt: skip
