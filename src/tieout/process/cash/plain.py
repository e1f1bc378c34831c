"""Money in that went the plain way, and receivables that cash settled: the quiet shapes of payment_to_cash and receivable.

Beside each stands the control that says the same of one instance, and of all that are not plain.
"""

from __future__ import annotations

from ..quiet import Move, Plain, Quiet
from .walk import FROM, RECEIVED, TO

_APPLICATIONS = Plain(
    relation="applications",
    holds="NOT d.deleted AND d.kind = 'cash' AND role_of(d.system) = 'erp'",
    day="local_day(a.entity, d.applied_at)",
    sums={"applied": "d.amount"},
)

RECEIVABLES = (
    Quiet(  # judge_receivable
        plain=(
            Plain(
                relation="invoice",
                holds="NOT d.deleted AND d.status NOT IN ('draft', 'void', 'rejected') AND d.posted_at IS NOT NULL "
                "AND d.currency = functional(d.entity) AND (d.posting_period = '' "
                "OR d.posting_period = strftime(local_day(d.entity, d.posted_at), '%Y-%m'))",
                day="local_day(d.entity, d.posted_at)",
                sums={"total": "d.total"},
            ),
            _APPLICATIONS,
        ),
        unseen=("withholding",),
        moves=(
            Move(row="R4", line=FROM, of="invoice", amount="a.total"),
            Move(row="R4", line="applied", of="applications", amount="-d.amount"),
            Move(row="R4", line=TO, of="invoice", amount="a.total - a.applied"),
        ),
    ),
)
"""A posted invoice in the currency of the books, of which nothing but cash was applied."""

_UNSEEN = ("invoices", "deposits", "deposit_order", "deposit_invoices")
"""Looked at only where something is left that was not applied."""

PAYMENTS = (
    Quiet(  # judge_payment, a processor's payment
        plain=(
            Plain(
                relation="payment",
                holds="NOT d.deleted AND d.status = 'succeeded' AND d.captured_at IS NOT NULL AND role_of(d.system) <> 'erp' "
                "AND d.currency = functional(d.entity)",
                day="local_day(d.entity, d.captured_at)",
                sums={"captured": "d.amount"},
            ),
            Plain(
                relation="receipts",
                holds="NOT d.deleted AND d.status = 'succeeded' AND d.recorded_at IS NOT NULL AND d.amount > 0",
                day="local_day(a.entity, d.recorded_at)",
                sums={"recorded": "d.amount"},
                least=1,
            ),
            _APPLICATIONS,
        ),
        when="a.recorded = a.applied",
        unseen=_UNSEEN,
        moves=(
            Move(row="R5", line=FROM, of="payment", amount="a.captured"),
            Move(row="R5", line="unrecorded", of="payment", amount="a.recorded - a.captured"),
            Move(row="R5", line=TO, of="applications", amount="d.amount"),
            Move(row="R6", line=FROM, of="payment", amount="a.captured"),
            Move(row="R6", line="in transit", of="payment", amount="-a.captured"),
        ),
    ),
    Quiet(  # judge_payment, a receipt of the ERP for one line of the bank
        plain=(
            Plain(
                relation="payment",
                holds="NOT d.deleted AND d.status = 'succeeded' AND d.recorded_at IS NOT NULL AND role_of(d.system) = 'erp' "
                "AND d.currency = functional(d.entity)",
                day="local_day(d.entity, d.recorded_at)",
                sums={"recorded": "d.amount", "to_payout": "CASE WHEN d.payout IS NULL THEN 0 ELSE 1 END"},
            ),
            Plain(
                relation="bank_lines",
                holds="NOT d.deleted AND d.kind = 'customer' AND d.amount > 0 AND d.payout IS NULL "
                "AND d.currency = a.currency AND d.entity = a.entity",
                day="d.booked_on",
                least=1,
                most=1,
            ),
            _APPLICATIONS,
        ),
        when="a.recorded = a.applied AND a.to_payout = 0",
        unseen=_UNSEEN,
        moves=(
            Move(row="R5", line=RECEIVED, of="bank_lines", amount="d.amount"),
            Move(row="R5", line="unrecorded", of="bank_lines", amount="a.recorded - d.amount"),
            Move(row="R5", line=TO, of="applications", amount="d.amount"),
            Move(row="R6", line=RECEIVED, of="bank_lines", amount="d.amount"),
            Move(row="R6", line=TO, of="bank_lines", amount="d.amount"),
        ),
    ),
)
"""Money in the currency of the books that was recorded and applied in full, and of which nothing was given back."""
