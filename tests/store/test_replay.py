"""Deliveries are interpreted again from their bytes, and history tells any moment as it was."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from decimal import Decimal

import msgspec
import pytest
from psycopg_pool import ConnectionPool
from typer.testing import CliRunner

from tieout import cli
from tieout.canon.decode import encode
from tieout.canon.documents import Charge
from tieout.engine.observations import Observation, Refused, observations
from tieout.store import trail
from tieout.store.connection import Connection, open_pool, transact
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.interpret import Claimed, interpret, understood
from tieout.store.replay import Outcome, Wish, outcome, replay
from tieout.store.snapshot import Moment, snapshot
from tieout.store.trail import By

from .seeded import deliver

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ANNA = By("anna", why="the field has a name of ours now")


@pytest.fixture
def pool(database: str) -> Iterator[ConnectionPool[Connection]]:
    with open_pool(database, "a test", 4) as pool:
        yield pool


def charge(id_: str, price: int = 100) -> Charge:
    return Charge(
        system="billing", id=id_, entity="DE01", currency="EUR", order="crm/O1", line="1", product="crm/P1",
        unit_price=Decimal(price), period_months=1, start_on=dt.date(2026, 6, 1),
    )  # fmt: skip


def hand_in(database: str, *bodies: bytes) -> list[int]:
    """Deliveries of one body each; their numbers."""
    with GroupCommit(database) as intake:
        kept = [
            intake.submit(
                Delivery(connection="billing", kind="api", content_type="application/json", headers={}, body=body)
            )
            for body in bodies
        ]
        return [one.result().id for one in kept]


def mended(delivery: Claimed) -> Iterator[Observation | Refused]:
    """How the connection's deliveries are read since somebody saw what `plan` is."""
    return observations(delivery.body.replace(b'"plan"', b'"subscription"'), delivery.content_type, delivery.id)


def known(database: str, at: dt.datetime | None = None) -> dict[str, bytes]:
    """Documents now, or as they were known at an instant."""
    with snapshot(database, None if at is None else Moment(at)) as taken:
        return {msgspec.json.decode(body)["id"]: bytes(body) for _, body in taken.documents()}


def hold_back(pool: ConnectionPool[Connection], until: dict[int, dt.datetime]) -> None:
    """Deliveries that a slow worker has, and gives up then."""
    taken = b"UPDATE delivery SET claimed_until = %s WHERE id = %s"
    for id_, instant in until.items():
        with pool.connection() as connection:
            connection.execute(taken, [instant, id_])


def everything(database: str) -> list[tuple[object, ...]]:
    """All that history holds."""
    with open_pool(database, "a test", 1) as pool:
        rows = b"SELECT key, version, arrival, n, digest, recorded_at FROM observation ORDER BY 1, 2, 3, 4, 6"
        return transact(pool, lambda connection: connection.execute(rows).fetchall())


def test_a_delivery_refused_for_an_unknown_field_is_replayed_after_its_mapping_is_mended(
    pool: ConnectionPool[Connection], database: str
) -> None:
    """A vendor adds `plan` to its charges over night. They wait, refused by name, and are documents as soon as `plan` is understood."""
    odd = encode(charge("C2"))[:-1] + b',"plan":"billing/P1"}'
    _, refused = hand_in(database, encode(charge("C1")), odd)
    interpret(pool, "w", NOON)
    ((state, reason),) = transact(
        pool, lambda c: c.execute(b"SELECT state, reason FROM delivery WHERE id = %s", [refused]).fetchall()
    )
    assert state == 2
    assert "plan: unknown field" in reason
    assert set(known(database)) == {"C1"}

    again = replay(pool, Wish(connection="billing"), ANNA)
    assert list(again.ids) == [refused]
    assert outcome(pool, again) == Outcome(waiting=1, refused=0, changed=0)
    interpret(pool, "w", NOON + HOUR, understand=mended)
    assert outcome(pool, again) == Outcome(waiting=0, refused=0, changed=1)
    assert b"billing/P1" in known(database)["C2"]
    assert set(known(database, NOON)) == {"C1"}, "at noon nobody knew of it"
    (entry,) = transact(pool, lambda c: trail.history(c, "billing"))
    assert (entry.who, entry.what, entry.why) == ("anna", "delivery.replay", ANNA.why)


def test_the_command_says_how_many_documents_changed(
    pool: ConnectionPool[Connection], database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery was refused by a release that did not know the field; this one does. Another one is no JSON, and stays refused."""
    monkeypatch.setenv("TIEOUT_DATABASE_URL", database)
    hand_in(database, encode(charge("C1")), b"no json")

    def an_older_release(delivery: Claimed) -> Iterator[Observation | Refused]:
        return observations(delivery.body.replace(b'"product"', b'"prodct"'), delivery.content_type, delivery.id)

    interpret(pool, "w", NOON, understand=an_older_release)
    assert known(database) == {}
    told = CliRunner().invoke(cli.app, ["replay", "--connection", "billing", "--why", "a new release"])
    assert told.output == "interpreted again: 2; documents changed: 1; deliveries refused: 1\n"
    assert set(known(database)) == {"C1"}
    refused = CliRunner().invoke(cli.app, ["replay", "--state", "refusd"])
    assert "did you mean 'refused'" in str(refused.exception)


def test_replaying_everything_twice_changes_nothing(pool: ConnectionPool[Connection], database: str) -> None:
    """Two prices of one charge, a restatement, and another charge: replayed as often as one likes, each reads as it did."""
    deliver(database, [charge("C1", 100)])
    hand_in(database, encode(charge("C1", 120)), encode(charge("C2")), encode(charge("C1", 120)))
    interpret(pool, "w", NOON)
    before, told = known(database), everything(database)
    for round_ in range(2):
        again = replay(pool, Wish(state="all"), ANNA)
        assert len(again.ids) == 4
        interpret(pool, "w", NOON + HOUR * (round_ + 1), limit=2 + round_)
        interpret(pool, "w", NOON + HOUR * (round_ + 1))
        assert outcome(pool, again) == Outcome(waiting=0, refused=0, changed=0)
    assert known(database) == before
    assert everything(database) == told
    counted = transact(pool, lambda c: c.execute(b"SELECT sum(documents) FROM stream_arrival").fetchone())
    assert counted == (4,), "what is replayed has not arrived again"


def test_what_is_read_otherwise_after_a_fix_takes_the_place_of_what_was_read(
    pool: ConnectionPool[Connection], database: str
) -> None:
    """Prices were read as net although they were gross. The fix is replayed; what was known before can still be told."""
    hand_in(database, encode(charge("C1", 119)))
    interpret(pool, "w", NOON)

    def net(delivery: Claimed) -> Iterator[Observation | Refused]:
        return observations(delivery.body.replace(b"119", b"100"), delivery.content_type, delivery.id)

    again = replay(pool, Wish(state="interpreted"), ANNA)
    interpret(pool, "w", NOON + HOUR, understand=net)
    assert outcome(pool, again) == Outcome(waiting=0, refused=0, changed=1)
    assert b'"100"' in known(database)["C1"]
    assert b'"100"' in known(database, NOON + HOUR)["C1"]
    assert b'"119"' in known(database, NOON)["C1"]


def test_an_old_observation_that_comes_late_does_not_pass_for_the_newest(
    pool: ConnectionPool[Connection], database: str
) -> None:
    """100, then 120, then 100 again: the 120 is interpreted last, by a worker that was slow. Now and at any moment it is 100."""
    hand_in(database, encode(charge("C1", 100)))
    interpret(pool, "w", NOON - HOUR)
    slow, _ = hand_in(database, *(encode(charge("C1", price)) for price in (120, 100)))
    hold_back(pool, {slow: NOON + HOUR / 2})
    interpret(pool, "w", NOON)
    interpret(pool, "w", NOON + HOUR)
    for at in (None, NOON, NOON + HOUR):
        assert b'"100"' in known(database, at)["C1"]
    assert b'"120"' in transact(
        pool, lambda c: b"".join(body for (body,) in c.execute(b"SELECT body FROM observation").fetchall())
    )


def test_a_batch_that_goes_there_and_back_ends_where_it_ends(pool: ConnectionPool[Connection], database: str) -> None:
    """The record says 100; one batch says 120 and 100 again."""
    hand_in(database, encode(charge("C1", 100)))
    interpret(pool, "w", NOON)
    hand_in(database, encode(charge("C1", 120)), encode(charge("C1", 100)))
    interpret(pool, "w", NOON + HOUR)
    assert known(database) == known(database, NOON + HOUR)


@pytest.mark.parametrize("seed", range(6))
def test_every_moment_is_told_as_it_was_whatever_came_after(
    pool: ConnectionPool[Connection], database: str, seed: int
) -> None:
    """Versions out of order, restatements, slow workers, replays, prices read otherwise: 20 rounds, and each is told again in the end."""
    chance, told = random.Random(seed), {}

    def otherwise(delivery: Claimed) -> Iterator[Observation | Refused]:
        return observations(delivery.body.replace(b'"100"', b'"101"'), delivery.content_type, delivery.id)

    for n in range(20):
        now = NOON + HOUR * n
        bodies = [
            encode(msgspec.structs.replace(charge(chance.choice("ABC"), chance.choice((100, 120, 140))), version=chance.choice((0, 0, 1))))
            for _ in range(chance.randint(0, 3))
        ]  # fmt: skip
        held = {id_: now + HOUR * chance.randint(1, 4) for id_ in hand_in(database, *bodies) if chance.random() < 0.3}
        hold_back(pool, held)
        if chance.random() < 0.2:
            replay(pool, Wish(state="all"), ANNA)
        while interpret(pool, "w", now, limit=chance.randint(1, 4), understand=otherwise if n > 12 else understood):
            pass
        told[now] = known(database)
    assert len({tuple(sorted(state.items())) for state in told.values()}) > 5
    for moment, state in told.items():
        assert known(database, moment) == state, f"as of {moment:%d %H:%M}"
