"""Everything that a company has decided, frozen: what the controls may ask."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar

import msgspec

from tieout.canon.documents import AccountingPeriod
from tieout.canon.finding import RISKS, Risk

from .calendar import Calendar
from .crosswalk import Crosswalk, CrosswalkRow
from .duration import Duration
from .posting import Posting
from .rates import FxRate

Mode = Literal["observe", "approve", "enforce"]
V = TypeVar("V")


class Layers(msgspec.Struct, Generic[V], frozen=True):
    """Values by key: everyone's, overlaid by a region's, overlaid by an entity's."""

    general: dict[str, V] = {}
    region: dict[str, dict[str, V]] = {}
    entity: dict[str, dict[str, V]] = {}

    def find(self, key: str, entity: str, region: str) -> V | None:
        """The entity's value, else its region's, else everyone's."""
        for layer in (self.entity.get(entity), self.region.get(region), self.general):
            if layer and key in layer:
                return layer[key]
        return None


class Entity(msgspec.Struct, frozen=True, kw_only=True):
    """A legal entity: its name, region, functional currency and what its calendar is made of."""

    name: str = ""
    region: str = ""
    functional_currency: str = ""
    time_zone: str = "UTC"
    holidays: tuple[dt.date, ...] = ()


_NO_ENTITY = Entity()


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Roles, entities, calendars, crosswalks, tolerances, owners, modes, posting rules and rates of one company."""

    base_currency: str = ""
    systems: dict[str, str] = {}
    entities: dict[str, Entity] = {}
    tolerances: Layers[int] = Layers()
    durations: Layers[Duration] = Layers()
    owners: Layers[str] = Layers()
    modes: Layers[Mode] = Layers()
    ownership: dict[str, str] = {}
    posting: Posting = Posting()
    crosswalks: dict[str, tuple[CrosswalkRow, ...]] = {}
    rates: tuple[FxRate, ...] = ()

    @classmethod
    def default(cls) -> Policy:
        """What holds where nothing was decided: UTC, Monday to Friday, one minor unit a line, observe only."""
        return cls()

    def role(self, system: str) -> str:
        """What a system is in the money path (``billing``, ``erp`` …): its own name, unless policy says otherwise."""
        return self.systems.get(system, system)

    def calendar(self, entity: str) -> Calendar:
        """The entity's calendar; UTC and Monday to Friday for one that the policy does not name."""
        return self._calendars.get(entity) or self._default_calendar

    def functional(self, entity: str) -> str:
        """The currency that the entity keeps its books in; the company's base currency where none is named."""
        return self.entities.get(entity, _NO_ENTITY).functional_currency or self.base_currency

    def owner(self, risk: Risk | str, entity: str) -> str:
        """The queue that works findings of a class in an entity."""
        return self.owners.find(risk, entity, self._region(entity)) or RISKS[Risk(risk)].owner

    def tolerance(self, name: str, entity: str) -> int:
        """Minor units a line that may differ without being a finding; 1 where nothing was decided."""
        found = self.tolerances.find(name, entity, self._region(entity))
        return 1 if found is None else found

    def within(self, flow: str, step: str, entity: str, default: Duration) -> Duration:
        """How long a flow's step may take in an entity."""
        return self.durations.find(f"{flow}.{step}", entity, self._region(entity)) or default

    def crosswalk(self, table: str) -> Crosswalk:
        """A table of codes; one that was never declared is empty and says so."""
        return self._crosswalks.get(table) or Crosswalk(table, declared=False)

    def owner_of(self, type_: str, field: str) -> str | None:
        """The role of the system that owns a field, or None where nobody was named."""
        return self.ownership.get(f"{type_}.{field}") or self.ownership.get(type_)

    def rate(self, currency: str, to: str, day: dt.date) -> FxRate | None:
        """The latest rate on or before ``day``; 1 within one currency; None where there is none."""
        if currency == to:
            return FxRate(currency=currency, to=to, rate=Fraction(1), on=day, source="same currency")
        known = [r for r in self._rates.get((currency, to), ()) if r.on <= day]
        return known[-1] if known else None

    def mode(self, flow: str, entity: str, risk: Risk | str) -> Mode:
        """Whether a flow only observes, asks for approval or acts, for a class in an entity."""
        region = self._region(entity)
        for key in (f"{flow}.{risk}", flow, "*"):
            found = self.modes.find(key, entity, region)
            if found:
                return found
        return "observe"

    def with_crosswalk(self, table: str, rows: Iterable[CrosswalkRow]) -> Policy:
        """The same policy with these rows added to a crosswalk, which is declared by this."""
        both = (*self.crosswalks.get(table, ()), *rows)
        return msgspec.structs.replace(self, crosswalks={**self.crosswalks, table: both})

    def with_rates(self, rates: Iterable[FxRate]) -> Policy:
        """The same policy with these exchange rates added."""
        return msgspec.structs.replace(self, rates=(*self.rates, *rates))

    def with_periods(self, periods: Iterable[AccountingPeriod]) -> Policy:
        """The same policy that knows when receivables locked."""
        locks = {entity: dict(known) for entity, known in self.posting.locks.items()}
        for period in periods:
            if period.ar_locked_on is not None and not period.deleted:
                locks.setdefault(period.entity, {})[period.period] = period.ar_locked_on
        return msgspec.structs.replace(self, posting=msgspec.structs.replace(self.posting, locks=locks))

    @cached_property
    def version(self) -> str:
        """A hash of everything decided here: equal policies have equal versions, on any machine."""
        content = msgspec.json.encode(msgspec.to_builtins(self, enc_hook=_plain), order="deterministic")
        return hashlib.sha256(content).hexdigest()[:16]

    def _region(self, entity: str) -> str:
        return self.entities.get(entity, _NO_ENTITY).region

    @cached_property
    def _calendars(self) -> dict[str, Calendar]:
        return {name: Calendar(entity.time_zone, entity.holidays) for name, entity in self.entities.items()}

    @cached_property
    def _default_calendar(self) -> Calendar:
        return Calendar()

    @cached_property
    def _crosswalks(self) -> dict[str, Crosswalk]:
        return {name: Crosswalk(name, rows) for name, rows in self.crosswalks.items()}

    @cached_property
    def _rates(self) -> dict[tuple[str, str], list[FxRate]]:
        found: dict[tuple[str, str], list[FxRate]] = {}
        for rate in sorted(self.rates, key=lambda r: r.on):
            found.setdefault((rate.currency, rate.to), []).append(rate)
        return found


def _plain(value: Any) -> str:
    return str(value)
