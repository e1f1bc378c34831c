"""Running totals of one order's leakage and overstatement, reported once per subject when all periods are judged."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tieout.canon.documents import Amendment, Charge, CreditMemo, Document
from tieout.canon.finding import Risk
from tieout.canon.money import allocate, format_amount

from .emit import finding, on, position
from .view import Billed, OrderView, Service


class Found:
    """One finding in the making: money so far, first day, documents."""

    __slots__ = ("amounts", "documents", "exposure", "since", "subject")

    def __init__(self, subject: Document) -> None:
        self.subject = subject
        self.exposure = 0
        self.since: dt.date | None = None
        self.documents: dict[str, None] = {subject.key: None}
        self.amounts: dict[str, int] = {}

    def add(self, exposure: int, since: dt.date | None, documents: tuple[str, ...] = (), **amounts: int) -> None:
        """More money of the same finding."""
        self.exposure += exposure
        if since is not None and (self.since is None or since < self.since):
            self.since = since
        self.documents.update(dict.fromkeys(documents))
        for name, amount in amounts.items():
            self.amounts[name] = self.amounts.get(name, 0) + amount


_WHY = {
    Risk.MISSED_UPSELL: "the amendment is in effect and {money} of it was served and never charged",
    Risk.UNBILLED_SERVICE: "{money} was fulfilled, is due since {since} and no invoice asks for it",
    Risk.UNBILLED_USAGE: "{money} was metered, is due since {since} and was not invoiced",
    Risk.UNDERBILLED: "billed {money} below what the contract says",
    Risk.OVERBILLED: "billed {money} above what the contract says",
    Risk.CREDIT_LEAKAGE: "credited {money} more than the contract makes too much",
    Risk.UNAUTHORISED_SERVICE: "{money} was served without a signed contract and is not billed",
}


class Tally:
    """Collects what the periods find; `report` turns it into findings and bridge positions."""

    def __init__(self, view: OrderView) -> None:
        self.view = view
        self.found: dict[tuple[Risk, str, str], Found] = {}
        self.lines: dict[tuple[str, str], int] = {}
        self.subjects: dict[str, Document] = {view.order.key: view.order}
        self.candidates: list[tuple[Amendment, int, int, dt.date]] = []
        self.outside_lines: dict[str, list[Billed]] = {}

    def _on(self, risk: Risk, subject: Document, period: str = "") -> Found:
        return self.found.setdefault((risk, subject.key, period), Found(subject))

    def add(self, charge: Document, line: str, amount: int) -> None:
        """Add to a line of R1 or R2, itemised to the charge."""
        if amount:
            self.subjects[charge.key] = charge
            key = (charge.key, line)
            self.lines[key] = self.lines.get(key, 0) + amount

    def candidate(self, amendment: Amendment, delta: int, fulfilled: int, due_on: dt.date) -> None:
        """A late segment of an amendment in the period that is being judged."""
        self.candidates.append((amendment, delta, fulfilled, due_on))

    def missed(self, amount: int, taken: int, delta: int) -> None:
        """Money of the period's amendments that nobody charged; ``taken`` of ``delta`` in full-period money."""
        weights = [max(fulfilled, 0) for _, _, fulfilled, _ in self.candidates]
        for (amendment, full, _, due_on), part in zip(self.candidates, allocate(amount, weights), strict=True):
            if part:
                self._on(Risk.MISSED_UPSELL, amendment).add(part, due_on, billing_delayed=full * taken // max(delta, 1))

    def unbilled(self, charge: Charge, amount: int, delayed: int, due_on: dt.date) -> None:
        """Fulfilled and due without any invoice."""
        self._on(Risk.UNBILLED_SERVICE, charge).add(amount, due_on, billing_delayed=delayed)

    def usage(self, charge: Charge, amount: int, due_on: dt.date, period: str, documents: tuple[str, ...]) -> None:
        """Metered and due without an invoice, per reset period."""
        self._on(Risk.UNBILLED_USAGE, charge, period).add(amount, due_on, documents)

    def underbilled(self, charge: Charge, amount: int, lines: list[Billed]) -> None:
        """Billed below contracted."""
        self._on(Risk.UNDERBILLED, charge).add(amount, _first_issue(lines), _keys(lines))

    def overbilled(self, charge: Charge, amount: int, lines: list[Billed]) -> None:
        """Billed above contracted."""
        self._on(Risk.OVERBILLED, charge).add(amount, _first_issue(lines), _keys(lines))
        self.add(charge, "overbilled", amount)

    def credit_too_large(self, lines: list[Billed], excess: int) -> None:
        """A correcting credit that went below what the contract expects."""
        memo = next(credit for line in reversed(lines) for credit in reversed(line.credits))
        self._on(Risk.CREDIT_LEAKAGE, memo).add(excess, on(memo.issued_at), _keys(lines))

    def credit(self, memo: CreditMemo, amount: int) -> None:
        """A credit without cause, twice, or more than its line."""
        self._on(Risk.CREDIT_LEAKAGE, memo).add(amount, on(memo.issued_at))

    def unauthorised(self, charge: Charge, amount: int, service: Service) -> None:
        """Served under a contract that nobody signed."""
        if amount > 0 and service.entitlements:
            entitlement = service.entitlements[0]
            self._on(Risk.UNAUTHORISED_SERVICE, entitlement).add(amount, service.activated_on, (charge.key,))

    def unjudged(self, charge: Charge, billed: list[Billed]) -> None:
        """A chain that cannot be judged: what is billed of it is shown as in advance, with nothing fulfilled."""
        self.add(charge, "in advance", sum(b.net for b in billed))

    def outside(self, charge: Charge, lines: list[Billed]) -> None:
        """Lines for days that no segment covers: hold-over billing, or more than was contracted."""
        if lines:
            self.outside_lines.setdefault(charge.line, []).extend(lines)
            self.subjects[charge.key] = charge

    def report(self) -> None:
        """Emit everything collected."""
        view = self.view
        for (risk, _, period), found in self.found.items():
            if found.exposure <= 0:
                continue
            subject = found.subject
            more: dict[str, Any] = {"amounts": found.amounts} if found.amounts else {}
            money = f"{format_amount(found.exposure, subject.currency)} {subject.currency}"
            finding(
                view.outcome, view.policy, risk, subject, found.exposure,
                _WHY[risk].format(money=money, since=found.since), since=found.since, period=period,
                documents=tuple(found.documents), customer=view.order.customer, **more,
            )  # fmt: skip
            if risk in _LATE:
                position(view.outcome, "R2", f"late: {risk.value}", subject, -found.exposure)
            elif risk is Risk.CREDIT_LEAKAGE:
                position(view.outcome, "R2", "credit leakage", subject, -found.exposure)
        self._positions()

    def _positions(self) -> None:
        for (key, line), amount in self.lines.items():
            subject = self.subjects[key]
            outcome = self.view.outcome
            if line == "contracted":
                position(outcome, "R1", "contracted", subject, amount)
                position(outcome, "R1", "not yet fulfilled", subject, self.lines.get((key, "fulfilled"), 0) - amount)
            elif line == "fulfilled":
                position(outcome, "R1", "fulfilled", subject, amount)
                position(outcome, "R2", "fulfilled", subject, amount)
                if (key, "contracted") not in self.lines:
                    position(outcome, "R1", "outside contract", subject, amount)
            else:
                position(outcome, "R2", line, subject, amount)


_LATE = frozenset(
    {
        Risk.UNAUTHORISED_SERVICE,
        Risk.MISSED_UPSELL,
        Risk.UNBILLED_SERVICE,
        Risk.UNBILLED_USAGE,
        Risk.UNDERBILLED,
    }
)


def _first_issue(lines: list[Billed]) -> dt.date | None:
    return min((on(b.invoice.issued_at) for b in lines if b.invoice.issued_at), default=None)  # type: ignore[type-var]


def _keys(lines: list[Billed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(b.invoice.key for b in lines))
