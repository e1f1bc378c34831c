"""The hands of the cash side: take money in, record it in the ERP, apply it, give it back.

Whatever would happen after `as_of` has not happened: the makers here write nothing for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal

from ...canon.documents import BankLine, CashApplication, Deposit, Dispute, Payment, Refund
from ..amounts import coins, share
from ..entities import Entity
from ..world import World
from .bill import Bill
from .payouts import Payouts

CARDS = frozenset({"card", "wallet"})


def named(*bills: Bill) -> tuple[str, ...]:
    """What the payer says that it pays: billing's references of the invoices."""
    return tuple(bill.invoice for bill in bills if bill.invoice)


class Desk:
    """One shard's cashier."""

    def __init__(self, world: World) -> None:
        """Nothing taken in yet."""
        self.world = world
        self.as_of = world.as_of
        self.rng = world.rng("cash")
        self.payouts = Payouts(world)

    def charge(
        self, bill: Bill, amount: int, day: dt.date, method: str = "card", *,
        also: Sequence[Bill] = (), settle_in: str = "", deposit: bool = False,
    ) -> Payment:  # fmt: skip
        """A processor's payment, captured on ``day``, and its place in a payout."""
        entity = bill.entity
        fee = share(amount, 1500) if method == "marketplace" else share(amount, 150) + coins(bill.currency, 1) // 4
        lane = self.payouts.lane(entity, bill.currency, method, settle_in)
        payout = self.payouts.take(lane, bill.currency, amount, fee, day)
        minute = self.rng.randrange(60)
        payment = Payment(
            system="payments", id=self.world.id("PAY"), entity=entity.code, currency=bill.currency,
            customer=bill.customer, method=method, amount=amount, fee=fee,  # type: ignore[arg-type]
            authorised_at=entity.at(day, 10, minute) if method in CARDS else None,
            captured_at=entity.at(day, 11, minute), payout=payout,
            invoices=() if deposit else named(bill, *also),
            deposit_for=bill.order if deposit else None,
        )  # fmt: skip
        if settle_in:
            self.payouts.settled_in[payment.id] = settle_in
        self.world.add(payment)
        return payment

    def attempt(self, bill: Bill, day: dt.date, status: str, method: str = "card") -> None:
        """A payment that brought no money: failed, cancelled, returned or still pending."""
        entity = bill.entity
        self.world.add(
            Payment(
                system="payments", id=self.world.id("PAY"), entity=entity.code, currency=bill.currency,
                customer=bill.customer, method=method, status=status, amount=bill.gross,  # type: ignore[arg-type]
                authorised_at=entity.at(day, 10) if status in ("authorised", "cancelled") else None,
                captured_at=entity.at(day, 11) if status == "returned" else None, invoices=named(bill),
            )
        )  # fmt: skip

    def wire(self, bill: Bill, amount: int, day: dt.date, text: str = "", *, known: bool = True) -> BankLine:
        """Money on the bank statement, on the first business day from ``day`` on."""
        day = self.business_day(bill.entity, day)
        line = BankLine(
            system="bank", id=self.world.id("BL"), entity=bill.entity.code, currency=bill.currency,
            account=f"{bill.entity.code}-{bill.currency}", amount=amount, booked_on=day, value_on=day,
            text=text or bill.number, customer=bill.customer if known else None,
            fx_rate=self.rate(bill, day),
        )  # fmt: skip
        self.world.add(line)
        return line

    def record(
        self, bill: Bill, money: Payment | BankLine, day: dt.date, *,
        also: Sequence[Bill] = (), known: bool = True, deposit: bool = False, method: str = "transfer",
    ) -> Payment:  # fmt: skip
        """The ERP's receipt of a payment or bank line."""
        paid = isinstance(money, Payment)
        method, value_on = (money.method, None) if isinstance(money, Payment) else (method, money.value_on)
        receipt = Payment(
            system="erp", id=self.world.id("RCT"), entity=bill.entity.code, currency=bill.currency,
            customer=bill.erp_customer or bill.customer if known else None, method=method,  # type: ignore[arg-type]
            amount=money.amount, value_on=value_on,
            recorded_at=bill.entity.at(day, 15, self.rng.randrange(50)),
            invoices=() if deposit or not known else named(bill, *also),
            mirrors=money.ref if paid else None, bank_line=None if paid else money.ref,
            deposit_for=bill.order if deposit else None, fx_rate=self.rate(bill, day),
        )  # fmt: skip
        self.world.add(receipt)
        return receipt

    def apply(self, bill: Bill, receipt: Payment | None, amount: int, day: dt.date, kind: str = "cash") -> None:
        """Settle (or, for a refund or chargeback, open again) a part of the ERP's invoice; not before it is posted."""
        day = max(day, bill.ready_on)
        if bill.erp and amount and day <= self.as_of:
            self.world.add(
                CashApplication(
                    system="erp", id=self.world.id("APP"), entity=bill.entity.code, currency=bill.currency,
                    payment=receipt.ref if receipt else None, invoice=bill.erp, kind=kind,  # type: ignore[arg-type]
                    amount=amount, applied_at=bill.entity.at(day, 16, 30), fx_rate=self.rate(bill, day),
                )
            )  # fmt: skip

    def rate(self, bill: Bill, day: dt.date) -> Decimal | None:
        """Functional currency per unit; None where they are the same."""
        functional = bill.entity.functional
        return None if bill.currency == functional else self.world.fx.rate(bill.currency, functional, day)

    def business_day(self, entity: Entity, day: dt.date) -> dt.date:
        """That day, or the first business day after it."""
        return day if entity.is_business_day(day) else entity.add_business_days(day, 1)

    def pay_by_card(
        self, bill: Bill, amount: int, day: dt.date, method: str = "card", *, settle_in: str = "", delay: int = 1
    ) -> tuple[Payment, Payment | None]:
        """Captured, recorded ``delay`` business days later and applied. The receipt is None while that is still to come."""
        payment = self.charge(bill, amount, day, method, settle_in=settle_in)
        recorded_on = bill.entity.add_business_days(day, delay)
        if recorded_on > self.as_of:
            return payment, None
        receipt = self.record(bill, payment, recorded_on)
        self.apply(bill, receipt, min(amount, bill.gross), recorded_on)
        return payment, receipt

    def pay_by_wire(self, bill: Bill, amount: int, day: dt.date, method: str = "transfer") -> Payment | None:
        """Banked, recorded and applied on one day; None where that day is still to come."""
        day = self.business_day(bill.entity, day)
        if day > self.as_of:
            return None
        receipt = self.record(bill, self.wire(bill, amount, day), day, method=method)
        self.apply(bill, receipt, min(amount, bill.gross), day)
        return receipt

    def refund(
        self, payment: Payment, amount: int, day: dt.date, *, status: str = "succeeded", credit_memo: str | None = None
    ) -> None:
        """Give money back through the processor. Opening the receivable again is the caller's."""
        entity = self.world.entities[payment.entity]
        refund_id = self.world.id("RF")

        def write(payout: str | None) -> None:
            self.world.add(
                Refund(
                    system="payments", id=refund_id, entity=entity.code, currency=payment.currency, payment=payment.ref,
                    amount=amount, refunded_at=entity.at(day, 13), status=status, payout=payout,  # type: ignore[arg-type]
                    credit_memo=credit_memo,
                )
            )  # fmt: skip

        if status == "succeeded":
            self.payouts.withdraw(payment, amount, day, write)
        else:
            write(None)

    def refund_by_wire(self, bill: Bill, receipt: Payment, amount: int, day: dt.date) -> None:
        """Give money back by bank transfer: the ERP's refund, and a bank line out."""
        day = self.business_day(bill.entity, day)
        line = BankLine(
            system="bank", id=self.world.id("BL"), entity=bill.entity.code, currency=bill.currency,
            account=f"{bill.entity.code}-{bill.currency}", amount=-amount, booked_on=day, value_on=day,
            text=f"REFUND {receipt.id}", kind="refund", customer=bill.customer, fx_rate=self.rate(bill, day),
        )  # fmt: skip
        self.world.add(line)
        self.world.add(
            Refund(
                system="erp", id=self.world.id("RF"), entity=bill.entity.code, currency=bill.currency,
                payment=receipt.ref, amount=amount, refunded_at=bill.entity.at(day, 13), refs={"bank_line": line.ref},
            )
        )  # fmt: skip

    def dispute(self, payment: Payment, opened_on: dt.date, status: str, closed_on: dt.date | None = None) -> None:
        """A chargeback of a whole payment: withheld when it is opened, given back when it is won."""
        entity = self.world.entities[payment.entity]
        dispute_id = self.world.id("DP")

        def write(payout: str | None) -> None:
            self.world.add(
                Dispute(
                    system="payments", id=dispute_id, entity=entity.code, currency=payment.currency, payment=payment.ref,
                    amount=payment.amount, opened_at=entity.at(opened_on, 12), status=status,  # type: ignore[arg-type]
                    evidence_due_on=opened_on + dt.timedelta(days=14),
                    closed_at=entity.at(closed_on, 12) if closed_on else None,
                    refs={"payout": payout} if payout else {},
                )
            )  # fmt: skip

        self.payouts.withdraw(payment, payment.amount, opened_on, write, disputed=True)
        if status == "won" and closed_on:
            self.payouts.withdraw(payment, -payment.amount, closed_on, lambda _payout: None, disputed=True)

    def take_deposit(self, bill: Bill, amount: int, day: dt.date, *, released_on: dt.date | None) -> Payment | None:
        """Money for an order that has no invoice yet, by card; the receipt, or None while it is not recorded."""
        payment = self.charge(bill, amount, day, deposit=True)
        recorded_on = bill.entity.add_business_days(day, 1)
        if recorded_on > self.as_of:
            return None
        receipt = self.record(bill, payment, recorded_on, deposit=True)
        self.world.add(
            Deposit(
                system="erp", id=self.world.id("DEP"), entity=bill.entity.code, currency=bill.currency, order=bill.order,
                payment=receipt.ref, amount=amount, received_on=recorded_on, released_on=released_on,
            )
        )  # fmt: skip
        return receipt
