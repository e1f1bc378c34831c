"""How a control reports: a finding with its owner from policy, a bridge position, money that could not be judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tieout.canon.documents import Document
from tieout.canon.finding import Finding, Position, Risk
from tieout.canon.money import format_amount

from ..verdict import Outcome, Unknown

if TYPE_CHECKING:
    from tieout.policy import Policy


def finding(
    outcome: Outcome, policy: Policy, risk: Risk, subject: Document | str, exposure: int, why: str, **more: Any
) -> None:
    """Report a finding about ``subject``; entity, currency and customer are the document's unless said otherwise.

    ``more`` takes any further field of `Finding`. Exposure is net, in minor units.
    """
    if isinstance(subject, Document):
        more.setdefault("entity", subject.entity)
        more.setdefault("currency", subject.currency)
        more.setdefault("documents", (subject.key,))
        more.setdefault("customer", getattr(subject, "customer", None) or "")
        key = subject.key
    else:
        key = subject
    owner = policy.owner(risk, more["entity"])
    outcome.findings.append(Finding(risk=risk, subject=key, exposure=exposure, owner=owner, why=why, **more))


def position(
    outcome: Outcome, row: str, line: str, document: Document, amount: int, functional: int | None = None
) -> None:
    """Add to a bridge line, itemised to the document; nothing where the amount is 0."""
    if amount or functional:
        outcome.positions.append(
            Position(row, line, document.entity, document.currency, amount, document.key, functional)
        )


def unknown(outcome: Outcome, what: str, document: Document, amount: int) -> None:
    """Count money that cannot be judged because a source is not complete for it."""
    outcome.unknown.append(
        Unknown(what=what, document=document.key, entity=document.entity, currency=document.currency, amount=amount)
    )


def money(minor: int, currency: str) -> str:
    """An amount for a sentence: ``1,234.50 EUR``."""
    return f"{format_amount(minor, currency)} {currency}"
