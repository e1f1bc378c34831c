"""The documents of every system that a deal leaves behind, from quote to posted invoice."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import msgspec

from ..canon.documents import (
    Amendment,
    Contract,
    Entitlement,
    Order,
    OrderLine,
    Project,
    ProjectMilestone,
    PurchaseOrder,
    Quote,
    QuoteLine,
    Renewal,
    Shipment,
    Subscription,
    TimeEntry,
    Usage,
)
from .arithmetic import full_price
from .deal import Chain, Deal
from .invoices import write_bills
from .schedules import write_schedules


def write(deal: Deal) -> None:
    """Put every document of the deal into the world."""
    _selling(deal)
    for chain in deal.chains:
        for segment in chain.segments:
            deal.world.add(segment)
        if chain.commitment:
            deal.world.add(chain.commitment)
        _fulfilment(deal, chain)
    if not deal.lean:
        _projects(deal)
        _subscription(deal)
        _renewal(deal)
        write_schedules(deal)
    for amendment in deal.amendments:
        deal.world.add(
            msgspec.structs.replace(amendment, delta_recurring=_delta(deal, amendment) + deal.misstated_delta)
        )
    write_bills(deal)
    for doc in deal.extra:
        deal.world.add(doc)


def _delta(deal: Deal, amendment: Amendment) -> int:
    """What the amendment changes a period's recurring value by; 0 for a pause, which gives back what it takes."""
    if amendment.kind == "pause":
        return 0
    delta = 0
    for chain in deal.chains:
        for before, segment in zip([None, *chain.segments], chain.segments, strict=False):
            if segment.amendment == amendment.ref and segment.kind == "recurring":
                delta += full_price(segment) - (full_price(before) if before else 0)
    return delta


def _selling(deal: Deal) -> None:
    world, account, entity = deal.world, deal.account, deal.entity
    head: dict[str, Any] = {"entity": entity.code, "currency": deal.currency}
    first = {chain.line: chain for chain in reversed(deal.chains)}
    lines = [(c.line, c.item.ref, c.segments[0].quantity, full_price(c.segments[0])) for c in first.values()]
    quote = None
    on = deal.accepted_on
    if deal.channel == "sales":
        term = None
        if deal.terms and deal.terms.end_on:
            term = round((deal.terms.end_on - deal.terms.start_on).days / 30.44)
        discount = Decimal(deal.rng.choice((0, 0, 5, 10)))
        quote = Quote(
            system="cpq", id=f"Q-{deal.stem}", **head, customer=account.crm, status="ordered",
            discount_percent=discount, approved_discount_percent=discount or None,
            approved_at=deal.at(on - dt.timedelta(days=4)), accepted_at=deal.at(on, 8, 10),
            signed_at=None if deal.terms and not deal.terms.signed_on else deal.at(on, 10, 12), term_months=term,
            lines=tuple(QuoteLine(id=i, product=p, quantity=q, net=n) for i, p, q, n in lines),
        )  # fmt: skip
        world.add(quote)
    purchase_order = ""
    if deal.channel == "sales" and not deal.lean and deal.rng.random() < 0.15:
        purchase_order = f"PO-{deal.stem}"
        world.add(
            PurchaseOrder(
                system="crm", id=purchase_order, **head, customer=account.crm, order=deal.order, number=purchase_order,
                amount=sum(line[3] for line in lines), received_at=deal.at(on, 8, 12),
            )
        )  # fmt: skip
    order_system, order_id = deal.order.split("/")
    world.add(
        Order(
            system=order_system, id=order_id, **head, customer=account.crm, quote=quote.ref if quote else None,
            contract=deal.contract, accepted_at=deal.at(on, 13, 18), effective_on=deal.start, status=deal.status,  # type: ignore[arg-type]
            purchase_order=purchase_order, channel=deal.channel,  # type: ignore[arg-type]
            lines=tuple(OrderLine(id=i, product=p, quantity=q, net=n) for i, p, q, n in lines),
        )
    )  # fmt: skip
    if deal.terms:
        _contract(deal, head)


def _contract(deal: Deal, head: dict[str, Any]) -> None:
    terms = deal.terms
    assert terms
    contract = Contract(
        system="crm", id=f"CT-{deal.stem}", **head, customer=deal.account.crm, start_on=terms.start_on,
        signed_at=deal.at(terms.signed_on, 10, 13) if terms.signed_on else None, end_on=terms.end_on,
        auto_renew=terms.auto_renew, notice_days=terms.notice_days, renewal_months=terms.renewal_months,
        terminated_on=terms.terminated_on, status=terms.status,  # type: ignore[arg-type]
    )  # fmt: skip
    deal.world.add(contract)
    if terms.in_erp:
        fields = {name: getattr(contract, name) for name in contract.__struct_fields__}
        mine = {"system": "erp", "id": f"K-{deal.stem}", "customer": deal.account.erp, "mirrors": contract.ref}
        deal.world.add(Contract(**(fields | mine | deal.erp_contract)))


def _subscription(deal: Deal) -> None:
    running = [chain for chain in deal.chains if chain.charge.kind in ("recurring", "usage", "commitment")]
    if not running:
        return
    terms = deal.terms
    off = all(chain.deactivated_on for chain in running if chain.entitled) and any(c.entitled for c in running)
    fields: dict[str, Any] = {
        "start_on": deal.start,
        "end_on": terms.end_on if terms else None,
        "auto_renew": terms.auto_renew if terms else False,
        "status": "cancelled" if off else "active",
    }
    deal.world.add(
        Subscription(
            system="billing", id=f"SUB-{deal.stem}", entity=deal.entity.code, currency=deal.currency, order=deal.order,
            contract=deal.contract, customer=deal.account.billing,
            recurring=sum(full_price(chain.charge) for chain in running if chain.charge.kind == "recurring"),
            **(fields | deal.subscription),
        )
    )  # fmt: skip


def _fulfilment(deal: Deal, chain: Chain) -> None:
    world, code = deal.world, deal.entity.code
    if chain.entitled and not chain.no_entitlement:
        on, off = chain.activated_on, chain.deactivated_on
        paused = any(i.to_on is None or i.to_on >= deal.as_of for i in chain.suspended if i.from_on <= deal.as_of)
        status = "pending" if on is None else "inactive" if off else "suspended" if paused else "active"
        world.add(
            Entitlement(
                system="provisioning", id=f"EN-{deal.stem}-{chain.line}", entity=code, order=deal.order,
                line=chain.line, product=chain.item.ref, customer=deal.account.crm, status=status,  # type: ignore[arg-type]
                activated_at=deal.at(on, 6, 20) if on else None, deactivated_at=deal.at(off, 20, 23) if off else None,
                suspended=tuple(chain.suspended),
            )
        )  # fmt: skip
    for number, meter in enumerate(chain.usage):
        charge = next((s for s in reversed(chain.segments) if s.start_on <= meter.used_on), chain.charge)
        world.add(
            Usage(
                system="provisioning", id=f"U-{deal.stem}-{chain.line}-{number}", entity=code, currency=deal.currency,
                charge=charge.ref, quantity=meter.quantity, used_on=meter.used_on, known_at=deal.at(meter.known_on),
            )
        )  # fmt: skip
    for number, work in enumerate(chain.work):
        world.add(
            TimeEntry(
                system="psa", id=f"T-{deal.stem}-{chain.line}-{number}", entity=code, currency=deal.currency,
                charge=chain.charge.ref, project=f"psa/PJ-{deal.stem}", hours=work.hours, worked_on=work.worked_on,
                approved_at=deal.at(work.approved_on) if work.approved_on else None,
            )
        )  # fmt: skip
    if chain.charge.trigger == "shipment" and chain.triggered_on:
        delivered = chain.triggered_on + dt.timedelta(days=3)
        world.add(
            Shipment(
                system="commerce", id=f"SH-{deal.stem}-{chain.line}", entity=code, order=deal.order, line=chain.line,
                charge=chain.charge.ref, quantity=chain.charge.quantity, shipped_at=deal.at(chain.triggered_on),
                delivered_at=deal.at(delivered) if delivered <= deal.as_of else None,
            )
        )  # fmt: skip


def _projects(deal: Deal) -> None:
    work = [chain for chain in deal.chains if chain.charge.kind in ("milestone", "time")]
    if work:
        milestones = tuple(
            ProjectMilestone(
                id=chain.line, charge=chain.charge.ref,
                approved_at=deal.at(chain.triggered_on) if chain.triggered_on else None,
            )
            for chain in work if chain.charge.kind == "milestone"
        )  # fmt: skip
        deal.world.add(
            Project(
                system="psa", id=f"PJ-{deal.stem}", entity=deal.entity.code, currency=deal.currency, order=deal.order,
                customer=deal.account.crm, name=f"Project {deal.stem}", milestones=milestones,
            )
        )  # fmt: skip


def _renewal(deal: Deal) -> None:
    if deal.renewal:
        known = deal.renewal
        instants: dict[str, Any] = {
            f"{step}_at": deal.at(known[step]) if known.get(step) else None
            for step in ("opened", "quoted", "agreed", "signed")
        }
        assert deal.contract
        deal.world.add(
            Renewal(
                system="crm", id=f"RN-{deal.stem}", entity=deal.entity.code, currency=deal.currency,
                contract=deal.contract, status=known["status"], extended_to=known.get("extended_to"), **instants,
            )
        )  # fmt: skip
