"""From an audit to the live engine with one command: the same money, by the same policy."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
from typer.testing import CliRunner

from tieout.audit.run import audit
from tieout.canon.finding import Finding
from tieout.cli import app
from tieout.process.findings import merge
from tieout.simulate.exports import company
from tieout.store.connection import connect, open_pool
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.stages import Stages

AS_OF = dt.date(2026, 6, 30)


def test_exports_are_loaded_once_and_give_the_findings_of_their_audit(folder: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    company(9, 40, "rich", False, [], exports)
    expected = {(*f.identity, f.exposure) for f in audit(exports, as_of=AS_OF).findings}
    with running(folder) as dsn:
        migrate(dsn)
        first = CliRunner().invoke(app, ["load", str(exports), "--data", str(folder)], catch_exceptions=False)
        again = CliRunner().invoke(app, ["load", str(exports), "--data", str(folder)], catch_exceptions=False)
        with open_pool(dsn, "test", 2) as pool:
            worker = Stages(pool, "worker")
            worker.as_of = AS_OF
            worker.settle(dt.datetime(2026, 6, 30, 23, tzinfo=dt.UTC))
        with connect(dsn, "test") as connection:
            rows = connection.execute("SELECT body FROM finding").fetchall()
    found = merge(msgspec.json.decode(body, type=Finding) for (body,) in rows)
    assert "documents delivered" in first.stdout
    assert "kept before" not in first.stdout
    assert "kept before" in again.stdout
    assert {(*f.identity, f.exposure) for f in found} == expected
    assert len(expected) > 10
