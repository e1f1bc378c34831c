"""Fiscal years of months and of weeks."""

import datetime as dt
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.fiscal import FiscalCalendar

DAY = dt.timedelta(days=1)


def test_a_calendar_year_is_the_default():
    period = FiscalCalendar().period(dt.date(2026, 6, 30))
    assert (period.name, period.first, period.last, period.quarter) == (
        "FY2026-P06", dt.date(2026, 6, 1), dt.date(2026, 6, 30), 2,
    )  # fmt: skip


def test_a_year_from_april_is_named_after_the_year_in_which_it_ends():
    japan = FiscalCalendar(first_month=4)
    assert japan.period(dt.date(2026, 3, 31)).name == "FY2026-P12"
    assert japan.period(dt.date(2026, 4, 1)).name == "FY2027-P01"
    assert japan.period(dt.date(2028, 2, 29)).last == dt.date(2028, 2, 29)


def test_a_retail_year_of_weeks():
    """4-4-5 to the last Saturday of December: FY2026 runs from 28 December 2025 to 26 December 2026, 52 weeks."""
    weeks = FiscalCalendar(weeks="4-4-5")
    periods = weeks.periods(2026)
    assert (periods[0].first, periods[-1].last) == (dt.date(2025, 12, 28), dt.date(2026, 12, 26))
    assert [((p.last - p.first).days + 1) // 7 for p in periods] == [4, 4, 5] * 4
    assert weeks.period(dt.date(2025, 12, 28)).name == "FY2026-P01"
    assert weeks.period(dt.date(2026, 12, 27)).name == "FY2027-P01"
    longer = weeks.periods(2022)  # 26 December 2021 to 31 December 2022: 53 weeks
    assert [((p.last - p.first).days + 1) // 7 for p in longer] == [4, 4, 5] * 3 + [4, 4, 6]


@pytest.mark.parametrize(
    "fiscal",
    [
        FiscalCalendar(), FiscalCalendar(first_month=7), FiscalCalendar(first_month=2, weeks="4-5-4"),
        FiscalCalendar(first_month=10, weeks="5-4-4", year_end=6),
    ],
)  # fmt: skip
@given(day=st.dates(dt.date(1950, 1, 1), dt.date(2100, 1, 1)))
def test_every_day_lies_in_one_period_and_periods_have_no_gap(fiscal, day):
    period = fiscal.period(day)
    assert period.first <= day <= period.last
    around = [*fiscal.periods(period.year - 1), *fiscal.periods(period.year), *fiscal.periods(period.year + 1)]
    assert all(b.first == a.last + DAY for a, b in pairwise(around))
    assert sum(p.first <= day <= p.last for p in around) == 1
