"""One run of the engine under a seeded schedule of faults, and what it must not break."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

import msgspec

from tieout.canon.decode import decode
from tieout.canon.documents import Document
from tieout.process.verdict import Verdict
from tieout.store.case_work import tick
from tieout.store.connection import connect, open_pool, transact
from tieout.store.decisions import decide
from tieout.store.intake import Delivery, GroupCommit
from tieout.store.paced import open_paced
from tieout.store.stages import STAGES, Stages
from tieout.store.triage import triage

from .case_flaws import case_flaws
from .story import AS_OF, Story, delivery
from .turns import Worker

START = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
STEPS = 2_000
CASES = {"triage": triage, "keep the time of cases": tick}
"""What workers do beside the stages."""
REPLAY = "UPDATE delivery SET state = 0, attempts = 0, reason = NULL WHERE state = 2 AND reason LIKE 'it stopped its worker%'"
"""What an operator does with deliveries that were set aside because their workers died again and again: here it was we who killed them."""


class Outcome(msgspec.Struct, frozen=True):
    """How a run ended."""

    seed: int
    steps: int
    kills: int
    broken: tuple[str, ...]
    """The invariants that it broke, in words."""
    schedule: tuple[str, ...]
    """What happened, step by step."""


class Run:
    """A database with a company on its way into it, and workers that a seed schedules."""

    def __init__(self, dsn: str, seed: int, orders: int = 5, workers: int = 3, stages: type[Stages] = Stages) -> None:
        self.dsn, self.seed, self.chance = dsn, seed, random.Random(seed)
        self.story = Story(seed, orders)
        self.now, self.kills = START, 0
        self.said: list[str] = []
        self._watch = connect(dsn, "sim watch")
        self._watch.autocommit = True
        self._pool = open_pool(dsn, "sim", 2)
        self.workers = [Worker(f"worker {n}", self._waits) for n in range(workers)]
        self._pools = [open_paced(dsn, worker.name, worker.pace) for worker in self.workers]
        self._make = stages
        self._stages = [stages(pool, w.name, 40) for pool, w in zip(self._pools, self.workers, strict=True)]
        self._waiting = self._deliveries()

    def _waits(self, name: str) -> bool:
        row = self._watch.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'", [name]
        ).fetchone()
        return row is not None

    def _deliveries(self) -> list[list[Document]]:
        """What is sent, in batches, out of order and some of it twice; some of it is lost, and comes with the snapshot only."""
        told = [*self.story.before(), *self.story.documents]
        told = [one for one in told for _ in range(1 if self.chance.random() < 0.8 else 2)]
        told = [one for one in told if self.chance.random() < 0.9]
        self.chance.shuffle(told)
        sizes = [self.chance.choice((1, 3, 20)) for _ in range(len(told))]
        batches = []
        while told:
            size = sizes.pop()
            batches.append(told[:size])
            told = told[size:]
        return batches

    def run(self, steps: int = STEPS) -> Outcome:
        """So many steps under faults; then calm, and the check."""
        with GroupCommit(self.dsn) as intake:
            self._decide("the policy begins")
            for _ in range(steps):
                self.chance.choices(
                    (self._turn, self._send, self._later, self._kill, self._change), (80, 12, 4, 2, 0.5)
                )[0](intake)
                self._steady()
            self._let_end()
            for batch in self._waiting:
                self._deliver(intake, batch)
            self._deliver(intake, self.story.documents)  # the snapshot
        broken = [f"{w.name} failed: {type(w.error).__name__}: {w.error}" for w in self.workers if w.error is not None]
        self.now += dt.timedelta(hours=1)  # claims of the killed run out
        calm = self._make(self._pool, "calm")
        calm.as_of = AS_OF
        calm.settle(self.now)
        if self._watch.execute(REPLAY).rowcount:
            calm.settle(self.now)
        while triage(self._pool, self.story.decided.policy, self.now):
            pass
        broken += [*self._check(), *case_flaws(self._watch, self.story.decided.policy, self.now.date())]
        return Outcome(self.seed, steps, self.kills, tuple(broken), tuple(self.said))

    def close(self) -> None:
        """Let go of all connections."""
        for pool in (self._pool, *self._pools):
            pool.close()
        self._watch.close()

    def _turn(self, _intake: GroupCommit) -> None:
        n = self.chance.randrange(len(self.workers))
        worker, stages, now = self.workers[n], self._stages[n], self.now
        if worker.idle:
            stage = self.chance.choice((*STAGES, *CASES))
            stages.as_of = AS_OF
            self.said.append(f"{worker.name} begins to {stage}")
            if stage in CASES:
                worker.begin(lambda: CASES[stage](self._pools[n], self.story.decided.policy, now, 7))
            else:
                worker.begin(lambda: stages.run(stage, now))
        elif worker.stopped:
            worker.go()

    def _steady(self) -> None:
        """Whoever got the lock that it waited for comes to its next stop, before the next step is chosen: so a seed is one schedule."""
        for worker in self.workers:
            if not (worker.idle or worker.stopped):
                worker.arrive()

    def _send(self, intake: GroupCommit) -> None:
        if self._waiting:
            self._deliver(intake, self._waiting.pop())

    def _deliver(self, intake: GroupCommit, documents: list[Document]) -> None:
        self.said.append(f"{len(documents)} documents arrive")
        body = delivery(documents)
        intake.submit(
            Delivery(connection="sim", kind="api", content_type="application/x-ndjson", headers={}, body=body)
        ).result()

    def _later(self, _intake: GroupCommit) -> None:
        self.now += dt.timedelta(seconds=self.chance.choice((1, 30, 90)))
        self.said.append(f"it is {self.now:%H:%M:%S}")

    def _kill(self, _intake: GroupCommit) -> None:
        n = self.chance.randrange(len(self.workers))
        worker = self.workers[n]
        if worker.stopped:
            self.said.append(f"{worker.name} is killed")
            self.kills += 1
            worker.go(kill=True)
            self._stages[n] = self._make(self._pools[n], worker.name, 40)

    def _change(self, _intake: GroupCommit) -> None:
        if not any(not worker.idle for worker in self.workers):  # it would wait for them, and they for their turn
            self._decide("somebody changes the policy and changes it back")

    def _decide(self, why: str) -> None:
        self.said.append(why)
        wrong = msgspec.structs.replace(self.story.decided, complete=())
        for version in (wrong, self.story.decided):
            transact(self._pool, _deciding(version, why, self.now))

    def _let_end(self) -> None:
        """Let everybody come to the end of what they are at."""
        while not all(worker.idle for worker in self.workers):
            for worker in self.workers:
                if worker.stopped:
                    worker.go()
            self._steady()

    def _check(self) -> list[str]:
        """The invariants, each in words."""
        broken = []
        rows = self._watch.execute("SELECT flow, verdict, digest, problem FROM instance").fetchall()
        found = {
            (flow, msgspec.json.decode(verdict, type=Verdict).instance): digest for flow, verdict, digest, _ in rows
        }
        expected = self.story.expected
        if missing := sorted(expected.keys() - found.keys()):
            broken.append(f"{len(missing)} instances are missing, such as {missing[0]}")
        if extra := sorted(found.keys() - expected.keys()):
            broken.append(f"{len(extra)} instances are too many, such as {extra[0]}")
        wrong = sorted(key for key in expected.keys() & found.keys() if bytes(found[key]) != expected[key])
        if wrong:
            broken.append(f"{len(wrong)} verdicts differ from those of an undisturbed evaluation, such as {wrong[0]}")
        broken += [f"{flow} could not be judged: {problem}" for flow, _, _, problem in rows if problem]
        documents = {d.key: d for d in self.story.documents}
        kept = {key: decode(bytes(body)) for key, body in self._watch.execute("SELECT key, body FROM record")}
        if kept != documents:
            broken.append("the records are not the newest version of every document")
        if untold := self._watch.execute(_OTHERWISE_TOLD).fetchall():
            broken.append(f"history tells {len(untold)} documents otherwise than their records, such as {untold[0][0]}")
        for queue in ("touched", "holding_changed"):
            if self._watch.execute(f"SELECT 1 FROM {queue} LIMIT 1").fetchone():
                broken.append(f"{queue} is not empty when all is quiet")
        for (reason,) in self._watch.execute("SELECT reason FROM delivery WHERE state <> 1 OR reason IS NOT NULL"):
            broken.append(f"a delivery that was accepted is not interpreted: {reason}")
        return broken


_OTHERWISE_TOLD = """
SELECT key FROM record WHERE digest IS DISTINCT FROM (
    SELECT digest FROM observation WHERE observation.key = record.key
    ORDER BY version DESC, arrival DESC, n DESC, recorded_at DESC LIMIT 1
)
"""


def _deciding(version: object, why: str, now: dt.datetime) -> Callable[..., int]:
    return lambda connection: decide(connection, version, "sim", why, now)  # type: ignore[arg-type]


def shortest(make: Callable[[], Run], failed: Outcome, tries: int = 12) -> Outcome:
    """A run of the same seed with as few steps as were found to break something, by halving."""
    least, most, best = 0, failed.steps, failed
    for _ in range(tries):
        if most - least <= 1:
            break
        middle = (least + most) // 2
        run = make()
        try:
            outcome = run.run(middle)
        finally:
            run.close()
        if outcome.broken:
            most, best = middle, outcome
        else:
            least = middle
    return best
