"""The flows that Tieout ships, by name. One file each; its body is the description that finance reads."""

from __future__ import annotations

from ..definition import Flow

FLOWS: dict[str, type[Flow]] = {}
"""Name → flow, in the order in which money moves."""

__all__ = ["FLOWS"]
