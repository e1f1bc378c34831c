"""Months, billing periods and the price of a part of one, each convention worked by hand."""

import calendar
import datetime as dt
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.dates import add_months, days_30_360, month_end, month_of, whole_months
from tieout.canon.money import round_half_away
from tieout.canon.schedule import Period, months_into, periods, portion, served, share

DAY = dt.timedelta(days=1)
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 12, 31))
CONVENTIONS = ("none", "second", "day", "30/360", "month")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def starts(start: str, months: int, anchor: int | None, upto: str) -> list[str]:
    return [str(p.first) for p in periods(day(start), months, anchor, day(upto))]


def test_months_are_added_to_the_day_and_never_leave_the_month():
    assert add_months(day("2026-01-31"), 1) == day("2026-02-28")
    assert add_months(day("2024-01-31"), 1) == day("2024-02-29")
    assert add_months(day("2026-02-28"), 1, 31) == day("2026-03-31")
    assert add_months(day("2026-03-31"), -13) == day("2025-02-28")
    assert month_end(day("2024-02-01")) == day("2024-02-29")
    assert month_of(day("2026-06-05")) == "2026-06"


@given(DAYS, st.integers(-60, 60))
def test_adding_months_keeps_the_day_as_far_as_the_month_goes(start, months):
    later = add_months(start, months)
    assert (later.year * 12 + later.month) - (start.year * 12 + start.month) == months
    assert later.day == min(start.day, calendar.monthrange(later.year, later.month)[1])


@given(DAYS, st.integers(1, 60))
def test_a_range_of_whole_months_is_recognised(start, months):
    assert whole_months(start, add_months(start, months) - DAY) == months
    assert whole_months(start, start) == 0


def test_a_contract_of_the_31st_is_billed_on_the_last_day_of_shorter_months_and_comes_back_to_the_31st():
    assert starts("2026-01-31", 1, None, "2026-05-31") == [
        "2026-01-31",
        "2026-02-28",
        "2026-03-31",
        "2026-04-30",
        "2026-05-31",
    ]
    assert starts("2023-12-29", 1, None, "2024-03-29") == ["2023-12-29", "2024-01-29", "2024-02-29", "2024-03-29"]
    assert starts("2025-12-29", 1, None, "2026-03-29") == ["2025-12-29", "2026-01-29", "2026-02-28", "2026-03-29"]
    assert starts("2025-12-30", 1, None, "2026-03-30") == ["2025-12-30", "2026-01-30", "2026-02-28", "2026-03-30"]
    assert starts("2024-02-29", 12, None, "2028-02-29") == [
        "2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29",
    ]  # fmt: skip


def test_an_anchor_day_other_than_the_start_makes_a_stub_first():
    found = periods(day("2026-01-10"), 1, 31, day("2026-03-31"))
    assert found == (
        Period(day("2026-01-10"), day("2026-01-30"), day("2025-12-31")),
        Period(day("2026-01-31"), day("2026-02-27"), day("2026-01-31")),
        Period(day("2026-02-28"), day("2026-03-30"), day("2026-02-28")),
        Period(day("2026-03-31"), day("2026-04-29"), day("2026-03-31")),
    )
    # the anchor day has gone by in the month of the start: the stub goes on to the next month's
    assert periods(day("2026-01-20"), 3, 15, day("2026-02-15"))[0] == Period(
        day("2026-01-20"), day("2026-02-14"), day("2025-11-15")
    )
    assert starts("2026-02-28", 1, 31, "2026-03-31") == ["2026-02-28", "2026-03-31"]  # 28 February is its 31st


@given(DAYS, st.integers(1, 13), st.none() | st.integers(1, 31), st.integers(0, 1500))
def test_periods_follow_one_another_without_gap_or_overlap(start, months, anchor, length):
    found = periods(start, months, anchor, start + length * DAY)
    assert found[0].first == start
    assert all(b.first == a.last + DAY for a, b in pairwise(found))
    assert found[-1].first <= start + length * DAY <= found[-1].last
    for period in found:
        assert period.full_first <= period.first <= period.last
    wanted = anchor or start.day
    for period in found[1:]:
        assert period.first.day == min(wanted, calendar.monthrange(period.first.year, period.first.month)[1])


JUNE = Period(day("2026-06-01"), day("2026-06-30"), day("2026-06-01"))
FEBRUARY = Period(day("2026-02-01"), day("2026-02-28"), day("2026-02-01"))
QUARTER = Period(day("2026-01-01"), day("2026-03-31"), day("2026-01-01"))


@pytest.mark.parametrize(
    ("convention", "months", "period", "first", "last", "expected"),
    [
        ("none", 1, JUNE, "2026-06-16", "2026-06-30", "1"),
        ("day", 1, JUNE, "2026-06-16", "2026-06-30", "15/30"),
        ("second", 1, JUNE, "2026-06-16", "2026-06-30", "15/30"),
        ("30/360", 1, JUNE, "2026-06-16", "2026-06-30", "15/30"),
        ("month", 1, JUNE, "2026-06-16", "2026-06-30", "1"),
        ("day", 1, FEBRUARY, "2026-02-15", "2026-02-28", "14/28"),
        (
            "30/360",
            1,
            FEBRUARY,
            "2026-02-15",
            "2026-02-28",
            "14/30",
        ),  # February has 30 days, two of them after the 28th
        ("day", 3, QUARTER, "2026-02-15", "2026-03-31", "45/90"),
        ("30/360", 3, QUARTER, "2026-02-15", "2026-03-31", "46/90"),  # 16 of February, 30 of March
        ("month", 3, QUARTER, "2026-02-15", "2026-03-31", "2/3"),  # 15 Feb to 14 Mar, and a month that starts on 15 Mar
        ("month", 3, QUARTER, "2026-02-15", "2026-03-14", "1/3"),
        ("day", 3, QUARTER, "2026-01-01", "2026-01-31", "31/90"),
        ("30/360", 3, QUARTER, "2026-01-01", "2026-01-31", "30/90"),
        ("30/360", 3, QUARTER, "2026-01-01", "2026-03-31", "1"),
        (
            "30/360",
            1,
            Period(day("2026-01-01"), day("2026-01-31"), day("2026-01-01")),
            "2026-01-31",
            "2026-01-31",
            "1/30",
        ),
    ],
)
def test_the_part_of_a_price_under_each_convention(convention, months, period, first, last, expected):
    assert share(convention, months, period, day(first), day(last)) == Fraction(expected)


def test_a_stub_costs_its_days_of_the_period_that_would_have_ended_with_it():
    """10 to 30 January of the period 31 December to 30 January: 21 of 31 days of 500.00 are 338.71."""
    stub = periods(day("2026-01-10"), 1, 31, day("2026-01-10"))[0]
    assert round_half_away(50000 * share("day", 1, stub, stub.first, stub.last)) == 33871


@given(DAYS, st.sampled_from([1, 3, 12]), st.lists(st.integers(0, 400), max_size=3), st.integers(1, 10**9))
def test_the_parts_of_a_period_cost_the_whole_within_a_unit_a_part(start, months, cuts, amount):
    """By actual days the shares of a period add up to exactly 1, so that only rounding is left."""
    period = periods(start, months, None, start)[0]
    length = (period.last - period.first).days + 1
    bounds = [0, *sorted({cut for cut in cuts if 0 < cut < length}), length]
    parts = [(period.first + a * DAY, period.first + (b - 1) * DAY) for a, b in pairwise(bounds)]
    shares = [share("day", months, period, first, last) for first, last in parts]
    assert sum(shares) == 1
    billed = [round_half_away(amount * part) for part in shares]
    assert abs(sum(billed) - amount) * 2 <= len(parts)


@given(DAYS, st.integers(0, 364), st.integers(0, 364))
def test_parts_by_30_360_add_up_wherever_they_are_cut(start, a, b):
    """Days of [x, y] and of [y+1, z] are those of [x, z], if y is not the 30th of a month with 31 days."""
    first, middle, last = start, start + min(a, b) * DAY, start + (max(a, b) + 1) * DAY
    if middle.day == 30 and (middle + DAY).day == 31:
        return
    both = days_30_360(first, middle) + days_30_360(middle + DAY, last)
    short = 30 - middle.day if (middle + DAY).day == 1 and middle.day < 30 else 0  # the rest of a February
    assert days_30_360(first, last) == both + short


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_whole_period_always_costs_its_price(convention):
    for period in (JUNE, FEBRUARY):
        assert share(convention, 1, period, period.first, period.last) == 1


def test_a_year_goes_by_month_for_month_and_the_started_one_day_by_day():
    """12,000.00 from 1 June: on 30 June 1/12 is served; on 15 July 1 + 15/31 twelfths, 1,483.87."""
    year = (day("2026-06-01"), day("2027-05-31"))
    assert served(1_200_000, *year, day("2026-06-30")) == 100_000
    assert portion(*year, day("2026-07-15")) == (1 + Fraction(15, 31)) / 12
    assert served(1_200_000, *year, day("2026-07-15")) == 148_387
    assert served(1_200_000, *year, day("2026-05-31")) == 0
    assert served(1_200_000, *year, day("2027-05-31")) == 1_200_000
    assert served(1_200_000, *year, day("2030-01-01")) == 1_200_000


def test_a_range_of_no_whole_months_goes_by_day_by_day():
    assert portion(day("2026-06-16"), day("2026-07-05"), day("2026-06-30")) == Fraction(15, 20)


def test_the_month_of_service_is_counted_from_the_first_day():
    """From 31 January the second month is 28 February to 30 March: on 1 March 2 of its 31 days have gone by."""
    assert months_into(day("2026-01-31"), day("2026-03-01")) == (1, day("2026-02-28"), day("2026-03-31"))
    assert portion(day("2026-01-31"), day("2026-03-30"), day("2026-03-01")) == (1 + Fraction(2, 31)) / 2


@given(DAYS, st.integers(0, 800), st.integers(0, 10**9), st.integers(0, 800))
def test_what_is_served_only_grows_and_ends_at_the_whole(first, length, amount, through):
    last = first + length * DAY
    now, then = first + through * DAY, first + (through + 1) * DAY
    assert 0 <= served(amount, first, last, now) <= served(amount, first, last, then) <= amount
    assert served(amount, first, last, last) == amount
    assert served(amount, first, last, first - DAY) == 0
