"""Views of one document compared: where another system disagrees with the owner of a field.

Source: docs/money.md, ``ownership_conflict``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from tieout.canon.documents import Document
from tieout.canon.finding import Risk
from tieout.canon.references import references

from ..instance import Instance
from ..verdict import Outcome
from .emit import finding

if TYPE_CHECKING:
    from tieout.policy import Policy

JUDGED_ELSEWHERE = frozenset({"invoice", "credit_memo"})
"""Types whose views are compared in money: see `misposted_invoice`."""
_OTHER_CLASS = frozenset({("contract", "end_on"), ("contract", "auto_renew")})
"""Fields whose difference is `blocked_renewal`."""
_SAYS_NOTHING: tuple[Any, ...] = (None, "", (), {})


class Conflict(NamedTuple):
    """One field on which a view differs from its owner's."""

    owner: Document
    field: str
    other: Document


def judge_ownership(instance: Instance, policy: Policy, outcome: Outcome) -> None:
    """`ownership_conflict` of every relation that holds a document and another system's view of it."""
    if not policy.ownership:
        return
    for members in instance.members.values():
        if len(members) > 1 and members[0].type not in JUDGED_ELSEWHERE:
            for conflict in conflicts(members, policy):
                _report(policy, outcome, conflict)


def conflicts(views: Iterable[Document], policy: Policy) -> Iterator[Conflict]:
    """Every owned field on which a mirrored document and the one it mirrors differ, in order of key and field.

    A view that leaves a field empty says nothing about it. References name documents of their own system and are not compared.
    """
    mirrored = [view for view in views if view.mirrors and not view.deleted]
    if not mirrored:
        return
    present = {view.ref: view for view in views if not view.deleted}
    for view in mirrored:
        original = present.get(view.mirrors)  # type: ignore[arg-type]
        if original is None or original.type in JUDGED_ELSEWHERE:
            continue
        for field in _fields(type(original)):
            if getattr(view, field) == getattr(original, field):
                continue
            role = policy.owner_of(original.type, field)
            if role is None:
                continue
            if policy.role(original.system) == role:
                owner, other = original, view
            elif policy.role(view.system) == role:
                owner, other = view, original
            else:
                continue
            said = getattr(other, field)
            if said not in _SAYS_NOTHING and said != getattr(owner, field):
                yield Conflict(owner, field, other)


@lru_cache(64)
def _fields(type_: type[Document]) -> tuple[str, ...]:
    """Fields of a type's own that are no references and are judged nowhere else."""
    refers = references(type_)
    tag = type_.__struct_config__.tag
    own = (name for name in type_.__struct_fields__ if name not in Document.__struct_fields__)
    return tuple(
        n for n in own if n not in refers and (tag, n) not in _OTHER_CLASS and n not in ("lines", "milestones")
    )


def _report(policy: Policy, outcome: Outcome, conflict: Conflict) -> None:
    owner, field, other = conflict
    mine, theirs = getattr(owner, field), getattr(other, field)
    finding(
        outcome, policy, Risk.OWNERSHIP_CONFLICT, f"{owner.key}#{field}", 0,
        f"{field} is {mine} in {owner.system}, which owns it, and {theirs} in {other.system}",
        entity=owner.entity, currency=owner.currency, documents=(owner.key, other.key), holds=(other.key,),
        customer=getattr(owner, "customer", None) or "",
    )  # fmt: skip
