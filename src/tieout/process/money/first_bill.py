"""When the first invoice of an order falls due, as far as its charges alone can tell."""

from __future__ import annotations

import datetime as dt

from tieout.canon.dates import ONE_DAY, add_months
from tieout.canon.documents import Charge

from ..instance import Instance


def first_bill_on(instance: Instance) -> dt.date | None:
    """The earliest bill date of the priced charges that the calendar alone decides; None where only events do.

    Charges billed on a shipment, an approval or an activation fall due when that happens (docs/money.md, "Bill date").
    """
    days = [day for charge in instance.get("charges") if (day := _first(charge)) is not None]
    return min(days, default=None)


def _first(charge: Charge) -> dt.date | None:
    priced = charge.unit_price or any(tier.unit_price or tier.flat for tier in charge.tiers)
    if charge.deleted or charge.mirrors or not priced or charge.trigger != "contract_effective":
        return None
    if charge.kind not in ("recurring", "one_time", "commitment"):
        return None
    if charge.timing != "arrears":
        return charge.start_on
    after = add_months(charge.start_on, charge.period_months) if charge.period_months else charge.end_on
    if after is None:
        return None
    if charge.bill_day:
        return add_months((after - ONE_DAY).replace(day=1), 1, charge.bill_day)
    return after
