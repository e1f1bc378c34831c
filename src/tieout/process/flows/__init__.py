"""The flows that Tieout ships, by name. One file each; its body is the description that finance reads."""

from __future__ import annotations

from ..definition import Flow
from .credit import Credit
from .payment_to_cash import PaymentToCash
from .receivable import Receivable
from .settlement import Settlement

FLOWS: dict[str, type[Flow]] = {flow.name: flow for flow in (PaymentToCash, Settlement, Receivable, Credit)}
"""Name → flow, in the order in which money moves."""

__all__ = ["FLOWS"]
