"""What this company has decided: calendars, crosswalks, tolerances, owners, modes, posting rules, rates. Pure."""

from .calendar import Calendar
from .crosswalk import Crosswalk, CrosswalkRow
from .duration import Duration
from .parsing import parse
from .policy import Entity, Policy
from .posting import Posting
from .rates import FxRate

__all__ = ["Calendar", "Crosswalk", "CrosswalkRow", "Duration", "Entity", "FxRate", "Policy", "Posting", "parse"]
