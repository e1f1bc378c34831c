"""What people work: findings with one root cause as one case, from its opening until a verdict finds nothing left of it.

`triage` follows the findings, `actions` is what people may do, `waking` what time does, `clock` how urgent a case is and when it is
due, `duties` who may not do what. Pure: a case and what happens go in, the case after it and its events come out.
"""

from .actions import Action, AnyAction, act
from .case import Acceptance, Actor, Case, Change, Claim, Event
from .refusals import Conflict, Forbidden, Refused, Unknown
from .triage import Cause, Leader, Part, refresh, worth_in
from .waking import wake

__all__ = [
    "Acceptance", "Action", "Actor", "AnyAction", "Case", "Cause", "Change", "Claim", "Conflict", "Event", "Forbidden", "Leader",
    "Part", "Refused", "Unknown", "act", "refresh", "wake", "worth_in",
]  # fmt: skip
