"""Journal entries: those that the ERP makes of what it posts, and those that people make by hand."""

from __future__ import annotations

from decimal import Decimal

from ..canon.documents import CreditMemo, Invoice, JournalEntry, JournalLine
from .amounts import coins, exchanged
from .arithmetic import ONE_DAY, later
from .catalogue import months
from .world import World


def journal(world: World, booked: Invoice | CreditMemo) -> None:
    """The entry in the general ledger, in the entity's own currency: receivable against revenue and tax."""
    functional = world.entities[booked.entity].functional
    rate = booked.fx_rate or Decimal(1)
    gross = exchanged(booked.total, booked.currency, functional, rate)
    tax = exchanged(booked.tax, booked.currency, functional, rate)
    assert booked.posted_at
    credit = isinstance(booked, CreditMemo)
    sides = [("AR_CONTROL", gross), ("REVENUE", tax - gross), ("TAX", -tax)]
    lines = []
    for account, amount in sides:
        amount = -amount if credit else amount
        if amount:
            lines.append(JournalLine(account=account, debit=max(amount, 0), credit=max(-amount, 0)))
    world.add(
        JournalEntry(
            system="erp", id=f"JE-{booked.id}", entity=booked.entity, currency=functional,
            posted_on=world.entities[booked.entity].day(booked.posted_at), reason="", lines=tuple(lines),
        )
    )  # fmt: skip


REASONS = ("accrual", "reclassification", "mismatch with billing", "rounding", "")
"""Why people post by hand; some do not say."""


def by_hand(world: World) -> None:
    """A few manual entries a month and entity between revenue and what is deferred."""
    rng = world.rng("manual journals")
    for code, entity in world.entities.items():
        for first in months(world):
            day = min(later(first, 1) - ONE_DAY, world.as_of)
            for number in range(rng.randrange(1, 4)):
                amount = coins(entity.functional, rng.randrange(20, 900))
                lines = (JournalLine(account="REVENUE", debit=amount), JournalLine(account="DEFERRED", credit=amount))
                world.add(
                    JournalEntry(
                        system="erp", id=f"JM-{code}-{first:%Y%m}-{number}", entity=code, currency=entity.functional,
                        posted_on=day, manual=True, reason=rng.choice(REASONS), lines=lines,
                    )
                )  # fmt: skip
