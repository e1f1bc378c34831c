"""Measures of billing documents: cycle time from issue to posting, first pass, net billed, credits by reason."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tieout.canon.documents import CreditMemo, Invoice

from .instance import Instance
from .kpis import CREDITED, FIRST_PASS, NET_BILLED, POST_HOURS
from .verdict import Measure, Outcome

if TYPE_CHECKING:
    from tieout.policy import Policy

NOT_A_DOCUMENT = frozenset({"draft", "void"})
_HOUR = dt.timedelta(hours=1)


def measure_billing(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Measures of the billing documents that the instance speaks for (flow order_to_bill; finds nothing)."""
    memos, invoices = instance.get("credit_memos"), instance.get("invoices")
    if not invoices and not memos:
        return
    role = policy.role
    posted = {i.mirrors: i for i in invoices if i.mirrors and not i.deleted and role(i.system) == "erp"}
    add = outcome.measures.append
    for document in (*invoices, *memos):
        if document.mirrors or document.deleted or document.status in NOT_A_DOCUMENT or not instance.owns(document):
            continue
        calendar = policy.calendar(document.entity)
        if not calendar.happened(document.issued_at, day):
            continue
        entity, currency = document.entity, document.currency
        if isinstance(document, CreditMemo):
            add(Measure(NET_BILLED, entity, currency, None, -document.net))
            add(Measure(CREDITED, entity, currency, None, document.net, document.reason or "unattributed"))
            continue
        add(Measure(NET_BILLED, entity, currency, None, document.net))
        if role(document.system) != "erp" and instance.known("erp", "invoice", entity, day):
            _posting(document, posted.get(document.ref), policy, day, outcome)


def _posting(invoice: Invoice, view: Invoice | None, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    calendar = policy.calendar(invoice.entity)
    done = view is not None and calendar.happened(view.posted_at, day)
    until = view.posted_at if done and view is not None else calendar.end_of(day)
    assert invoice.issued_at is not None
    assert until is not None
    hours = (until - invoice.issued_at) / _HOUR
    add = outcome.measures.append
    add(Measure(POST_HOURS, invoice.entity, invoice.currency, hours, 0, "done" if done else "open"))
    if view is not None:
        first = "first pass" if done and not view.error else "refused before" if done else "refused"
        add(Measure(FIRST_PASS, invoice.entity, invoice.currency, None, 0, first))
