"""Whole companies: exact against the independent truth, and a bridge that closes from period to period."""

from __future__ import annotations

import datetime as dt
import importlib.util
from collections import defaultdict
from pathlib import Path
from types import ModuleType

import duckdb
import pytest

from tieout.audit.read import load
from tieout.audit.run import audit
from tieout.canon.documents import Document
from tieout.process.bridge_rows import ROWS
from tieout.process.evaluate import evaluate
from tieout.process.flows import FLOWS
from tieout.process.instance import Instance
from tieout.setwise.run import instances
from tieout.simulate.exports import company

BALANCE_OF = {(row.row, line.name): line.opening for row in ROWS for line in row.lines if line.opening}
"""(row, line that shows a closing balance) → the line that takes the opening balance out again."""


def _seeds() -> ModuleType:
    """The benchmark of the seeds, which says of one company whether it is exact."""
    path = Path(__file__).parents[2] / "bench" / "seeds.py"
    spec = importlib.util.spec_from_file_location("bench_seeds", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("clean", [False, True], ids=["leaky", "clean"])
@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n > 1 else []) for n in range(1, 51)])
def test_every_leak_is_found_to_the_cent_and_nothing_else(seed: int, clean: bool) -> None:
    told = _seeds().one((seed, clean, 400))
    assert told.perfect, told.words
    assert bool(told.found) is not clean


@pytest.fixture(scope="module", params=[1, 2])
def exports(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "exports"
    company(request.param, 150, "rich", False, [], folder)
    return folder


def test_rows_add_up_in_every_period_and_consecutive_periods_add_up_to_both(exports: Path) -> None:
    """April to June as months: every row's residual is 0, and the three months' lines are those of the quarter.

    The quarter's lines come from two whole audits of their own: everything up to June less everything up to March.
    """
    june, march = (audit(exports, as_of=day) for day in (dt.date(2026, 6, 30), dt.date(2026, 3, 31)))
    ends = (dt.date(2026, 4, 30), dt.date(2026, 5, 31), dt.date(2026, 6, 30))
    months = [audit(exports, as_of=day, period=f"{day:%Y-%m}") for day in ends]
    for result in (june, march, *months):
        assert [(row.row, row.entity, row.currency) for row in result.bridge if row.unexplained] == []
    assert _lines(months) == _less(_lines([june]), _lines([march]))


def _lines(results: list) -> dict[tuple[str, ...], int]:
    """Movements of the rows' lines in transaction currency, added over results.

    Lines that show closing balances are taken together with the line that takes their opening balances out again.
    """
    sums: dict[tuple[str, ...], int] = defaultdict(int)
    for result in results:
        for row in result.bridge:
            if row.basis == "transaction":
                for line in row.lines:
                    sums[row.row, row.entity, row.currency, BALANCE_OF.get((row.row, line.name), line.name)] += (
                        line.amount
                    )
    return {place: amount for place, amount in sums.items() if amount}


def _less(later: dict[tuple[str, ...], int], earlier: dict[tuple[str, ...], int]) -> dict[tuple[str, ...], int]:
    found = {place: later.get(place, 0) - earlier.get(place, 0) for place in {*later, *earlier}}
    return {place: amount for place, amount in found.items() if amount}


def test_no_slice_is_at_risk_for_more_than_it_is_worth(exports: Path) -> None:
    """Leakage of an order is at most what its slices expect, or what was served without authority, whatever was spoilt."""
    connection = duckdb.connect()
    loaded = load(exports, connection)
    flow, leaking = FLOWS["order_to_bill"], 0
    for instance in instances(connection, flow, loaded.policy, loaded.coverage.known):
        verdict = evaluate(flow, instance, loaded.policy, dt.date(2026, 6, 30), detail=True)
        at_risk = sum(f.exposure for f in verdict.findings if f.group == "leakage")
        worth = sum(max(part.expected, part.fulfilled) for part in verdict.slices)
        assert at_risk <= worth, _named(instance)
        leaking += bool(at_risk)
    assert leaking > 10


def _named(instance: Instance) -> str:
    anchor: Document | None = instance.anchor
    return anchor.key if anchor is not None else instance.key
