"""The engine under seeded faults ends in the verdicts of an undisturbed evaluation; and a broken engine is found out (G1, G2)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tieout.store import stages

from .run import Run


@pytest.mark.parametrize("seed", [pytest.param(n, marks=[pytest.mark.long] if n > 3 else []) for n in range(1, 51)])
def test_whatever_happens_on_the_way_the_verdicts_are_the_same(database: str, seed: int) -> None:
    run = Run(database, seed)
    try:
        outcome = run.run(1500)
    finally:
        run.close()
    assert outcome.broken == ()
    assert outcome.kills > 3


class Forgetful(stages.Stages):
    """A worker with a fault that such a simulation must find: it never looks at who else holds a document."""

    def run(self, stage: str, now: object) -> int:
        return 0 if stage == "share" else super().run(stage, now)  # type: ignore[arg-type]


def test_a_worker_that_forgets_a_stage_is_found_out(make_database: Callable[[str], str]) -> None:
    broken = []
    for seed in (1, 2):
        run = Run(make_database("template"), seed, stages=Forgetful)
        try:
            broken += run.run(400).broken
        finally:
            run.close()
    assert any("holding_changed is not empty" in one or "verdicts differ" in one for one in broken)
