"""What would hold proposed documents up: gates that stay shut, codes, periods, registrations and rates that are missing. Pure.

Each with a code, where it is mended, and the money that it holds up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from tieout.canon.documents import (
    Amendment,
    Charge,
    CreditMemo,
    Customer,
    Document,
    Invoice,
    Order,
    Product,
    Quote,
    TaxRegistration,
)
from tieout.canon.faults import nearest
from tieout.canon.finding import Finding, Group
from tieout.process.instance import Instance
from tieout.process.verdict import Verdict

from .advance import Time
from .decided import Bearings
from .foreseen import Block, Coming
from .graph import Graph, edges_of

if TYPE_CHECKING:
    from .preflight import Place

Registrations = Callable[[str], Sequence[TaxRegistration]]
"""A legal entity's tax registrations."""
TABLE = "item"
"""The crosswalk from products to what the ERP calls them."""


class Case(NamedTuple):
    """What hindrances are looked for in."""

    proposed: Sequence[Document]
    bearings: Bearings
    graph: Graph
    registrations: Registrations
    time: Time

    def day(self, document: Document) -> dt.date:
        """The day as of which a document is judged."""
        as_of = self.time.as_of
        return self.bearings.policy.calendar(document.entity).day(as_of) if isinstance(as_of, dt.datetime) else as_of

    def named(self, type_: type[Document], ref: str | None) -> Any:
        """The document of a type that a reference names, if it is there."""
        key = f"{type_.__struct_config__.tag}/{ref}"
        return self.graph.documents([key]).get(key) if ref else None


def blocks(
    proposed: Sequence[Document], made: Mapping[Place, Instance], verdicts: Mapping[Place, Verdict],
    coming: Mapping[Place, list[Coming]], findings: Iterable[Finding], bearings: Bearings, graph: Graph,
    registrations: Registrations, time: Time,
) -> tuple[Block, ...]:  # fmt: skip
    """Everything that holds the documents up, dearest first."""
    case = Case(proposed, bearings, graph, registrations, time)
    ahead = _ahead(coming)
    found = [
        *_unknown(case), *_entities(case), *_codes(case, ahead), *_periods(case), *_refusals(case), *_taxes(case, ahead),
        *_rates(case), *_gates(made, verdicts, coming),
    ]  # fmt: skip
    told = {(block.code, block.where) for block in found}
    for finding in findings:
        if finding.group is Group.OVERLAY and (finding.risk.value, finding.subject) not in told:
            found.append(_overlay(finding, ahead))
    return tuple(sorted(found, key=lambda block: (-block.amount, block.code, block.where)))


def worth(document: Document, ahead: Mapping[str, int]) -> int:
    """Net money in a document: of its lines, of what a charge has still to be billed."""
    if isinstance(document, Invoice | CreditMemo):
        return document.net
    if isinstance(document, Quote | Order):
        return sum(line.net for line in document.lines)
    if isinstance(document, Amendment):
        return abs(document.delta_recurring)
    return ahead.get(document.key, 0)


def _ahead(coming: Mapping[Place, list[Coming]]) -> dict[str, int]:
    """Charge → what is still to be billed of it."""
    found: dict[str, int] = {}
    for one in coming.values():
        for invoice in one:
            for part in invoice.parts:
                found[part.charge] = found.get(part.charge, 0) + part.amount
    return found


def _unknown(case: Case) -> Iterator[Block]:
    """References that lead nowhere."""
    for document in case.proposed:
        edges = list(edges_of(document))
        there = case.graph.documents([edge.to_key for edge in edges])
        for field, to_key in dict.fromkeys((edge.field, edge.to_key) for edge in edges):
            if to_key not in there:
                yield Block(
                    code="unknown_document", what=f"{to_key} is not known", where=f"{document.key} {field}",
                    mend="name one that there is, or hand it in too", amount=worth(document, {}),
                    currency=document.currency, entity=document.entity, documents=(document.key,),
                )  # fmt: skip


def _entities(case: Case) -> Iterator[Block]:
    known = case.bearings.policy.entities
    for document in case.proposed:
        if known and document.entity not in known:
            mend = nearest(document.entity, known) or f"one of {', '.join(known)}; others are declared in [entities]"
            yield Block(
                code="unknown_entity", what=f"there is no legal entity {document.entity!r}",
                where=f"{document.key} entity", mend=mend, amount=worth(document, {}), currency=document.currency,
                entity=document.entity, documents=(document.key,),
            )  # fmt: skip


def _codes(case: Case, ahead: Mapping[str, int]) -> Iterator[Block]:
    """Products that the ERP has no item for, and products that are not sold any more."""
    items = case.bearings.policy.crosswalk(TABLE)
    for product, sold in _sold(case, ahead).items():
        code = product.partition("/")[2] or product
        currency, entity = sold[0].document.currency, sold[0].document.entity
        keys = tuple(dict.fromkeys(one.document.key for one in sold))
        charged = [one for one in sold if isinstance(one.document, Charge)]
        amount = sum(one.amount for one in charged or sold)
        missing = [one for one in sold if items.declared and items.find(code, one.day, one.document.entity) is None]
        if missing:
            near = items.lookalike(code)
            yield Block(
                code="master_data_gap", what=f"{code} has no ERP item on {missing[0].day}: what sells it cannot be posted",
                where=f"crosswalk/{TABLE}/{code}",
                mend=f"tieout crosswalk set {TABLE} {code} TARGET" + (f" (there is a {near})" if near else ""),
                amount=amount, currency=currency, entity=entity, documents=keys,
            )  # fmt: skip
        known = case.named(Product, product)
        if known is not None and not known.active:
            yield Block(
                code="product_inactive", what=f"{known.name} ({code}) is not sold any more", where=f"{known.key} active",
                mend="sell another product, or activate it", amount=amount, currency=currency, entity=entity, documents=keys,
            )  # fmt: skip


class _Sold(NamedTuple):
    document: Document
    day: dt.date
    amount: int


def _sold(case: Case, ahead: Mapping[str, int]) -> dict[str, list[_Sold]]:
    found: dict[str, list[_Sold]] = {}
    for document in case.proposed:
        if isinstance(document, Charge):
            found.setdefault(document.product, []).append(_Sold(document, document.start_on, worth(document, ahead)))
        elif isinstance(document, Quote | Order):
            day = (document.effective_on if isinstance(document, Order) else None) or case.day(document)
            for line in document.lines:
                found.setdefault(line.product, []).append(_Sold(document, day, line.net))
    return found


def _periods(case: Case) -> Iterator[Block]:
    """What takes effect in a period that is locked."""
    posting = case.bearings.policy.posting
    for document in case.proposed:
        field, on = _effect(case, document)
        if on is None:
            continue
        day = case.day(document)
        period = posting.period_of(on, document.entity)
        if posting.locked(period, document.entity, day):
            goes_to = posting.open_period(day, document.entity, day)
            yield Block(
                code="period_locked", what=f"receivables of {period} are locked: it would be booked in {goes_to}",
                where=f"{document.key} {field}", mend=f"date it in {goes_to}, or have {period} opened",
                amount=worth(document, {}), currency=document.currency, entity=document.entity, documents=(document.key,),
            )  # fmt: skip


def _effect(case: Case, document: Document) -> tuple[str, dt.date | None]:
    if isinstance(document, Invoice | CreditMemo):
        issued = document.issued_at
        return "issued_at", case.bearings.policy.calendar(document.entity).day(issued) if issued else None
    if isinstance(document, Order | Amendment):
        return "effective_on", document.effective_on
    return "", None


def _refusals(case: Case) -> Iterator[Block]:
    """Why the ERP would not book a proposed invoice."""
    for document in case.proposed:
        if isinstance(document, Invoice | CreditMemo):
            for refusal in case.bearings.policy.posting.refusals(document, case.day(document)):
                yield Block(
                    code="posting_refused", what=refusal.what, where=f"{document.key} {refusal.field}", mend=refusal.mend,
                    amount=document.net, currency=document.currency, entity=document.entity, documents=(document.key,),
                )  # fmt: skip


def _taxes(case: Case, ahead: Mapping[str, int]) -> Iterator[Block]:
    """A sale to a country in which the entity is not registered, to a customer without a tax number of their own."""
    for document in case.proposed:
        if not isinstance(document, Quote | Order | Invoice):
            continue
        customer = case.named(Customer, document.customer)
        if not isinstance(customer, Customer) or customer.tax_id or customer.tax_exempt:
            continue
        common: dict[str, Any] = {
            "amount": worth(document, ahead), "currency": document.currency, "entity": document.entity,
            "documents": (document.key, customer.key),
        }  # fmt: skip
        charges = [c for c in case.proposed if isinstance(c, Charge) and f"order/{c.order}" == document.key]
        if any(charge.tax_behaviour == "reverse_charge" for charge in charges):
            yield Block(
                code="tax_id_missing", what=f"the tax is the customer's to pay, and {customer.name} has no tax number",
                where=f"{customer.key} tax_id", mend="ask for it", **common,
            )  # fmt: skip
        registered = case.registrations(document.entity) if customer.country else ()
        if registered and not any(_holds(one, customer.country, case.day(document)) for one in registered):
            places = ", ".join(sorted({one.country for one in registered}))
            yield Block(
                code="tax_registration_missing",
                what=f"{document.entity} is registered for tax in {places}; {customer.name} is in {customer.country} and has no tax number",
                where=f"{customer.key} tax_id", mend=f"ask for their tax number, or register in {customer.country}", **common,
            )  # fmt: skip


def _holds(registration: TaxRegistration, country: str, day: dt.date) -> bool:
    first, last = registration.valid_from or dt.date.min, registration.valid_to or dt.date.max
    return registration.country == country and first <= day <= last


def _rates(case: Case) -> Iterator[Block]:
    """Amounts in a currency that the entity's books have no rate for."""
    policy = case.bearings.policy
    told = set()
    for document in case.proposed:
        currency, books, day = document.currency, policy.functional(document.entity), case.day(document)
        pair = (currency, books)
        if currency and books and pair not in told and policy.rate(currency, books, day) is None:
            told.add(pair)
            yield Block(
                code="rate_missing", what=f"there is no rate of {currency} in {books} on {day}",
                where=f"rate/{currency}/{books}", mend="add it to [fx], or let rates be turned round",
                amount=worth(document, {}), currency=currency, entity=document.entity, documents=(document.key,),
            )  # fmt: skip


def _gates(
    made: Mapping[Place, Instance], verdicts: Mapping[Place, Verdict], coming: Mapping[Place, list[Coming]]
) -> Iterator[Block]:
    """Gates that stay shut, with what holds them and whose that is."""
    for place, verdict in verdicts.items():
        anchor = made[place].anchor
        if anchor is None:
            continue
        owners = {step.name: step.owner for step in place.flow.steps}
        amount = sum(one.net for one in coming.get(place, ())) or worth(anchor, {})
        for state in verdict.milestones:
            if state.held_by:
                waits = ", ".join(name.replace("_", " ") for name in state.held_by)
                queues = ", ".join(dict.fromkeys(owners[name] for name in state.held_by if owners[name]))
                yield Block(
                    code="gate_shut", what=f"{state.name.replace('_', ' ')} waits for: {waits}",
                    where=f"{anchor.key} {place.flow.name}.{state.name}", mend=f"ask {queues}" if queues else "see to it",
                    amount=amount, currency=anchor.currency, entity=anchor.entity, documents=(anchor.key,),
                )  # fmt: skip


def _overlay(finding: Finding, ahead: Mapping[str, int]) -> Block:
    """Something that is wrong with master data or terms, and holds up money of others."""
    return Block(
        code=finding.risk.value, what=finding.why, where=finding.subject, mend=f"ask {finding.owner}",
        amount=sum(ahead.get(key, 0) for key in finding.holds), currency=finding.currency, entity=finding.entity,
        documents=finding.documents,
    )  # fmt: skip
