"""What this company has decided: calendars, crosswalks, tolerances, owners, modes, posting rules, rates. Pure."""

from .calendar import Calendar
from .casework import SEVERITIES, CaseRules
from .coverage import Coverage, Gap, coverage
from .crosswalk import Codes, Crosswalk, CrosswalkRow, laid_over, read_rows
from .difference import Change, decisions, differences
from .duration import Duration
from .parsing import OTHERS, TABLES, parse
from .policy import Policy
from .posting import Posting, PostingRules, Refusal, Sequence
from .rates import FxRate, rate_entry
from .roles import ROLES
from .rules import Entity, Mode, Rules
from .writing import tables

__all__ = [
    "OTHERS", "ROLES", "SEVERITIES", "TABLES", "Calendar", "CaseRules", "Change", "Codes", "Coverage",
    "Crosswalk", "CrosswalkRow", "Duration", "Entity", "FxRate", "Gap", "Mode", "Policy", "Posting", "PostingRules", "Refusal",
    "Rules", "Sequence", "coverage", "decisions", "differences", "laid_over", "parse", "rate_entry", "read_rows", "tables",
]  # fmt: skip
