"""The invoices and credit memos of an instance: what is valid on a day, and how the ERP booked it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.dates import month_end, month_of
from tieout.canon.documents import CreditMemo, Invoice

from ..instance import Instance
from ..verdict import Outcome

if TYPE_CHECKING:
    from tieout.policy import Policy

    from .view import Billed

NOT_A_DOCUMENT = frozenset({"draft", "void"})

Bill = Invoice | CreditMemo


class Posting(NamedTuple):
    """The ERP's posted view of a document: the day it was posted, and the day from which it is in the books.

    The two differ where its posting period is another month; then it is booked on the nearest day of that.
    """

    view: Bill
    posted_on: dt.date
    booked_on: dt.date


class Issued:
    """A valid invoice or credit memo as of the day: its reference, day of issue, lines and the ERP's views of it."""

    __slots__ = ("bill", "lines", "on", "postings", "ref", "refused")

    def __init__(self, bill: Bill, ref: str, on: dt.date) -> None:
        self.bill, self.ref, self.on = bill, ref, on
        self.lines: list[Billed] = []
        self.postings: list[Posting] = []
        """Whenever they were made, those later than the day too; the first one first."""
        self.refused: Bill | None = None
        """A view that the ERP holds and has not posted."""


class Books:
    """Valid invoices and credit memos as of a day, oldest first, with the ERP's views of them.

    A document that mirrors nothing stands for itself, in whatever system it is. One that was posted without an issue
    instant counts as issued when it was posted.
    """

    __slots__ = ("credits", "foreign", "invoices", "orphans")

    def __init__(
        self, instance: Instance, policy: Policy, day: dt.date, day_of: Callable[[dt.datetime], dt.date]
    ) -> None:
        self.foreign = instance.foreign
        self.invoices: list[Issued] = []
        self.credits: list[Issued] = []
        self.orphans: list[Posting] = []
        """Posted views of documents that are not valid, or not there."""
        role = policy.role
        valid: dict[str, Issued] = {}
        later: set[str] = set()
        views: list[Bill] = []
        for relation, found in (("invoices", self.invoices), ("credit_memos", self.credits)):
            for bill in instance.members.get(relation, ()):
                if bill.deleted or bill.status in NOT_A_DOCUMENT:
                    continue
                if bill.mirrors is not None:
                    if role(bill.system) == "erp":
                        views.append(bill)
                    continue
                instant = bill.issued_at or bill.posted_at
                if instant is None:
                    continue
                on, ref = day_of(instant), bill.ref
                if on > day:
                    later.add(ref)
                    continue
                issued = valid[ref] = Issued(bill, ref, on)
                found.append(issued)
                if bill.posted_at is not None and role(bill.system) == "erp":
                    issued.postings.append(_posting(bill, day_of(bill.posted_at)))
            if len(found) > 1:
                found.sort(key=_by_issue)
        if views:
            self._place(views, valid, later, day_of)

    def _place(
        self, views: list[Bill], valid: dict[str, Issued], later: set[str], day_of: Callable[[dt.datetime], dt.date]
    ) -> None:
        for view in views:
            issued = valid.get(view.mirrors)  # type: ignore[arg-type]
            posted_at = view.posted_at or (view.issued_at if view.status == "posted" else None)
            if posted_at is None or view.status == "rejected":
                if issued is not None:
                    issued.refused = view
            elif issued is None:
                if view.mirrors not in later:
                    self.orphans.append(_posting(view, day_of(posted_at)))
            else:
                issued.postings.append(_posting(view, day_of(posted_at)))
                if len(issued.postings) > 1:
                    issued.postings.sort(key=_by_posting)

    def owns(self, bill: Bill) -> bool:
        """Whether facts about the whole document are reported here."""
        return not self.foreign or bill.key not in self.foreign


def _by_issue(issued: Issued) -> tuple[dt.date, dt.datetime | None, str]:
    return issued.on, issued.bill.issued_at or issued.bill.posted_at, issued.ref


def _by_posting(posting: Posting) -> tuple[dt.date, dt.datetime | None, str]:
    return posting.posted_on, posting.view.posted_at or posting.view.issued_at, posting.view.ref


def _posting(view: Bill, on: dt.date) -> Posting:
    period = view.posting_period
    if not period or period == month_of(on):
        return Posting(view, on, on)
    try:
        first = dt.date.fromisoformat(f"{period}-01")
    except ValueError:  # a period that the ERP names otherwise than YYYY-MM
        return Posting(view, on, on)
    return Posting(view, on, first if on < first else month_end(first))


class Desk:
    """What every control has at hand: the instance with its books, policy and day, and where to report."""

    def __init__(self, instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
        anchor = instance.anchor
        self.instance, self.policy, self.day, self.outcome = instance, policy, day, outcome
        entity = anchor.entity if anchor is not None else _entity_of(instance)
        self.calendar = policy.calendar(entity)
        self.day_of = self.calendar.day
        self.books = Books(instance, policy, day, self.day_of)
        self.customer = ""
        """Whose documents these are, where a document does not say."""

    def knows(self, role: str, type_: str, entity: str) -> bool:
        """Whether the absence of such a document, here and now, proves that there is none."""
        return self.instance.known(role, type_, entity, self.day)


def _entity_of(instance: Instance) -> str:
    return next((d.entity for members in instance.members.values() for d in members), "")


def line_count(bill: Bill) -> int:
    """How many lines a document has, at least 1; estimated from its net where this is only a slice of it."""
    lines = bill.lines
    known = sum(line.net for line in lines)
    if not lines or known == bill.net or known == 0:
        return max(1, len(lines))
    return max(len(lines), -(-len(lines) * abs(bill.net) // abs(known)))
