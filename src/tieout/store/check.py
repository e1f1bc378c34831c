"""What a look at an installation comes to."""

from __future__ import annotations

from typing import Literal

import msgspec


class Check(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    subject: str
    state: Literal["good", "doubtful", "bad"]
    found: str
    mend: str = ""
