"""The bridge adds up from the sources' own totals, shows what it cannot explain, and closes over consecutive periods."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.documents import GlBalance, SourceTotal
from tieout.canon.finding import Position
from tieout.policy import Policy
from tieout.policy.policy import Entity
from tieout.process.bridge import BridgeRow, Movement, bridge, movements
from tieout.process.bridge_rows import ROWS
from tieout.process.source_totals import BridgePeriod, months_to

POLICY = Policy(base_currency="EUR", entities={"DE01": Entity(functional_currency="EUR")})
JUNE = months_to(dt.date(2026, 6, 30))


def total(measure: str, amount: int, period: str = "2026-06", system: str = "erp", **more) -> SourceTotal:
    fields = {"entity": "DE01", "currency": "EUR", **more}
    name = f"{measure}-{period}-{fields['currency']}"
    return SourceTotal(system=system, id=name, measure=measure, period=period, amount=amount, **fields)


def position(row: str, line: str, amount: int, document: str = "d", currency: str = "EUR", functional=...) -> Position:
    return Position(row, line, "DE01", currency, amount, document, amount if functional is ... else functional)


def rows(name: str, moved, stated=(), balances=(), period=JUNE, policy=POLICY) -> list[BridgeRow]:
    return [row for row in bridge(moved, stated, balances, period, policy) if row.row == name]


def receivables(opening: int, posted: int, applied: int) -> tuple[list[Position], list[Position]]:
    start = [position("R4", "from", opening, "i0"), position("R4", "to", opening, "i0")]
    end = [
        position("R4", "from", opening, "i0"), position("R4", "from", posted, "i1"),
        position("R4", "applied", -applied, "a1"), position("R4", "to", opening + posted - applied, "i1"),
    ]  # fmt: skip
    return start, end


def test_receivables_between_the_ageing_of_two_months():
    """Opening 100.00 + posted 148.15 − applied 145.80 = 102.35, as the ERP's ageing report says."""
    totals = (total("ar_closing", 10_000, "2026-05"), total("posted_gross", 14_815), total("ar_closing", 10_235))
    (row,) = rows("R4", movements(*receivables(10_000, 14_815, 14_580)), totals)
    assert (row.row, row.from_total, row.to_total) == ("R4", 24_815, 10_235)
    assert (row.from_tied, row.to_tied) == (True, True)
    assert [(line.name, line.amount, line.documents, line.count) for line in row.lines] == [
        ("applied", -14_580, (("a1", -14_580),), 1)
    ]
    assert row.unexplained == 0
    assert not row.completeness


def test_a_journal_that_nobody_documents_stays_unexplained():
    """The ageing report closes 5.00 lower than the documents: a manual journal."""
    totals = (total("ar_closing", 10_000, "2026-05"), total("posted_gross", 14_815), total("ar_closing", 9_735))
    (row,) = rows("R4", movements(*receivables(10_000, 14_815, 14_580)), totals)
    assert row.unexplained == -500
    assert row.completeness == (
        "closing receivables: the documents add up to 102.35, the source states 97.35: −5.00 EUR is not in them",
    )


def test_without_a_source_total_the_row_says_so_and_is_not_zero():
    (row,) = rows("R4", movements(*receivables(10_000, 14_815, 14_580)))
    assert (row.from_tied, row.to_tied) == (False, False)
    assert (row.from_total, row.to_total, row.unexplained) == (24_815, 10_235, 0)


def test_a_month_that_is_missing_unties_the_whole_period():
    quarter = months_to(dt.date(2026, 6, 30), 3)
    assert quarter == BridgePeriod(dt.date(2026, 4, 1), dt.date(2026, 6, 30))
    assert quarter.name == "2026-04 – 2026-06"
    moved = [Movement("R2", "to", "DE01", "EUR", 0, 300)]
    stated = [total("billed_net", 100, month, "billing") for month in ("2026-04", "2026-05", "2026-06")]
    (whole,) = rows("R2", moved, stated, period=quarter)
    assert (whole.to_total, whole.to_tied) == (300, True)
    (partly,) = rows("R2", moved, stated[:2], period=quarter)
    assert (partly.to_total, partly.to_tied) == (300, False)


def test_totals_of_two_billing_systems_add_up_and_the_erps_own_does_not_count():
    policy = Policy(systems={"stripe": "billing", "zuora": "billing"})
    stated = (
        total("billed_net", 100, system="stripe"),
        total("billed_net", 50, system="zuora"),
        total("billed_net", 9),
    )
    (row,) = rows("R2", [Movement("R2", "to", "DE01", "EUR", 0, 150)], stated, policy=policy)
    assert (row.to_total, row.to_tied) == (150, True)


def test_a_source_total_without_documents_is_a_row_of_its_own():
    (row,) = rows("R6", [], (total("banked", 700, system="bank"),))
    assert (row.row, row.from_total, row.to_total, row.unexplained) == ("R6", 0, 700, 700)


def test_the_processor_and_the_bank_are_tied_each_to_its_own_report():
    moved = [
        Movement("R5", "from", "DE01", "EUR", 0, 14_280), Movement("R5", "received", "DE01", "EUR", 0, 400),
        Movement("R5", "on account", "DE01", "EUR", 0, -100), Movement("R5", "to", "DE01", "EUR", 0, 14_580),
    ]  # fmt: skip
    stated = [total("collected", 14_280, system="payments"), total("applied", 14_580)]
    (row,) = rows("R5", moved, stated)
    assert (row.from_total, row.from_tied, row.to_tied) == (14_680, False, True), "nobody states the bank's part"
    stated += [total("collected", 400, system="bank"), total("unapplied_closing", 120)]
    (row,) = rows("R5", moved, stated)
    assert (row.from_total, row.from_tied, row.unexplained) == (14_680, True, 0)
    assert row.completeness == (
        "unapplied cash: the documents add up to 1.00, the source states 1.20: 0.20 EUR is not in them",
    )


def test_the_ledger_and_the_ageing_report_of_every_currency_agree_or_are_named():
    """EUR 100.00 and USD 200.00 at 0.90: the control account should close at 280.00 and closes at 281.00."""
    moved = movements(
        [],
        [
            position("R4", "from", 10_000), position("R4", "to", 10_000),
            position("R4", "from", 20_000, currency="USD", functional=18_000),
            position("R4", "to", 20_000, currency="USD", functional=18_000),
        ],
    )  # fmt: skip
    stated = (
        total("ar_closing", 0, "2026-05"), total("ar_closing", 10_000),
        total("ar_closing", 0, "2026-05", currency="USD", functional=0),
        total("ar_closing", 20_000, currency="USD", functional=18_000),
    )  # fmt: skip
    ledger = GlBalance(
        system="erp", id="g", entity="DE01", currency="EUR", account="AR_CONTROL", period="2026-06", closing=28_100
    )
    found = rows("R4", moved, stated, (ledger,))
    assert [(r.currency, r.basis, r.to_total) for r in found] == [
        ("EUR", "transaction", 10_000), ("USD", "transaction", 20_000), ("EUR", "functional", 28_000),
    ]  # fmt: skip
    said = "general ledger: AR_CONTROL closes at 281.00, the ageing report at 280.00: 1.00 EUR apart"
    assert said in found[2].completeness
    assert found[2].to_tied


def test_without_a_rate_there_is_no_functional_row_and_the_row_says_why():
    moved = movements([], [position("R4", "from", 20_000, currency="USD", functional=None)])
    (row,) = rows("R4", moved)
    assert row.completeness == ("no exchange rate for USD on every document: functional amounts are not known",)


def test_every_line_is_reported_by_one_control_only():
    for plan in ROWS:
        names = [line.name for line in plan.lines]
        assert len(names) == len(set(names)), plan.row


@given(
    st.lists(
        st.lists(
            st.tuples(
                st.sampled_from(("from", "received", "unrecorded", "on account", "to", "new line")), st.integers(0, 3),
                st.integers(-(10**12), 10**12),
            ),
            max_size=12,
        ),
        min_size=3, max_size=3,
    )
)  # fmt: skip
def test_consecutive_periods_close(days):
    """April's and May's movements are the movement of both months, line by line, whatever happened.

    A balance (on account) is shown as what opens and what closes: what April closes with, May opens with.
    """
    april, may, june = ([position("R5", line, n, f"payment/p/{d}") for line, d, n in day] for day in days)

    def lines(start, end):
        found: dict[str, int] = {}
        for row in bridge(movements(start, end), (), (), JUNE, POLICY):
            for name, amount in (("from", row.from_total), ("to", row.to_total), ("?", row.unexplained)):
                found[name] = found.get(name, 0) + amount
            for line in row.lines:
                found[line.name] = found.get(line.name, 0) + line.amount
            assert row.to_total == row.from_total + sum(line.amount for line in row.lines) + row.unexplained
        return found

    first, second, both = lines(april, may), lines(may, june), lines(april, june)
    assert first.get("on account", 0) == -second.get("opening unapplied", 0)
    assert first.get("opening unapplied", 0) == both.get("opening unapplied", 0)
    assert second.get("on account", 0) == both.get("on account", 0)
    for name in {*first, *second, *both} - {"on account", "opening unapplied"}:
        assert first.get(name, 0) + second.get(name, 0) == both.get(name, 0)
