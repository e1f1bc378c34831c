"""Running totals of one order's leakage and overstatement, reported once per subject when all periods are judged."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tieout.canon.documents import Amendment, Charge, CreditMemo, Document, Entitlement
from tieout.canon.finding import Position, Risk

from .books import Issued
from .chain import Chain
from .emit import finding, money, position, unknown
from .view import Billed, OrderView


class Found:
    """One finding in the making: money so far, first day, documents."""

    __slots__ = ("amounts", "documents", "exposure", "since", "subject", "variant")

    def __init__(self, subject: Document) -> None:
        self.subject = subject
        self.exposure = 0
        self.since: dt.date | None = None
        self.documents: dict[str, None] = {subject.key: None}
        self.amounts: dict[str, int] = {}
        self.variant = ""

    def add(
        self,
        exposure: int,
        since: dt.date | None,
        documents: tuple[str, ...] = (),
        variant: str = "",
        amounts: dict[str, int] | None = None,
    ) -> None:
        """More money of the same finding."""
        self.exposure += exposure
        if since is not None and (self.since is None or since < self.since):
            self.since = since
        self.documents.update(dict.fromkeys(documents))
        self.variant = variant or self.variant
        for name, amount in (amounts or {}).items():
            self.amounts[name] = self.amounts.get(name, 0) + amount


_WHY = {
    Risk.UNAUTHORISED_SERVICE: "{money} was served without authority ({variant}) since {since} and is not billed",
    Risk.MISSED_UPSELL: "the amendment is in effect and {money} of it was served and never charged",
    Risk.UNBILLED_USAGE: "{money} was metered, is due since {since} and was not invoiced",
    Risk.UNBILLED_SERVICE: "{money} was fulfilled, is due since {since} and no invoice asks for it",
    Risk.UNDERBILLED: "billed {money} below what the contract says",
    Risk.UNENTITLED_BILLING: "{money} was billed for days since {since} and the service was never switched on",
    Risk.DUPLICATE_DOCUMENT: "an earlier invoice bills the same: {money} is asked for twice",
    Risk.UNSUPPORTED_DOCUMENT: "no order, charge or document asks for {money} of it",
    Risk.CREDIT_LEAKAGE: "credited {money} {variant}",
    Risk.OVERBILLED: "billed {money} above what the contract says",
}
_R2 = {
    Risk.UNAUTHORISED_SERVICE: "late: unauthorised_service",
    Risk.MISSED_UPSELL: "late: missed_upsell",
    Risk.UNBILLED_USAGE: "late: unbilled_usage",
    Risk.UNBILLED_SERVICE: "late: unbilled_service",
    Risk.UNDERBILLED: "late: underbilled",
    Risk.UNENTITLED_BILLING: "unentitled",
    Risk.DUPLICATE_DOCUMENT: "duplicate",
    Risk.UNSUPPORTED_DOCUMENT: "unsupported",
    Risk.CREDIT_LEAKAGE: "credit leakage",
    Risk.OVERBILLED: "overbilled",
}
"""The line of R2 that a class is; leakage and credits make less billed, overstatement more."""
_LESS = frozenset(
    {
        Risk.UNAUTHORISED_SERVICE,
        Risk.MISSED_UPSELL,
        Risk.UNBILLED_USAGE,
        Risk.UNBILLED_SERVICE,
        Risk.UNDERBILLED,
        Risk.CREDIT_LEAKAGE,
    }
)


class Tally:
    """Collects what the chains and documents of one order show; `report` turns it into findings and bridge positions."""

    def __init__(self, view: OrderView) -> None:
        self.view = view
        self.found: dict[tuple[Risk, str, str], Found] = {}
        self.held_over: dict[str, int] = {}
        """Order line → billed for days past the last authorised one, while the service goes on."""
        self.touched: set[str] = set()
        """Roots of the chains that have a finding."""
        self.whole: list[tuple[str, str, Document, int]] = []
        """Further bridge lines, itemised to a document: (row, line, document, amount)."""

    def on(self, risk: Risk, subject: Document, period: str = "") -> Found:
        """The finding about a subject, new or in the making."""
        key = (risk, subject.key, period)
        found = self.found.get(key)
        if found is None:
            found = self.found[key] = Found(subject)
        return found

    def missed(self, chain: Chain, amendment: Amendment, amount: int, delayed: int, due_on: dt.date) -> None:
        """An amendment's share of a period that nobody charged."""
        self._late(chain, Risk.MISSED_UPSELL, amendment, amount, due_on, (chain.key,), billing_delayed=delayed)

    def unbilled(self, chain: Chain, charge: Charge, amount: int, delayed: int, due_on: dt.date | None) -> None:
        """Fulfilled and due without any invoice."""
        self._late(chain, Risk.UNBILLED_SERVICE, charge, amount, due_on, billing_delayed=delayed)

    def usage(
        self, chain: Chain, charge: Charge, amount: int, due_on: dt.date | None, period: str, documents: tuple[str, ...]
    ) -> None:
        """Metered and due without an invoice, per reset period."""
        self._late(chain, Risk.UNBILLED_USAGE, charge, amount, due_on, documents, period)

    def underbilled(self, chain: Chain, charge: Charge, amount: int, lines: list[Billed]) -> None:
        """Billed below contracted."""
        self._late(chain, Risk.UNDERBILLED, charge, amount, _first_issue(lines), _keys(lines))

    def unauthorised(
        self, chain: Chain, entitlement: Entitlement, amount: int, since: dt.date | None, variant: str
    ) -> None:
        """Served without a contract, or past its end."""
        found = self.on(Risk.UNAUTHORISED_SERVICE, entitlement)
        found.add(amount, since, (chain.key,), variant)
        self._move(chain, Risk.UNAUTHORISED_SERVICE, amount)

    def _late(
        self, chain: Chain, risk: Risk, subject: Document, amount: int, since: dt.date | None,
        documents: tuple[str, ...] = (), period: str = "", **amounts: int,
    ) -> None:  # fmt: skip
        self.on(risk, subject, period).add(amount, since, documents, amounts=amounts)
        self._move(chain, risk, amount)

    def _move(self, chain: Chain, risk: Risk, amount: int) -> None:
        chain.move(_R2[risk], -amount if risk in _LESS else amount)
        self.touched.add(chain.root)

    def overbilled(self, chain: Chain, charge: Charge, amount: int, lines: list[Billed]) -> None:
        """Billed above contracted."""
        self.on(Risk.OVERBILLED, charge).add(amount, _first_issue(lines), _keys(lines))
        self._move(chain, Risk.OVERBILLED, amount)

    def unentitled(self, chain: Chain, amount: int, since: dt.date, lines: list[Billed]) -> None:
        """Billed of days gone by of a service that was never switched on."""
        self.on(Risk.UNENTITLED_BILLING, chain.charge).add(amount, since, _keys(lines))
        self._move(chain, Risk.UNENTITLED_BILLING, amount)

    def duplicate(self, chain: Chain, billed: Billed) -> None:
        """A line of an invoice that only bills what earlier ones bill."""
        self._overstated(Risk.DUPLICATE_DOCUMENT, billed)
        self._move(chain, Risk.DUPLICATE_DOCUMENT, billed.net)

    def unsupported(self, billed: Billed) -> None:
        """A line that no charge of the order asks for."""
        self._overstated(Risk.UNSUPPORTED_DOCUMENT, billed)
        self.whole.append(("R2", "unsupported", billed.invoice, billed.net))
        self.whole.append(("R2", "to", billed.invoice, billed.net))

    def unjudged(self, billed: Billed) -> None:
        """A line of which nobody can say whether a charge asks for it."""
        unknown(self.view.outcome, "whether a charge asks for it", billed.invoice, billed.net)
        self.whole.append(("R2", "not judged", billed.invoice, billed.net))
        self.whole.append(("R2", "to", billed.invoice, billed.net))

    def _overstated(self, risk: Risk, billed: Billed) -> None:
        invoice = billed.invoice
        found = self.on(risk, invoice)
        found.add(billed.net, billed.issued_on, amounts={"tax": billed.line.tax})

    def credit(self, issued: Issued, amount: int, variant: str) -> None:
        """A credit, or the part of it, that should not be: without cause, twice, or too large."""
        memo = issued.bill
        assert isinstance(memo, CreditMemo)
        documents = (f"invoice/{memo.invoice}",) if memo.invoice else ()
        self.on(Risk.CREDIT_LEAKAGE, memo).add(amount, issued.on, documents, variant)

    def report(self) -> None:
        """Emit everything collected."""
        view = self.view
        outcome = view.outcome
        for (risk, _, period), found in self.found.items():
            if found.exposure <= 0:
                continue
            subject = found.subject
            more: dict[str, Any] = {}
            if risk in (Risk.DUPLICATE_DOCUMENT, Risk.UNSUPPORTED_DOCUMENT):
                more["tax"] = found.amounts.pop("tax", 0)
            currency = subject.currency or self._currency()
            why = _WHY[risk].format(money=money(found.exposure, currency), since=found.since, variant=found.variant)
            finding(
                outcome, view.policy, risk, subject, found.exposure, why, since=found.since, period=period,
                documents=tuple(found.documents), customer=view.order.customer, amounts=found.amounts,
                variant=found.variant, entity=subject.entity or view.order.entity, currency=currency, **more,
            )  # fmt: skip
        for row, line, document, amount in self.whole:
            position(outcome, row, line, document, amount)
        for chain in view.chains:
            self._positions(chain)

    def _currency(self) -> str:
        """Of a subject that names none, such as an entitlement: the order's, else its charges'."""
        return self.view.order.currency or next((chain.charge.currency for chain in self.view.chains), "")

    def _positions(self, chain: Chain) -> None:
        charge, key, add = chain.charge, chain.key, self.view.outcome.positions.append
        entity, currency = charge.entity, charge.currency
        contracted, fulfilled = chain.contracted, chain.fulfilled
        if contracted or fulfilled:
            add(Position("R1", "from", entity, currency, contracted, key))
            if fulfilled:
                add(Position("R1", "to", entity, currency, fulfilled, key))
                add(Position("R2", "from", entity, currency, fulfilled, key))
        if chain.billed:
            add(Position("R2", "to", entity, currency, chain.billed, key))
        for line, amount in chain.moves.items():
            if amount:
                row = "R1" if line in _R1_LINES else "R2"
                add(Position(row, line, entity, currency, amount, key))
        for billed in chain.elsewhere:
            position(self.view.outcome, "R2", "other currency or entity", billed.invoice, billed.net)
            position(self.view.outcome, "R2", "to", billed.invoice, billed.net)


_R1_LINES = frozenset({"not yet fulfilled", "terminated", "outside contract"})


def _first_issue(lines: list[Billed]) -> dt.date | None:
    return min((b.issued_on for b in lines), default=None)


def _keys(lines: list[Billed]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(b.invoice.key for b in lines))
