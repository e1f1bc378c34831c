"""What is read only when asked for, what is no instance at all, and what adds up to nothing."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from tieout.canon.documents import BankLine, Document, Invoice, InvoiceLine, Order, Payout
from tieout.canon.faults import FlowFault
from tieout.canon.finding import Position
from tieout.policy import Policy
from tieout.process.definition import Flow, anchor, control, related, unclaimed
from tieout.process.evaluate import judge
from tieout.process.instance import Instance, everything_known
from tieout.process.verdict import Outcome
from tieout.setwise.assemble import prepare, ranges, read
from tieout.setwise.gather import Gathered
from tieout.setwise.insert import insert

HEADER = {"entity": "DE01", "currency": "EUR"}
DAY = dt.date(2026, 6, 30)


def nothing(instance: Instance, policy: Policy, day: dt.date, outcome: Outcome) -> None:
    """Finds nothing."""


class Selling(Flow):
    """Orders, whose invoices only large ones look at."""

    order = anchor(Order)
    invoices = related(Invoice, "lines.order", seldom=True)
    money = control(nothing)


class Banking(Flow):
    """Payouts with their bank lines."""

    payout = anchor(Payout)
    lines = related(BankLine, "payout")
    gone = unclaimed(lines, nothing, naming=lines.payout)
    money = control(nothing)


def order(id: str) -> Order:
    return Order(system="crm", id=id, customer="crm/C1", **HEADER)  # type: ignore[arg-type]


def invoice(id: str, *orders: str) -> Invoice:
    lines = tuple(InvoiceLine(id=str(n), order=f"crm/{o}", net=100) for n, o in enumerate(orders, 1))
    return Invoice(system="billing", id=id, net=100 * len(lines), total=100 * len(lines), lines=lines, **HEADER)  # type: ignore[arg-type]


def bank_line(id: str, payout: str | None) -> BankLine:
    return BankLine(system="bank", id=id, account="DE1", amount=5, booked_on=DAY, payout=payout, **HEADER)  # type: ignore[arg-type]


def instances(flow: type[Flow], *documents: Document, whole: bool = False) -> dict[str, Instance]:
    connection = duckdb.connect()
    insert(connection, documents)
    ready = prepare(connection, flow, {}, (), 100)
    found = (
        i for piece in ranges(0, ready) for i in read(connection, flow, ready, piece, everything_known, whole=whole)
    )
    return {instance.key: instance for instance in found}


DOCUMENTS = (order("O1"), order("O2"), order("O3"), invoice("I1", "O1", "O2", "O1"), invoice("I2", "O2"))


def test_a_relation_that_is_seldom_looked_at_is_read_when_somebody_does() -> None:
    """I1 bills O1 twice and O2 once: each has its own lines of it, and it belongs to O1, whose line comes first."""
    found = instances(Selling, *DOCUMENTS)
    second = found["order/crm/O2"]
    assert "invoices" not in second.members
    shared, own = second.get("invoices")
    assert [line.id for line in shared.lines] == ["2"]
    assert (second.owns(shared), second.owns(own)) == (False, True)
    assert second.members["invoices"] == (shared, own)
    assert found["order/crm/O3"].get("invoices") == ()
    assert found["order/crm/O3"].get("no such relation") == ()


def test_people_see_all_of_it_at_once() -> None:
    late, whole = instances(Selling, *DOCUMENTS), instances(Selling, *DOCUMENTS, whole=True)
    for key, instance in whole.items():
        assert late[key].get("invoices") == instance.members.get("invoices", ())
        assert late[key].foreign == instance.foreign


def test_a_bank_line_that_names_a_payout_that_nobody_knows_is_unclaimed_and_one_that_names_none_is_not() -> None:
    payout = Payout(system="payments", id="P1", amount=5, paid_on=DAY, **HEADER)  # type: ignore[arg-type]
    lines = bank_line("B1", "payments/P1"), bank_line("B2", "payments/P2"), bank_line("B3", None)
    assert sorted(instances(Banking, payout, *lines)) == ["bank_line/bank/B2", "payout/payments/P1"]


def test_what_unclaimed_documents_name_is_a_field_of_their_own() -> None:
    with pytest.raises(FlowFault, match="Wrong.gone: `naming` is a field of payout, not of lines"):

        class Wrong(Flow):
            """Names a field of its anchor."""

            payout = anchor(Payout)
            lines = related(BankLine, "payout")
            gone = unclaimed(lines, nothing, naming=payout.paid_on)


def gathered(positions: list[Position], earlier: list[Position]) -> Gathered:
    found, instance = Gathered(), Instance("order/crm/O1", order("O1"), {})
    now, before = (judge(Selling, instance, Policy.default(), DAY) for _ in range(2))
    now.outcome.positions, before.outcome.positions = positions, earlier
    found.add(Selling, now, before)
    return found


def position(amount: int, document: str = "bank_line/bank/B1") -> Position:
    return Position("R5", "unrecorded", "DE01", "EUR", amount, document, amount)


def test_positions_of_one_document_that_cancel_out_have_moved_nothing() -> None:
    """A receipt records the 500.00 of its bank line: what was unrecorded for a moment never was."""
    ((_, line),) = gathered([position(50_000), position(-50_000)], []).lines.items()
    assert (line.end, line.count, line.top) == (0, 0, [])


def test_a_document_has_moved_by_what_its_positions_have_changed() -> None:
    """300.00 and 200.00 now, 450.00 before the period: it moved by 50.00; another one left with its 70.00."""
    left = "bank_line/bank/B2"
    ((_, line),) = gathered(
        [position(30_000), position(20_000)], [position(45_000), position(7_000, left)]
    ).lines.items()
    assert (line.end, line.before, line.count) == (50_000, 52_000, 2)
    assert sorted(line.top) == [(5_000, "bank_line/bank/B1", 5_000), (7_000, left, -7_000)]
