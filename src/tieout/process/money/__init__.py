"""Everything that order-to-bill judges in money. The formulas are those of docs/money.md."""

from __future__ import annotations

from .documents import judge_unclaimed
from .first_bill import first_bill_on
from .order import judge_order

__all__ = ["first_bill_on", "judge_order", "judge_unclaimed"]
