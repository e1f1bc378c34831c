"""What should be true of one instance of a flow, and the money of the difference. Pure: no I/O, clock or randomness.

The names that a flow of one's own is written with are here: ``from tieout.process import Flow, anchor, related, milestone``.
"""

from __future__ import annotations

from .definition import Control, Flow, anchor, control, gate, measure, milestone, related, unclaimed
from .evaluate import evaluate
from .expressions import amount, count, earliest, every, exists, first, is_, is_set, latest, total
from .instance import Instance
from .verdict import MilestoneState, Outcome, Slice, Unknown, Verdict

__all__ = [
    "Control", "Flow", "Instance", "MilestoneState", "Outcome", "Slice", "Unknown", "Verdict", "amount", "anchor",
    "control", "count", "earliest", "evaluate", "every", "exists", "first", "gate", "is_", "is_set", "latest", "measure", "milestone",
    "related", "total", "unclaimed",
]  # fmt: skip
