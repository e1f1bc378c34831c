"""A case follows the findings of its cause: opened, refreshed, closed when the last of them is gone, reopened when they come back."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec

from tieout.canon.finding import PRECEDENCE, RISKS, Group, Risk
from tieout.process.causes import weigh
from tieout.process.findings import Valuation

from .case import TIEOUT, Case, Change, event, put_away_at, taken_up
from .clock import is_worse, severity, timed

if TYPE_CHECKING:
    from tieout.policy import Policy


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of one cause in one group, currency and entity, added up."""

    group: str
    currency: str
    entity: str
    findings: int
    exposure: int
    since: dt.date | None = None
    deadline: dt.date | None = None


class Leader(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that may speak for its cause: an overlay that is the cause, or the dearest of a currency."""

    risk: str
    subject: str
    period: str
    currency: str
    exposure: int
    title: str
    owner: str
    entity: str
    customer: str


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """All findings with one root cause, added up: what `process.causes` makes of a list, from what a database sums."""

    key: str
    parts: tuple[Part, ...]
    leaders: tuple[Leader, ...]
    documents: int
    """Documents that it holds up or is about."""


def refresh(case: Case | None, cause: Cause, policy: Policy, now: dt.datetime) -> Change | None:
    """The case as its cause is now; None where there is neither. A cause without parts has healed."""
    if not cause.parts:
        return None if case is None else _without_findings(case, now)
    before = case
    if case is None:
        case = Case(
            key=cause.key, risk="", group="", title="", owner="", entity="", opened_at=now, clock_at=now, due_at=now
        )
    case = _with_facts(case, cause, policy, now)
    if before is None:
        what = "opened"
    elif before.state == "closed":
        claimed = before.claim is not None and before.claim.found == "fixed"
        case = msgspec.structs.replace(
            case, state="open", clock_at=now, closed_at=None, returns=case.returns + 1, level=0, claim=None
        )
        what = "reopened after it was fixed" if claimed else "reopened"
    elif (put_away := put_away_at(before)) is not None and is_worse(case.severity, put_away):
        case, what = taken_up(case), f"taken up from {before.state}: more is at risk"
    else:
        what = _moved(before, case)
    case = timed(case, policy, now)
    return Change(case, (event(what, TIEOUT, now, "", before, case),) if what else ())


def _without_findings(case: Case, now: dt.datetime) -> Change:
    if case.state == "closed":
        return Change(case)
    claim = case.claim and msgspec.structs.replace(case.claim, found="fixed")
    closed = msgspec.structs.replace(
        case, state="closed", closed_at=now, wake_at=None, claim=claim, snoozed_until=None, snoozed_at="", acceptance=None,
        findings=0, documents=0, exposure=0, by_group={}, amounts={},
    )  # fmt: skip
    why = "nothing of it is found any more" + (", as was claimed" if claim else "")
    return Change(closed, (event("healed", TIEOUT, now, why, case, closed),))


def _moved(before: Case, case: Case) -> str:
    """What is worth telling of a case that goes on; empty where only its money moved."""
    if case.severity != before.severity:
        return "more is at risk" if is_worse(case.severity, before.severity) else "less is at risk"
    return "moved to another queue" if case.owner != before.owner else ""


def _with_facts(case: Case, cause: Cause, policy: Policy, now: dt.datetime) -> Case:
    """The case with all that its findings say."""
    currencies = {part.currency for part in cause.parts}
    base = policy.base_currency or (min(currencies) if len(currencies) == 1 else "")
    valuation = Valuation(policy, now.date(), base)
    leader = _leader(cause, valuation)
    risk = Risk(leader.risk)
    amounts: dict[str, dict[str, int]] = {}
    for part in cause.parts:
        if part.group != Group.OVERLAY.value:
            by_currency = amounts.setdefault(part.group, {})
            by_currency[part.currency] = by_currency.get(part.currency, 0) + part.exposure
    by_group, exposure = weigh({(g, c): n for g, parts in amounts.items() for c, n in parts.items()}, valuation)
    money = [part for part in cause.parts if part.group != Group.OVERLAY.value]
    own = RISKS[risk].owner == "the flow's"
    case = msgspec.structs.replace(
        case, risk=leader.risk, group=RISKS[risk].group.value, title=leader.title,
        owner=leader.owner if own else policy.owner(risk, leader.entity), entity=leader.entity, customer=leader.customer,
        entities=tuple(sorted({part.entity for part in cause.parts})),
        findings=sum(part.findings for part in money or cause.parts), documents=cause.documents, currency=base, exposure=exposure,
        by_group=by_group, amounts=amounts, since=min((p.since for p in cause.parts if p.since is not None), default=None),
        deadline=min((p.deadline for p in cause.parts if p.deadline is not None), default=None), policy=policy.casework_version,
    )  # fmt: skip
    return msgspec.structs.replace(case, severity=severity(case, policy, now))


def _leader(cause: Cause, valuation: Valuation) -> Leader:
    """The overlay that is the cause, else the dearest finding: the same choice as `process.causes` makes."""
    overlays = [
        one for one in cause.leaders if one.subject == cause.key and RISKS[Risk(one.risk)].group is Group.OVERLAY
    ]
    if overlays:
        return min(overlays, key=lambda one: (PRECEDENCE[Risk(one.risk)], one.period, one.currency))

    def weight(one: Leader) -> tuple[int, int, int, str, str, str]:
        worth = valuation.of(one.exposure, one.currency) or 0
        return worth, one.exposure, -PRECEDENCE[Risk(one.risk)], one.subject, one.period, one.currency

    return max(cause.leaders, key=weight)


def worth_in(
    amounts: dict[str, dict[str, int]], policy: Policy, currency: str, day: dt.date
) -> tuple[dict[str, int], int]:
    """Group → currency → minor units, as group → ``currency`` and the one figure: for the part of a case that somebody may see."""
    cells = {(group, code): amount for group, parts in amounts.items() for code, amount in parts.items()}
    return weigh(cells, Valuation(policy, day, currency))
