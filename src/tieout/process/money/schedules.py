"""Revenue schedules against the service: `schedule_mismatch`, and row R7 from fulfilled to recognised.

Source: docs/money.md, ``schedule_mismatch``: the largest difference at a calendar month end, on charges without other findings.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from tieout.canon.dates import ONE_DAY, month_end
from tieout.canon.documents import RevenueSchedule
from tieout.canon.finding import Position, Risk

from .chain import Chain, Segment, rows, value_between
from .emit import finding, money
from .tally import Tally
from .view import RECURRING, OrderView


def judge_schedules(view: OrderView, tally: Tally) -> None:
    """Every schedule of the order's charges; and what of each chain is fulfilled and recognised."""
    schedules = [s for s in view.instance.get("schedules") if s.mirrors is None and not s.deleted]
    if not schedules and not view.proves("erp", "revenue_schedule"):
        return
    by_charge: dict[str, list[RevenueSchedule]] = {}
    for schedule in schedules:
        by_charge.setdefault(schedule.charge, []).append(schedule)
    for chain in view.chains:
        found = [s for reference in chain.refs for s in by_charge.get(reference, ())]
        if found or chain.fulfilled:
            _judge_chain(view, chain, found, tally)


def _judge_chain(view: OrderView, chain: Chain, schedules: list[RevenueSchedule], tally: Tally) -> None:
    recognised = 0
    for schedule in schedules:
        recognised += sum(line.amount for line in schedule.lines if line.period_end <= view.day)
        if chain.root not in tally.touched:
            _judge(view, chain, schedule)
    add, charge, key = view.outcome.positions.append, chain.charge, chain.key
    if chain.fulfilled:
        add(Position("R7", "from", charge.entity, charge.currency, chain.fulfilled, key))
    if recognised:
        add(Position("R7", "to", charge.entity, charge.currency, recognised, key))
    difference = recognised - chain.fulfilled
    if difference:
        add(Position("R7", _line(chain, schedules, view), charge.entity, charge.currency, difference, key))


def _line(chain: Chain, schedules: list[RevenueSchedule], view: OrderView) -> str:
    """Why recognised differs from fulfilled: nothing is scheduled, another total is, or the same at other times."""
    if not schedules:
        return "constraint"
    if view.day != month_end(view.day):
        return "month not ended"
    scheduled = sum(line.amount for schedule in schedules for line in schedule.lines)
    return "ramp" if chain.end_on is None or scheduled == chain.contracted else "allocation"


def _judge(view: OrderView, chain: Chain, schedule: RevenueSchedule) -> None:
    """The largest difference between service and schedule at a month end up to the day."""
    segment = next((s for s in chain.segments if s.charge.ref == schedule.charge), None)
    if segment is None or not schedule.lines:
        return
    charge = segment.charge
    planned = sorted((line.period_end, line.amount) for line in schedule.lines)
    ends = _month_ends(min(charge.start_on, planned[0][0]), view.day)
    worst, worst_on, running, index = 0, None, 0, 0
    for end, expected in _fulfilled_by(view, chain, segment, ends):
        while index < len(planned) and planned[index][0] <= end:
            running += planned[index][1]
            index += 1
        difference = abs(expected - running)
        if difference > worst:
            worst, worst_on = difference, end
    if worst <= view.policy.tolerance("schedule", charge.entity) * len(planned):
        return
    why = f"at {worst_on} the schedule differs from the service by {money(worst, charge.currency)}"
    finding(
        view.outcome, view.policy, Risk.SCHEDULE_MISMATCH, schedule, worst, why, entity=charge.entity,
        currency=charge.currency, since=worst_on, documents=(schedule.key, charge.key), customer=view.customer,
    )  # fmt: skip


def _month_ends(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    end = month_end(first)
    while end <= last:
        yield end
        end = month_end(end + ONE_DAY)


def _fulfilled_by(
    view: OrderView, chain: Chain, segment: Segment, ends: Iterator[dt.date]
) -> Iterator[tuple[dt.date, int]]:
    """For each month end the fulfilled value of a segment up to it, in minor units."""
    if chain.kind not in RECURRING:
        events = [(on, amount) for reference, on, amount in chain.events if reference == segment.charge.ref]
        for end in ends:
            yield end, sum(amount for on, amount in events if on <= end)
        return
    service = view.service(chain.line)
    begin, served_to = service.activated_on, service.served_to
    found = rows(segment, view.day)
    index = done = 0
    for end in ends:
        if begin is None:
            yield end, 0
            continue
        through = end if served_to is None or served_to > end else served_to
        while index < len(found) and found[index].last <= through:
            row = found[index]
            done += row.net if begin <= row.first else value_between(row.net, row.first, row.last, begin, through)
            index += 1
        part = 0
        if index < len(found) and found[index].first <= through and begin <= through:
            row = found[index]
            part = value_between(row.net, row.first, row.last, begin, through)
        yield end, done + part
