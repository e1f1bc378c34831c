"""Causes and cases for stories."""

from __future__ import annotations

import datetime as dt

from tieout.canon.finding import RISKS, Risk
from tieout.cases import Actor, Case, Cause, Leader, Part, refresh
from tieout.policy import Policy

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
"""A Tuesday."""
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
POLICY = Policy(base_currency="EUR")
ANNA, BEN = Actor(holder="anna"), Actor(holder="ben")


def cause(
    exposure: int | None, risk: Risk = Risk.UNPOSTED_INVOICE, entity: str = "DE01", deadline: dt.date | None = None
) -> Cause:
    """One finding of so much; None: it has healed."""
    key, group = f"{risk}/invoice/b/1", RISKS[risk].group.value
    if exposure is None:
        return Cause(key=key, parts=(), leaders=(), documents=0)
    part = Part(
        group=group,
        currency="EUR",
        entity=entity,
        findings=1,
        exposure=exposure,
        since=dt.date(2026, 6, 1),
        deadline=deadline,
    )
    leader = Leader(
        risk=risk.value, subject="invoice/b/1", period="", currency="EUR", exposure=exposure, title="refused by the ERP",
        owner="whoever", entity=entity, customer="customer/crm/1",
    )  # fmt: skip
    return Cause(key=key, parts=(part,), leaders=(leader,), documents=1)


def opened(exposure: int = 10_000, policy: Policy = POLICY, at: dt.datetime = NOON, **more: object) -> Case:
    """A case of one finding, as it is opened."""
    change = refresh(None, cause(exposure, **more), policy, at)  # type: ignore[arg-type]
    assert change is not None
    return change.case
