"""The company's own calendar agrees with the published one, and its days are local days."""

import datetime as dt

import holidays as published
import pytest

from tieout.simulate.entities import ENTITIES, holidays


@pytest.mark.parametrize("country", ["DE", "US", "JP"])
@pytest.mark.parametrize("year", [2024, 2025, 2026, 2027, 2028])
def test_holidays_worked_out_from_the_law_are_those_that_are_published(country, year):
    expected = {day for day in published.country_holidays(country, years=year) if day.year == year}
    assert holidays(country, year) == expected


def test_midnight_in_tokyo_belongs_to_the_new_day_there():
    tokyo = ENTITIES["JP01"]
    assert tokyo.at(dt.date(2026, 3, 1), 0, 30) == dt.datetime(2026, 2, 28, 15, 30, tzinfo=dt.UTC)
    assert tokyo.day(dt.datetime(2026, 2, 28, 15, 30, tzinfo=dt.UTC)) == dt.date(2026, 3, 1)


def test_two_business_days_after_maundy_thursday_are_the_wednesday_after_easter():
    assert ENTITIES["DE01"].add_business_days(dt.date(2026, 4, 2), 2) == dt.date(2026, 4, 8)
