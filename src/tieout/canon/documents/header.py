"""The header that every canonical document carries, and how documents name one another.

A *key* names one system's view of a document: ``type/system/id`` (``invoice/billing/INV-7``). A *reference* names a
document of a type that the field already implies: ``system/id`` (``billing/INV-7``). Amounts are integer minor units
of the document's currency (``Minor``); prices that may be finer than a minor unit are decimals in major units.
Every ``_on`` pair is a range of days with both ends included, as finance documents print it.
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


class Document(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="type"
):
    """What all documents share: which system says so, under which id and version, for which entity and currency."""

    system: str
    id: str
    version: int = 0
    entity: str = ""
    currency: str = ""
    known_at: dt.datetime | None = None
    """When the source learned of it: clocks run from here, money from the effective date."""
    deleted: bool = False
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


class Interval(msgspec.Struct, frozen=True):
    """Days from ``from_on`` to ``to_on``, both included; open-ended without ``to_on``."""

    from_on: dt.date
    to_on: dt.date | None = None


class Tier(msgspec.Struct, frozen=True):
    """One step of a tier model: up to and including ``up_to`` units (None: no end) at ``unit_price`` plus ``flat``."""

    unit_price: Decimal
    up_to: Decimal | None = None
    flat: Decimal = Decimal(0)
