"""Which cases a command is about: the options, and what they come to."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tieout.canon.faults import InputFault, nearest

if TYPE_CHECKING:
    from tieout.store.case_views import Filter
    from tieout.store.connection import Connection

Owner = Annotated[str | None, typer.Option("--owner", metavar="QUEUE", help="Only of this queue.")]
Assignee = Annotated[
    str | None, typer.Option("--assignee", metavar="NAME", help="Only this person's; '' for nobody's.")
]
RiskClass = Annotated[
    str | None, typer.Option("--risk", metavar="CLASS", help="Only of this risk class: unposted_invoice.")
]
Entities = Annotated[
    list[str] | None,
    typer.Option("--entity", metavar="ENTITY", help="Only what is of this legal entity. May be given several times."),
]
State = Annotated[
    str,
    typer.Option(
        "--state", metavar="STATE", help="open, snoozed, accepted, closed or any; default: all that are not closed."
    ),
]
Severity = Annotated[str | None, typer.Option("--severity", metavar="WORD", help="low, medium, high or critical.")]
Document = Annotated[
    str | None,
    typer.Option(
        "--document", metavar="KEY", help="Only the case of this document, wrong or held up: invoice/billing/INV-7."
    ),
]
Customer = Annotated[str | None, typer.Option("--customer", metavar="KEY", help="Only of this customer.")]
Least = Annotated[
    str | None,
    typer.Option(
        "--min-exposure", metavar="AMOUNT", help="At least so much at risk, in the base currency: 1000 or 12.50."
    ),
]
Late = Annotated[bool, typer.Option("--late", help="Only what is past its due time.")]


def wanted_of(
    connection: Connection, owner: str | None, assignee: str | None, risk: str | None, state: str, severity: str | None,
    document: str | None, customer: str | None, least: str | None, late: bool,
) -> Filter:  # fmt: skip
    """Which cases the options name. Raises InputFault for words that are none of ours."""
    from tieout.canon.finding import Risk
    from tieout.policy import SEVERITIES
    from tieout.store.case_views import Filter

    named: Any = one_of("--state", state, ("current", "open", "snoozed", "accepted", "closed", "any"))
    if risk is not None:
        one_of("--risk", risk, tuple(Risk))
    if severity is not None:
        one_of("--severity", severity, tuple(SEVERITIES))
    return Filter(
        state=named, owner=owner, assignee=assignee, risk=risk, severity=severity, document=document, customer=customer,
        least=None if least is None else _minor(connection, least), late_at=dt.datetime.now(dt.UTC) if late else None,
    )  # fmt: skip


def one_of(option: str, word: str, words: tuple[str, ...]) -> str:
    """The word of an option. Raises InputFault for one that is none of its words."""
    if word not in words:
        raise InputFault(
            f"{word!r} is none of its words", where=option, mend=nearest(word, words) or f"one of {', '.join(words)}"
        )
    return word


def _minor(connection: Connection, amount: str) -> int:
    from tieout.canon.money import to_minor
    from tieout.store.decisions import current

    try:
        return to_minor(Decimal(amount), current(connection)[1].policy.base_currency or "EUR")
    except InvalidOperation:
        raise InputFault(
            f"{amount!r} is not an amount", where="--min-exposure", mend="write it like 1000 or 12.50"
        ) from None
