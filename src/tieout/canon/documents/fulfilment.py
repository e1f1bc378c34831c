"""What the customer received: services switched on, usage metered, hours approved, goods shipped."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

import msgspec

from .header import Document, Interval, Minor, Ref


class Subscription(Document, frozen=True, kw_only=True, tag="subscription"):
    """The billing system's running subscription."""

    order: Ref | None = None
    contract: Ref | None = None
    customer: Ref
    status: Literal["pending", "trialing", "active", "paused", "cancelled", "expired"] = "active"
    start_on: dt.date
    end_on: dt.date | None = None
    auto_renew: bool = False
    recurring: Minor = 0
    """Net value of one billing period."""


class Entitlement(Document, frozen=True, kw_only=True, tag="entitlement"):
    """A service that is switched on for a customer, and since when."""

    order: Ref
    line: str
    product: Ref | None = None
    customer: Ref | None = None
    status: Literal["pending", "active", "suspended", "inactive"] = "active"
    activated_at: dt.datetime | None = None
    deactivated_at: dt.datetime | None = None
    suspended: tuple[Interval, ...] = ()


class Usage(Document, frozen=True, kw_only=True, tag="usage"):
    """A metered quantity of one day."""

    charge: Ref
    quantity: Decimal
    used_on: dt.date


class ProjectMilestone(msgspec.Struct, frozen=True, kw_only=True):
    """One billable milestone of a project."""

    id: str
    charge: Ref
    approved_at: dt.datetime | None = None


class Project(Document, frozen=True, kw_only=True, tag="project"):
    """A services project with its milestones."""

    order: Ref
    customer: Ref | None = None
    name: str = ""
    milestones: tuple[ProjectMilestone, ...] = ()


class TimeEntry(Document, frozen=True, kw_only=True, tag="time_entry"):
    """Hours worked on a time-and-material charge; billable once approved."""

    charge: Ref
    project: Ref | None = None
    hours: Decimal
    worked_on: dt.date
    approved_at: dt.datetime | None = None


class Shipment(Document, frozen=True, kw_only=True, tag="shipment"):
    """Goods that left for the customer."""

    order: Ref
    line: str
    charge: Ref | None = None
    quantity: Decimal = Decimal(1)
    shipped_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
