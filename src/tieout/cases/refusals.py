"""Why something cannot be done with a case, sorted by what the person does next.

Refused
├── Conflict    the case is not as they saw it, or not in a state for this → look again
└── Forbidden   somebody else has to do it                                 → ask them
"""

from __future__ import annotations

from tieout.canon.faults import Fault


class Refused(Fault):
    """Something that cannot be done with a case; says why, and what can be done instead."""


class Unknown(Refused):
    """There is no such case, or it is not for this person to know that there is."""


class Conflict(Refused):
    """The case is not as it was seen, or not in a state in which this can be done."""


class Forbidden(Refused):
    """Not by this person."""
