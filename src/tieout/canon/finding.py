"""What an evaluation reports: findings, each with its risk class, money, owner and documents.

The order of `Risk` is the order of precedence: a slice of money belongs to the first class that applies, later
classes take only what is left. `RISKS` says of each class which total it counts in, who owns it and what it means.
"""

from __future__ import annotations

import datetime as dt
import enum

import msgspec

from .documents import Minor


class Group(enum.StrEnum):
    """The four totals, never added together, and the two kinds of finding that stay outside them."""

    LEAKAGE = "leakage"
    STUCK = "stuck"
    OVERSTATEMENT = "overstatement"
    FUTURE = "future at risk"
    OVERLAY = "overlay"
    """Adds no money; points at what it holds up."""
    DIFFERENCE = "difference"
    """Only its own difference, on money that is otherwise in order."""


class Risk(enum.StrEnum):
    """Every risk class, in order of precedence."""

    UNAUTHORISED_SERVICE = "unauthorised_service"
    MISSED_UPSELL = "missed_upsell"
    UNBILLED_USAGE = "unbilled_usage"
    UNBILLED_SERVICE = "unbilled_service"
    UNDERBILLED = "underbilled"
    UNPOSTED_INVOICE = "unposted_invoice"
    MISPOSTED_INVOICE = "misposted_invoice"
    UNRECORDED_CASH = "unrecorded_cash"
    SHORT_SETTLEMENT = "short_settlement"
    UNAPPLIED_CASH = "unapplied_cash"
    DUPLICATE_DOCUMENT = "duplicate_document"
    UNSUPPORTED_DOCUMENT = "unsupported_document"
    UNENTITLED_BILLING = "unentitled_billing"
    CREDIT_LEAKAGE = "credit_leakage"
    OVERBILLED = "overbilled"
    MISSED_RENEWAL = "missed_renewal"
    MASTER_DATA_GAP = "master_data_gap"
    OWNERSHIP_CONFLICT = "ownership_conflict"
    BLOCKED_RENEWAL = "blocked_renewal"
    IN_DOUBT = "in_doubt"
    STREAM_SILENT = "stream_silent"
    TAX_MISMATCH = "tax_mismatch"
    CURRENCY_MISMATCH = "currency_mismatch"
    PERIOD_CUTOFF = "period_cutoff"
    SCHEDULE_MISMATCH = "schedule_mismatch"
    OWN_LEAKAGE = "own_leakage"
    OWN_STUCK = "own_stuck"
    OWN_OVERSTATEMENT = "own_overstatement"
    OWN_FUTURE = "own_future"


class RiskClass(msgspec.Struct, frozen=True):
    """One row of the risk table."""

    group: Group
    owner: str
    meaning: str
    exposure: str


_L, _S, _O, _D = Group.LEAKAGE, Group.STUCK, Group.OVERSTATEMENT, Group.DIFFERENCE
RISKS: dict[Risk, RiskClass] = {
    Risk.UNAUTHORISED_SERVICE: RiskClass(
        _L, "customer success", "service without a valid contract, or past its end or termination",
        "last price (or hold-over price) of the days served",
    ),
    Risk.MISSED_UPSELL: RiskClass(
        _L, "billing-ops", "an amendment is in effect and not charged", "the delta only, prorated, as far as served"
    ),
    Risk.UNBILLED_USAGE: RiskClass(
        _L, "billing-ops", "metered, past its billing date, not invoiced", "rate(total) − rate(billed)"
    ),
    Risk.UNBILLED_SERVICE: RiskClass(
        _L, "billing-ops", "a charge is due and there is no invoice", "the fulfilled part that is not invoiced"
    ),
    Risk.UNDERBILLED: RiskClass(_L, "billing-ops", "billed below contracted", "the remainder"),
    Risk.UNPOSTED_INVOICE: RiskClass(
        _S, "AR", "issued, and refused by or absent from the ERP", "net, with the tax apart"
    ),
    Risk.MISPOSTED_INVOICE: RiskClass(
        _S, "AR", "posted with another amount, tax, entity or currency than issued",
        "the difference; the whole where entity or currency differ",
    ),
    Risk.UNRECORDED_CASH: RiskClass(_S, "treasury", "received, and not in the ERP", "the amount"),
    Risk.SHORT_SETTLEMENT: RiskClass(
        _S, "treasury", "a payout or its bank line falls short of its parts", "the shortfall"
    ),
    Risk.UNAPPLIED_CASH: RiskClass(_S, "cash application", "received and not applied", "the unapplied amount"),
    Risk.DUPLICATE_DOCUMENT: RiskClass(_O, "AR", "a second document for one obligation", "the surplus document"),
    Risk.UNSUPPORTED_DOCUMENT: RiskClass(_O, "AR", "an invoice that no obligation asks for", "the document"),
    Risk.UNENTITLED_BILLING: RiskClass(
        _O, "AR", "billed past service start and not activated", "what was billed of the days gone by"
    ),
    Risk.CREDIT_LEAKAGE: RiskClass(_O, "AR manager", "a credit without cause, twice or too large", "the excess"),
    Risk.OVERBILLED: RiskClass(_O, "AR manager", "billed above contracted", "the excess"),
    Risk.MISSED_RENEWAL: RiskClass(
        Group.FUTURE, "renewals", "a window or notice date passed without its step",
        "the next committed 12 months, or the term if shorter",
    ),
    Risk.MASTER_DATA_GAP: RiskClass(Group.OVERLAY, "master-data", "a code without a crosswalk", "0: what it holds up"),
    Risk.OWNERSHIP_CONFLICT: RiskClass(
        Group.OVERLAY, "master-data", "another system disagrees with a field's owner", "0: what it holds up"
    ),
    Risk.BLOCKED_RENEWAL: RiskClass(Group.OVERLAY, "renewals", "dates or terms differ between systems", "0"),
    Risk.IN_DOUBT: RiskClass(Group.OVERLAY, "AR", "outcome unknown past its settle window", "0"),
    Risk.STREAM_SILENT: RiskClass(Group.OVERLAY, "IT", "a stream is silent", "0"),
    Risk.TAX_MISMATCH: RiskClass(_D, "tax", "invoiced tax differs from the tax answer", "the tax difference"),
    Risk.CURRENCY_MISMATCH: RiskClass(
        _D, "billing-ops", "invoiced in another currency than contracted", "the document's net"
    ),
    Risk.PERIOD_CUTOFF: RiskClass(_D, "AR", "posted in the wrong period", "the net in the wrong period"),
    Risk.SCHEDULE_MISMATCH: RiskClass(
        _D, "revenue accounting", "the revenue schedule differs from the service",
        "the largest cumulative difference at a period end",
    ),
    Risk.OWN_LEAKAGE: RiskClass(_L, "the flow's", "a step of a flow of your own is late", "as the flow says"),
    Risk.OWN_STUCK: RiskClass(_S, "the flow's", "a step of a flow of your own is late", "as the flow says"),
    Risk.OWN_OVERSTATEMENT: RiskClass(_O, "the flow's", "a step of a flow of your own is late", "as the flow says"),
    Risk.OWN_FUTURE: RiskClass(Group.FUTURE, "the flow's", "a step of a flow of your own is late", "as the flow says"),
}  # fmt: skip

OWN = frozenset({Risk.OWN_LEAKAGE, Risk.OWN_STUCK, Risk.OWN_OVERSTATEMENT, Risk.OWN_FUTURE})
"""Classes for flows of one's own: which total their money counts in. `Finding.variant` says which step is late."""

PRECEDENCE: dict[Risk, int] = {risk: rank for rank, risk in enumerate(Risk)}


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong, in money. Its identity is (risk, subject, period), never the instance that saw it."""

    risk: Risk
    subject: str
    """Key (``type/system/id``) of the document that it is about."""
    period: str = ""
    entity: str
    currency: str
    exposure: Minor
    """Net money at risk as of the evaluation, minor units of ``currency``; 0 for overlays."""
    tax: Minor = 0
    owner: str
    since: dt.date | None = None
    documents: tuple[str, ...] = ()
    why: str
    amounts: dict[str, Minor] = {}
    """Further amounts by name, such as ``billing_delayed``."""
    variant: str = ""
    """A finer state within the class, such as ``unidentified`` or ``past end``."""
    cause: str = ""
    """Key of the root cause, where one is known: findings of one cause are one case."""
    holds: tuple[str, ...] = ()
    """For overlays: keys of the documents held up."""
    customer: str = ""
    deadline: dt.date | None = None
    """The day by which it should be mended, where one is known: a notice date, a back-bill limit."""

    @property
    def group(self) -> Group:
        """The total that it counts in."""
        return RISKS[self.risk].group

    @property
    def identity(self) -> tuple[str, str, str]:
        """(risk, subject, period)."""
        return (self.risk.value, self.subject, self.period)


class Position(msgspec.Struct, frozen=True):
    """A cumulative amount of one bridge line as of a day: the difference of two days is that line's movement.

    ``row`` is R1…R7; ``line`` is ``from``, ``to`` (as evaluated; R5 and R6 also start from ``received``) or a
    line's name; ``document`` itemises it.
    """

    row: str
    line: str
    entity: str
    currency: str
    amount: Minor
    document: str
    functional: Minor | None = None
