"""The invoices and credit memos of an instance: what is valid on a day, and how the ERP booked it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.dates import month_end, month_of
from tieout.canon.documents import CreditMemo, Invoice

from ..instance import Instance
from ..verdict import Outcome

if TYPE_CHECKING:
    from tieout.policy import Policy

NOT_A_DOCUMENT = frozenset({"draft", "void"})

Bill = Invoice | CreditMemo


class Desk:
    """What every control has at hand: the instance with its books, policy and day, and where to report."""

    def __init__(self, instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
        self.instance, self.policy, self.day, self.outcome = instance, policy, day, outcome
        self.books = Books(instance, policy, day)
        self.customer = ""
        """Whose documents these are, where a document does not say."""

    def knows(self, role: str, type_: str, entity: str) -> bool:
        """Whether the absence of such a document, here and now, proves that there is none."""
        return self.instance.known(role, type_, entity, self.day)


class Books:
    """Valid invoices and credit memos as of a day, oldest first, with the ERP's views by the document they mirror.

    A document that mirrors nothing stands for itself, in whatever system it is. One that was posted without an issue
    instant counts as issued when it was posted.
    """

    __slots__ = ("_day", "_day_of", "_instance", "credits", "invoices", "issued_on", "orphans", "refused", "views")

    def __init__(self, instance: Instance, policy: Policy, day: dt.date) -> None:
        anchor = instance.anchor
        bills: tuple[Bill, ...] = (*instance.get("invoices"), *instance.get("credit_memos"))
        entity = anchor.entity if anchor is not None else bills[0].entity if bills else ""
        self._instance, self._day, self._day_of = instance, day, policy.calendar(entity).day
        self.invoices: list[Invoice] = []
        self.credits: list[CreditMemo] = []
        self.issued_on: dict[str, dt.date] = {}
        """Reference → day of issue, of the valid documents."""
        self.views: dict[str, list[Bill]] = {}
        """Reference → views that the ERP has posted at some time, the first posting first."""
        self.refused: dict[str, Bill] = {}
        """Reference → a view that the ERP holds and has not posted."""
        self.orphans: list[Bill] = []
        """Posted views of documents that are not valid, or not there."""
        originals: dict[str, bool] = {}
        mirrored = False
        for bill in bills:
            if bill.mirrors is None:
                originals[bill.ref] = self._take(bill, policy)
            elif policy.role(bill.system) == "erp" and not bill.deleted and bill.status not in NOT_A_DOCUMENT:
                mirrored = True
                if bill.status != "rejected" and self.posted_on(bill) is not None:
                    self.views.setdefault(bill.mirrors, []).append(bill)
                else:
                    self.refused[bill.mirrors] = bill
        if len(self.invoices) > 1:
            self.invoices.sort(key=lambda i: (self.issued_on[i.ref], i.issued_at or i.posted_at, i.key))
        if len(self.credits) > 1:
            self.credits.sort(key=lambda c: (self.issued_on[c.ref], c.issued_at or c.posted_at, c.key))
        if mirrored:
            self._order_views(originals)

    def _take(self, bill: Bill, policy: Policy) -> bool:
        """Keep an original if it counts by now; says whether it counts at all, now or later."""
        if bill.deleted or bill.status in NOT_A_DOCUMENT:
            return False
        instant = bill.issued_at or bill.posted_at
        if instant is None:
            return False
        on = self._day_of(instant)
        if on <= self._day:
            self.issued_on[bill.ref] = on
            (self.invoices if isinstance(bill, Invoice) else self.credits).append(bill)  # type: ignore[arg-type]
            if bill.posted_at is not None and policy.role(bill.system) == "erp":
                self.views[bill.ref] = [bill]
        return True

    def _order_views(self, originals: dict[str, bool]) -> None:
        for reference, views in list(self.views.items()):
            if len(views) > 1:
                views.sort(key=lambda v: (v.posted_at or v.issued_at, v.key))
            if not originals.get(reference, False):
                self.orphans.extend(self.views.pop(reference))

    def owns(self, bill: Bill) -> bool:
        """Whether facts about the whole document are reported here."""
        foreign = self._instance.foreign
        return not foreign or bill.key not in foreign

    def posted_on(self, view: Bill) -> dt.date | None:
        """The day on which the ERP posted its view; None where it has not."""
        instant = view.posted_at or (view.issued_at if view.status == "posted" else None)
        return None if instant is None else self._day_of(instant)

    def booked_on(self, view: Bill) -> dt.date:
        """The day from which a posted view is in the books: its posting, moved to the nearest day of its period."""
        on = self.posted_on(view)
        assert on is not None
        period = view.posting_period
        if not period or period == month_of(on):
            return on
        try:
            first = dt.date.fromisoformat(f"{period}-01")
        except ValueError:  # a period that the ERP names otherwise than YYYY-MM
            return on
        return first if on < first else month_end(first)

    def is_posted(self, bill: Bill) -> bool:
        """Whether the ERP has posted the document by the day asked about."""
        views = self.views.get(bill.ref)
        return bool(views) and self.posted_on(views[0]) <= self._day  # type: ignore[operator, index]


def line_count(bill: Bill) -> int:
    """How many lines a document has, at least 1; estimated from its net where this is only a slice of it."""
    lines = bill.lines
    known = sum(line.net for line in lines)
    if not lines or known == bill.net or known == 0:
        return max(1, len(lines))
    return max(len(lines), -(-len(lines) * abs(bill.net) // abs(known)))
