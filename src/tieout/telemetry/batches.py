"""Batches of work, timed and traced."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from . import metrics, traces


def batch(name: str, work: Callable[[], int], **attributes: Any) -> int:
    """Do a batch of work that says how much it was. Of one that was nothing, nothing is told: looking in vain is cheap and frequent."""
    began = time.perf_counter()
    done = traces.batch(name, work, **attributes)
    if done:
        metrics.spent(name, time.perf_counter() - began)
    return done
