"""A sealed period can be shown again as it was, and what has moved it since is told by cause, to the cent."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import psycopg
import pytest

from tieout.audit.kept import Cell, Difference, Figures, figures_of
from tieout.audit.live import known
from tieout.audit.sealing import Recomputed, recompute, seal
from tieout.audit.span import month_span
from tieout.canon.documents import Document, Invoice
from tieout.canon.faults import InputFault, MachineFault
from tieout.store import sealed_figures, trail
from tieout.store.backup import backup, restore
from tieout.store.connection import connect
from tieout.store.embedded import running
from tieout.store.sealed_figures import Seal
from tieout.store.trail import By

from .living import START, sold
from .seeded import decree, deliver, interpret

ANNA = By("anna", why="close of June")
JULY = dt.datetime(2026, 7, 2, 9, tzinfo=dt.UTC)
LATER = JULY + dt.timedelta(days=3)
STUCK = Cell("class", "unposted_invoice", "DE01", "EUR")
MISPOSTED = Cell("class", "misposted_invoice", "DE01", "EUR")


@pytest.fixture
def closed(database: str) -> str:
    """June of a company with three invoices of 100.00 that the ERP refused, and a fourth posted 0.03 short."""
    decree(database, START, JULY)
    deliver(database, [document for n in (1, 2, 3) for document in sold(n)])
    *others, billed, refused = sold(4)
    deliver(database, [*others, billed, posted(refused, 3)])
    interpret(database, JULY)
    return database


def posted(refused: Document, short: int = 0) -> Invoice:
    """The ERP's invoice once it is accepted, so many cents short."""
    assert isinstance(refused, Invoice)
    lines = tuple(msgspec.structs.replace(line, net=line.net - short) for line in refused.lines)
    return msgspec.structs.replace(
        refused, version=1, status="posted", error="", posted_at=dt.datetime(2026, 6, 2, tzinfo=dt.UTC), net=refused.net - short,
        total=refused.total - short, lines=lines,
    )  # fmt: skip


def moved(found: Recomputed) -> dict[str, Difference]:
    return {one.cause: one.amounts for one in found.moved if one.amounts}


def adds_up(found: Recomputed) -> bool:
    """Whether the causes' parts are the whole, amount by amount."""
    sums: Difference = {}
    for part in found.moved:
        for cell, amount in part.amounts.items():
            sums[cell] = sums.get(cell, 0) + amount
    return {cell: amount for cell, amount in sums.items() if amount} == found.whole


def a_customer_pays_and_the_erp_posts(dsn: str) -> None:
    """Cause: the ERP accepts one of the refused invoices, which is heard of after the seal."""
    deliver(dsn, [posted(sold(1)[-1])])
    interpret(dsn, LATER)


def cents_are_let_go(dsn: str) -> None:
    """Cause: five cents a line are tolerated from now on."""
    policy = START.policy
    rules = msgspec.structs.replace(policy.rules, tolerances={"line": 5, "tax": 5})
    entities = {name: msgspec.structs.replace(entity, rules=rules) for name, entity in policy.entities.items()}
    decree(
        dsn,
        msgspec.structs.replace(START, policy=msgspec.structs.replace(policy, rules=rules, entities=entities)),
        LATER,
    )


def sealed_by_older_code(dsn: str) -> Seal:
    """Cause: a release that counted two cents too much had sealed June."""
    with known(dsn) as then:
        span = month_span("2026-06", "")
        figures = figures_of(then.judged(span), then.documents)
        classes = tuple(
            msgspec.structs.replace(one, exposure=one.exposure + 2) if one.risk == STUCK.name else one
            for one in figures.classes
        )
        wrong = msgspec.structs.replace(figures, classes=classes)
        with connect(dsn, "a test") as connection:
            made_of = then.moment, then.ruling, "0.0.9+0"
            return sealed_figures.keep(connection, "2026-06", "", span.as_of, made_of, wrong.encode(), ANNA, JULY)


def test_a_sealed_period_is_what_it_was_and_nothing_has_moved_it(closed: str) -> None:
    made = seal(closed, "2026-06", "", ANNA, JULY)
    kept, figures = made.seal, made.figures
    assert made.lacks == ()
    assert {(c.risk, c.exposure) for c in figures.classes} >= {("unposted_invoice", 30_000), ("misposted_invoice", 3)}
    found = recompute(closed, "2026-06")
    assert found.whole == {}
    assert [one.what for one in found.moved] == ["", "", ""]
    assert found.now.encode() == found.sealed.encode(), "the same documents, policy and code give the same bytes"
    with connect(closed, "a test") as connection:
        assert sealed_figures.listed(connection) == [kept]
        (entry,) = trail.history(connection, "period/2026-06")
    assert (entry.who, entry.why) == ("anna", "close of June")
    assert kept.sha256.hex() in (entry.after or "")


def test_late_observations_alone(closed: str) -> None:
    seal(closed, "2026-06", "", ANNA, JULY)
    a_customer_pays_and_the_erp_posts(closed)
    found = recompute(closed, "2026-06")
    assert set(moved(found)) == {"late observations"}
    assert found.whole[STUCK] == -10_000
    assert found.whole[Cell("total", "stuck", "", "EUR")] == -10_000
    assert [one.what for one in found.moved] == ["", "", "1 invoice"]
    assert adds_up(found)


def test_a_changed_policy_alone(closed: str) -> None:
    seal(closed, "2026-06", "", ANNA, JULY)
    cents_are_let_go(closed)
    found = recompute(closed, "2026-06")
    assert set(moved(found)) == {"changed policy"}
    assert found.whole[MISPOSTED] == -3
    assert found.moved[1].what == "sealed under version 1, 2 holds now"
    assert adds_up(found)


def test_changed_code_alone(closed: str) -> None:
    sealed_by_older_code(closed)
    found = recompute(closed, "2026-06")
    assert moved(found) == {"changed code": {STUCK: -2}}
    assert found.moved[0].what.startswith("sealed by 0.0.9+0, this is ")
    assert adds_up(found)


def test_all_causes_together_each_with_its_own_cents(closed: str) -> None:
    """−0.02 by the code, −0.03 by the policy, −100.00 by what came late: −100.05 of the class totals, and no cent is told twice."""
    sealed_by_older_code(closed)
    cents_are_let_go(closed)
    a_customer_pays_and_the_erp_posts(closed)
    found = recompute(closed, "2026-06")
    code, policy, late = (one.amounts for one in found.moved)
    assert code == {STUCK: -2}
    assert (policy[MISPOSTED], policy.get(STUCK)) == (-3, None)
    assert (late[STUCK], late.get(MISPOSTED)) == (-10_000, None)
    assert (found.whole[STUCK], found.whole[MISPOSTED]) == (-10_002, -3)
    assert adds_up(found)
    assert Figures.decode(found.sealed.encode()) == found.sealed


def test_an_observation_that_was_read_before_the_seal_and_committed_after_it_is_late(closed: str) -> None:
    """A slow worker: by its clock it was in June's figures, but nobody could see it when they were sealed."""
    seal(closed, "2026-06", "", ANNA, JULY)
    deliver(closed, [posted(sold(2)[-1])])
    interpret(closed, JULY - dt.timedelta(minutes=5))
    found = recompute(closed, "2026-06")
    assert set(moved(found)) == {"late observations"}
    assert adds_up(found)


def test_entities_are_sealed_apart_and_nothing_is_restated_silently(closed: str) -> None:
    seal(closed, "2026-06", "DE01", ANNA, JULY)
    assert seal(closed, "2026-06", "AT01", ANNA, JULY).figures.classes == ()
    with pytest.raises(InputFault, match=r"2026-06 of DE01 was sealed by anna"):
        seal(closed, "2026-06", "DE01", ANNA, LATER)
    with pytest.raises(InputFault, match="is not over"):
        seal(closed, "2026-07", "", ANNA, JULY)
    with pytest.raises(InputFault, match="2026-05 is not sealed"):
        recompute(closed, "2026-05")
    seal(closed, "2026-06", "DE01", ANNA, LATER, again=True)
    with connect(closed, "a test") as connection:
        assert [one.name for one in sealed_figures.listed(connection)] == ["2026-06 of AT01", *["2026-06 of DE01"] * 2]


@pytest.mark.parametrize("change", ["UPDATE sealed_figure SET who = 'ben'", "DELETE FROM sealed_figure"])
def test_what_is_sealed_is_not_changed(closed: str, change: str) -> None:
    seal(closed, "2026-06", "", ANNA, JULY)
    with connect(closed, "a test") as connection, pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
        connection.execute(change.encode())


def test_whoever_changes_it_all_the_same_is_found_out_by_the_trail(closed: str) -> None:
    """The administrator of the database takes ten thousand off, hash and all. The trail has the hash of what was sealed."""
    made = seal(closed, "2026-06", "", ANNA, JULY)
    less = msgspec.structs.replace(made.figures, totals={**made.figures.totals, "stuck": 0}).encode()
    with connect(closed, "a test") as connection:
        connection.execute(b"ALTER TABLE sealed_figure DISABLE TRIGGER append_only")
        connection.execute(b"UPDATE sealed_figure SET body = %s, sha256 = sha256(%s::bytea)", [less, less])
        forged = sealed_figures.found(connection, "2026-06")
        with pytest.raises(MachineFault, match="are not what was sealed"):
            sealed_figures.figures_of(connection, forged)


def test_what_waits_to_be_interpreted_is_said_with_the_seal(closed: str) -> None:
    deliver(closed, [posted(sold(1)[-1])])
    made = seal(closed, "2026-06", "", ANNA, JULY)
    assert made.lacks == ("deliveries that wait to be interpreted, and are not in it: 1",)


def test_another_server_still_knows_what_was_known_then(closed: str, folder: Path, tmp_path: Path) -> None:
    """The disk breaks after the close. On another server, with its own transactions, June is what it was, and what comes late is late."""
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=1)
    seal(closed, "2026-06", "", ANNA, JULY)
    deliver(closed, [posted(sold(1)[-1])])
    interpret(closed, soon)
    backup(closed, tmp_path, tmp_path / "night.zip", ANNA)
    with running(folder) as other:
        restore(other, tmp_path, tmp_path / "night.zip", ANNA)
        assert recompute(other, "2026-06").whole[STUCK] == -10_000
        deliver(other, [posted(sold(2)[-1])])
        interpret(other, soon)
        found = recompute(other, "2026-06")
    assert set(moved(found)) == {"late observations"}
    assert found.whole[STUCK] == -20_000
    assert adds_up(found)
