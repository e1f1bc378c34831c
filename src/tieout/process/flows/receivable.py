"""receivable: what the ledger holds open on one posted document, and what settled it."""

from __future__ import annotations

from tieout.canon.documents import CashApplication, Invoice, WithholdingCertificate, WriteOff

from ..cash.plain import RECEIVABLES
from ..cash.receivable import judge_receivable
from ..definition import Flow, anchor, control, milestone, related
from ..expressions import latest


class Receivable(Flow):
    """From a posted invoice to nothing open: cash, withholding, discount, bank charge, write-off."""

    invoice = anchor(Invoice, originals=False, roles=("erp",))
    applications = related(CashApplication, "invoice", source="erp")
    write_offs = related(WriteOff, "invoice")
    withholding = related(WithholdingCertificate, "invoice")

    posted = milestone(invoice.posted_at, owner="AR")
    settled = milestone(latest(applications.applied_at), after=posted, owner="cash application")

    money = control(judge_receivable)
    quiet = RECEIVABLES
