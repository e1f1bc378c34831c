"""The customers of one shard, as CRM, billing and ERP know them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ..canon.documents import Customer
from .world import World

Tax = Literal["exclusive", "inclusive", "reverse_charge", "exempt", "out_of_scope"]

PLACES: dict[str, tuple[str, str, Tax, str, str]] = {
    "DE": ("DE01", "EUR", "exclusive", "0.19", "Europe/Berlin"),
    "FR": ("DE01", "EUR", "reverse_charge", "0", "Europe/Paris"),
    "AT": ("DE01", "EUR", "reverse_charge", "0", "Europe/Vienna"),
    "KW": ("DE01", "KWD", "out_of_scope", "0", "Asia/Kuwait"),
    "US": ("US01", "USD", "exempt", "0", "America/Denver"),
    "TX": ("US01", "USD", "exclusive", "0.0825", "America/Chicago"),
    "JP": ("JP01", "JPY", "exclusive", "0.10", "Asia/Tokyo"),
}
"""Market: selling entity, currency, tax behaviour, rate, time zone. ``TX`` is the United States with sales tax."""

_FIRST = (
    "Nordlicht", "Harbor", "Sakura", "Almaz", "Brückner & Söhne", "Kestrel", "O'Neill", "Lumière", "Granite", "Ōmiya",
    "Vesta", "Cobalt", "Tannenberg", "Meridian", "Falken", "Sierra", "Quill", "Iron Gate", "Zephyr", "Marlow",
)  # fmt: skip
_SECOND = (
    "Logistics", "Foods", "Robotics", "Clinics", "Textil", "Marine", "Energy", "Papers", "Optik", "Mobility",
    "Brewing", "Ceramics", "Media", "Labs", "Stahl", "Retail", "Travel", "Seeds", "Games", "Insurance",
)  # fmt: skip
_FORM = {"DE": "GmbH", "FR": "SARL", "AT": "AG", "KW": "W.L.L.", "US": "Inc.", "TX": "LLC", "JP": "株式会社"}


@dataclass(frozen=True)
class Account:
    """One customer, and the terms that follow from where it is."""

    number: str
    market: str
    name: str

    @property
    def crm(self) -> str:
        """Its reference in the CRM, which owns it."""
        return f"crm/C-{self.number}"

    @property
    def billing(self) -> str:
        """Its reference in billing."""
        return f"billing/CU-{self.number}"

    @property
    def erp(self) -> str:
        """Its reference in the ERP."""
        return f"erp/D-{self.number}"

    @property
    def entity(self) -> str:
        """The legal entity that sells to it."""
        return PLACES[self.market][0]

    @property
    def currency(self) -> str:
        """What it is invoiced in."""
        return PLACES[self.market][1]

    @property
    def tax(self) -> Tax:
        """How its invoices are taxed."""
        return PLACES[self.market][2]

    @property
    def tax_rate(self) -> Decimal:
        """The rate, as a fraction."""
        return Decimal(PLACES[self.market][3])


def enrol(world: World, market: str, po_required: bool = False) -> Account:
    """A new customer in that market, with its views in three systems."""
    number = world.id("C")[2:]
    rng = world.rng(f"customer/{number}")
    name = f"{rng.choice(_FIRST)} {rng.choice(_SECOND)} {_FORM[market]}"
    account = Account(number, market, name)
    country = "US" if market == "TX" else market
    tax_id = f"{country}{rng.randrange(10**8, 10**9)}" if country in ("DE", "FR", "AT") else ""
    since = world.entities[account.entity].at(world.start - dt.timedelta(days=rng.randrange(20, 900)), 10)
    crm = Customer(
        system="crm", id=f"C-{number}", entity=account.entity, currency=account.currency, known_at=since, name=name,
        country=country, time_zone=PLACES[market][4], tax_id=tax_id, email=f"ap@c{number}.example",
        po_required=po_required, tax_id_validated_at=since if tax_id else None, tax_exempt=account.tax == "exempt",
    )  # fmt: skip
    world.add(crm)
    for system, prefix in (("billing", "CU"), ("erp", "D")):
        world.add(
            Customer(
                system=system, id=f"{prefix}-{number}", entity=account.entity, currency=account.currency,
                known_at=since, mirrors=crm.ref, name=name, country=country, time_zone=crm.time_zone, tax_id=tax_id,
                email=crm.email, po_required=po_required, tax_exempt=crm.tax_exempt,
            )
        )  # fmt: skip
    return account
