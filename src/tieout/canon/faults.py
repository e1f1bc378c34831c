"""What can be wrong with what people give us, sorted by what they do next.

    Fault
    ├── InputFault     a file, row or document cannot be read        → mend the source, run again
    ├── MappingFault   audit.toml or another setting is wrong        → mend the named key
    ├── FlowFault      a flow's definition is wrong                  → mend the class
    └── MachineFault   the machine or the installation is not fit    → mend it; `tieout doctor` says more

Every fault says what is wrong, where, and how to mend it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Fault(Exception):
    """Something that the person at the keyboard can mend."""

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        super().__init__(str(self))

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}" + (f" ({self.mend})" if self.mend else "")


class InputFault(Fault):
    """A file, row or document that cannot be read as what it claims to be."""


class MappingFault(Fault):
    """A mapping, policy or setting that is wrong."""


class FlowFault(Fault):
    """A flow's definition that is wrong."""


class MachineFault(Fault):
    """A machine or an installation that is not fit: a program is missing, a folder is shut, a server does not answer."""


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean 'x'?`` for the known name that is closest to ``name``, or the empty string."""
    near = difflib.get_close_matches(name, [str(one) for one in known], 1, 0.55)
    return f"did you mean {near[0]!r}?" if near else ""
