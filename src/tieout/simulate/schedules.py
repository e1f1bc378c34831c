"""Revenue schedules of the ERP: what a charge earns month by month."""

from __future__ import annotations

import datetime as dt

from ..canon.documents import RevenueSchedule, ScheduleLine
from .arithmetic import ONE_DAY, later, served
from .billing import due_lines
from .deal import Chain, Deal


def month_end(day: dt.date) -> dt.date:
    """The last day of the month."""
    return later(day.replace(day=1), 1) - ONE_DAY


def earned(deal: Deal, chain: Chain, through: dt.date) -> int:
    """What the first segment of a line has earned by the end of a day, of everything that was to be billed by as_of."""
    off = chain.deactivated_on or through
    lines = [due for due in due_lines(deal, chain) if due.charge is chain.segments[0] and due.bill_on <= deal.as_of]
    return sum(served(due.net, due.first, due.last, chain.activated_on, min(through, off)) for due in lines)


def write_schedules(deal: Deal) -> None:
    """One schedule for every line that the ERP defers, to the end of what was to be billed."""
    for chain in deal.chains:
        if chain.scheduled and chain.activated_on:
            write_schedule(deal, chain)


def schedule_lines(deal: Deal, chain: Chain) -> list[ScheduleLine]:
    """The months and their amounts."""
    ends = [due.last for due in due_lines(deal, chain) if due.charge is chain.segments[0] and due.bill_on <= deal.as_of]
    lines, so_far = [], 0
    if ends:
        end = month_end(chain.segments[0].start_on)
        while True:
            total = earned(deal, chain, end)
            lines.append(ScheduleLine(period_end=end, amount=total - so_far))
            so_far = total
            if end >= max(ends):
                break
            end = month_end(end + ONE_DAY)
    return lines


def write_schedule(deal: Deal, chain: Chain) -> None:
    """The schedule of the line's first segment; a scenario may have spoilt its amounts."""
    lines = schedule_lines(deal, chain)
    for index, change in chain.schedule_errors.items():
        if index < len(lines):
            line = lines[index]
            lines[index] = ScheduleLine(period_end=line.period_end, amount=line.amount + change)
    if lines:
        deal.world.add(
            RevenueSchedule(
                system="erp", id=f"RS-{deal.stem}-{chain.line}", entity=deal.entity.code, currency=deal.currency,
                charge=chain.segments[0].ref, order=deal.order, lines=tuple(lines),
            )
        )  # fmt: skip
