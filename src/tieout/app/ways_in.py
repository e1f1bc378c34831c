"""Every way in but HTTP, as parts of a process."""

from __future__ import annotations

from .files.watch import folders, places
from .running import Part


def ways_in() -> list[Part]:
    """Files from folders, here and elsewhere. A connection that another process is at is left to that one."""
    return [folders(), places()]
