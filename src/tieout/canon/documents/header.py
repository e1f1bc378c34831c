"""The header that every canonical document carries, and how documents name one another.

A *key* names one system's view of a document: ``type/system/id`` (``invoice/billing/INV-7``). A *reference* names a
document of a type that the field already implies: ``system/id`` (``billing/INV-7``). Names of types and systems hold no
``/``, ids may (``shop/2026/17`` is document ``2026/17`` of ``shop``): keys and references are cut at the first slashes
only (`split_key`, `split_ref`). Amounts are integer minor units of the document's
currency (``Minor``); prices that may be finer than a minor unit are decimals in major units. Instants without an offset
are UTC. Every ``_on`` pair is a range of days with both ends included, as finance documents print it.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import msgspec

Ref = str
"""``system/id`` of a document whose type the field implies."""

Minor = int
"""Integer minor units (cents, yen, fils) of the document's currency."""

ExtValue = str | int | bool | None


def split_ref(ref: Ref) -> tuple[str, str]:
    """System and id of a reference. Raises ValueError for one without a slash."""
    system, id_ = ref.split("/", 1)
    return system, id_


def split_key(key: str) -> tuple[str, str, str]:
    """Type, system and id of a key. Raises ValueError for one with fewer than two slashes."""
    type_, system, id_ = key.split("/", 2)
    return type_, system, id_


class Document(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    """What all documents share: which system says so, under which id and version, for which entity and currency."""

    system: str
    """Name of the system whose view this is; no slash."""
    id: str
    """The system's own id of it."""
    version: int = 0
    """Counts up with every change in its system."""
    entity: str = ""
    """The legal entity of ours that it belongs to."""
    currency: str = ""
    """ISO 4217 code of every amount in it."""
    known_at: dt.datetime | None = None
    """When the source learned of it: clocks run from here, money from the effective date."""
    deleted: bool = False
    """The source says that it is gone: it counts as not there."""
    mirrors: Ref | None = None
    """The same document in the system that it was copied from."""
    refs: dict[str, Ref] = {}
    """Further references by role, beyond the fields of the type."""
    ext: dict[str, ExtValue] = {}
    """Attributes of one's own, per subsidiary."""

    @property
    def type(self) -> str:
        """The canonical type's name (``invoice``)."""
        return type(self).__struct_config__.tag  # type: ignore[return-value]

    @property
    def ref(self) -> Ref:
        """``system/id``."""
        return f"{self.system}/{self.id}"

    @property
    def key(self) -> str:
        """``type/system/id``."""
        return f"{self.type}/{self.system}/{self.id}"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is inside a document: a line, a milestone."""


class Interval(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Days from ``from_on`` to ``to_on``, both included; open-ended without ``to_on``."""

    from_on: dt.date
    to_on: dt.date | None = None


class Tier(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One step of a tier model: up to and including ``up_to`` units (None: no end) at ``unit_price`` plus ``flat``."""

    unit_price: Decimal
    """Major units for one unit."""
    up_to: Decimal | None = None
    """Last unit of the tier, counted from 0."""
    flat: Decimal = Decimal(0)
    """Major units, once, as soon as the tier is entered."""
