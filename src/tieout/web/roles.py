"""What a caller may do: scopes, and the roles of people that bring them.

A role is granted to a person for a legal entity or for all of them. A token has scopes of its own and never more than whom it
speaks for: a person's token is good for what their roles bring, where they bring it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tieout.canon.faults import InputFault, nearest

SCOPES: Mapping[str, str] = {
    "deliver": "hand in documents",
    "read": "see cases, instances, money at risk, the bridge and the policy",
    "preflight": "ask what would become of a proposed document",
    "work": "work cases: take, comment, snooze, propose to accept a risk, replay deliveries",
    "approve": "be the second person: approve what others proposed",
    "policy": "change the policy and its crosswalks",
    "admin": "people, tokens, connections and the audit trail",
}

ROLES: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"read"}),
    "worker": frozenset({"read", "preflight", "work"}),
    "approver": frozenset({"read", "preflight", "work", "approve"}),
    "policy-editor": frozenset({"read", "preflight", "policy"}),
    "admin": frozenset({"read", "admin"}),
    "service": frozenset({"deliver", "read", "preflight"}),
}
"""Role → the scopes that it brings. `service` is what machines are; a person may have it to deliver by hand."""

APART = (("admin", "approver"),)
"""Roles that no one person combines, anywhere: who grants roles approves nothing."""


def check_roles(roles: Iterable[str]) -> None:
    """Raise InputFault for a role that does not exist, or two that one person may not combine."""
    named = set(roles)
    for role in sorted(named - ROLES.keys()):
        raise InputFault(f"there is no role {role!r}", mend=nearest(role, ROLES) or f"one of {', '.join(ROLES)}")
    for one, other in APART:
        if {one, other} <= named:
            raise InputFault(
                f"one person cannot be {one} and {other}", mend="who grants roles approves nothing: name two people"
            )


def check_scopes(scopes: Iterable[str]) -> None:
    """Raise InputFault for a scope that does not exist."""
    for scope in scopes:
        if scope not in SCOPES:
            raise InputFault(
                f"there is no scope {scope!r}", mend=nearest(scope, SCOPES) or f"one of {', '.join(SCOPES)}"
            )
