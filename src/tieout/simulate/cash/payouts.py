"""What the processor pays out: weekly batches of charges, less fees, refunds, disputes and reserve."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...canon.documents import BankLine, Payment, Payout
from ..amounts import exchanged, share
from ..entities import Entity
from ..world import World

THURSDAY = 3
Lane = tuple[str, str, str]
"""(entity, currency paid out in, who pays out: the card processor or the marketplace)."""


@dataclass
class Batch:
    """One payout in the making, with amounts in the currency that is paid out."""

    id: str
    lane: Lane
    paid_on: dt.date
    charges: int = 0
    fees: int = 0
    refunds: int = 0
    disputes: int = 0
    reserve: int = 0
    fx: int = 0
    withheld: int = 0
    """What the processor keeps without saying why: a leak."""
    lost: int = 0
    """What the bank line is short of: a leak. The whole amount: no bank line at all."""
    parcels: int = 1
    """In how many bank lines the bank booked it."""

    @property
    def ref(self) -> str:
        """``payments/PO-…``."""
        return f"payments/{self.id}"

    @property
    def parts(self) -> int:
        """What the payout should be."""
        return self.charges - self.fees - self.refunds - self.disputes - self.reserve + self.fx


@dataclass
class Withdrawal:
    """A refund or a disputed amount that the processor takes out of a coming batch."""

    lane: Lane
    on: dt.date
    amount: int
    disputed: bool
    write: Callable[[str | None], None]
    """Writes the document, once it is known which payout bears it."""


class Payouts:
    """The processor's books of one shard."""

    def __init__(self, world: World) -> None:
        """No batch yet."""
        self.world = world
        self.rng = world.rng("payouts")
        self.batches: dict[tuple[Lane, dt.date], Batch] = {}
        self.withdrawals: list[Withdrawal] = []
        self.settled_in: dict[str, str] = {}

    def lane(self, entity: Entity, currency: str, method: str, settle_in: str = "") -> Lane:
        """Where a charge is paid out: in its own currency where the entity has an account of it, else in functional currency."""
        own = {entity.functional, "EUR", "USD"}
        return (
            entity.code,
            settle_in or (currency if currency in own else entity.functional),
            "marketplace" if method == "marketplace" else "processor",
        )

    def take(self, lane: Lane, currency: str, amount: int, fee: int, captured_on: dt.date) -> str | None:
        """Put a charge into its batch: the first Thursday two days later or more. None: it is still with the processor."""
        earliest = captured_on + dt.timedelta(days=2)
        paid_on = earliest + dt.timedelta(days=(THURSDAY - earliest.weekday()) % 7)
        if paid_on > self.world.as_of:
            return None
        batch = self.batches.get((lane, paid_on))
        if batch is None:
            batch = self.batches[lane, paid_on] = Batch(self.world.id("PO"), lane, paid_on)
        if currency == lane[1]:
            batch.charges += amount
            batch.fees += fee
        else:
            self._convert(batch, currency, amount, fee, captured_on)
        return batch.ref

    def _convert(self, batch: Batch, currency: str, amount: int, fee: int, captured_on: dt.date) -> None:
        """Charges are booked at the rate of their capture; what the rate moved since, less 0.4%, is the batch's FX."""
        to = batch.lane[1]
        then, now = (self.world.fx.rate(currency, to, day) for day in (captured_on, batch.paid_on))
        batch.charges += exchanged(amount, currency, to, then)
        batch.fees += exchanged(fee, currency, to, then)
        kept = exchanged(amount, currency, to, now)
        batch.fx += kept - share(kept, 40) - exchanged(amount, currency, to, then)

    def withdraw(
        self, payment: Payment, amount: int, on: dt.date, write: Callable[[str | None], None], *, disputed: bool = False
    ) -> None:
        """Take back an amount of a payment from the next batch that can bear it (a negative amount gives it back)."""
        lane = self.lane(
            self.world.entities[payment.entity], payment.currency, payment.method, self.settled_in.get(payment.id, "")
        )
        if payment.currency != lane[1]:
            rate = self.world.fx.rate(payment.currency, lane[1], on)
            amount = exchanged(amount, payment.currency, lane[1], rate)
        self.withdrawals.append(Withdrawal(lane, on, amount, disputed, write))

    def settle_withdrawals(self) -> None:
        """Let each withdrawal find its batch."""
        for withdrawal in sorted(self.withdrawals, key=lambda w: w.on):
            batch = next(self._bearers(withdrawal), None)
            if batch is not None:
                if withdrawal.disputed:
                    batch.disputes += withdrawal.amount
                else:
                    batch.refunds += withdrawal.amount
            withdrawal.write(batch.ref if batch else None)
        self.withdrawals.clear()

    def _bearers(self, withdrawal: Withdrawal) -> Iterator[Batch]:
        for batch in self.in_order():
            if batch.lane == withdrawal.lane and batch.paid_on > withdrawal.on and batch.parts > withdrawal.amount:
                yield batch

    def in_order(self) -> list[Batch]:
        """All batches, oldest first."""
        return [self.batches[key] for key in sorted(self.batches, key=lambda key: (key[1], key[0]))]

    def hold_reserves(self) -> None:
        """Now and then 5% is held back and released with a batch a month later, where there is one."""
        held: dict[Lane, list[tuple[dt.date, int]]] = {}
        for batch in self.in_order():
            waiting = held.setdefault(batch.lane, [])
            if waiting and batch.paid_on >= waiting[0][0]:
                batch.reserve -= waiting.pop(0)[1]
            elif self.rng.random() < 0.12 and batch.parts > 0:
                batch.reserve += share(batch.charges, 500)
                waiting.append((batch.paid_on + dt.timedelta(days=28), share(batch.charges, 500)))

    def write(self) -> None:
        """Write the payouts and the bank lines that they arrived as."""
        for batch in self.in_order():
            code, currency, payer = batch.lane
            amount = batch.parts - batch.withheld
            self.world.add(
                Payout(
                    system="payments", id=batch.id, entity=code, currency=currency, amount=amount, paid_on=batch.paid_on,
                    charges=batch.charges, fees=batch.fees, refunds=batch.refunds, disputes=batch.disputes,
                    reserve=batch.reserve, fx=batch.fx,
                )
            )  # fmt: skip
            self._bank(batch, amount, payer)

    def _bank(self, batch: Batch, amount: int, payer: str) -> None:
        code, currency, _ = batch.lane
        booked_on = self.world.entities[code].add_business_days(batch.paid_on, 1)
        arrived = amount - batch.lost
        if booked_on > self.world.as_of or arrived <= 0:
            return
        first = arrived // batch.parcels
        for parcel in range(batch.parcels):
            self.world.add(
                BankLine(
                    system="bank", id=self.world.id("BL"), entity=code, currency=currency, account=f"{code}-{currency}",
                    amount=first if parcel else arrived - first * (batch.parcels - 1), booked_on=booked_on,
                    value_on=booked_on, text=f"{payer.upper()} PAYOUT {batch.id}", kind="payout", payout=batch.ref,
                )
            )  # fmt: skip
