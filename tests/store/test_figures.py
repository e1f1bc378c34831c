"""Figures of the whole company come from the live engine as an audit of the same documents has them."""

from __future__ import annotations

import msgspec
import pytest

from tieout.audit.live import known
from tieout.audit.report.files import as_json
from tieout.audit.result import AuditResult
from tieout.audit.run import audit
from tieout.audit.span import Span
from tieout.canon.finding import Finding
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge, rank, totals
from tieout.store.connection import connect

from .seeded import DAY, Seeded, decree, deliver, seeded, settle


@pytest.fixture(scope="module", params=[3, 11])
def company(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seeded:
    return seeded(request.param, 12, tmp_path_factory.mktemp("company") / "exports")


def parts(result: AuditResult) -> dict[str, bytes]:
    """What two results that agree have to have in common, each as the bytes of its JSON."""
    whole = msgspec.json.decode(as_json(result), type=dict[str, msgspec.Raw])
    apart = {"files", "rejections", "notes", "company"}
    return {name: bytes(part) for name, part in whole.items() if name not in apart}


def test_an_audit_and_the_engine_agree_in_findings_totals_and_bridge(company: Seeded, database: str) -> None:
    """One company, twice: its exports audited, and its documents delivered in another order and settled instance by instance."""
    audited = audit(company.folder, as_of=DAY)
    assert audited.findings
    decree(database, company.decided)
    deliver(database, company.documents, shuffled=1)
    settle(database)

    with connect(database, "a test") as connection:
        rows = connection.execute(b"SELECT body FROM finding").fetchall()
        assert connection.execute(b"SELECT count(*) FROM instance WHERE problem IS NOT NULL").fetchone() == (0,)
    valuation = Valuation(company.decided.policy, DAY)
    found = rank(merge(msgspec.json.decode(body, type=Finding) for (body,) in rows), DAY, valuation)
    marked, roots = causes(found, valuation)
    assert tuple(marked) == audited.findings
    assert tuple(roots) == audited.causes
    assert totals(marked, valuation) == audited.totals

    with known(database) as now:
        live = now.judged(Span(as_of=DAY))
        month = now.judged(Span(as_of=DAY, period="2026-05", entities=("DE01",)))
    assert parts(live) == parts(audited)
    assert parts(month) == parts(audit(company.folder, as_of=DAY, period="2026-05", entities=("DE01",)))
