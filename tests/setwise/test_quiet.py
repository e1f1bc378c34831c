"""Quiet instances judged all at once come to what judging them one by one comes to, byte for byte, whatever the company."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pytest

from tieout.audit.read import Loaded, load
from tieout.process.flows import FLOWS
from tieout.setwise.gather import Gathered
from tieout.setwise.run import Task, evaluate_all
from tieout.simulate.exports import company

FLOWS_WITH_SHAPES = tuple(name for name, flow in FLOWS.items() if flow.quiet)
AS_OF = dt.date(2026, 6, 30)


class Company(NamedTuple):
    """A made-up company, read."""

    connection: duckdb.DuckDBPyConnection
    loaded: Loaded

    def judged(self, flows: tuple[str, ...], *, set_based: bool, **task: Any) -> Gathered:
        asked = Task(
            flows=flows, policy=self.loaded.policy, known=self.loaded.coverage.known, **{"as_of": AS_OF, **task}
        )
        return evaluate_all(
            Path(), self.connection, asked, lambda what, done, total: None, processes=1, set_based=set_based
        )


def read(folder: Path, seed: int, mix: Any, orders: int) -> Company:
    company(seed, orders, mix, False, (), folder)
    connection = duckdb.connect()
    return Company(connection, load(folder, connection))


def told(gathered: Gathered) -> dict[str, Any]:
    """All that was gathered, in an order of its own."""
    return {
        "instances": gathered.instances,
        "findings": sorted(map(repr, gathered.findings)),
        "lines": {
            key: (line.end, line.before, line.functional, line.functional_before, line.count, line.booked, sorted(line.top))
            for key, line in gathered.lines.items()
        },
        "steps": {key: (s.reached, s.due, s.late, s.unknown) for key, s in gathered.steps.items()},
        "edges": {key: sorted(hours) for key, hours in gathered.edges.items()},
        "waiting": {key: sorted(hours) for key, hours in gathered.waiting.items()},
        "measures": {key: (n.count, n.amount, sorted(n.numbers)) for key, n in gathered.measures.items()},
        "unknown": gathered.unknown,
    }  # fmt: skip


@pytest.fixture(scope="module", params=[("rich", 1), ("rich", 2), ("rich", 3), ("volume", 4), ("volume", 5)], ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Company:
    mix, seed = request.param
    return read(tmp_path_factory.mktemp("company") / mix, seed, mix, 400 if mix == "rich" else 1500)


def agree(made: Company, flow: str, **task: Any) -> None:
    one_by_one = told(made.judged((flow,), set_based=False, **task))
    at_once = told(made.judged((flow,), set_based=True, **task))
    for part, expected in one_by_one.items():
        assert at_once[part] == expected, part


@pytest.mark.parametrize("flow", FLOWS_WITH_SHAPES)
@pytest.mark.parametrize(
    "task",
    [
        {},
        {"before": dt.date(2026, 5, 31)},
        {"before": dt.date(2025, 12, 31)},
        {"as_of": dt.date(2026, 2, 11)},
        {"entities": ("JP01", "DE01")},
    ],
    ids=["all", "june", "half a year", "earlier", "two entities"],
)
def test_the_answer_is_the_same(made: Company, flow: str, task: dict[str, Any]) -> None:
    agree(made, flow, **task)


SPOILT = {
    "payment": (
        "status = 'failed'", "deleted = true", "captured_at = NULL", "recorded_at = NULL", "amount = amount + 1", "amount = 0",
        "amount = -amount", "currency = 'USD'", "entity = 'JP01'", "payout = NULL", "payout = 'payments/gone'", "bank_line = NULL",
        "recorded_at = recorded_at + INTERVAL 400 DAY", "captured_at = captured_at + INTERVAL 400 DAY", "method = 'transfer'",
        "invoices = []", "value_on = DATE '2026-06-30'", "customer = NULL", "deposit_for = 'crm/O-1'", "fx_rate = '1.1'",
    ),
    "cash_application": (
        "kind = 'withholding'", "kind = 'refund'", "kind = 'write_off'", "deleted = true", "amount = amount - 1", "amount = 0",
        "applied_at = applied_at + INTERVAL 300 DAY", "applied_at = TIMESTAMP '2026-06-30 21:59:59'",
        "applied_at = TIMESTAMP '2026-06-30 22:00:00'", "system = 'billing'", "currency = 'KWD'", "payment = NULL",
    ),
    "bank_line": (
        "kind = 'other'", "deleted = true", "amount = amount + 5", "amount = -amount", "currency = 'EUR'", "entity = 'US01'",
        "booked_on = booked_on + 300", "payout = 'payments/gone'", "fx_rate = '0.9'",
    ),
    "invoice": (
        "status = 'rejected'", "status = NULL", "deleted = true", "posted_at = NULL", "total = total + 7", "total = 0", "currency = 'USD'",
        "posting_period = '2026-01'", "posting_period = ''", "posting_period = NULL", "posted_at = posted_at + INTERVAL 200 DAY",
        "entity = NULL", "fx_rate = '1.2'",
    ),
}  # fmt: skip
"""What makes a plain document less plain, and sometimes no less."""


@pytest.mark.parametrize("flow", FLOWS_WITH_SHAPES)
@pytest.mark.parametrize("before", [None, dt.date(2026, 3, 31)], ids=["all", "a quarter"])
def test_it_is_the_same_whatever_is_a_little_different(tmp_path: Path, flow: str, before: dt.date | None) -> None:
    """Each change befalls one document in fifty; many instances meet several."""
    spoilt = read(tmp_path / "company", 7, "volume", 2500)
    for table, changes in SPOILT.items():
        for number, change in enumerate(changes):
            spoilt.connection.execute(f"UPDATE doc_{table} SET {change} WHERE hash(key) % 50 = {number}")
    agree(spoilt, flow, before=before)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8, 40))
def test_it_is_the_same_in_many_companies(tmp_path: Path, seed: int) -> None:
    made = read(tmp_path / "company", seed, ("rich", "volume")[seed % 2], 600)
    for flow in FLOWS_WITH_SHAPES:
        agree(made, flow, before=(None, dt.date(2026, 1, 31))[seed % 4 // 2])


def test_most_of_a_company_in_order_is_quiet(tmp_path: Path) -> None:
    """Otherwise the shapes would be right and good for nothing."""
    ordinary = read(tmp_path / "company", 6, "volume", 1500)
    left = {}
    for flow in FLOWS_WITH_SHAPES:
        whole = ordinary.judged((flow,), set_based=False).instances
        ordinary.judged((flow,), set_based=True)
        anchor = FLOWS[flow].anchor._name
        ((rest,),) = ordinary.connection.execute(f"SELECT count(*) FROM part_{flow}_{anchor}").fetchall()
        left[flow] = rest / whole
    assert max(left.values()) < 0.5, left
