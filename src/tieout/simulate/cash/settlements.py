"""Payouts that fall short, on their own or on the way to the bank, and the truth about them."""

from __future__ import annotations

from ...canon.finding import Risk
from ..amounts import coins
from .desk import Desk
from .payouts import Batch
from .ways import days

LONG_AGO = days(21)


def shorten(desk: Desk, count: int) -> None:
    """Spoil up to ``count`` payouts of each kind: less than its parts, less at the bank, never at the bank, and both."""
    old = [batch for batch in desk.payouts.in_order() if batch.paid_on + LONG_AGO <= desk.as_of]
    old = [batch for batch in old if batch.parts > coins(batch.lane[1], 60)]
    desk.rng.shuffle(old)
    for kind in (_withheld, _lost, _missing, _withheld_and_lost):
        for _ in range(count):
            if old:
                batch = old.pop()
                note = kind(batch)
                desk.world.leak(
                    Risk.SHORT_SETTLEMENT, f"payout/{batch.ref}", batch.lane[0], batch.lane[1],
                    batch.withheld + batch.lost, batch.paid_on, note,
                )  # fmt: skip


def split(desk: Desk, count: int) -> None:
    """Let some payouts arrive as two bank lines that add up: nothing is missing."""
    whole = [b for b in desk.payouts.in_order() if not b.lost and b.paid_on + days(7) <= desk.as_of and b.parts > 1]
    for batch in desk.rng.sample(whole, min(count, len(whole))):
        batch.parcels = 2
        desk.world.shown.add("payout_in_two_lines")


def _withheld(batch: Batch) -> str:
    batch.withheld = coins(batch.lane[1], 12) + batch.charges % 97
    return "payout below its parts"


def _lost(batch: Batch) -> str:
    batch.lost = coins(batch.lane[1], 8) + batch.charges % 89
    return "bank line below the payout"


def _missing(batch: Batch) -> str:
    batch.lost = batch.parts
    return "no bank line"


def _withheld_and_lost(batch: Batch) -> str:
    _withheld(batch)
    _lost(batch)
    return "payout below its parts, and bank line below the payout"
