"""What the engine knows leaves it whole: as tables that can be audited, and as an event log that can be mined."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tieout.app.export import export_events, export_tables
from tieout.audit.live import known
from tieout.audit.report.files import as_json
from tieout.audit.run import audit
from tieout.audit.span import Span

from .seeded import DAY, decree, deliver, seeded, settle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("company")


def figures(result: Any) -> dict[str, Any]:
    told = json.loads(as_json(result))
    return {
        name: told[name]
        for name in ("totals", "findings", "causes", "bridge", "kpis", "milestones", "not_judged", "fx")
    }


def test_what_was_exported_can_be_audited_with_the_same_result(database: str, folder: Path, tmp_path: Path) -> None:
    company = seeded(5, 12, folder / "exports")
    decree(database, company.decided)
    deliver(database, company.documents)
    settle(database)
    counts = export_tables(database, tmp_path, DAY)
    assert sum(counts.values()) == len(company.documents)
    with known(database) as now:
        live = now.judged(Span(as_of=DAY))
    assert live.findings and live.bridge
    assert figures(audit(tmp_path)) == figures(live)

    log = export_events(database, tmp_path / "log.json")
    written = json.loads((tmp_path / "log.json").read_text())
    assert (log.objects, log.events) == (len(company.documents), len(written["events"]))
    assert log.unfinished == (0, 0)
    _is_ocel(written)
    types = Counter(event["type"] for event in written["events"])
    reached = {f"{m.flow}: {m.name}": m.reached for m in live.milestones if m.reached}
    strays = {name for name, count in reached.items() if types[name] != count}
    assert not strays, "every milestone that an audit counts is an event"


def _is_ocel(log: dict[str, Any]) -> None:
    """What the standard asks of a log: names declared once, identities that are unique, values of the types declared, no dangling ends."""
    objects = {one["id"]: one for one in log["objects"]}
    assert len(objects) == len(log["objects"])
    assert len({one["id"] for one in log["events"]}) == len(log["events"])
    attributes = {t["name"]: {a["name"]: a["type"] for a in t["attributes"]} for t in log["objectTypes"]}
    assert {one["type"] for one in log["events"]} == {t["name"] for t in log["eventTypes"]}
    kinds = {"string": str, "time": str, "integer": int, "boolean": bool, "float": (int, float)}
    for one in log["objects"]:
        for attribute in one["attributes"]:
            assert isinstance(attribute["value"], kinds[attributes[one["type"]][attribute["name"]]])
            assert attribute["time"]
    for one in (*log["objects"], *log["events"]):
        assert all(related["objectId"] in objects and related["qualifier"] for related in one["relationships"])
    assert all(one["relationships"] and one["time"].endswith("Z") for one in log["events"])
