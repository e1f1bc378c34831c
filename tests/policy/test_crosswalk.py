"""Codes by day and entity: what a stale, missing, double or misspelt one looks like."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieout.canon.faults import MappingFault
from tieout.policy import CrosswalkRow, Policy, coverage

DAY = dt.timedelta(days=1)
JUNE = (dt.date(2026, 6, 1), dt.date(2026, 6, 30))


def items(*rows: dict, match=None) -> Policy:
    return Policy.default().with_crosswalk("item", rows, "item.csv", match)


def test_an_item_code_is_what_it_was_on_the_day_asked_for():
    policy = items(
        {"code": "SKU-7", "target": "I-100", "to": "2026-03-31"}, {"code": "SKU-7", "target": "I-200", "from": "2026-04-01"}
    )  # fmt: skip
    item = policy.crosswalk("item")
    assert item.find("SKU-7", dt.date(2026, 3, 31)) == "I-100"
    assert item.find("SKU-7", dt.date(2026, 4, 1)) == "I-200"
    assert item.find("SKU-8", dt.date(2026, 4, 1)) is None


def test_a_code_that_ended_yesterday_is_a_gap_from_today():
    item = items({"code": "SKU-7", "target": "I-100", "to": "2026-06-14"}).crosswalk("item")
    assert item.find("SKU-7", dt.date(2026, 6, 14)) == "I-100"
    assert item.find("SKU-7", dt.date(2026, 6, 15)) is None
    report = coverage(item, ["SKU-7"], *JUNE)
    assert [str(gap) for gap in report.gaps] == [
        "SKU-7: no target on 2026-06-15 to 2026-06-30, 'I-100' ended on 2026-06-14"
    ]


def test_an_entitys_own_row_goes_before_the_one_of_all_entities():
    item = items(
        {"code": "SKU-7", "target": "I-100"},
        {"code": "SKU-7", "target": "I-JP", "entity": "JP01", "from": "2026-06-10"},
    ).crosswalk("item")
    assert item.find("SKU-7", dt.date(2026, 6, 9), "JP01") == "I-100"
    assert item.find("SKU-7", dt.date(2026, 6, 10), "JP01") == "I-JP"
    assert item.find("SKU-7", dt.date(2026, 6, 10), "DE01") == "I-100"


def test_case_and_spaces_count_unless_the_table_says_otherwise():
    exact = items({"code": " Sku  7 ", "target": "I-100"}).crosswalk("item")
    assert exact.find("Sku  7", JUNE[0]) == "I-100"  # spaces around a code never count
    assert exact.find("SKU 7", JUNE[0]) is None
    assert exact.lookalike("SKU 7") == "Sku  7"
    loose = items({"code": " Sku  7 ", "target": "I-100"}, match="loose").crosswalk("item")
    assert loose.find("SKU 7", JUNE[0]) == "I-100"


def test_coverage_says_of_every_code_in_use_what_is_missing_and_why():
    item = items(
        {"code": "A", "target": "1"},
        {"code": "B", "target": "2", "from": "2026-06-11"},
        {"code": "C", "target": "3", "to": "2026-06-10"}, {"code": "C", "target": "4", "from": "2026-06-12"},
        {"code": "SKU-100", "target": "5"}, {"code": "Z", "target": "9"},
        {"code": "JP", "target": "6", "entity": "JP01"},
    ).crosswalk("item")  # fmt: skip
    report = coverage(item, ["A", "B", "C", "sku-100", "SKU-101", "Q"], *JUNE)
    assert not report.complete
    assert report.covered == ("A",)
    assert report.unused == ("SKU-100", "Z")
    assert [str(gap) for gap in report.gaps] == [
        "B: no target on 2026-06-01 to 2026-06-10, its first row starts on 2026-06-11",
        "C: no target on 2026-06-11, between '3', which ended on 2026-06-10, and '4' from 2026-06-12",
        "Q: no target on 2026-06-01 to 2026-06-30, never mapped",
        "SKU-101: no target on 2026-06-01 to 2026-06-30, never mapped; did you mean 'SKU-100'?",
        "sku-100: no target on 2026-06-01 to 2026-06-30, 'SKU-100' differs only in case or spaces",
    ]
    assert coverage(item, ["A", "JP"], *JUNE, "JP01").complete


def test_a_row_that_ended_before_the_days_asked_for_is_named_as_ended():
    item = items({"code": "A", "target": "1", "from": "2025-01-01", "to": "2025-12-31"}).crosswalk("item")
    assert coverage(item, ["A"], *JUNE).gaps[0].why == "'1' ended on 2025-12-31"


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=6))
def test_coverage_and_lookup_agree_on_every_day(spans):
    rows, free = [], 0
    for skip, length in spans:  # rows that never overlap
        first = free + skip
        rows.append(
            CrosswalkRow(code="A", target="1", from_on=JUNE[0] + first * DAY, to_on=JUNE[0] + (first + length) * DAY)
        )
        free = first + length + 1
    item = Policy.default().with_crosswalk("item", rows).crosswalk("item")
    missing = {
        gap.from_on + n * DAY
        for gap in coverage(item, ["A"], *JUNE).gaps
        for n in range((gap.to_on - gap.from_on).days + 1)
    }
    for n in range(30):
        day = JUNE[0] + n * DAY
        assert (item.find("A", day) is None) == (day in missing)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [{"code": "A", "target": "1", "to": "2026-06-10"}, {"code": "A", "target": "2", "from": "2026-06-10"}],
            "item.csv crosswalk item: 'A' is '1' (to 2026-06-10) and '2' (from 2026-06-10) on the same days"
            " (end the first on 2026-06-09)",
        ),
        (
            [{"code": "A", "target": "1", "entity": "DE01"}, {"code": " A", "target": "1", "entity": "DE01"}],
            "item.csv crosswalk item: 'A' in DE01 is '1' (always) and '1' (always) on the same days (keep one of them)",
        ),
        (
            [{"code": "A", "target": "1", "from": "2026-06-10", "to": "2026-06-01"}],
            "item.csv [crosswalk item row 1] to: 'A' ends on 2026-06-01, before it starts on 2026-06-10 (swap the days)",
        ),
        ([{"code": "A"}], "item.csv [crosswalk item row 1] target: missing (add target)"),
        ([{"code": "", "target": "1"}], "item.csv [crosswalk item row 1] code: missing (add code)"),
        (
            [{"code": "A", "target": "1", "form": "2026-06-01"}],
            "item.csv [crosswalk item row 1] form: unknown key (did you mean 'from'?)",
        ),
        (
            [{"code": "A", "target": "1", "from": "01.06.2026"}],
            "item.csv [crosswalk item row 1] from: '01.06.2026' is not a day (write it like 2026-06-30)",
        ),
    ],
)
def test_a_wrong_row_is_refused_by_name(rows, message):
    with pytest.raises(MappingFault) as caught:
        items(*rows)
    assert str(caught.value) == message


def test_rows_that_come_later_must_not_contradict_the_ones_that_are_there():
    policy = items({"code": "A", "target": "1"})
    with pytest.raises(MappingFault, match="on the same days"):
        policy.with_crosswalk("item", [{"code": "A", "target": "2", "from": "2026-06-01"}])
    assert policy.crosswalk("item").find("A", JUNE[0]) == "1"
