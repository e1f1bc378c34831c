"""The rows of the bridge as data: their ends, their signed lines, who reports each line and on which document.

Every cent has a line, and only one: a line is reported by one control on one kind of document, whatever other instances
see the same document. (`Movement`s of a line that is not listed here still appear, last, so that nothing is lost.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple

CONTROL_ACCOUNT = "AR_CONTROL"
"""Account of the receivables' control balance in `GlBalance` documents."""

ERP, BILLING, BANK = frozenset({"erp"}), frozenset({"billing"}), frozenset({"bank"})
SELLING, PROCESSOR = frozenset({"crm", "cpq", "commerce"}), frozenset({"payments", "commerce"})


class End(NamedTuple):
    """One part of ``from`` or ``to``: the line that evaluates it, and the measure by which sources state it."""

    name: str
    line: str
    when: Literal["movement", "opening", "closing"]
    """Movement of the period, or the balance before it or at its end."""
    measure: str = ""
    roles: frozenset[str] = frozenset()
    """Roles of the systems whose statement of the measure counts."""


class LinePlan(NamedTuple):
    """One line: its sign (±: both), the control that reports it, the document that it is itemised to."""

    name: str
    sign: Literal["+", "−", "±"]
    control: str
    document: str
    opening: str = ""
    """For balances: the line that takes the opening balance out again, so that this one shows the closing balance."""


class RowPlan(NamedTuple):
    """One row, top to bottom."""

    row: str
    title: str
    basis: str
    from_name: str
    starts: tuple[End, ...]
    to_name: str
    end: End
    lines: tuple[LinePlan, ...]
    functional: bool = False
    """Whether it is carried in the entity's functional currency as well."""

    def ordered(self, lines: Mapping[str, Any]) -> Iterator[tuple[LinePlan, Any]]:
        """The lines (not the ends) that there are, in the order of the plan; unlisted ones last."""
        ends = {self.end.line, *(start.line for start in self.starts)}
        planned = {plan.name: plan for plan in self.lines}
        for name in (*planned, *sorted(lines.keys() - ends - planned.keys())):
            if name in lines:
                yield planned.get(name) or LinePlan(name, "±", "", ""), lines[name]


def _lines(
    control: str, document: str, *names: tuple[Literal["+", "−", "±"], str], opening: str = ""
) -> tuple[LinePlan, ...]:
    return tuple(LinePlan(name, sign, control, document, opening) for sign, name in names)


NOT_JUDGED = "not judged"
"""What a source is not complete enough for: it explains itself nowhere else, and is listed as money not judged."""


R1 = RowPlan(
    "R1", "contracted → fulfilled", "net", "contracted",
    (End("contracted", "from", "movement", "contracted", SELLING),), "fulfilled", End("fulfilled", "to", "movement"),
    _lines("order_to_bill", "charge", ("−", "not yet fulfilled"), ("−", "terminated"), ("+", "outside contract")),
)  # fmt: skip

R2 = RowPlan(
    "R2", "fulfilled → billed", "net", "fulfilled", (End("fulfilled", "from", "movement"),),
    "billed", End("billed", "to", "movement", "billed_net", BILLING),
    (
        *_lines("order_to_bill", "charge", ("±", "in advance")),
        *_lines("order_to_bill", "charge", ("−", "not due"), opening="prior service"),
        *_lines("order_to_bill", "entitlement", ("−", "late: unauthorised_service")),
        *_lines("order_to_bill", "amendment", ("−", "late: missed_upsell")),
        *_lines(
            "order_to_bill", "charge", ("−", "late: unbilled_usage"), ("−", "late: unbilled_service"),
            ("−", "late: underbilled"), ("+", "overbilled"), ("+", "unentitled"),
        ),
        *_lines("order_to_bill", "invoice", ("+", "duplicate"), ("+", "unsupported"), ("±", "other currency or entity")),
        *_lines("order_to_bill", "credit memo", ("−", "concessions"), ("−", "credit leakage")),
        *_lines("order_to_bill", "charge", ("−", "waived"), ("−", "lost"), ("±", "rounding"), ("±", NOT_JUDGED)),
    ),
)  # fmt: skip

R3 = RowPlan(
    "R3", "billed → posted", "net → gross", "billed",
    (End("billed", "from", "movement", "billed_net", BILLING),),
    "posted", End("posted", "to", "movement", "posted_gross", ERP),
    _lines(
        "order_to_bill", "invoice, credit memo", ("+", "tax"), ("±", "rounding"), ("−", "unposted"),
        ("−", "surplus, not posted"), ("+", "credits not posted"), ("±", "misposted"), ("+", "ERP only"), ("±", "cut-off"),
        ("±", NOT_JUDGED),
    ),
)  # fmt: skip

R4 = RowPlan(
    "R4", "opening receivables + posted → closing receivables", "gross", "opening receivables + posted",
    (
        End("opening receivables", "to", "opening", "ar_closing", ERP),
        End("posted", "from", "movement", "posted_gross", ERP),
    ),
    "closing receivables", End("closing receivables", "to", "closing", "ar_closing", ERP),
    (
        *_lines(
            "receivable", "cash application", ("−", "applied"), ("−", "withholding"), ("−", "discount"),
            ("−", "bank charge"),
        ),
        *_lines("receivable", "cash application, write-off", ("−", "write-off")),
        *_lines("receivable", "cash application", ("+", "refund"), ("+", "chargeback")),
        *_lines("receivable", "ERP invoice, ERP credit memo", ("±", "fx")),
    ),
    functional=True,
)  # fmt: skip

_COLLECTED = (
    End("captured", "from", "movement", "collected", PROCESSOR),
    End("received", "received", "movement", "collected", BANK),
)

R5 = RowPlan(
    "R5", "collected → applied", "gross", "collected", _COLLECTED,
    "applied", End("applied", "to", "movement", "applied", ERP),
    (
        *_lines("payment_to_cash", "payment, bank line", ("−", "unrecorded")),
        *_lines(
            "payment_to_cash", "payment (the receipt where it mirrors none)", ("−", "unidentified"), ("−", "on account"),
            ("−", "deposits"), ("+", "over-applied"), opening="opening unapplied",
        ),
        *_lines("payment_to_cash", "payment (the receipt where it mirrors none)", ("−", "refunded"), ("±", "fx")),
    ),
    functional=True,
)  # fmt: skip
UNAPPLIED_LINES = ("unidentified", "on account", "deposits", "over-applied")
"""Lines of R5 that are the balance of unapplied cash."""

R6 = RowPlan(
    "R6", "collected → banked", "gross → net", "collected", _COLLECTED,
    "banked", End("banked", "to", "movement", "banked", BANK),
    (
        *_lines("payment_to_cash (−), settlement (+)", "payment", ("±", "in transit")),
        *_lines(
            "settlement", "payout", ("−", "fees"), ("−", "refunds"), ("−", "disputes"), ("−", "reserve"),
            ("−", "short settlement"),
        ),
        *_lines("settlement", "payout, payment, bank line", ("±", "intercompany"), ("±", "fx")),
        *_lines("payment_to_cash (anchor None)", "bank line", ("±", "other bank lines")),
    ),
    functional=True,
)  # fmt: skip

R7 = RowPlan(
    "R7", "fulfilled → recognised", "net", "fulfilled", (End("fulfilled", "from", "movement"),),
    "recognised", End("recognised", "to", "movement", "recognised", ERP),
    _lines(
        "order_to_bill", "charge", ("±", "allocation"), ("±", "ramp"), ("±", "constraint"),
        ("±", "month not ended"),
    ),
)  # fmt: skip

ROWS: tuple[RowPlan, ...] = (R1, R2, R3, R4, R5, R6, R7)
