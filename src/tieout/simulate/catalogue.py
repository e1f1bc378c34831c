"""Master data, made once: products and their ERP items, list prices, registrations, accounting periods, crosswalks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Literal, NamedTuple

from ..canon.documents import AccountingPeriod, Price, Product, TaxRegistration
from .amounts import decimals
from .arithmetic import later
from .fx import EURO_PRICES
from .world import CrosswalkRow, World

Kind = Literal["service", "goods", "hours", "usage", "fee"]


class Item(NamedTuple):
    """One thing on the price list, with its price in euros; other currencies follow by `in_currency`."""

    id: str
    name: str
    kind: Kind
    euros: str

    @property
    def ref(self) -> str:
        """The product as the CRM knows it."""
        return f"crm/{self.id}"


SUITE = Item("P-SUITE", "Operations suite", "service", "49.00")
SEATS = Item("P-SEATS", "Analyst seat", "service", "79.50")
PLATFORM = Item("P-PLATFORM", "Platform, whole year", "service", "11400.00")
SUPPORT = Item("P-SUPPORT", "Premium support", "service", "390.00")
VAULT = Item("P-VAULT", "Document vault", "service", "129.90")
CALLS = Item("P-CALLS", "API calls", "usage", "0.04")
MESSAGES = Item("P-MESSAGES", "Messages sent", "usage", "0.12")
STORAGE = Item("P-STORAGE", "Storage blocks", "usage", "25.00")
SETUP = Item("P-SETUP", "Set-up", "fee", "750.00")
ROUTER = Item("P-ROUTER", "Edge router", "goods", "489.00")
SENSOR = Item("P-SENSOR", "Sensor kit", "goods", "74.90")
CONSULTING = Item("P-CONSULTING", "Consulting hour", "hours", "135.00")
MIGRATION = Item("P-MIGRATION", "Migration project", "fee", "6400.00")
EDGE = Item("P-EDGE", "Edge licence", "service", "95.00")
"""Its ERP item was retired half-way through the year: stale for whatever takes effect later."""
TIER4 = Item("P-TIER4", "Operations suite, tier 4", "service", "890.00")
"""The new tier that nobody has mapped to an ERP item yet."""
FLEET = Item("P-FLEET", "Fleet pack", "service", "310.00")
"""Mapped for every entity but Japan's."""

ITEMS = (
    SUITE, SEATS, PLATFORM, SUPPORT, VAULT, CALLS, MESSAGES, STORAGE, SETUP, ROUTER, SENSOR, CONSULTING, MIGRATION,
    EDGE, TIER4, FLEET,
)  # fmt: skip

OWNERSHIP = {
    "customer": dict.fromkeys(("name", "country", "tax_id", "email"), "crm"),
    "contract": dict.fromkeys(("start_on", "notice_days", "renewal_months"), "crm"),
    "product": {"name": "crm"},
}
"""Which role owns which field, for the [ownership] tables of audit.toml."""

_FACTOR = {"EUR": Decimal(1), "USD": Decimal("1.1"), "JPY": Decimal(160), "KWD": Decimal("0.335")}


def in_currency(euros: Decimal | str, currency: str, finer: int = 0) -> Decimal:
    """A euro price on the list of another currency, at that currency's decimals (or so many more)."""
    return round(Decimal(euros) * _FACTOR[currency], decimals(currency) + finer)


def edge_retired_on(world: World) -> dt.date:
    """The last day on which the edge licence has an ERP item."""
    return later(world.start, 6) - dt.timedelta(days=1)


def months(world: World) -> Iterator[dt.date]:
    """The first day of every calendar month that the company's year touches."""
    first = world.start.replace(day=1)
    while first <= world.as_of:
        yield first
        first = later(first, 1)


def ar_locks_on(world: World, entity: str, first: dt.date) -> dt.date:
    """The day on which receivables of the month lock: the third business day of the next one."""
    return world.entities[entity].add_business_days(later(first, 1) - dt.timedelta(days=1), 3)


def load(world: World) -> None:
    """Fill in the crosswalks and the master documents: shard 0 has them for all."""
    if world.shard:
        return
    retired = edge_retired_on(world)
    for item in ITEMS:
        target = "ITEM-" + item.id[2:]
        if item is EDGE:
            world.crosswalks["item"].append(CrosswalkRow(item.id, target, None, retired))
        elif item is FLEET:
            world.crosswalks["item"] += [CrosswalkRow(item.id, target, entity=code) for code in ("DE01", "US01")]
        elif item is not TIER4:
            world.crosswalks["item"].append(CrosswalkRow(item.id, target))
        world.crosswalks["tax_code"].append(CrosswalkRow(item.kind, {"goods": "G1"}.get(item.kind, "S1")))
    world.crosswalks["tax_code"] = sorted(set(world.crosswalks["tax_code"]), key=lambda row: row.code)
    _add_products(world)
    _add_books(world)


def _add_products(world: World) -> None:
    for item in ITEMS:
        stem = item.id[2:]
        product = Product(system="crm", id=item.id, name=item.name, sku=stem, kind=item.kind, tax_code=item.kind)
        world.add(product)
        if item is not TIER4:
            world.add(
                Product(
                    system="erp", id=f"ITEM-{stem}", name=item.name, sku=stem, kind=item.kind, tax_code=item.kind,
                    mirrors=item.ref, active=item is not EDGE,
                )
            )  # fmt: skip
        for currency in EURO_PRICES:
            period = 12 if item is PLATFORM else 1 if item.kind == "service" else 0
            price = Price(
                system="cpq", id=f"PR-{stem}-{currency}", currency=currency, product=item.ref, period_months=period,
                unit_price=in_currency(item.euros, currency, 2 if item.kind == "usage" else 0), valid_from=world.start,
            )  # fmt: skip
            world.add(price)


def _add_books(world: World) -> None:
    numbers = {"DE01": ("DE", "DE298765432"), "US01": ("US", "91-1144442"), "JP01": ("JP", "T1180301018771")}
    for code, (country, number) in numbers.items():
        world.add(
            TaxRegistration(system="tax", id=f"TR-{code}", entity=code, country=country, number=number,
                            valid_from=dt.date(2019, 1, 1))
        )  # fmt: skip
    for code, entity in world.entities.items():
        for first in months(world):
            locks = ar_locks_on(world, code, first)
            locked = locks <= world.as_of
            world.add(
                AccountingPeriod(system="erp", id=f"{code}-{first:%Y-%m}", entity=code, currency=entity.functional,
                                 period=f"{first:%Y-%m}", ar_locked_on=locks if locked else None, closed=locked)
            )  # fmt: skip
