"""How a long run says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]
"""(step in words, done, total): called whenever a step begins or moves on; total 0 where it is not known."""


def silent(_step: str, _done: int, _total: int) -> None:
    """Progress that nobody watches."""
