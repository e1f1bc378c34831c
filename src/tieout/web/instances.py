"""``/v1/instances``: what is known of one order, payment, renewal: its steps, its documents in every system, and what is wrong."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from tieout.store.connection import transact
from tieout.store.instances import Listed, Standing, list_instances, show_instance

from .caller import Caller
from .means import Means
from .refusal import not_found

PATIENCE = 3.0


class Instances(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which instances."""

    document: str = ""
    """Those that hold this document: its key, such as invoice/billing/INV-7."""
    flow: str = ""
    """Those of this flow, such as order_to_bill."""
    found: bool = False
    """Only those in which something is wrong."""
    after: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The `next` of the page before."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


class InstanceList(msgspec.Struct, frozen=True):
    """Some instances."""

    instances: tuple[Listed, ...]
    next: int | None
    """For `after`, where there may be more."""


def list_of_instances(means: Means, caller: Caller, query: Instances) -> InstanceList:
    """Instances of flows, by number: of one document, of one flow, or all of them."""
    found = transact(
        means.pool,
        lambda connection: list_instances(
            connection, document=query.document, flow=query.flow, only_found=query.found, within=caller.entities,
            after=query.after, limit=query.limit,
        ),
        patience=PATIENCE,
    )  # fmt: skip
    return InstanceList(tuple(found), found[-1].id if len(found) == query.limit else None)


def read_instance(means: Means, caller: Caller, id: str) -> Standing:
    """One instance as it stands: how far each step is, what holds the gates shut, and what is wrong.

    Its documents are there as every system has them, side by side, with the fields in which the systems do not agree. Amounts are in minor
    units. Documents of entities that the caller may not see are left out.
    """
    number = int(id) if re.fullmatch(r"\d{1,18}", id) else 0
    standing = transact(
        means.pool, lambda connection: show_instance(connection, number, caller.entities), patience=PATIENCE
    )
    if standing is None:
        raise not_found(f"there is no instance {id!r}", "/v1/instances?document=KEY finds those of a document")
    return standing
