"""One shard of a simulated company while it is being made: its documents, its leaks, and what is left to be paid.

How the makers share it:

1. `catalogue` puts in the master data (made once, by shard 0, from the seed alone).
2. The selling and billing side makes every deal from quote to posted invoice, spoils some, and writes the truth of
   what it spoilt. It leaves one `Receivable` for every invoice that may be settled.
3. The cash side settles the receivables, spoils some payments, and leaves alone whatever is in `taken`.

Every random choice comes from a stream of its own name, so that adding one thing does not reshuffle the rest.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from ..canon.documents import CreditMemo, Document, Invoice
from ..canon.finding import Risk
from .entities import ENTITIES, Entity
from .fx import FxTable

Mix = Literal["rich", "volume"]
Pay = Literal["any", "card", "transfer", "marketplace", "deposit", "withholding", "discount", "refund", "none"]
"""How a receivable wishes to be paid.

``any``: as the cash side likes · ``marketplace``: a disbursement net of the marketplace's fee · ``deposit``: a deposit
on the order came first · ``withholding``: the customer withholds tax and sends a certificate · ``discount``: less 2%
within 10 days · ``refund``: paid in full, and its credit memos refunded · ``none``: stays open.
"""

SHARD_ORDERS = 2000
"""No shard has more orders, so that a million stream through bounded memory."""


@dataclass
class Leak:
    """One line of the truth. Several lines of one (risk, subject) add up."""

    risk: Risk
    subject: str
    """Key of the document, as docs/money.md says for the class."""
    entity: str
    currency: str
    amount: int
    """Net minor units at as_of; 0 for overlays."""
    since: dt.date | None
    note: str = ""
    """The variant, such as ``one month skipped``; for people and tests."""


@dataclass(frozen=True)
class CrosswalkRow:
    """What one code is called in the ERP, from when to when (both included), and for which entity ("" for all)."""

    code: str
    target: str
    from_on: dt.date | None = None
    to_on: dt.date | None = None
    entity: str = ""


@dataclass
class Receivable:
    """An invoice that was issued and asks to be settled."""

    invoice: Invoice
    """Billing's view."""
    erp: Invoice | None
    """The ERP's posted view; None where it was never posted (cash cannot be applied to it)."""
    order: str
    """Ref of the order that it mainly bills (``crm/SO-…``)."""
    pay: Pay = "any"
    credits: list[CreditMemo] = field(default_factory=list)
    """The ERP's credit memos against it: they lower what is open."""

    @property
    def open(self) -> int:
        """Gross minor units that cash may settle: the ERP's total (billing's, if unposted) less its credits."""
        return (self.erp or self.invoice).total - sum(credit.total for credit in self.credits)


class World:
    """The documents of one shard, by type, with the truth about them."""

    def __init__(
        self,
        seed: int,
        shard: int = 0,
        *,
        orders: int = 400,
        mix: Mix = "rich",
        clean: bool = False,
        only: Iterable[Risk] = (),
        as_of: dt.date = dt.date(2026, 6, 30),
    ) -> None:
        """A company as of the end of ``as_of`` after one year of business; ``orders`` are this shard's orders."""
        self.seed, self.shard, self.orders, self.mix = seed, shard, orders, mix
        self.clean, self.only = clean, frozenset(only)
        self.as_of = as_of
        after = as_of + dt.timedelta(days=1)
        self.start = after.replace(year=after.year - 1, day=min(after.day, 28) if after.month == 2 else after.day)
        self.entities: dict[str, Entity] = ENTITIES
        self.docs: dict[str, list[Any]] = defaultdict(list)
        """Documents by type (``invoice``); whoever asks for a type knows its class."""
        self.leaks: list[Leak] = []
        self.receivables: list[Receivable] = []
        self.taken: set[str] = set()
        """Refs of orders and billing invoices that a leak has spoilt: no other leak may touch them by chance."""
        self.shown: set[str] = set()
        """Names of the look-alikes that this shard contains."""
        self.crosswalks: dict[str, list[CrosswalkRow]] = defaultdict(list)
        self.fx = FxTable(seed, self.start, as_of)
        self._numbers: dict[str, int] = defaultdict(int)

    def rng(self, name: str) -> random.Random:
        """An independent stream of random numbers for that name, the same for the same seed and shard."""
        return random.Random(f"{self.seed}/{self.shard}/{name}")

    def id(self, prefix: str) -> str:
        """The next identifier with that prefix; it carries the shard (``INV-0-000012``)."""
        self._numbers[prefix] += 1
        return f"{prefix}-{self.shard}-{self._numbers[prefix]:06d}"

    def add(self, doc: Document) -> None:
        """Put a document into the company."""
        self.docs[doc.type].append(doc)

    def leaks_wanted(self, risk: Risk) -> bool:
        """Whether this company is to contain leaks of that class."""
        return not self.clean and (not self.only or risk in self.only)

    def leak(
        self, risk: Risk, subject: str, entity: str, currency: str, amount: int, since: dt.date | None, note: str = ""
    ) -> None:
        """Write down one truth: what was spoilt, about which document, and its money as of the end of `as_of`."""
        self.leaks.append(Leak(risk, subject, entity, currency, amount, since, note))
