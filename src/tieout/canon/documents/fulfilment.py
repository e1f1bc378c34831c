"""What the customer received: services switched on, usage metered, hours approved, goods shipped."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Literal

from .header import Document, Interval, Minor, Part, Ref


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
    """Id of the order line."""
    product: Ref | None = None
    customer: Ref | None = None
    status: Literal["pending", "active", "suspended", "inactive"] = "active"
    activated_at: dt.datetime | None = None
    deactivated_at: dt.datetime | None = None
    suspended: tuple[Interval, ...] = ()
    """When it was off in between."""


class Usage(Document, frozen=True, kw_only=True, tag="usage"):
    """A metered quantity of one day."""

    charge: Ref
    quantity: Decimal
    """In the units of the charge's price."""
    used_on: dt.date


class ProjectMilestone(Part, frozen=True, kw_only=True):
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
    """Hours worked."""
    worked_on: dt.date
    approved_at: dt.datetime | None = None


class Shipment(Document, frozen=True, kw_only=True, tag="shipment"):
    """Goods that left for the customer."""

    order: Ref
    line: str
    """Id of the order line."""
    charge: Ref | None = None
    quantity: Decimal = Decimal(1)
    """Units shipped."""
    shipped_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
