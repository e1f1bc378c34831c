"""Ctrl-C, and the polite end that a scheduler asks for (SIGTERM): everything temporary is removed, and one line says so."""

from __future__ import annotations

import signal
from types import FrameType


class Interrupts:
    """Which signal asked this process to stop; 0: none.

    What runs is left by KeyboardInterrupt, so that every ``with`` cleans up. A library that is in the middle of something may raise an
    exception of its own instead (DuckDB does): whatever is raised after the signal means the same.
    """

    def __init__(self) -> None:
        self.signal = 0

    def listen(self) -> None:
        """From now on. A server may put handlers of its own in their place."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)

    def _stop(self, number: int, _frame: FrameType | None) -> None:
        self.signal = number
        raise KeyboardInterrupt

    @property
    def exit_code(self) -> int:
        """As shells count it: 130 after Ctrl-C, 143 after SIGTERM."""
        return 128 + self.signal
