"""What no one person combines (the duties of docs/cases.md): to propose that a risk be accepted, and to approve it."""

from __future__ import annotations

from .case import Acceptance, Actor, Case
from .refusals import Forbidden


def check_sees_all(case: Case, actor: Actor) -> None:
    """Only who sees every entity in a case acts on it. Raises Forbidden."""
    if actor.entities is not None and not actor.entities.issuperset(case.entities):
        raise Forbidden(
            "it also holds findings of entities that you may not see", where=f"case {case.id}",
            mend="ask somebody who may see all of them",
        )  # fmt: skip


def check_approves(case: Case, acceptance: Acceptance, actor: Actor) -> None:
    """A second person approves. Raises Forbidden."""
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


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
