"""Measures of one order's billing: how soon it is invoiced and posted, what was billed and credited.

They find nothing. Speed is measured on the invoices of the last quarter, what is still open at any age; billed and
credited amounts over everything. Source: docs/money.md, "Key figures".
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import Charge, Invoice, InvoiceLine, Order
from tieout.canon.finding import Risk

from .instance import Instance
from .kpis import CREDITED, DUE, FIRST_PASS, ISSUE_HOURS, NET_BILLED, POST_HOURS
from .verdict import Measure, Outcome

if TYPE_CHECKING:
    from tieout.policy import Calendar, Policy

RECENT_DAYS = 92
"""Speed is measured on invoices issued within this many days."""
DUE_DAYS = 2
"""Business days from bill date to invoice."""
NOT_A_DOCUMENT = frozenset({"draft", "void"})
OPEN = frozenset({Risk.UNBILLED_SERVICE, Risk.UNBILLED_USAGE, Risk.MISSED_UPSELL})
"""Classes of what is due and was never invoiced."""
_HOUR = dt.timedelta(hours=1)


def measure_billing(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Measures of the order's documents (flow order_to_bill, after its money control, whose findings are the open charges).

    Facts about whole documents are measured where the instance owns them.
    """
    order = instance.anchor
    assert isinstance(order, Order)
    calendar = policy.calendar(order.entity)
    recent_from = calendar.start_of(day - dt.timedelta(days=RECENT_DAYS))
    until = calendar.end_of(day)
    billed: dict[str, int] = {}
    views = _views(instance)
    trigger: _Triggers | None = None
    for invoice in instance.get("invoices"):
        issued_at = invoice.issued_at
        if invoice.mirrors is not None or invoice.deleted or invoice.status in NOT_A_DOCUMENT:
            continue
        if issued_at is None or issued_at > until:
            continue
        owned = instance.owns(invoice)
        if owned:
            billed[invoice.currency] = billed.get(invoice.currency, 0) + invoice.net
        view, refused = views.get(invoice.ref, _NO_VIEW)
        if issued_at < recent_from and view is not None and view.posted_at is not None:
            continue
        if owned and policy.role(invoice.system) != "erp" and instance.known("erp", "invoice", invoice.entity, day):
            _posting(invoice, view, refused, until, outcome)
        if issued_at >= recent_from and invoice.replaces is None:
            trigger = trigger or _Triggers(instance, order, calendar)
            _issue(invoice, trigger, calendar, outcome)
    for memo in instance.get("credit_memos"):
        if memo.mirrors is None and not memo.deleted and memo.status not in NOT_A_DOCUMENT and instance.owns(memo):
            if memo.issued_at is not None and memo.issued_at <= until:
                billed[memo.currency] = billed.get(memo.currency, 0) - memo.net
                key = memo.reason or "unattributed"
                outcome.measures.append(Measure(CREDITED, memo.entity, memo.currency, None, memo.net, key))
    for currency, net in billed.items():
        outcome.measures.append(Measure(NET_BILLED, order.entity, currency, None, net))
    _open(order, day, outcome)


_View = tuple[Invoice | None, bool]
_NO_VIEW: _View = (None, False)


def _views(instance: Instance) -> dict[str, _View]:
    """Reference of a billing invoice → its ERP view, the posted one before a refused one; whether one was refused."""
    found: dict[str, _View] = {}
    for view in instance.get("invoices"):
        if view.mirrors is not None and not view.deleted:
            before, refused = found.get(view.mirrors, _NO_VIEW)
            keep = before if before is not None and before.posted_at is not None else view
            found[view.mirrors] = (keep, refused or bool(view.error) or view.status == "rejected")
    return found


def _posting(invoice: Invoice, view: Invoice | None, refused: bool, until: dt.datetime, outcome: Outcome) -> None:
    """From issue to posting; and whether the ERP took it at once."""
    posted_at = view.posted_at if view is not None else None
    done = posted_at is not None and posted_at <= until
    assert invoice.issued_at is not None
    ended_at = posted_at if posted_at is not None and done else until
    entity, currency, add = invoice.entity, invoice.currency, outcome.measures.append
    add(Measure(POST_HOURS, entity, currency, (ended_at - invoice.issued_at) / _HOUR, 0, "done" if done else "open"))
    if view is not None:
        first = "first pass" if done and not refused else "refused before" if done else "refused"
        add(Measure(FIRST_PASS, entity, currency, None, 0, first))


def _issue(invoice: Invoice, triggers: _Triggers, calendar: Calendar, outcome: Outcome) -> None:
    """From bill date to issue, line by line."""
    assert invoice.issued_at is not None
    issued_on = calendar.day(invoice.issued_at)
    for line in invoice.lines:
        bill_on = triggers.of(line, issued_on)
        if bill_on is None or not line.net:
            continue
        hours = 24 * max(0, (issued_on - bill_on).days)
        state = "in time" if issued_on <= calendar.add_business_days(bill_on, DUE_DAYS) else "late"
        outcome.measures.append(Measure(ISSUE_HOURS, invoice.entity, invoice.currency, hours, 0, "done"))
        outcome.measures.append(Measure(DUE, invoice.entity, invoice.currency, None, line.net, state))


def _open(order: Order, day: dt.date, outcome: Outcome) -> None:
    """What is due and was never invoiced, at its whole value and by its age."""
    for finding in outcome.findings:
        if finding.risk in OPEN and finding.since is not None:
            amount = finding.amounts.get("billing_delayed", finding.exposure)
            hours = 24 * (day - finding.since).days
            add = outcome.measures.append
            add(Measure(ISSUE_HOURS, order.entity, finding.currency, hours, 0, "open"))
            add(Measure(DUE, order.entity, finding.currency, None, amount, "late and open"))


class _Triggers:
    """Bill dates of invoice lines (docs/money.md, "Bill date"), as far as the calendar and dated facts decide them."""

    def __init__(self, instance: Instance, order: Order, calendar: Calendar) -> None:
        self.instance, self.calendar = instance, calendar
        self.charges: dict[str, Charge] = {c.ref: c for c in instance.get("charges")}
        self.accepted_on = calendar.day(order.accepted_at) if order.accepted_at is not None else order.effective_on
        self.amended_on = {
            a.ref: calendar.day(a.accepted_at) for a in instance.get("amendments") if a.accepted_at is not None
        }
        self.activated_on = self._first((e.line, e.activated_at) for e in instance.get("entitlements"))

    def of(self, line: InvoiceLine, issued_on: dt.date) -> dt.date | None:
        """The bill date of a line; None where nothing that is known decides it."""
        charge = self.charges.get(line.charge) if line.charge is not None else None
        if charge is None:
            return None
        if charge.kind in ("one_time", "milestone"):
            on = self._triggered_on(charge)
            return on and max(on, self.accepted_on or on)
        if charge.kind == "time":
            return add_months((line.service_from or issued_on).replace(day=1), 1)
        if line.service_from is None or line.service_to is None:
            return None
        if charge.kind == "usage":
            return add_months(line.service_from.replace(day=1), 1, charge.bill_day or 1)
        if charge.timing != "arrears":
            on = line.service_from
        elif charge.bill_day:
            on = add_months(line.service_to.replace(day=1), 1, charge.bill_day)
        else:
            on = line.service_to + ONE_DAY
        if charge.trigger == "activation":
            on = max(on, self.activated_on.get(charge.line, on))
        return max(on, self.accepted_on or on, self.amended_on.get(charge.amendment, on) if charge.amendment else on)

    def _triggered_on(self, charge: Charge) -> dt.date | None:
        """The day on which what a one-time charge or a milestone waits for happened."""
        if charge.kind == "milestone" or charge.trigger == "approval":
            return self.approved_on.get(charge.ref)
        if charge.trigger == "shipment":
            return self.shipped_on.get(charge.line)
        return charge.start_on if charge.trigger == "contract_effective" else self.activated_on.get(charge.line)

    @cached_property
    def approved_on(self) -> dict[str, dt.date]:
        """First approval of the milestones of each charge."""
        projects = [p for p in self.instance.get("projects") if p.mirrors is None and not p.deleted]
        return self._first((m.charge, m.approved_at) for project in projects for m in project.milestones)

    @cached_property
    def shipped_on(self) -> dict[str, dt.date]:
        """First shipment of each order line."""
        sent = [s for s in self.instance.get("shipments") if s.mirrors is None and not s.deleted]
        return self._first((s.line, s.shipped_at) for s in sent)

    def _first(self, happened: Iterable[tuple[str | None, dt.datetime | None]]) -> dict[str, dt.date]:
        """The first day on which something happened to each of those that are named."""
        found: dict[str, dt.date] = {}
        for name, at in happened:
            if name is not None and at is not None:
                on = self.calendar.day(at)
                found[name] = min(on, found.get(name, on))
        return found
