"""Everything that a company has decided, frozen: what the controls may ask."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from tieout.canon.documents import AccountingPeriod
from tieout.canon.finding import RISKS, Risk
from tieout.canon.fiscal import FiscalCalendar

from .calendar import Calendar
from .casework import CaseRules
from .crosswalk import Codes, Crosswalk, CrosswalkRow, Match, joined, read_rows
from .duration import Duration
from .posting import Posting
from .rates import FxRate, Rates, checked, read_rates
from .rules import Entity, Mode, Rules


class Policy(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Roles, entities, calendars, crosswalks, tolerances, owners, modes, posting rules and rates of one company.

    Everything in it is data, validated by `parse`; what is asked often is worked out once and kept.
    """

    base_currency: str = ""
    systems: dict[str, str] = {}
    """System → role, where it is not its own name."""
    rules: Rules = Rules()
    entities: dict[str, Entity] = {}
    ownership: dict[str, str] = {}
    """``type.field`` or ``type`` → role of the system that owns it."""
    crosswalks: dict[str, Codes] = {}
    rates: tuple[FxRate, ...] = ()
    inverse_rates: bool = False
    periods: tuple[AccountingPeriod, ...] = ()

    @classmethod
    def default(cls) -> Policy:
        """What holds where nothing was decided: UTC, Monday to Friday, one minor unit a line, observe only."""
        return cls()

    def role(self, system: str) -> str:
        """What a system is in the money path (``billing``, ``erp`` …): its own name, unless policy says otherwise."""
        return self.systems.get(system, system)

    def calendar(self, entity: str) -> Calendar:
        """The entity's calendar; UTC and Monday to Friday for one that the policy does not name."""
        return self._calendars.get(entity) or self._calendar

    def fiscal(self, entity: str) -> FiscalCalendar:
        """How the entity cuts its fiscal years."""
        return self.entities.get(entity, _NOBODY).fiscal

    def functional(self, entity: str) -> str:
        """The currency that the entity keeps its books in; the company's base currency where none is named."""
        return self.entities.get(entity, _NOBODY).functional_currency or self.base_currency

    def owner(self, risk: Risk | str, entity: str) -> str:
        """The queue that works findings of a class in an entity."""
        return self._rules(entity).owners.get(risk) or RISKS[Risk(risk)].owner

    def tolerance(self, name: str, entity: str) -> int:
        """Minor units a line that may differ without being a finding; 1 where nothing was decided."""
        return self._rules(entity).tolerances.get(name, 1)

    def within(self, flow: str, step: str, entity: str, default: Duration) -> Duration:
        """How long a flow's step may take in an entity."""
        durations = self._rules(entity).durations
        return durations.get(f"{flow}.{step}", default) if durations else default

    def mode(self, flow: str, entity: str, risk: Risk | str) -> Mode:
        """Whether a flow only observes, asks for approval or acts, for a class in an entity."""
        modes = self._rules(entity).modes
        return modes.get(f"{flow}.{risk}") or modes.get(flow) or modes.get("*") or "observe"

    def casework(self, entity: str) -> CaseRules:
        """How cases of an entity are worked: severity, time limits, escalation, queues."""
        return self._rules(entity).cases

    def crosswalk(self, table: str) -> Crosswalk:
        """A table of codes; one that was never declared is empty and says so."""
        return self._crosswalks.get(table) or Crosswalk(table, Codes(), declared=False)

    def owner_of(self, type_: str, field: str) -> str | None:
        """The role of the system that owns a field, or None where nobody was named."""
        return self.ownership.get(f"{type_}.{field}") or self.ownership.get(type_)

    def rate(self, currency: str, to: str, day: dt.date) -> FxRate | None:
        """The latest rate on or before ``day``; 1 within one currency; None where there is none.

        A rate is turned round (``1 / rate``) only where policy declares it and there is none of this direction.
        """
        return self._rates.find(currency, to, day)

    @cached_property
    def posting(self) -> Posting:
        """The posting rules, with the accounting periods that are known."""
        rules = {name: entity.rules.posting for name, entity in self.entities.items()}
        return Posting(self.rules.posting, rules, self.periods)

    def with_crosswalk(
        self, table: str, rows: Iterable[CrosswalkRow | Mapping[str, Any]], where: str = "", match: Match | None = None
    ) -> Policy:
        """The same policy with these rows added to a crosswalk, which is declared by this.

        Rows may be mappings as a file gives them (``code, target, from, to, entity``). Raises MappingFault for a row that
        cannot be read, and where two rows of one code would hold on the same day.
        """
        codes = self.crosswalks.get(table, Codes())
        if match is not None:
            codes = Codes(match, codes.rows)
        codes = joined(table, codes, read_rows(rows, where, table), where)
        return msgspec.structs.replace(self, crosswalks={**self.crosswalks, table: codes})

    def with_rates(self, rows: Iterable[FxRate | Mapping[str, Any]], where: str = "", source: str = "") -> Policy:
        """The same policy with these exchange rates added (``currency, to, rate, on, source``).

        Raises MappingFault for a row that cannot be read, and for two different rates of one pair and day.
        """
        return msgspec.structs.replace(self, rates=checked((*self.rates, *read_rates(rows, where, source)), where))

    def with_periods(self, periods: Iterable[AccountingPeriod]) -> Policy:
        """The same policy that knows these accounting periods; of one entity and period the last one counts."""
        known = {(p.entity, p.period): p for p in (*self.periods, *periods) if not p.deleted}
        return msgspec.structs.replace(self, periods=tuple(known[key] for key in sorted(known)))

    @cached_property
    def version(self) -> str:
        """A hash of everything decided here: equal policies have equal versions, on any machine."""
        content = msgspec.json.encode(self, enc_hook=str, order="deterministic")
        return hashlib.sha256(content).hexdigest()[:16]

    @cached_property
    def casework_version(self) -> str:
        """A hash of what cases are weighed, routed and timed by: it does not change with what only verdicts depend on."""
        return msgspec.structs.replace(self, systems={}, ownership={}, crosswalks={}, periods=()).version

    def _rules(self, entity: str) -> Rules:
        found = self.entities.get(entity)
        return self.rules if found is None else found.rules

    @cached_property
    def _calendar(self) -> Calendar:
        return Calendar()

    @cached_property
    def _calendars(self) -> dict[str, Calendar]:
        return {
            name: Calendar(entity.time_zone, entity.holidays, entity.weekend, entity.office_hours)
            for name, entity in self.entities.items()
        }

    @cached_property
    def _crosswalks(self) -> dict[str, Crosswalk]:
        return {name: Crosswalk(name, codes) for name, codes in self.crosswalks.items()}

    @cached_property
    def _rates(self) -> Rates:
        return Rates(self.rates, inverse=self.inverse_rates)


_NOBODY = Entity()
