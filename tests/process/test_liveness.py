"""No silent stop: a stream that brings less than was declared is told of within its interval, and a weekend is no silence."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from tieout.canon.faults import MappingFault
from tieout.policy import Policy, parse
from tieout.process.liveness import Stream, declared, looks_back_to, silence, suggestion

BERLIN = parse(
    {"entities": {"DE01": {"time_zone": "Europe/Berlin", "functional_currency": "EUR", "holidays": ["2026-05-01"]}}},
    "test",
)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def invoices(every: str = "1 business day", at_least: int = 1, retention: str = "", **more: object) -> Stream:
    stream = declared("billing", "invoice", "DE01", at_least if every else 0, every, retention)
    return msgspec.structs.replace(
        stream, **{"expected_at": at("2026-01-01"), "last_document": "invoice/billing/INV-7", **more}
    )


@pytest.mark.parametrize(
    ("now", "every", "began"),
    [
        ("2026-05-06 10:00", "15 minutes", "2026-05-06 09:45"),
        ("2026-05-06 10:00", "4 hours", "2026-05-06 06:00"),
        ("2026-05-06 10:00", "1 day", "2026-05-04 22:00"),  # Since Tuesday began in Berlin, on summer time.
        ("2026-05-06 10:00", "1 business day", "2026-05-04 22:00"),
        ("2026-05-04 10:00", "1 business day", "2026-04-29 22:00"),  # Monday: Friday was the First of May.
        ("2026-05-03 10:00", "2 business days", "2026-04-28 22:00"),
        ("2026-05-06 10:00", "1 week", "2026-04-28 22:00"),
        ("2026-05-31 10:00", "1 month", "2026-04-29 22:00"),  # April has no 31st.
        ("2026-03-30 10:00", "1 day", "2026-03-28 23:00"),  # The clock changed on the day in between.
    ],
)
def test_an_interval_begins_where_the_entity_says_that_its_days_do(now: str, every: str, began: str) -> None:
    assert looks_back_to(invoices(every), BERLIN, at(now)) == at(began)


def test_an_interval_that_began_before_anything_was_expected_is_not_judged() -> None:
    fresh = invoices("1 business day", expected_at=at("2026-05-05 08:00"))
    assert looks_back_to(fresh, BERLIN, at("2026-05-06 10:00")) is None
    assert looks_back_to(fresh, BERLIN, at("2026-05-07 10:00")) == at("2026-05-05 22:00")
    assert looks_back_to(invoices("", expected_at=None), BERLIN, at("2026-05-07 10:00")) is None


def test_a_stream_in_which_nothing_came_says_what_was_expected_since_when_and_what_to_do() -> None:
    stream = invoices(last_document_at=at("2026-05-04 16:20"))
    finding = silence(stream, 0, BERLIN, at("2026-05-06 00:00"))
    assert finding is not None
    assert finding.identity == ("stream_silent", "stream/billing/invoice/DE01", "")
    assert (finding.entity, finding.currency, finding.exposure, finding.owner) == ("DE01", "EUR", 0, "IT")
    assert (finding.variant, finding.documents) == ("silent", ("invoice/billing/INV-7",))
    assert finding.why.startswith(
        "billing is expected to bring at least 1 of type invoice every 1 business day; the last came at 2026-05-04 16:20 UTC. See whether"
    )
    assert silence(stream, 1, BERLIN, at("2026-05-06 00:00")) is None


def test_a_stream_that_thins_out_is_told_of_too() -> None:
    finding = silence(invoices(at_least=300, silent_since=at("2026-05-05 23:00")), 299, BERLIN, at("2026-05-09 10:00"))
    assert finding is not None and (finding.variant, finding.since) == ("below volume", dt.date(2026, 5, 6))
    assert silence(invoices(at_least=300), 300, BERLIN, at("2026-05-09 10:00")) is None


def test_a_cursor_is_told_of_before_its_source_forgets() -> None:
    stream = invoices("", retention="72 hours", cursor_at=at("2026-05-04 08:00"))
    assert silence(stream, None, BERLIN, at("2026-05-05 19:59")) is None
    behind = silence(stream, None, BERLIN, at("2026-05-05 20:00"))
    assert behind is not None and (behind.variant, behind.deadline) == ("behind", dt.date(2026, 5, 7))
    assert (
        "was read up to 2026-05-04 08:00 UTC, and keeps changes for 72 hours: from 2026-05-07 08:00 UTC on"
        in behind.why
    )
    lost = silence(stream, None, BERLIN, at("2026-05-07 08:00"))
    assert lost is not None and lost.variant == "lost" and "Read it again completely" in lost.why


def test_of_two_reasons_the_worse_comes_first_and_both_are_told() -> None:
    stream = invoices(
        "4 hours", retention="1 day", cursor_at=at("2026-05-04 08:00"), last_document_at=at("2026-05-04 08:00")
    )
    finding = silence(stream, 0, BERLIN, at("2026-05-05 08:00"))
    assert finding is not None and finding.variant == "lost"
    assert "may be lost" in finding.why and "the last came at" in finding.why


def test_what_is_told_does_not_change_while_nothing_changes() -> None:
    stream = invoices(last_document_at=at("2026-05-04 16:20"), silent_since=at("2026-05-06 00:00"))
    assert silence(stream, 0, BERLIN, at("2026-05-06 00:01")) == silence(stream, 0, BERLIN, at("2026-05-20 09:00"))


def test_an_entity_without_a_calendar_has_the_usual_one() -> None:
    stream = msgspec.structs.replace(invoices(), entity="")
    assert stream.key == "stream/billing/invoice"
    assert looks_back_to(stream, Policy.default(), at("2026-05-06 10:00")) == at("2026-05-05 00:00")


@pytest.mark.parametrize(
    ("declaration", "fault"),
    [
        (("billing", "invoces", "", 1, "1 day"), r"there is no type 'invoces' \(did you mean 'invoice'"),
        (("billing", "invoice", "", 1, ""), "a number of documents and an interval belong together"),
        (("billing", "invoice", "", 0, "1 day"), "a number of documents and an interval belong together"),
        (("billing", "invoice", "", 1, "1 fortnight"), "'fortnight' is not a unit of time"),
        (("billing", "invoice", "", 1, "3 business hours"), "cannot be looked back on"),
        (("billing", "invoice", "", 1, "4 minutes"), "too short or too long"),
        (("billing", "invoice", "", 1, "0 days"), "too short or too long"),
        (("billing", "invoice", "", 1, "4 months"), "too short or too long"),
        (("billing", "invoice", "", 0, "", "3 business days"), "is no fixed time"),
        (("billing", "invoice", "", 0, "", "0 hours"), "is no fixed time"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name(declaration: tuple[str, str, str, int, str], fault: str) -> None:
    with pytest.raises(MappingFault, match=f"what is expected of stream/billing/invo.*: .*{fault}"):
        declared(*declaration)


def days_of(*counts: int) -> list[tuple[dt.datetime, int]]:
    """Documents of each day from Monday 2026-06-01 on, at noon in Berlin."""
    return [(at("2026-06-01 10:00") + n * dt.timedelta(days=1), count) for n, count in enumerate(counts)]


def test_half_of_the_leanest_business_day_is_suggested() -> None:
    came = days_of(9, *(300, 310, 290, 305), 0, 0, *(300, 241, 300, 300, 300), 0, 0, *(280, 300, 300))
    found = suggestion(invoices(""), came, BERLIN, at("2026-06-17 12:00"))
    assert found is not None and (found.at_least, found.every) == (120, "1 business day")
    assert found.because == "the leanest of 11 business days brought 241"
    # Today and the day on which it began are not whole: the 9 of that Monday do not count, nor do the few of this morning.
    assert suggestion(invoices(""), [*came[:-1], (came[-1][0], 2)], BERLIN, at("2026-06-17 12:00")) == found


def test_what_does_not_come_daily_is_expected_weekly_and_nothing_is_made_of_little() -> None:
    weekly = days_of(1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1)
    found = suggestion(invoices(""), weekly, BERLIN, at("2026-06-22 12:00"))
    assert found is not None and (found.at_least, found.every) == (1, "1 week")
    assert suggestion(invoices(""), weekly[:8], BERLIN, at("2026-06-22 12:00")) is None  # A week brought none.
    assert suggestion(invoices(""), days_of(5, 5, 5, 5, 5), BERLIN, at("2026-06-05 12:00")) is None
    assert suggestion(invoices(""), [], BERLIN, at("2026-06-05 12:00")) is None
