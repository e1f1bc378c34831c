"""Documents of the cash stories, with everything that a story does not care about filled in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from tieout.canon.documents import (
    BankLine,
    CashApplication,
    CreditMemo,
    Dispute,
    Document,
    Invoice,
    Payment,
    Payout,
    Refund,
    WriteOff,
)
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.policy.policy import Entity
from tieout.process.cash.payment import judge_payment, judge_unclaimed_line
from tieout.process.cash.receivable import judge_receivable
from tieout.process.cash.settlement import judge_payout
from tieout.process.instance import Instance, Known, everything_known
from tieout.process.verdict import Outcome

POLICY = Policy(base_currency="EUR", entities={"DE01": Entity(functional_currency="EUR", time_zone="Europe/Berlin")})


def at(day: int, hour: int = 9, month: int = 6) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=dt.UTC)


class Trade:
    """Builders of June 2026, one entity (DE01, books in EUR); days are days of June."""

    header: dict[str, Any] = {"entity": "DE01", "currency": "EUR"}  # noqa: RUF012
    policy = POLICY

    def payment(self, amount: int, day: int, **more: Any) -> Payment:
        fields: dict[str, Any] = {"customer": "payments/C1", "captured_at": at(day), **self.header, **more}
        return Payment(system="payments", id=fields.pop("id", "P1"), amount=amount, **fields)

    def receipt(self, amount: int, day: int, **more: Any) -> Payment:
        fields: dict[str, Any] = {"customer": "erp/C1", "recorded_at": at(day), **self.header, **more}
        return Payment(system="erp", id=fields.pop("id", "R1"), amount=amount, **fields)

    def bank_line(self, amount: int, day: int, **more: Any) -> BankLine:
        fields: dict[str, Any] = {"booked_on": at(day).date(), **self.header, **more}
        return BankLine(system="bank", id=fields.pop("id", "B1"), account="DE89", amount=amount, **fields)

    def apply(self, amount: int, day: int, kind: str = "cash", invoice: str = "erp/I1", **more: Any) -> CashApplication:
        fields: dict[str, Any] = {**self.header, **more}
        number = fields.pop("id", f"A-{kind}-{day}-{amount}")
        return CashApplication(
            system="erp", id=number, invoice=invoice, amount=amount, kind=kind, applied_at=at(day), **fields
        )

    def refund(self, amount: int, day: int, **more: Any) -> Refund:
        fields: dict[str, Any] = {**self.header, **more}
        return Refund(system="payments", id="F1", payment="payments/P1", amount=amount, refunded_at=at(day), **fields)

    def dispute(self, amount: int, day: int, status: str, closed: int | None = None) -> Dispute:
        return Dispute(
            system="payments", id="D1", payment="payments/P1", amount=amount, opened_at=at(day), status=status,
            closed_at=at(closed) if closed else None, **self.header,
        )  # fmt: skip

    def payout(self, amount: int, day: int, **more: Any) -> Payout:
        fields: dict[str, Any] = {**self.header, **more}
        return Payout(system="payments", id="O1", amount=amount, paid_on=at(day).date(), **fields)

    def invoice(self, gross: int, day: int, **more: Any) -> Invoice:
        fields: dict[str, Any] = {"issued_at": at(day), **self.header, **more}
        return Invoice(system="billing", id=fields.pop("id", "I1"), net=gross, total=gross, **fields)

    def posted(self, gross: int, day: int, **more: Any) -> Invoice:
        fields: dict[str, Any] = {
            "issued_at": at(day), "posted_at": at(day), "status": "posted", "posting_period": "2026-06",
            "mirrors": "billing/I1", **self.header, **more,
        }  # fmt: skip
        return Invoice(system="erp", id=fields.pop("id", "I1"), net=gross, total=gross, **fields)

    def posted_credit(self, gross: int, day: int) -> CreditMemo:
        return CreditMemo(
            system="erp", id="N1", net=gross, total=gross, status="posted", posted_at=at(day), posting_period="2026-06",
            **self.header,
        )  # fmt: skip

    def write_off(self, amount: int, day: int) -> WriteOff:
        return WriteOff(
            system="erp", id="W1", invoice="erp/I1", amount=amount, written_off_on=at(day).date(), **self.header
        )

    # What a story asks.

    def judge(
        self, anchor: Document | None, day: int, known: Known = everything_known, foreign: frozenset[str] = frozenset(),
        **members: tuple[Document, ...],
    ) -> Outcome:  # fmt: skip
        outcome = Outcome()
        control: Callable[..., None]
        if isinstance(anchor, Payment):
            control = judge_payment
        elif isinstance(anchor, Payout):
            control = judge_payout
        else:
            control = judge_unclaimed_line if anchor is None else judge_receivable
        instance = Instance(anchor.key if anchor else "stray", anchor, members, foreign=foreign, known=known)
        control(instance, self.policy, at(day).date(), outcome)
        return outcome


def lines(outcome: Outcome, row: str) -> dict[str, int]:
    """A row's lines, in transaction currency."""
    found: dict[str, int] = {}
    for position in outcome.positions:
        if position.row == row and position.amount:
            found[position.line] = found.get(position.line, 0) + position.amount
    return {line: amount for line, amount in found.items() if amount}


def money(outcome: Outcome) -> dict[Risk, int]:
    return {f.risk: f.exposure for f in outcome.findings}


@pytest.fixture
def trade() -> Trade:
    return Trade()


@pytest.fixture
def row() -> Callable[[Outcome, str], dict[str, int]]:
    return lines


@pytest.fixture
def exposures() -> Callable[[Outcome], dict[Risk, int]]:
    return money
