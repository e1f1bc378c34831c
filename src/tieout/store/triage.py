"""Cases follow the findings: from the queue `finding_changed`, in batches, after the verdicts' commit.

A batch reads the findings of the identities that changed, puts their parts together, finds the cause of each by who holds which document,
and refreshes the cases of the causes that it touched. What is read is what changed and what hangs on it, never all findings. However
changes are ordered, repeated or cut into batches, the cases are the same: each batch computes them from what stands.

One worker triages at a time: the holder of a document and what it holds may come from two verdicts, and two batches side by side would
each miss the other's. The work is set-based, so one is enough; the others find the lock taken and go on with something else.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.finding import PRECEDENCE, Finding, Group
from tieout.cases import Case, Cause, Leader, Part, refresh, worth_in
from tieout.process.causes import about, alone, cause_of, held_by, holdable
from tieout.process.findings import merge
from tieout.telemetry.batches import batch

from . import locks
from .case_rows import decoded, encoded, write
from .connection import Connection, arrays, transact
from .piecemeal import piecemeal
from .statements import sql

if TYPE_CHECKING:
    from tieout.policy import Policy


class Identity(NamedTuple):
    """What a finding is, whichever instance saw it."""

    risk: str
    subject: str
    period: str


MemberKey = tuple[str, str, str, str]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `case_finding`."""

    risk: str
    subject: str
    period: str
    currency: str
    group: str
    rank: int
    cause: str
    documents: tuple[str, ...]
    holds: str
    entity: str
    owner: str
    customer: str
    exposure: int
    tax: int
    since: dt.date | None
    deadline: dt.date | None
    variant: str
    why: str

    @property
    def key(self) -> MemberKey:
        """What it is one of."""
        return self.risk, self.subject, self.period, self.currency


def triage(pool: ConnectionPool[Connection], policy: Policy, now: dt.datetime, limit: int = 1_000) -> int:
    """Let cases follow the next findings that changed, in one transaction. How many identities that were; 0: none wait, or another
    worker is at it. What cannot be followed is set aside for an hour. Raises DatabaseLost.
    """
    claimed: list[int] = []

    def set_aside(reason: str) -> None:
        parameters = {"ids": claimed, "reason": reason, "now": now}
        transact(pool, lambda connection: connection.execute(sql("set_findings_aside"), parameters))

    def follow(most: int) -> int:
        return transact(pool, lambda connection: _batch(connection, policy, now, most, claimed))

    return batch("triage", lambda: piecemeal(follow, limit, set_aside))


def alone_at_it(connection: Connection) -> bool:
    """Whether this transaction triages: from here to its end nobody else does."""
    row = connection.execute(sql("try_to_triage"), {"lock": locks.TRIAGE}).fetchone()
    return bool(row and row[0])


def refresh_cases(connection: Connection, keys: Iterable[str], policy: Policy, now: dt.datetime) -> None:
    """Set the cases of these causes to what their findings say, in the transaction that triages."""
    wanted = sorted(set(keys))
    causes = _causes(connection, wanted)
    stored = {case.key: case for case in decoded(connection.execute(sql("lock_cases_by_key"), {"keys": wanted}), Case)}
    changes = []
    for key in wanted:
        before = stored.get(key)
        change = refresh(before, causes[key], policy, now)
        if change is not None:
            changes.append((before, change))
    written = {case.key: case for case in write(connection, changes)}
    _split_by_entity(
        connection, [written.get(change.case.key, change.case) for _, change in changes], causes, policy, now
    )


def _batch(connection: Connection, policy: Policy, now: dt.datetime, limit: int, claimed: list[int]) -> int:
    claimed.clear()
    if not alone_at_it(connection):
        return 0
    rows = connection.execute(sql("claim_changed_findings"), {"most": limit}).fetchall()
    claimed.extend(id for id, *_ in rows)
    changed = sorted({Identity(*identity) for _, *identity in rows})
    if changed:
        refresh_cases(connection, _follow(connection, changed), policy, now)
    return len(changed)


def _follow(connection: Connection, changed: list[Identity]) -> set[str]:
    """Bring `case_finding` and `case_hold` to what stands for these identities. The causes that this touches."""
    identities = arrays(changed, "risk", "subject", "period")
    findings = merge(decoded(connection.execute(sql("findings_of_identities"), identities), Finding))
    before = {
        row.key: row for row in decoded(connection.execute(sql("case_findings_of_identities"), identities), Member)
    }
    overlays = {(*f.identity, f.currency): f for f in findings if f.group is Group.OVERLAY}
    begun = [f for key, f in overlays.items() if key not in before or before[key].holds != _mark(f)]
    gone = [row for key, row in before.items() if row.group == Group.OVERLAY.value and key not in overlays]
    moved = _hold(connection, begun, gone)
    elsewhere = {}
    if moved:
        rows = connection.execute(sql("case_findings_of_documents"), {"documents": moved})
        elsewhere = {row.key: row for row in decoded(rows, Member) if Identity(*row.key[:3]) not in set(changed)}
    held = _held(
        connection, [*(d for f in findings for d in holdable(f)), *(d for m in elsewhere.values() for d in m.documents)]
    )
    after = {member.key: member for member in (_member(finding, held) for finding in findings)}
    for key, row in elsewhere.items():
        cause = held_by(row.documents, held) or alone(row.risk, row.subject)
        after[key] = msgspec.structs.replace(row, cause=cause)
    before |= elsewhere
    return _replace(connection, before, after) | {finding.subject for finding in begun}


def _replace(connection: Connection, before: dict[MemberKey, Member], after: dict[MemberKey, Member]) -> set[str]:
    """Write the rows that differ; the causes of those, before and after."""
    put = [row for key, row in after.items() if before.get(key) != row]
    removed = [row for key, row in before.items() if key not in after]
    if put:
        connection.execute(sql("put_case_findings"), {"rows": encoded(put)})
    if removed:
        connection.execute(sql("remove_case_findings"), arrays(removed, "risk", "subject", "period", "currency"))
    were = {before[row.key].cause for row in put if row.key in before}
    return were | {row.cause for row in (*put, *removed)}


def _hold(connection: Connection, overlays: list[Finding], gone: list[Member]) -> list[str]:
    """Store what overlays hold up; the documents that one of them, or of those that are gone, began or ceased to hold."""
    if not overlays and not gone:
        return []
    listed = [(PRECEDENCE[f.risk], f.subject, f.period, f.currency) for f in overlays]
    listed += [(row.rank, row.subject, row.period, row.currency) for row in gone]
    numbers: list[int] = []
    documents: list[str] = []
    named: list[bool] = []
    for n, overlay in enumerate(overlays, 1):
        holds = {about(overlay.subject): False, **dict.fromkeys(overlay.holds, True)}
        numbers += [n] * len(holds)
        documents += holds
        named += holds.values()
    columns = {name: [key[n] for key in listed] for n, name in enumerate(("rank", "subject", "period", "currency"))}
    rows = connection.execute(sql("replace_holds"), {**columns, "n": numbers, "document": documents, "named": named})
    return [document for (document,) in rows]


def _held(connection: Connection, documents: list[str]) -> dict[str, str]:
    """Document → the overlay that holds it."""
    if not documents:
        return {}
    rows = connection.execute(sql("holders_of_documents"), {"documents": list(dict.fromkeys(documents))})
    return dict(rows.fetchall())


def _mark(finding: Finding) -> str:
    """A hash of what an overlay holds up; empty for other findings."""
    if finding.group is not Group.OVERLAY:
        return ""
    return hashlib.sha256(msgspec.json.encode(sorted(finding.holds))).hexdigest()[:32]


def _member(finding: Finding, held: dict[str, str]) -> Member:
    return Member(
        risk=finding.risk.value, subject=finding.subject, period=finding.period, currency=finding.currency,
        group=finding.group.value, rank=PRECEDENCE[finding.risk], cause=cause_of(finding, held), documents=holdable(finding),
        holds=_mark(finding), entity=finding.entity, owner=finding.owner, customer=finding.customer, exposure=finding.exposure,
        tax=finding.tax, since=finding.since, deadline=finding.deadline, variant=finding.variant, why=finding.why,
    )  # fmt: skip


def _causes(connection: Connection, keys: list[str]) -> dict[str, Cause]:
    """What stands of each cause, added up by the database."""
    asked = {"keys": keys}
    parts: dict[str, list[Part]] = defaultdict(list)
    for cause, *values in connection.execute(sql("parts_of_causes"), asked):
        parts[cause].append(Part(**dict(zip(Part.__struct_fields__, values, strict=True))))
    leaders = _leaders(connection, "overlays_of_causes", keys)
    leaders |= _leaders(connection, "dearest_of_causes", [key for key in parts if key not in leaders])
    documents: dict[str, int] = dict(connection.execute(sql("documents_of_causes"), asked).fetchall())
    return {
        key: Cause(
            key=key, parts=tuple(parts[key]), leaders=tuple(leaders.get(key, ())),
            documents=documents.get(key) or sum(part.findings for part in parts[key]),
        )
        for key in keys
    }  # fmt: skip


def _leaders(connection: Connection, statement: str, keys: list[str]) -> dict[str, list[Leader]]:
    """Findings that may speak for their cause, by its key."""
    found: dict[str, list[Leader]] = {}
    for cause, *values in connection.execute(sql(statement), {"keys": keys}) if keys else ():
        found.setdefault(cause, []).append(Leader(**dict(zip(Leader.__struct_fields__, values, strict=True))))
    return found


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A row of `case_entity`."""

    case_id: int
    entity: str
    findings: int
    exposure: int
    by_group: dict[str, int]
    amounts: dict[str, dict[str, int]]


def _split_by_entity(
    connection: Connection, cases: list[Case], causes: dict[str, Cause], policy: Policy, now: dt.datetime
) -> None:
    """Keep what each entity has in the cases of several."""
    mixed = [case for case in cases if len(case.entities) > 1 and case.state != "closed"]
    shares = [share for case in mixed for share in _shares(case, causes[case.key], policy, now)]
    connection.execute(sql("replace_case_entities"), {"cases": [case.id for case in cases], "rows": encoded(shares)})


def _shares(case: Case, cause: Cause, policy: Policy, now: dt.datetime) -> list[Share]:
    found = []
    for entity in case.entities:
        amounts: dict[str, dict[str, int]] = {}
        of = [part for part in cause.parts if part.entity == entity]
        money = [part for part in of if part.group != Group.OVERLAY.value]
        for part in money:
            by_currency = amounts.setdefault(part.group, {})
            by_currency[part.currency] = by_currency.get(part.currency, 0) + part.exposure
        by_group, exposure = worth_in(amounts, policy, case.currency, now.date())
        findings = sum(part.findings for part in money or of)
        found.append(
            Share(
                case_id=case.id, entity=entity, findings=findings, exposure=exposure, by_group=by_group, amounts=amounts
            )
        )
    return found
