"""What must hold of cases when all is quiet, whatever happened on the way."""

from __future__ import annotations

import datetime as dt

import msgspec

from tieout.canon.finding import Finding
from tieout.policy import Policy
from tieout.process.causes import causes
from tieout.process.findings import Valuation, merge
from tieout.store.connection import Connection

UNCOUNTED = "SELECT key FROM case_ WHERE version <> (SELECT count(*) FROM case_event WHERE case_id = case_.id)"


def case_flaws(connection: Connection, policy: Policy, day: dt.date) -> list[str]:
    """In words: the open cases are the root causes of the findings that stand, and each has had as many events as its version says."""
    findings = [msgspec.json.decode(body, type=Finding) for (body,) in connection.execute("SELECT body FROM finding")]
    _, wanted = causes(merge(findings), Valuation(policy, day))
    expected = {c.key: (c.title, c.findings, c.documents, c.exposure_base) for c in wanted}
    columns = "key, title, findings, documents, exposure"
    rows = connection.execute(f"SELECT {columns} FROM case_ WHERE state <> 'closed'".encode()).fetchall()
    broken = []
    if {row[0]: row[1:] for row in rows} != expected:
        broken.append(f"{len(rows)} open cases are not the {len(expected)} causes of what is found")
    broken += [f"the events of case {key} are not as many as its version" for (key,) in connection.execute(UNCOUNTED)]
    for subject, reason in connection.execute("SELECT subject, reason FROM finding_set_aside"):
        broken.append(f"a finding about {subject} could not be followed: {reason}")
    return broken
