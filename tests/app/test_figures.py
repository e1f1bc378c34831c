"""Whoever asks a served Tieout for figures gets them from a worker, while it goes on taking what arrives."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from tieout.canon.decode import encode
from tieout.store.connection import connect
from tieout.store.decisions import decide
from tieout.store.embedded import running
from tieout.store.people import Wish, add_token
from tieout.store.trail import By

from ..store.living import NOON, START, sold
from .served import PATIENCE, Served


def until(served: Served, path: str, status: int) -> dict[str, Any]:
    """Ask until three invoices of 100.00 are stuck and the answer has that status."""
    began = time.monotonic()
    while True:
        answered, said = served.ask("GET", path)
        if answered == status and said["totals"].get("stuck") == 30_000:
            return said
        assert time.monotonic() - began < PATIENCE, (answered, said)
        time.sleep(0.2)


def test_figures_that_somebody_asks_for_are_computed_by_a_worker(folder: Path) -> None:
    served = Served(folder, workers=1, as_of="2026-06-30")
    try:
        with running(served.folder) as dsn, connect(dsn, "a test") as connection:
            decide(connection, START, "anna", "a test", NOON)
            wish = Wish(name="of a test", kind="service", holder="board", scopes=["deliver", "read"])
            served.token = add_token(connection, wish, By("it", why="a test"))[1]
        served.deliver(b"\n".join(encode(document) for n in range(3) for document in sold(n)), "three invoices")
        until(served, "/v1/risk", 200)
        said = until(served, "/v1/kpis", 200)
        assert said["computed"]["as_of"] == "2026-06-30"
        assert served.ask("GET", "/v1/bridge")[1]["rows"]
    finally:
        served.stop()
