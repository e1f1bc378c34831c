"""Key figures from the measures that evaluation yields, aggregated by name, entity, currency and key."""

from __future__ import annotations

UNAPPLIED = "unapplied"
"""Unapplied cash: amount, age in days from the bank's value day; key: variant and age band."""

_BANDS = ((30, "0–30 days"), (60, "31–60 days"), (90, "61–90 days"))


def age_band(days: int) -> str:
    """The band of the ageing report: ``0–30 days``, ``31–60 days``, ``61–90 days`` or ``over 90 days``."""
    return next((name for limit, name in _BANDS if days <= limit), "over 90 days")
