"""What people do with a case. Each action is checked, and becomes an event: who, when, why, what changed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import msgspec

from tieout.canon.faults import nearest

from .case import Acceptance, Actor, Case, Change, Claim, event
from .clock import is_worse, timed
from .duties import check_approves, check_sees_all
from .refusals import Conflict, Refused

if TYPE_CHECKING:
    from tieout.policy import Policy

LONGEST = dt.timedelta(days=366)
"""No case is put away for longer."""
MOST_TEXT = 10_000
"""Characters of a remark."""
MOST_LINKS = 50
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Action(msgspec.Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True):
    """Something that a person does with a case."""

    why: str = ""
    """Kept with it."""


class Assign(Action, tag="assign", frozen=True, kw_only=True):
    """Give it to a person, or back to its queue."""

    to: str = ""
    """Their name; empty: nobody's."""


class Comment(Action, tag="comment", frozen=True, kw_only=True):
    """Say something: the text is ``why``."""


class Snooze(Action, tag="snooze", frozen=True, kw_only=True):
    """Put it away until a day. It wakes by itself then, or when more is at risk."""

    until: dt.date
    """The day on which it is back."""


class Wake(Action, tag="wake", frozen=True, kw_only=True):
    """Take it up again before its day."""


class AcceptRisk(Action, tag="accept-risk", frozen=True, kw_only=True):
    """Propose that the risk be borne until a day, for the reason in ``why``. Another person approves it."""

    until: dt.date
    """The last day on which it holds."""


class Approve(Action, tag="approve", frozen=True, kw_only=True):
    """Approve what somebody else proposed: the case is put away until that day, or until more is at risk."""


class Revoke(Action, tag="revoke", frozen=True, kw_only=True):
    """Refuse what was proposed, or end what was approved."""


class Link(Action, tag="link", frozen=True, kw_only=True):
    """Point at a ticket, a page or another case."""

    target: str
    """Whatever names it."""


class Unlink(Action, tag="unlink", frozen=True, kw_only=True):
    """Take a link away."""

    target: str
    """As the case has it."""


class Note(Action, tag="note", frozen=True, kw_only=True):
    """Say what the root cause is."""

    text: str
    """Instead of what was said before."""


class ClaimFixed(Action, tag="claim-fixed", frozen=True, kw_only=True):
    """Say that it is mended. That closes nothing: the next verdict says fixed, or still broken."""


AnyAction = Assign | Comment | Snooze | Wake | AcceptRisk | Approve | Revoke | Link | Unlink | Note | ClaimFixed
"""Every action, as msgspec decodes it by its ``action``."""


def act(case: Case, action: Action, actor: Actor, policy: Policy, now: dt.datetime, seen: int | None = None,
    proposers: Collection[str] = (),
) -> Change:  # fmt: skip
    """The case after an action of somebody who saw version ``seen`` of it (None: as it is now). ``proposers``: who proposed within
    `duties.DAYS` that a risk of its customer be accepted.

    Raises Conflict where the case is not as it was seen or cannot be acted upon like this, Forbidden where somebody else has to do it,
    Refused where the action makes no sense.
    """
    check_sees_all(case, actor)
    if seen is not None and seen != case.version:
        raise Conflict(
            f"it has changed since you saw it: version {seen}, now {case.version}",
            where=f"case {case.id}",
            mend="look again",
        )
    _check_texts(case, action)
    if isinstance(action, Approve) and case.acceptance is not None:
        check_approves(case, case.acceptance, actor, proposers)
    what, fields = _DOES[type(action)](case, action, actor, policy, now)
    after = msgspec.structs.replace(case, **fields)
    if case.state != "closed":
        after = timed(after, policy, now)
    return Change(after, (event(what, actor, now, action.why, case, after),))


def _check_texts(case: Case, action: Action) -> None:
    for field in action.__struct_fields__:
        text = getattr(action, field)
        if not isinstance(text, str):
            continue
        if len(text) > MOST_TEXT:
            raise Refused(f"{field} has {len(text)} characters", where=f"case {case.id}", mend=f"at most {MOST_TEXT}")
        if _CONTROL.search(text):
            raise Refused(f"{field} holds control characters", where=f"case {case.id}", mend="drop them")


Done = tuple[str, dict[str, object]]
"""What an event calls it, and the fields of the case that it sets."""


def _assign(case: Case, action: Assign, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    to = action.to.strip()
    people = policy.casework(case.entity).queues.get(case.owner)
    if to and people is not None and to not in people:
        raise Refused(
            f"{to} does not work queue {case.owner}", where=f"case {case.id}",
            mend=nearest(to, people) or f"known: {', '.join(people) or 'nobody'}",
        )  # fmt: skip
    return ("assigned" if to else "given back"), {"assignee": to}


def _comment(case: Case, action: Comment, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _needs(case, action.why, "a comment says something")
    return "commented", {}


def _snooze(case: Case, action: Snooze, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    if case.state == "accepted":
        raise Conflict("its risk is accepted", where=f"case {case.id}", mend="revoke the acceptance first")
    _soon(case, action.until, policy, now)
    return "snoozed", {"state": "snoozed", "snoozed_until": action.until, "snoozed_at": case.severity}


def _wake(case: Case, action: Wake, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    if case.state != "snoozed":
        raise Conflict(f"it is not snoozed but {case.state}", where=f"case {case.id}")
    return "woken", {"state": "open", "snoozed_until": None, "snoozed_at": ""}


def _accept(case: Case, action: AcceptRisk, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    if case.acceptance is not None:
        by = case.acceptance.proposed_by
        raise Conflict(
            f"{by} has proposed that already", where=f"case {case.id}", mend="approve it, or revoke it first"
        )
    _needs(case, action.why, "say why the risk is to be borne")
    _soon(case, action.until, policy, now)
    proposed = Acceptance(
        reason=action.why, until=action.until, severity=case.severity, proposed_by=actor.holder, proposed_at=now
    )
    return "acceptance proposed", {"acceptance": proposed}


def _approve(case: Case, action: Approve, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    proposed = case.acceptance
    if proposed is None or proposed.approved_by:
        raise Conflict("nothing is proposed", where=f"case {case.id}", mend="accept-risk proposes")
    if is_worse(case.severity, proposed.severity):
        raise Conflict(
            f"more is at risk than when it was proposed: {case.severity}, it was {proposed.severity}", where=f"case {case.id}",
            mend="revoke it and propose it again",
        )  # fmt: skip
    _soon(case, proposed.until, policy, now)
    approved = msgspec.structs.replace(proposed, approved_by=actor.holder, approved_at=now)
    return "acceptance approved", {"state": "accepted", "acceptance": approved, "snoozed_until": None, "snoozed_at": ""}


def _revoke(case: Case, action: Revoke, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    if case.acceptance is None:
        raise Conflict("nothing is proposed or accepted", where=f"case {case.id}")
    _needs(case, action.why, "say why")
    state = "open" if case.state == "accepted" else case.state
    return "acceptance revoked", {"state": state, "acceptance": None}


def _link(case: Case, action: Link, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    target = action.target.strip()
    _needs(case, target, "name what to link to")
    if target in case.links:
        raise Conflict(f"{target} is linked already", where=f"case {case.id}")
    if len(case.links) >= MOST_LINKS or len(target) > 1_000:
        raise Refused(
            "too many links, or too long a one", where=f"case {case.id}", mend=f"at most {MOST_LINKS} of 1,000"
        )
    return "linked", {"links": (*case.links, target)}


def _unlink(case: Case, action: Unlink, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    target = action.target.strip()
    if target not in case.links:
        raise Refused(f"{target!r} is not linked", where=f"case {case.id}", mend=nearest(target, case.links))
    return "unlinked", {"links": tuple(link for link in case.links if link != target)}


def _note(case: Case, action: Note, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    return "root cause noted", {"note": action.text}


def _claim(case: Case, action: ClaimFixed, actor: Actor, policy: Policy, now: dt.datetime) -> Done:
    _alive(case)
    return "claimed fixed", {"claim": Claim(by=actor.holder, at=now)}


_DOES: dict[type[Action], Callable[..., Done]] = {
    Assign: _assign, Comment: _comment, Snooze: _snooze, Wake: _wake, AcceptRisk: _accept, Approve: _approve, Revoke: _revoke,
    Link: _link, Unlink: _unlink, Note: _note, ClaimFixed: _claim,
}  # fmt: skip


def _alive(case: Case) -> None:
    if case.state == "closed":
        raise Conflict("it is closed: nothing of it is found any more", where=f"case {case.id}")


def _needs(case: Case, text: str, mend: str) -> None:
    if not text.strip():
        raise Refused("no text is given", where=f"case {case.id}", mend=mend)


def _soon(case: Case, until: dt.date, policy: Policy, now: dt.datetime) -> None:
    today = policy.calendar(case.entity).day(now)
    if not today < until <= today + LONGEST:
        raise Refused(
            f"{until} is not a day after {today} and within a year of it",
            where=f"case {case.id}",
            mend="name a later day",
        )
