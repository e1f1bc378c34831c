"""A policy that is written out and read again is the same policy."""

import datetime as dt
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from tieout.canon.faults import MappingFault
from tieout.policy import CrosswalkRow, Policy, laid_over, parse, tables
from tieout.policy.crosswalk import Codes
from tieout.policy.writing import laid_over as tables_laid_over

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
EVERY_KEY = "\n".join(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
LAYERS = """
[entities.DE01]
region = "EMEA"
[entities.US01]
[modes]
default = "observe"
order_to_bill = { default = "approve", unposted_invoice = "enforce" }
[modes.region.EMEA]
order_to_bill = "approve"
[posting]
dimensions = ["department"]
accounts = { revenue = "4000" }
sequence = { prefix = "A-", digits = 4 }
[posting.entity.US01]
month_end_to_next = false
dimensions = []
accounts = { receivable = "1200" }
[within.order_to_bill]
posted = "2 business hours"
[within.entity.US01.order_to_bill]
posted = "1 day"
"""


@pytest.mark.parametrize("text", [EVERY_KEY, LAYERS, ""])
def test_what_is_written_is_read_as_the_same(text: str) -> None:
    policy = parse(tomllib.loads(text), "audit.toml")
    written = tables(policy)
    assert parse(written, "again") == policy
    assert parse(msgspec.json.decode(msgspec.json.encode(written)), "by JSON").version == policy.version


def test_a_table_that_is_given_replaces_its_own_and_leaves_the_others() -> None:
    before = tables(parse(tomllib.loads("[tolerances]\nline = 3\n[owners]\noverbilled = 'AR'"), "x"))
    policy = parse(tables_laid_over(before, {"tolerances": {"tax": 2}}), "y")
    assert (policy.tolerance("line", ""), policy.tolerance("tax", ""), policy.owner("overbilled", "")) == (1, 2, "AR")


def test_what_was_decided_for_an_entity_goes_with_it() -> None:
    before = tables(parse(tomllib.loads(LAYERS), "x"))
    policy = parse(tables_laid_over(before, {"entities": {"US01": {}}}), "y")
    assert list(policy.entities) == ["US01"]
    assert policy.posting.rules("US01").accounts == {"revenue": "4000", "receivable": "1200"}


def row(target: str, first: str = "", last: str = "", entity: str = "", code: str = "SKU-7") -> CrosswalkRow:
    days = [dt.date.fromisoformat(day) if day else None for day in (first, last)]
    return CrosswalkRow(code=code, target=target, from_on=days[0], to_on=days[1], entity=entity)


def rows_after(known: list[CrosswalkRow], *new: CrosswalkRow) -> list[tuple[str, str]]:
    codes = laid_over("item", Policy().with_crosswalk("item", known).crosswalks["item"], new)
    return [(found.target, found.span) for found in codes.rows]


def test_a_new_code_from_a_day_on_ends_the_old_one_on_the_day_before() -> None:
    assert rows_after([row("I-1")], row("I-2", "2026-04-01")) == [("I-1", "to 2026-03-31"), ("I-2", "from 2026-04-01")]


def test_a_code_for_a_while_leaves_what_holds_before_and_after() -> None:
    assert rows_after([row("I-1", "2026-01-01")], row("I-2", "2026-04-01", "2026-04-30")) == [
        ("I-1", "from 2026-01-01 to 2026-03-31"),
        ("I-2", "from 2026-04-01 to 2026-04-30"),
        ("I-1", "from 2026-05-01"),
    ]


def test_a_code_for_always_replaces_every_row_of_it_in_the_same_entity_only() -> None:
    known = [row("I-1", "", "2026-01-31"), row("I-2", "2026-02-01"), row("D-1", entity="DE01"), row("X", code="SKU-8")]
    assert rows_after(known, row("I-9")) == [("I-9", "always"), ("D-1", "always"), ("X", "always")]


def test_days_that_do_not_meet_leave_one_another_alone() -> None:
    known = [row("I-1", "", "2026-01-31"), row("I-3", "2026-07-01")]
    spans = [span for _, span in rows_after(known, row("I-2", "2026-03-01", "2026-04-30"))]
    assert spans == ["to 2026-01-31", "from 2026-03-01 to 2026-04-30", "from 2026-07-01"]


def test_a_loose_table_knows_the_code_in_any_spelling() -> None:
    codes = laid_over("item", Codes("loose", (row("I-1", code="sku  7"),)), [row("I-2", code="SKU 7")])
    assert [found.target for found in codes.rows] == ["I-2"]


def test_new_rows_that_contradict_one_another_are_refused() -> None:
    with pytest.raises(MappingFault, match="'SKU-7' is 'I-1' .* and 'I-2'"):
        rows_after([], row("I-1"), row("I-2", "2026-01-01"))
