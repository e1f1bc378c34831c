"""What an amount is in the entity's own books: the functional column of rows R4 to R6."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.documents import Document
from tieout.canon.money import convert
from tieout.policy import rate_entry

if TYPE_CHECKING:
    from tieout.policy import Policy

    from ..verdict import Outcome


class Rate(NamedTuple):
    """How a document's currency is carried in its entity's functional currency; ``value`` None: nobody knows."""

    currency: str
    functional: str
    value: Fraction | None

    @property
    def foreign(self) -> bool:
        """Whether the document is in another currency than the books."""
        return self.currency != self.functional

    def books(self, amount: int) -> int | None:
        """The amount in functional minor units, rounded once; None where there is no rate."""
        if self.currency == self.functional:
            return amount
        if self.value is None:
            return None
        return convert(amount, self.currency, self.functional, self.value)


def rate_of(outcome: Outcome, policy: Policy, document: Document, on: dt.date | None, agreed: object = None) -> Rate:
    """The rate of a document: its own ``fx_rate`` (or ``agreed``), else the policy's latest on or before ``on``.

    That the policy was asked is kept in the outcome's ``reads``, as ``rate/USD/EUR``.
    """
    currency = document.currency
    functional = policy.functional(document.entity)
    if (
        currency == functional or not functional
    ):  # Where nobody said in which currency the books are kept, nothing is known of them.
        return Rate(currency, functional, None)
    stated = getattr(document, "fx_rate", None) or agreed
    if stated:
        return Rate(currency, functional, Fraction(stated))  # type: ignore[arg-type]
    if on is None:
        return Rate(currency, functional, None)
    outcome.reads.add(rate_entry(currency, functional))
    found = policy.rate(currency, functional, on)
    return Rate(currency, functional, found.rate if found is not None else None)
