"""Days, business days and deadlines, by the entity's own clock and holidays."""

import datetime as dt
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.faults import MappingFault
from tieout.policy import Calendar, Duration
from tieout.policy.holidays import holiday_dates

UTC = dt.UTC
DAYS = st.dates(dt.date(2024, 1, 1), dt.date(2030, 12, 31))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_an_order_accepted_late_in_the_evening_utc_belongs_to_the_next_day_in_tokyo():
    evening = at("2026-06-30 16:00")
    assert Calendar("UTC").day(evening) == dt.date(2026, 6, 30)
    assert Calendar("Asia/Tokyo").day(evening) == dt.date(2026, 7, 1)  # 01:00 there
    assert Calendar("America/New_York").day(at("2026-07-01 03:59")) == dt.date(2026, 6, 30)  # 23:59 there


def test_an_instant_without_an_offset_is_utc_and_one_with_an_offset_is_converted():
    assert Calendar("Asia/Tokyo").day(at("2026-06-30 16:00").replace(tzinfo=None)) == dt.date(2026, 7, 1)
    in_berlin = dt.datetime.fromisoformat("2026-07-01T00:30:00+02:00")
    assert Calendar("UTC").day(in_berlin) == dt.date(2026, 6, 30)


def test_the_day_of_a_clock_change_is_cut_where_the_clock_says():
    """Berlin leaves summer time on 25 October 2026: that day lasts 25 hours, from 22:00 to 23:00 UTC."""
    berlin = Calendar("Europe/Berlin")
    assert berlin.day(at("2026-10-24 22:00")) == dt.date(2026, 10, 25)
    assert berlin.day(at("2026-10-25 22:59")) == dt.date(2026, 10, 25)
    assert berlin.day(at("2026-10-25 23:00")) == dt.date(2026, 10, 26)
    assert berlin.end_of(dt.date(2026, 10, 25)) == at("2026-10-25 22:59:59.999999")
    assert berlin.end_of(dt.date(2026, 3, 29)) == at("2026-03-29 21:59:59.999999")


ZONES = st.sampled_from(
    ["UTC", "Europe/Berlin", "America/Santiago", "Asia/Beirut", "America/Havana", "Australia/Lord_Howe", "Pacific/Apia"]
)


@given(ZONES, st.dates(dt.date(2012, 1, 1), dt.date(2030, 12, 31)))
def test_days_follow_one_another_without_a_gap_even_where_clocks_change_at_midnight(zone, day):
    calendar = Calendar(zone)
    first, last = calendar.start_of(day), calendar.end_of(day)
    assert calendar.day(first) == calendar.day(last) == day
    assert calendar.day(first - dt.timedelta(microseconds=1)) == day - dt.timedelta(days=1)
    assert last + dt.timedelta(microseconds=1) == calendar.start_of(day + dt.timedelta(days=1))


def test_in_santiago_the_day_on_which_midnight_comes_twice_has_25_hours():
    """On 4 April 2026 the clock goes from midnight back to 23:00: the day ends at 04:00 UTC of the 5th."""
    santiago = Calendar("America/Santiago")
    assert santiago.end_of(dt.date(2026, 4, 4)) == at("2026-04-05 03:59:59.999999")
    assert santiago.start_of(dt.date(2026, 4, 4)) == at("2026-04-04 03:00")


def test_two_business_days_after_the_thursday_before_easter_is_the_wednesday_after():
    """Good Friday 3 April and Easter Monday 6 April 2026 are German holidays: Thursday 2 → Tuesday 7 → Wednesday 8."""
    germany = Calendar("Europe/Berlin", holiday_dates("DE"))
    thursday = dt.date(2026, 4, 2)
    assert germany.add_business_days(thursday, 1) == dt.date(2026, 4, 7)
    assert germany.add_business_days(thursday, 2) == dt.date(2026, 4, 8)
    assert germany.add_business_days(dt.date(2026, 4, 8), -2) == thursday
    assert Calendar().add_business_days(thursday, 2) == dt.date(2026, 4, 6)  # nobody named holidays
    assert germany.add_business_days(dt.date(2026, 4, 4), 0) == dt.date(2026, 4, 4)  # a Saturday stays where it is


def test_a_week_in_kuwait_is_worked_from_sunday():
    kuwait = Calendar("Asia/Kuwait", weekend=(4, 5))
    assert kuwait.add_business_days(dt.date(2026, 6, 4), 1) == dt.date(2026, 6, 7)  # Thursday, then Sunday


@given(DAYS, st.integers(1, 40))
def test_n_business_days_later_there_lie_exactly_n_of_them_in_between(day, count):
    calendar = Calendar("Europe/Berlin", holiday_dates("DE-BY"))
    due = calendar.add_business_days(day, count)
    worked = [day + dt.timedelta(n) for n in range(1, (due - day).days + 1)]
    assert sum(map(calendar.is_business_day, worked)) == count
    assert calendar.is_business_day(due)


@given(DAYS, st.integers(1, 40))
def test_from_a_business_day_forth_and_back_is_where_one_was(day, count):
    calendar = Calendar("UTC", holiday_dates("US"))
    if calendar.is_business_day(day):
        assert calendar.add_business_days(calendar.add_business_days(day, count), -count) == day


@pytest.mark.parametrize(
    ("within", "due"),
    [
        ("30 minutes", "2026-03-27 16:00"),
        ("4 hours", "2026-03-27 19:30"),
        ("4 business hours", "2026-03-30 10:30"),  # 16:30 in Berlin: half an hour today, 3½ from 9:00 on Monday
        ("1 day", "2026-03-28 22:59:59.999999"),
        ("2 days", "2026-03-29 21:59:59.999999"),  # the clock went forward in between
        ("1 business day", "2026-03-30 21:59:59.999999"),
        ("1 week", "2026-04-03 21:59:59.999999"),
        ("1 month", "2026-04-27 21:59:59.999999"),
    ],
)
def test_deadlines_from_a_friday_half_past_four_in_berlin_across_the_change_to_summer_time(within, due):
    """15:30 UTC on 27 March is 16:30 in Berlin; on Monday the office opens at 7:00 UTC, an hour earlier than on Friday."""
    assert Calendar("Europe/Berlin").due_at(at("2026-03-27 15:30"), Duration.parse(within)) == at(due)


def test_business_hours_that_begin_at_night_begin_when_the_office_opens():
    calendar = Calendar(office_hours=(dt.time(8), dt.time(12)))
    night = at("2026-06-05 02:00")
    assert calendar.due_at(night, Duration.parse("4 business hours")) == at("2026-06-05 12:00")
    assert calendar.due_at(night, Duration.parse("5 business hours")) == at("2026-06-08 09:00")
    assert calendar.due_at(at("2026-06-06 10:00"), Duration.parse("1 business hour")) == at("2026-06-08 09:00")


def test_a_day_is_due_at_the_end_of_the_last_day_in_time():
    calendar = Calendar()
    friday = dt.date(2026, 1, 30)
    assert calendar.due_on(friday, Duration.parse("4 hours")) == friday
    assert calendar.due_on(friday, Duration.parse("1 business day")) == dt.date(2026, 2, 2)
    assert calendar.due_on(friday, Duration.parse("1 month")) == dt.date(2026, 2, 28)
    assert calendar.happened(at("2026-01-30 23:59"), friday)
    assert not calendar.happened(at("2026-01-31 00:00"), friday)
    assert not calendar.happened(None, friday)


@pytest.mark.parametrize("text", ["4 hours", "2 business days", "1 day", "1 business hour", "3 months", "0 days"])
def test_a_duration_is_written_back_as_it_was_read(text):
    assert str(Duration.parse(text)) == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2 busines days", "'2 busines days' is not a duration (write it like '2 business days')"),
        ("two days", "'two days' is not a duration (write it like '2 business days')"),
        ("-1 day", "'-1 day' is not a duration (write it like '2 business days')"),
        ("2 dayz", "'dayz' is not a unit of time (did you mean 'day'?)"),
        ("2 business weeks", "'business week' is not a unit of time (did you mean 'business day'?)"),
        (2, "2 is not a duration (write it like '2 business days')"),
    ],
)
def test_what_is_not_a_duration_says_how_to_write_one(text, message):
    with pytest.raises(MappingFault) as caught:
        Duration.parse(text)
    assert str(caught.value) == message


def test_holidays_of_a_country_a_part_of_it_and_a_market():
    corpus_christi = dt.date(2026, 6, 4)
    assert corpus_christi in holiday_dates("DE-BY")
    assert corpus_christi not in holiday_dates("DE")
    assert dt.date(2026, 12, 26) in holiday_dates("ECB")  # TARGET is closed
    assert dt.date(2026, 7, 3) in holiday_dates("US")  # 4 July is a Saturday: the Friday is free


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("DE-BX", "audit.toml: DE has no part 'BX' ("),
        ("JP-13", "audit.toml: JP has no part '13' (write 'JP')"),
        ("Germany", "audit.toml: 'Germany' is not a country whose holidays are known (use a country code"),
        ("NYSEE", "audit.toml: 'NYSEE' is not a country whose holidays are known (did you mean 'NYSE'?)"),
    ],
)
def test_an_unknown_country_names_the_nearest(code, message):
    with pytest.raises(MappingFault) as caught:
        holiday_dates(code, "audit.toml")
    assert str(caught.value).startswith(message)


def test_a_calendar_travels_to_another_process():
    germany = Calendar("Europe/Berlin", holiday_dates("DE"), office_hours=(dt.time(8), dt.time(18)))
    copy = pickle.loads(pickle.dumps(germany))
    assert (copy.zone, copy.holidays, copy.weekend, copy.office_hours) == (
        germany.zone, germany.holidays, germany.weekend, germany.office_hours,
    )  # fmt: skip
