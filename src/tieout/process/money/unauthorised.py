"""Service past the last authorised day: past the contract's end, terminated, or held over.

Source: docs/money.md, ``unauthorised_service``. (What a contract that nobody signed leaves unbilled is found period by
period, see `recurring`.)
"""

from __future__ import annotations

import datetime as dt

from tieout.canon.dates import ONE_DAY
from tieout.canon.documents import Entitlement
from tieout.canon.money import round_half_away

from ..verdict import Slice
from .chain import Chain, hold_over, is_free
from .recurring import authorised_to
from .tally import Tally
from .view import RECURRING, OrderView

GRACE_DAYS = 1
"""Business days after the last authorised day within which nothing is said."""


def judge_unauthorised(view: OrderView, tally: Tally) -> None:
    """Every order line whose service went on after the last authorised day, less what was billed for it."""
    by_line: dict[str, list[Chain]] = {}
    running: set[str] = set()
    for chain in view.chains:
        if chain.kind in RECURRING and chain.segments:
            last_on = authorised_to(view, chain)
            if last_on is None or last_on >= view.day:
                running.add(chain.line)
                if last_on is not None:
                    view.outcome.wake(view.calendar.add_business_days(last_on, GRACE_DAYS) + ONE_DAY)
            else:
                by_line.setdefault(chain.line, []).append(chain)
    for line, chains in by_line.items():
        if line not in running:
            _judge(view, line, chains, max(authorised_to(view, c) or view.day for c in chains), tally)
        chains[0].move("in advance", tally.held_over.pop(line, 0))


def _judge(view: OrderView, line: str, chains: list[Chain], last_on: dt.date, tally: Tally) -> None:
    service = view.service(line)
    if not service.runs_past(last_on, view.day):
        return
    grace_to = view.calendar.add_business_days(last_on, GRACE_DAYS)
    through = min(view.day, service.served_to or view.day)
    begin = max(last_on + ONE_DAY, service.activated_on or last_on)
    if through <= grace_to or begin > through:
        return
    left = tally.held_over.pop(line, 0)
    for chain in chains:
        segment = next((s for s in reversed(chain.segments) if not is_free(s.charge)), chain.segments[-1])
        value = round_half_away(hold_over(segment, begin, through))
        chain.fulfilled += value
        chain.move("outside contract", value)
        paid = min(left, value) if chain is not chains[-1] else left
        left -= paid
        if value > paid:
            entitlement = _entitlement(view, service.entitlements)
            tally.unauthorised(chain, entitlement, value - paid, last_on + ONE_DAY, _variant(view))
        else:
            chain.move("in advance", paid - value)
        if view.outcome.detail:
            state = "served past its end, and billed" if paid >= value else "served past its end"
            view.outcome.slices.append(
                Slice(
                    charge=segment.charge.key, from_on=begin, to_on=through, due_on=None, expected=0, fulfilled=value,
                    billed=paid, state=state,
                )
            )  # fmt: skip


def _entitlement(view: OrderView, entitlements: tuple[Entitlement, ...]) -> Entitlement:
    """The entitlement that goes on: the one that was switched off last, or not at all."""
    return max(entitlements, key=lambda e: view.ended_on(e) or dt.date.max)


def _variant(view: OrderView) -> str:
    if any(a.kind == "terminate" for a in view.amendments.values()) or (view.contract and view.contract.terminated_on):
        return "terminated"
    return "past the contract's end" if view.contract is not None else "past the order's end"
