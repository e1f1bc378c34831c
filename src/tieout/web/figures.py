"""``/v1/bridge``, ``/v1/kpis``, ``/v1/seals``: figures of the whole company, as they were last computed or sealed."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.audit.kept import ClassTotal, Figures
from tieout.audit.result import BridgeRow, Kpi
from tieout.audit.span import check
from tieout.store import sealed_figures, standing_figures
from tieout.store.connection import Connection, transact
from tieout.store.decisions import current
from tieout.store.sealed_figures import Seal
from tieout.store.standing_figures import Standing

from .caller import Caller
from .means import Means
from .refusal import Refusal, not_found
from .route import Answer

PATIENCE = 5.0


class Which(msgspec.Struct, frozen=True):
    """Which figures."""

    period: str = ""
    """A month, such as 2026-06, as of its end or of today; empty: all months so far."""
    entity: str = ""
    """A legal entity; empty: the whole company, for who may see all of it."""


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Of what the figures are, and when they were computed."""

    computed_at: dt.datetime | None = None
    """null: never yet."""
    known_at: dt.datetime | None = None
    """What was heard of up to this instant is in them."""
    as_of: dt.date | None = None
    """They are the state at the end of this day."""
    policy: int = 0
    """The version of the policy."""
    code: str = ""
    """The release, and a hash of what computes."""
    is_fresh: bool
    """If not, they are being computed anew: ask again."""
    problem: str = ""
    """Why that failed when it was tried last."""


class Bridge(msgspec.Struct, frozen=True, kw_only=True):
    """The bridge: to = from + lines + unexplained, in every row."""

    computed: Provenance
    period: str = ""
    rows: tuple[BridgeRow, ...] = ()


class KeyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Totals, what is found by class, and key figures."""

    computed: Provenance
    base_currency: str = ""
    totals: dict[str, int] = {}
    """leakage, stuck, overstatement, future at risk: in the base currency, never added together."""
    classes: tuple[ClassTotal, ...] = ()
    kpis: tuple[Kpi, ...] = ()


class SealView(msgspec.Struct, frozen=True):
    """A seal, and what its figures were made of."""

    id: int
    period: str
    entity: str
    """Empty: the whole company."""
    as_of: dt.date
    sealed_at: dt.datetime
    who: str
    why: str
    known_at: dt.datetime
    policy: int
    policy_hash: str
    code: str
    sha256: str
    """Of the figures; the audit trail has it, too."""


class Seals(msgspec.Struct, frozen=True):
    """Seals, the newest month first."""

    seals: tuple[SealView, ...]


class SealedFigures(msgspec.Struct, frozen=True):
    """Figures that nobody changes any more."""

    seal: SealView
    figures: Figures


class SealedMonth(msgspec.Struct, frozen=True):
    """Which seal."""

    entity: str = ""
    """A legal entity; empty: the whole company's."""


def show_bridge(means: Means, caller: Caller, query: Which) -> Answer[Bridge]:
    """The bridge from contracted to applied and banked, as it was last computed.

    It is computed beside requests, from a snapshot of everything that is known. Where what there is is not fresh, or never was, the
    answer is 202 with what there is, and it is computed anew. Fresh is what nothing was heard since, or is younger than 15 minutes.
    """
    computed, found = _standing(means, caller, query)
    if found is None:
        return Answer(_status(computed), Bridge(computed=computed))
    return Answer(_status(computed), Bridge(computed=computed, period=found.period, rows=found.bridge))


def show_kpis(means: Means, caller: Caller, query: Which) -> Answer[KeyFigures]:
    """The totals, what is found by class, and the key figures, as they were last computed: of the same snapshot as the bridge."""
    computed, found = _standing(means, caller, query)
    if found is None:
        return Answer(_status(computed), KeyFigures(computed=computed))
    figures = KeyFigures(
        computed=computed, base_currency=found.base_currency, totals=found.totals, classes=found.classes, kpis=found.kpis
    )  # fmt: skip
    return Answer(_status(computed), figures)


def list_seals(means: Means, caller: Caller) -> Seals:
    """The seals of what the caller may see, each month's newest first."""
    seals = transact(means.pool, sealed_figures.listed, patience=PATIENCE)
    return Seals(tuple(_view(seal) for seal in seals if caller.may("read", seal.entity)))


def show_seal(means: Means, caller: Caller, period: str, query: SealedMonth) -> SealedFigures:
    """The newest seal of a month: its figures as they were sealed, and what they were made of."""
    _admit(caller, query.entity)

    def work(connection: Connection) -> tuple[Seal, bytes]:
        seal = sealed_figures.find(connection, period, query.entity)
        if seal is None:
            raise not_found(f"{period} is not sealed", "tieout seal list")
        return seal, sealed_figures.figures_of(connection, seal)

    seal, body = transact(means.pool, work, patience=PATIENCE)
    return SealedFigures(_view(seal), Figures.decode(body))


def _standing(means: Means, caller: Caller, query: Which) -> tuple[Provenance, Figures | None]:
    """What there is, if there is anything; where it is not fresh, it is asked for."""
    _admit(caller, query.entity)
    now = dt.datetime.now(dt.UTC)

    def work(connection: Connection) -> tuple[Standing | None, bool]:
        standing = standing_figures.read(connection, query.period, query.entity)
        is_fresh = standing_figures.is_fresh(connection, standing, now)
        if not is_fresh:
            check(current(connection)[1], query.period, query.entity, now.date())
            standing_figures.want(connection, query.period, query.entity, now)
        return standing, is_fresh

    standing, is_fresh = transact(means.pool, work, patience=PATIENCE)
    if standing is None:
        return Provenance(is_fresh=False), None
    computed = Provenance(
        computed_at=standing.computed_at, known_at=standing.known_at, as_of=standing.as_of, policy=standing.policy,
        code=standing.code or "", is_fresh=is_fresh, problem=standing.problem or "",
    )  # fmt: skip
    return computed, None if standing.body is None else Figures.decode(standing.body)


def _view(seal: Seal) -> SealView:
    said = {name: getattr(seal, name) for name in SealView.__struct_fields__ if name != "sha256"}
    return SealView(**said, sha256=seal.sha256.hex())


def _status(computed: Provenance) -> int:
    return 200 if computed.is_fresh else 202


def _admit(caller: Caller, entity: str) -> None:
    if not caller.may("read", entity):
        listed = ", ".join(sorted(caller.entities or ())) or "none"
        what = f"{caller.holder} may not see {entity or 'the whole company'}"
        raise Refusal(403, what, where="entity", mend=f"ask for an entity that they may see: {listed}")
