"""credit: a posted credit memo, which takes from what the ledger holds open."""

from __future__ import annotations

from tieout.canon.documents import CreditMemo

from ..cash.receivable import judge_receivable
from ..definition import Flow, anchor, control, milestone


class Credit(Flow):
    """From a posted credit memo to less that is open: it counts against receivables from its posting on."""

    credit_memo = anchor(CreditMemo, originals=False, roles=("erp",))

    posted = milestone(credit_memo.posted_at, owner="AR")

    money = control(judge_receivable)
