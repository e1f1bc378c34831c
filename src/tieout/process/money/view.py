"""One order as its controls see it on a day: what counts, what is billed for which chain, what is switched on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.dates import ONE_DAY
from tieout.canon.documents import Amendment, Charge, Contract, Entitlement, InvoiceLine, Order

from ..instance import Instance
from ..verdict import Outcome
from .books import Bill, Desk, Issued
from .chain import Chain, link

if TYPE_CHECKING:
    from tieout.policy import Policy

RECURRING = frozenset({"recurring", "commitment"})
DUE_DAYS = 2
"""Business days from the bill date to the due date."""


class Billed:
    """One invoice line, with what correcting credits took off it.

    ``surplus`` is the charge that it bills a second time, once that is found.
    """

    __slots__ = ("credits", "invoice", "issued_on", "line", "net", "surplus")

    def __init__(self, issued: Issued, line: InvoiceLine) -> None:
        self.invoice, self.issued_on, self.line = issued.bill, issued.on, line
        self.net = line.net
        """Net billed by this line after corrections."""
        self.credits: tuple[tuple[Issued, int], ...] = ()
        """Credit memos that took something off, with the amount."""
        self.surplus: Charge | None = None


class Service(NamedTuple):
    """When an order line's service ran: first activation, last day served (None: still on, or never on)."""

    activated_on: dt.date | None
    served_to: dt.date | None
    entitlements: tuple[Entitlement, ...]

    def runs_past(self, last_on: dt.date, day: dt.date) -> bool:
        """Whether it was on after ``last_on``, as of ``day``."""
        return self.activated_on is not None and day > last_on and (self.served_to is None or self.served_to > last_on)


_NEVER = Service(None, None, ())


class OrderView(Desk):
    """The valid documents of one order as of a day, indexed the way that the controls ask."""

    def __init__(self, instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
        order = instance.anchor
        assert isinstance(order, Order)
        super().__init__(instance, policy, day, outcome)
        self.order = order
        self.customer = order.customer
        self.accepted_on = self.day_of(order.accepted_at) if order.accepted_at else order.effective_on
        self.booked = self.accepted_on is None or self.accepted_on <= day
        """Whether the order was agreed by the day; nothing is expected before."""
        self.tolerance = policy.tolerance("line", order.entity)
        self.amendments: dict[str, Amendment] = {}
        pending: set[str] = set()
        for amendment in instance.members.get("amendments", ()):
            if amendment.mirrors is None:
                accepted = amendment.status == "accepted" and not amendment.deleted
                if accepted and self.happened(amendment.accepted_at):
                    self.amendments[amendment.ref] = amendment
                else:
                    pending.add(amendment.ref)
        stands = order.status == "accepted" and not order.deleted
        charges = (
            [c for c in instance.members.get("charges", ()) if c.mirrors is None and not c.deleted] if stands else []
        )
        self.chains = link(charges, self.amendments, pending)
        self._terms()
        self._services()
        self._index_lines()

    def happened(self, instant: dt.datetime | None) -> bool:
        """Whether an instant lies on or before the end of the day asked about."""
        return instant is not None and self.day_of(instant) <= self.day

    def due(self, bill_on: dt.date) -> dt.date:
        """The day on which what is to be billed on ``bill_on`` is due."""
        return self.calendar.add_business_days(bill_on, DUE_DAYS)

    def proves(self, role: str, type_: str) -> bool:
        """`knows`, in the order's entity."""
        return self.instance.known(role, type_, self.order.entity, self.day)

    def service(self, line: str) -> Service:
        """When the service of an order line ran."""
        return self._service.get(line, _NEVER)

    def chain_of(self, line: InvoiceLine) -> Chain | None:
        """The chain that an invoice line bills: by its charge, else by order and line, else the order's only one."""
        if line.charge is not None:
            found = self.by_charge.get(line.charge)
            if found is not None:
                return found
        if line.line is not None:
            return self.by_line.get(line.line) if line.order == self.order.ref else None
        return self.chains[0] if len(self.chains) == 1 and line.charge is None else None

    def _terms(self) -> None:
        """The contract, whether it was signed, and the last authorised day; chains end there."""
        self.unsigned = False
        self.authorised_to: dt.date | None = None
        """L of docs/money.md, as contract and terminations say; None: no end."""
        self.cut_grace = False
        """An accepted termination is still within its time: what is billed past it is not too much yet."""
        self.contract: Contract | None = None
        contracts = [c for c in self.instance.members.get("contract", ()) if not c.deleted and c.mirrors is None]
        if contracts:
            self.contract = contract = contracts[0]
            self.unsigned = not self.happened(contract.signed_at)
            self.authorised_to = self._contract_end(contract)
        terminated_on = self._terminated_on()
        running = [chain for chain in self.chains if chain.kind in RECURRING]
        if self.authorised_to is not None:
            for chain in running:
                chain.cut(self.authorised_to)
        if terminated_on is not None and (self.authorised_to is None or terminated_on < self.authorised_to):
            for chain in running:
                chain.terminate(terminated_on)
            self.authorised_to = terminated_on

    def _contract_end(self, contract: Contract) -> dt.date | None:
        if contract.end_on is None or contract.auto_renew:
            return None
        end = contract.end_on
        for renewal in self.instance.get("renewals"):
            signed = renewal.status != "lost" and not renewal.deleted and self.happened(renewal.signed_at)
            if signed and renewal.extended_to is not None and renewal.extended_to > end:
                end = renewal.extended_to
        return end

    def _terminated_on(self) -> dt.date | None:
        days = [self.contract.terminated_on] if self.contract is not None and self.contract.terminated_on else []
        for amendment in self.amendments.values():
            if amendment.kind == "terminate":
                days.append(amendment.effective_on - ONE_DAY)
                accepted_on = self.day_of(amendment.accepted_at)  # type: ignore[arg-type]
                if self.due(max(accepted_on, amendment.effective_on)) >= self.day:
                    self.cut_grace = True
        return min(days, default=None)

    def _services(self) -> None:
        by_line: dict[str, list[Entitlement]] = {}
        for entitlement in self.instance.members.get("entitlements", ()):
            if entitlement.mirrors is None and not entitlement.deleted:
                by_line.setdefault(entitlement.line, []).append(entitlement)
        self._service = {line: self._run(found) for line, found in by_line.items()}

    def ended_on(self, entitlement: Entitlement) -> dt.date | None:
        """The last day that an entitlement was served; None while it is on."""
        at = entitlement.deactivated_at
        if at is None:
            return None
        on = self.day_of(at)
        return on if on <= self.day else None

    def _run(self, entitlements: list[Entitlement]) -> Service:
        if len(entitlements) == 1:
            (one,) = entitlements
            begin = self.day_of(one.activated_at) if one.activated_at is not None else None
            if begin is None or begin > self.day:
                return Service(None, None, (one,))
            return Service(begin, self.ended_on(one), (one,))
        begun = [
            (self.day_of(e.activated_at), e)
            for e in entitlements
            if e.activated_at is not None and self.day_of(e.activated_at) <= self.day
        ]
        if not begun:
            return Service(None, None, tuple(entitlements))
        ends = [self.ended_on(e) for _, e in begun]
        served_to = None if None in ends else max(ends)  # type: ignore[type-var]
        return Service(min(on for on, _ in begun), served_to, tuple(e for _, e in begun))

    def _index_lines(self) -> None:
        """Invoice lines by the chain that they bill; what bills none of this order's is astray."""
        self.by_charge: dict[str, Chain] = {}
        self.by_line: dict[str, Chain] = {}
        for chain in self.chains:
            self.by_charge.update(dict.fromkeys(chain.refs, chain))
            self.by_line.setdefault(chain.line, chain)
        self.astray: list[Billed] = []
        """Lines that bill no charge of the order."""
        self.doubled = False
        """Whether some line was found to bill something a second time."""
        for issued in self.books.invoices:
            for line in issued.bill.lines or (self._whole(issued.bill),):
                billed = Billed(issued, line)
                issued.lines.append(billed)
                chain = self.chain_of(line)  # type: ignore[assignment]
                (self.astray if chain is None else chain.lines).append(billed)

    def _whole(self, invoice: Bill) -> InvoiceLine:
        """An invoice without lines as one line."""
        return InvoiceLine(id="", order=self.order.ref, net=invoice.net, tax=invoice.tax)
