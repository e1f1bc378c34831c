"""The control of order-to-bill: everything that one order is judged for in money."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..instance import Instance
from ..verdict import Outcome
from .chain import Chain
from .credits import settle_credits
from .documents import judge_bills, judge_surplus
from .master_data import judge_master_data
from .once import judge_once, judge_time
from .ownership import judge_ownership
from .recurring import judge_recurring
from .schedules import judge_schedules
from .settle import book
from .tally import Tally
from .unauthorised import judge_unauthorised
from .usage import judge_usage
from .view import OrderView

if TYPE_CHECKING:
    from tieout.policy import Policy

_JUDGES: dict[str, Callable[[OrderView, Chain, Tally], None]] = {
    "recurring": judge_recurring,
    "commitment": judge_recurring,
    "one_time": judge_once,
    "milestone": judge_once,
    "time": judge_time,
    "usage": judge_usage,
}


def judge_order(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Judge one order as of the end of ``day``: what is fulfilled, billed and posted of it against what was agreed.

    Reports the classes of leakage, stuck, overstatement and difference of docs/money.md, the overlays `master_data_gap` and
    `ownership_conflict`, the positions of rows R1, R2, R3 and R7, and, where detail is asked for, slices.
    """
    view = OrderView(instance, policy, day, outcome)
    tally = Tally(view)
    if view.books.credits:
        settle_credits(view, tally)
    for chain in view.chains:
        if view.booked and chain.segments:
            _JUDGES[chain.kind](view, chain, tally)
        elif chain.lines:
            book(chain, chain.lines)
            chain.move("in advance", sum(b.net for b in chain.lines))
    judge_unauthorised(view, tally)
    apart = judge_surplus(view, tally) if view.doubled or view.astray else set()
    tally.report()
    judge_bills(view, apart)
    judge_schedules(view, tally)
    judge_master_data(view)
    judge_ownership(instance, policy, outcome)
