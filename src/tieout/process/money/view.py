"""One order as its controls see it on a day: what counts, what is billed for which charge, what is switched on."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from tieout.canon.documents import Amendment, Charge, CreditMemo, Entitlement, Invoice, InvoiceLine, Order

from ..instance import Instance
from ..verdict import Outcome
from .chain import Segment, chains
from .emit import happened, on

if TYPE_CHECKING:
    from tieout.policy import Policy

NOT_A_DOCUMENT = frozenset({"draft", "void"})
CORRECTING = frozenset({"unused", "rebill", "price_correction", "duplicate"})


class Billed:
    """One invoice line with what correcting credits took off it; ``surplus`` once it is found to be a second one."""

    __slots__ = ("credited", "invoice", "line", "surplus")

    def __init__(self, invoice: Invoice, line: InvoiceLine) -> None:
        self.invoice, self.line = invoice, line
        self.credited = 0
        self.surplus = False

    @property
    def net(self) -> int:
        """Net billed by this line after corrections."""
        return self.line.net - self.credited


class Service(NamedTuple):
    """When an order line's service ran: first activation, last day served (None: still on, or never on)."""

    activated_on: dt.date | None
    served_to: dt.date | None
    entitlements: tuple[Entitlement, ...]


class OrderView:
    """The valid documents of one order as of a day, indexed the way that the controls ask."""

    def __init__(self, instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
        self.instance, self.policy, self.day, self.outcome = instance, policy, day, outcome
        order = instance.anchor
        assert isinstance(order, Order)
        self.order = order
        self.accepted_on = on(order.accepted_at) or order.effective_on
        self.calendar = policy.calendar(order.entity)
        self._amendments()
        live = tuple(c for c in instance.get("charges") if not c.deleted and c.mirrors is None)
        self.charges: dict[str, Charge] = {c.ref: c for c in live}
        self.chains: list[list[Segment]] = chains(live, self.amendments, self.pending)
        self._documents()
        self._index_lines()
        self._services()

    def _amendments(self) -> None:
        self.amendments: dict[str, Amendment] = {}
        self.pending: set[str] = set()
        for amendment in self.instance.get("amendments"):
            if amendment.deleted or amendment.mirrors:
                continue
            if amendment.status == "accepted" and happened(amendment.accepted_at, self.day):
                self.amendments[amendment.ref] = amendment
            else:
                self.pending.add(amendment.ref)

    def _documents(self) -> None:
        """Issued invoices and credits by billing; the ERP's views by what they mirror."""
        role = self.policy.role
        self.invoices: list[Invoice] = []
        self.credits: list[CreditMemo] = []
        self.posted: dict[str, list[Invoice | CreditMemo]] = {}
        self.erp_only: list[Invoice] = []
        for document in (*self.instance.get("invoices"), *self.instance.get("credit_memos")):
            if document.deleted:
                continue
            if role(document.system) == "erp":
                if document.mirrors:
                    self.posted.setdefault(document.mirrors, []).append(document)
                elif isinstance(document, Invoice) and document.status not in NOT_A_DOCUMENT:
                    self.erp_only.append(document)
            elif document.mirrors is None and document.status not in NOT_A_DOCUMENT:
                if happened(document.issued_at, self.day):
                    (self.invoices if isinstance(document, Invoice) else self.credits).append(document)  # type: ignore[arg-type]
        self.invoices.sort(key=lambda i: (i.issued_at, i.key))
        self.credits.sort(key=lambda c: (c.issued_at, c.key))

    def _index_lines(self) -> None:
        """Invoice lines by the root charge of their chain; corrections set against the lines of their invoice."""
        root: dict[str, str] = {}
        by_line: dict[str, str] = {}
        for chain in self.chains:
            first = chain[0].charge.ref
            for segment in chain:
                root[segment.charge.ref] = first
            by_line.setdefault(chain[0].charge.line, first)
        for charge in self.charges.values():
            if charge.ref not in root and charge.replaces in root:
                root[charge.ref] = root[charge.replaces]
        self.root = root
        self.lines: dict[str, list[Billed]] = {}
        self.stray: list[Billed] = []
        by_invoice: dict[str, list[Billed]] = {}
        for invoice in self.invoices:
            for line in invoice.lines:
                billed = Billed(invoice, line)
                chain_key = self.chain_of(line, by_line)
                if chain_key is None:
                    self.stray.append(billed)
                else:
                    self.lines.setdefault(chain_key, []).append(billed)
                by_invoice.setdefault(invoice.ref, []).append(billed)
        self.by_invoice = by_invoice
        self.by_line = by_line

    def chain_of(self, line: InvoiceLine, by_line: dict[str, str] | None = None) -> str | None:
        """Reference of the first charge of the chain that an invoice line bills; None: of no charge of this order."""
        if line.charge is not None and line.charge in self.root:
            return self.root[line.charge]
        if line.order == self.order.ref and line.line is not None and line.charge is None:
            return (self.by_line if by_line is None else by_line).get(line.line)
        return None

    def _services(self) -> None:
        by_line: dict[str, list[Entitlement]] = {}
        for entitlement in self.instance.get("entitlements"):
            if not entitlement.deleted and entitlement.mirrors is None:
                by_line.setdefault(entitlement.line, []).append(entitlement)
        self._service = {line: self._run(found) for line, found in by_line.items()}

    def _run(self, entitlements: list[Entitlement]) -> Service:
        begun = [e for e in entitlements if happened(e.activated_at, self.day)]
        if not begun:
            return Service(None, None, tuple(entitlements))
        first = min(on(e.activated_at) for e in begun)  # type: ignore[type-var]
        ends = [on(e.deactivated_at) if happened(e.deactivated_at, self.day) else None for e in begun]
        served_to = None if None in ends else max(ends)  # type: ignore[type-var]
        return Service(first, served_to, tuple(begun))

    def service(self, line: str) -> Service:
        """When the service of an order line ran."""
        return self._service.get(line, _NEVER)

    def knows(self, role: str, type_: str) -> bool:
        """Whether the absence of such a document, here and now, proves that there is none."""
        return self.instance.known(role, type_, self.order.entity, self.day)


_NEVER = Service(None, None, ())
