"""Figures on the command line: computed now, as known then, under another policy, sealed; and kept for whoever asks."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from tieout import cli
from tieout.audit.kept import Figures
from tieout.audit.live import known
from tieout.audit.standing import compute_wanted
from tieout.policy.crosswalk import Codes, CrosswalkRow
from tieout.store import standing_figures
from tieout.store.connection import connect
from tieout.store.snapshot import Moment

from .living import START, sold
from .seeded import decree, deliver, interpret

Run = Callable[..., Result]
JUNE = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
JULY = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a company of two invoices of 100.00 that the ERP refused: one known in June, one only in July."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    decree(database, START, JUNE)
    for number, heard in ((1, JUNE), (2, JULY)):
        deliver(database, sold(number))
        interpret(database, heard)
    return lambda *words: CliRunner().invoke(cli.app, words)


def test_a_report_is_the_audits(run: Run, tmp_path: Path) -> None:
    told = run("report", "--out", str(tmp_path / "report"), "--as-of", "2026-07-02")
    assert told.exit_code == 0, told.output
    assert {path.name for path in (tmp_path / "report").iterdir()} == {
        "report.html",
        "report.xlsx",
        "report.json",
        "parquet",
    }
    assert json.loads((tmp_path / "report" / "report.json").read_text())["totals"]["stuck"] == "200.00"


def test_what_was_known_then_is_shown_as_it_was_then(run: Run, tmp_path: Path) -> None:
    """At the end of June one invoice was stuck; that another one was, too, was heard in July."""
    for words, stuck in ((("2026-06-30",), "100.00"), (("2026-07-03", "--day", "2026-06-30"), "200.00")):
        told = run("asof", *words, "--out", str(tmp_path / stuck))
        assert told.exit_code == 0, told.output
        assert json.loads((tmp_path / stuck / "report.json").read_text())["totals"]["stuck"] == stuck


def test_what_was_known_then_is_judged_by_the_policy_of_then(run: Run, database: str, tmp_path: Path) -> None:
    """In July nothing counts as complete any more. June's figures were made when it did, and are shown as they were."""
    decree(database, msgspec.structs.replace(START, complete=()), JULY)
    with known(database, Moment(JUNE)) as then, known(database) as now:
        assert (then.ruling.version, now.ruling.version) == (1, 2)
        assert (then.documents["order"], now.documents["order"]) == (1, 2)
    assert run("asof", "2026-06-30", "--out", str(tmp_path)).exit_code == 0
    assert json.loads((tmp_path / "report.json").read_text())["not_judged"] == []


def test_another_policy_is_tried_before_it_is_decided(run: Run, database: str, tmp_path: Path) -> None:
    """The item's code is unmapped. A mapping would leave the money stuck until somebody posts it, but nothing would hold it up."""
    policy = msgspec.structs.replace(
        START.policy, crosswalks={"item": Codes(rows=(CrosswalkRow(code="OTHER", target="4711"),))}
    )
    decree(database, msgspec.structs.replace(START, policy=policy), JULY)
    mended = tmp_path / "mended.toml"
    mended.write_text('[[crosswalks]]\ntable = "item"\nrows = [{ code = "SKU-7", target = "4711" }]\n')
    told = run("whatif", str(mended), "--as-of", "2026-07-02").output
    assert "stuck: 200.00 EUR, as before, 200.00 of it no longer held up" in told
    assert "unposted_invoice of DE01 (EUR)" in told
    assert "200.00 no longer held up" in told
    assert (
        run("whatif", str(mended), "--as-of", "2026-07-02", "--since", "2026-07-01").output == "Nothing would differ.\n"
    )
    assert run("policy", "history").output.count("\n") == 2, "nothing was decided"


def test_a_month_is_sealed_shown_and_recomputed(run: Run, database: str) -> None:
    sealed = run("seal", "2026-06", "--why", "close of June")
    assert sealed.exit_code == 0, sealed.output
    assert "200.00 EUR  unposted_invoice" in sealed.output
    assert run("seal", "show", "2026-06").output == sealed.output
    assert "close of June" in run("seal", "list").output
    assert run("seal", "recompute", "2026-06").output.endswith("Nothing has moved.\n")
    deliver(database, sold(3))
    interpret(database, JULY)
    moved = run("seal", "recompute", "2026-06")
    assert moved.exit_code == 1
    assert "Late observations: 1 charge, 1 entitlement, 2 invoice, 1 order" in moved.output
    assert "100.00 EUR  unposted_invoice" in moved.output
    assert "recompute" in str(run("seal", "2026-06").exception)


def test_figures_are_kept_until_something_is_heard(run: Run, database: str) -> None:
    now = dt.datetime.now(dt.UTC)
    with connect(database, "a test") as connection:
        connection.autocommit = True
        assert not standing_figures.is_fresh(connection, None, now)
        standing_figures.want(connection, "2026-06", "DE01", now)
        standing_figures.want(connection, "2026-06", "XX99", now)
        assert compute_wanted(database) == 2
        kept = standing_figures.read(connection, "2026-06", "DE01")
        assert kept is not None and kept.body is not None
        assert Figures.decode(kept.body).totals["stuck"] == 20_000
        hours = dt.timedelta(hours=3)
        assert standing_figures.is_fresh(connection, kept, now + hours), "nothing was heard since"
        unknown = standing_figures.read(connection, "2026-06", "XX99")
        assert unknown is not None and "there is no entity 'XX99'" in (unknown.problem or "")
        deliver(database, sold(3))
        interpret(database, now + dt.timedelta(minutes=1))
        assert standing_figures.is_fresh(connection, kept, now + dt.timedelta(minutes=10))
        assert not standing_figures.is_fresh(connection, kept, now + hours)
        decree(database, msgspec.structs.replace(START, complete=()), now)
        assert not standing_figures.is_fresh(connection, kept, now), "another policy holds"
