"""What no one person combines, on one case and for one customer: to propose that a risk be accepted, and to approve it."""

from __future__ import annotations

from collections.abc import Collection

from .case import Acceptance, Actor, Case
from .refusals import Forbidden

DAYS = 30
"""So long a duty counts for everything of one customer: two people do not approve what the other one proposes by turns."""


def check_sees_all(case: Case, actor: Actor) -> None:
    """Only who sees every entity in a case acts on it. Raises Forbidden."""
    if actor.entities is not None and not actor.entities.issuperset(case.entities):
        raise Forbidden(
            "it also holds findings of entities that you may not see", where=f"case {case.id}",
            mend="ask somebody who may see all of them",
        )  # fmt: skip


def check_approves(case: Case, acceptance: Acceptance, actor: Actor, proposers: Collection[str] = ()) -> None:
    """A second person approves, and not one of ``proposers``, who proposed the like for the customer within `DAYS`. Raises Forbidden."""
    if actor.kind != "person":
        raise Forbidden(
            f"{actor.holder} is a {actor.kind}",
            where=f"case {case.id}",
            mend="a person approves that a risk is accepted",
        )
    if _same(actor.holder, acceptance.proposed_by):
        raise Forbidden(
            f"{actor.holder} proposed it",
            where=f"case {case.id}",
            mend="somebody else approves that a risk is accepted",
        )

    if any(_same(actor.holder, proposer) for proposer in proposers):
        raise Forbidden(
            f"{actor.holder} proposed to accept a risk of the same customer within {DAYS} days", where=f"case {case.id}",
            mend="who proposes for a customer does not approve for it: ask a third person",
        )  # fmt: skip


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
