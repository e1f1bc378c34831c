"""An audit is held against the truth: what it missed, made up, or got wrong by a cent."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from tieout.canon.faults import InputFault
from tieout.simulate.score import Score, render, score


def scored(tmp_path: Path, found: list[dict], true: list[dict], **truth) -> Score:
    (tmp_path / "found.json").write_text(json.dumps({"as_of": "2026-06-30", "base_currency": "EUR", "findings": found}))
    (tmp_path / "truth.json").write_text(json.dumps({"as_of": "2026-06-30", "seed": 1, "leaks": true, **truth}))
    return score(tmp_path / "found.json", tmp_path / "truth.json")


def entry(risk: str, subject: str, amount: str = "0", currency: str = "EUR", **more) -> dict:
    return {"class": risk, "subject": subject, "entity": "DE01", "currency": currency, "amount": amount, **more}


UNBILLED = entry("unbilled_service", "charge/crm/C1", "100.00")
STUCK = entry("unposted_invoice", "invoice/billing/I1", "40.00")


def test_a_perfect_audit(tmp_path):
    result = scored(tmp_path, [UNBILLED, STUCK], [STUCK, UNBILLED])
    assert result.perfect
    assert "100%: every subject, to the cent, and nothing else" in render(result)


def test_a_missed_leak_costs_recall_and_a_made_up_one_precision(tmp_path):
    result = scored(tmp_path, [UNBILLED, entry("unbilled_service", "charge/crm/C9", "300.00")], [UNBILLED, STUCK])
    assert not result.perfect
    assert [d.subject for d in result.missing] == ["invoice/billing/I1"]
    assert [d.subject for d in result.surplus] == ["charge/crm/C9"]
    service, stuck = result.classes
    assert (service.recall, service.precision) == (1, Decimal("0.25"))  # 100 of the 400 found are true
    assert (stuck.recall, stuck.precision) == (0, 1)


def test_a_cent_too_little_is_not_found(tmp_path):
    result = scored(tmp_path, [entry("unbilled_service", "charge/crm/C1", "99.99")], [UNBILLED])
    (difference,) = result.differing
    assert (difference.true, difference.found) == (Decimal("100.00"), Decimal("99.99"))
    assert result.classes[0].recall == Decimal("0.9999")
    assert "true 100.00, found 99.99 EUR" in render(result)
    assert "99.99%" in render(result)


def test_months_of_one_subject_add_up(tmp_path):
    months = [
        entry("unbilled_usage", "charge/crm/U", "20.00", period="2026-04"),
        entry("unbilled_usage", "charge/crm/U", "5"),
    ]
    assert scored(tmp_path, months, [entry("unbilled_usage", "charge/crm/U", "25.00")]).perfect


def test_another_currency_is_another_thing(tmp_path):
    result = scored(
        tmp_path, [entry("underbilled", "charge/crm/C", "10", "USD")], [entry("underbilled", "charge/crm/C", "10")]
    )
    assert len(result.missing) == len(result.surplus) == 1


def test_classes_are_weighed_at_the_truths_rates(tmp_path):
    yen, euro = entry("underbilled", "charge/crm/Y", "10000", "JPY"), entry("underbilled", "charge/crm/E", "40.00")
    result = scored(tmp_path, [yen], [yen, euro], rates={"JPY": "0.006", "EUR": "1"})
    assert result.classes[0].recall == Decimal("0.6")  # 60 of 100 euros


def test_overlays_count_by_subject_and_carry_no_money(tmp_path):
    gaps = [entry("master_data_gap", f"crosswalk/item/P{n}") for n in (1, 2)]
    found = [{**gaps[0], "currency": "", "amount": "0.00"}, entry("blocked_renewal", "contract/crm/K")]
    result = scored(tmp_path, found, gaps)
    gap, blocked = result.classes
    assert (gap.recall, gap.precision, gap.subjects) == (Decimal("0.5"), 1, 2)
    assert (blocked.recall, blocked.precision) == (1, 0)


def test_an_empty_finding_is_still_a_false_alarm(tmp_path):
    assert not scored(tmp_path, [entry("underbilled", "charge/crm/C", "0.00")], []).perfect


def test_the_truths_note_says_what_was_missed(tmp_path):
    assert "(one month skipped)" in render(scored(tmp_path, [], [{**UNBILLED, "note": "one month skipped"}]))


def test_days_that_differ_are_refused(tmp_path):
    (tmp_path / "f.json").write_text('{"as_of": "2026-05-31", "findings": []}')
    (tmp_path / "t.json").write_text('{"as_of": "2026-06-30", "leaks": []}')
    with pytest.raises(InputFault, match=r"as of 2026-05-31, the truth as of 2026-06-30 \(audit again with --as-of"):
        score(tmp_path / "f.json", tmp_path / "t.json")


def test_a_file_that_is_something_else_is_named(tmp_path):
    (tmp_path / "t.json").write_text('{"as_of": "2026-06-30", "leaks": []}')
    with pytest.raises(InputFault, match=r"t\.json: .*findings"):
        score(tmp_path / "t.json", tmp_path / "t.json")
    with pytest.raises(InputFault, match=r"absent\.json: cannot be read"):
        score(tmp_path / "absent.json", tmp_path / "t.json")
