"""Cases on the command line."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from tieout import cli
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.store.connection import Pool, open_pool
from tieout.store.triage import triage

from ..store.verdicts import commit, found

Run = Callable[..., Result]
SOON = str(dt.date.today() + dt.timedelta(days=30))  # noqa: DTZ011


@pytest.fixture
def pool(database: str) -> Iterator[Pool]:
    """Two invoices that the ERP refused, of 100.00 and 20,000.00, and a missing code that holds 300.00 in two of them."""
    gap = found(
        Risk.MASTER_DATA_GAP,
        "crosswalk/item/X9",
        owner="master-data",
        why="X9 has no ERP item",
        holds=("invoice/b/3", "invoice/b/4"),
    )
    verdicts = {
        "order/c/1": [found(Risk.UNPOSTED_INVOICE, "invoice/b/1", 10_000, why="refused: period closed")],
        "order/c/2": [found(Risk.UNPOSTED_INVOICE, "invoice/b/2", 2_000_000)],
        "order/c/3": [
            gap, found(Risk.UNPOSTED_INVOICE, "invoice/b/3", 10_000), found(Risk.UNPOSTED_INVOICE, "invoice/b/4", 20_000),
        ],
    }  # fmt: skip
    with open_pool(database, "a test", 1) as pool:
        commit(pool, verdicts)
        settle(pool)
        yield pool


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as somebody, on a database of the test's own."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)

    def command(*words: str, who: str = "anna", answer: str | None = None) -> Result:
        monkeypatch.setenv("LOGNAME", who)
        return CliRunner().invoke(cli.app, ["cases", *words], input=answer)

    return command


def settle(pool: Pool) -> None:
    while triage(pool, Policy(base_currency="EUR"), dt.datetime.now(dt.UTC)):
        pass


@pytest.mark.usefixtures("pool")
def test_the_queue_is_listed_dearest_first(run: Run) -> None:
    lines = run("list").output.splitlines()
    assert [line.split()[2] for line in lines] == ["20,000.00", "300.00", "100.00"]
    assert lines[1].endswith("master-data: X9 has no ERP item · 2 findings")
    assert run("list", "--owner", "AR", "--min-exposure", "100.01").output.count("\n") == 1
    assert run("list", "--limit", "1").output.splitlines()[1].startswith("more: --after ")
    assert run("list", "--state", "closed").output == "no cases\n"
    assert [case["exposure"] for case in json.loads(run("list", "--json").output)["cases"]] == [
        2_000_000,
        30_000,
        10_000,
    ]
    assert "did you mean 'snoozed'" in str(run("list", "--state", "snozed").exception)


@pytest.mark.usefixtures("pool")
def test_a_case_tells_its_story(run: Run) -> None:
    assert run("assign", "3", "ben", "--why", "his customer").exit_code == 0
    assert run("note", "3", "closed a day early").exit_code == 0
    assert run("link", "3", "https://tickets.example/7").exit_code == 0
    assert "version 4, now 5" in str(
        [run("comment", "3", "asked the ERP team"), run("assign", "3", "carla", "--version", "4")][1].exception
    )
    shown = run("show", "3").output
    for line in (
        "at risk    100.00 EUR in 1 finding, 1 document; low", "owner      AR, ben has it", "cause      closed a day early",
        "link       https://tickets.example/7", "100.00 EUR  invoice/b/1: refused: period closed",
        "anna: assigned (his customer)", "anna: commented (asked the ERP team)",
    ):  # fmt: skip
        assert line in shown


@pytest.mark.usefixtures("pool")
def test_two_people_accept_a_risk(run: Run) -> None:
    assert "to be approved by somebody else" in run("accept-risk", "3", "--until", SOON, "--why", "in dispute").output
    assert "anna proposed it" in str(run("approve", "3").exception)
    assert run("approve", "3", who="ben").output == "case 3, version 3: accepted\n"
    assert run("revoke", "3", "--why", "settled").output == "case 3, version 4: open\n"


def test_many_are_claimed_fixed_and_read_back_from_the_verdicts(run: Run, pool: Pool) -> None:
    """Both invoices are said to be posted; one of them is."""
    asked = run("bulk", "claim-fixed", "--owner", "AR", answer="n\n")
    assert asked.output.startswith("claim-fixed: 2 cases, 20,100.00 EUR at risk") and "unverified" not in asked.output
    done = run("bulk", "claim-fixed", "--owner", "AR", "--yes")
    assert done.output.splitlines()[-1] == "2 unverified"
    commit(pool, {"order/c/2": []}, dt.datetime.now(dt.UTC))
    settle(pool)
    again = run("bulk", "claim-fixed", "--risk", "unposted_invoice", "--state", "any", "--yes", "--wait", "1")
    assert again.output.splitlines()[-1] == "1 fixed · 1 unverified"
    refused = run("bulk", "wake", "--yes")
    assert (refused.exit_code, refused.output.splitlines()[-1]) == (1, "2 refused")


@pytest.mark.usefixtures("pool")
def test_what_it_all_comes_to(run: Run) -> None:
    assert [line.split()[:3] for line in run("times").output.splitlines()[1:]] == [
        ["AR", "2", "0"],
        ["master-data", "1", "0"],
    ]
    lines = run("risk").output.splitlines()
    assert lines[1].split() == ["stuck", "20,400.00", "EUR"]
