"""What the engine writes when a verdict is committed, for tests of what follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import msgspec
from psycopg_pool import ConnectionPool

from tieout.canon.finding import Finding, Risk
from tieout.store.connection import Connection, transact

NOON = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
"""A Tuesday."""


def found(risk: Risk, subject: str, exposure: int = 0, **more: object) -> Finding:
    """A finding of DE01 in euro, unless said otherwise."""
    fields = {
        "entity": "DE01",
        "currency": "EUR",
        "owner": "AR",
        "why": f"{risk} of {subject}",
        "since": dt.date(2026, 6, 1),
        **more,
    }
    return Finding(risk=risk, subject=subject, exposure=exposure, **fields)  # type: ignore[arg-type]


def commit(pool: ConnectionPool[Connection], verdicts: dict[str, Iterable[Finding]], at: dt.datetime = NOON) -> None:
    """The verdicts of some instances, in one transaction: what they find now stands, and what that changes is queued."""

    def work(connection: Connection) -> None:
        rows = connection.execute(
            b"INSERT INTO instance (flow, key, evaluated_at) SELECT 'order_to_bill', key, %(at)s FROM unnest(%(keys)s::text[]) AS key"
            b" ON CONFLICT (flow, key, stray) DO UPDATE SET evaluated_at = EXCLUDED.evaluated_at, dirty_at = NULL RETURNING key, id",
            {"keys": list(verdicts), "at": at},
        )
        ids = dict(rows.fetchall())
        before = connection.execute(
            b"DELETE FROM finding WHERE instance = ANY(%s) RETURNING instance, body, risk, subject, period",
            [list(ids.values())],
        ).fetchall()
        now = {
            (ids[key], msgspec.json.encode(finding), *finding.identity) for key, findings in verdicts.items() for finding in findings
        }  # fmt: skip
        with connection.cursor() as cursor:
            cursor.executemany(
                b"INSERT INTO finding (instance, n, risk, subject, period, entity, currency, exposure, tax, owner, since, body, seen_at)"
                b" VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (ids[key], n, f.risk.value, f.subject, f.period, f.entity, f.currency, f.exposure, f.tax, f.owner, f.since,
                     msgspec.json.encode(f), at)
                    for key, findings in verdicts.items() for n, f in enumerate(findings)
                ],
            )  # fmt: skip
            changed = sorted({row[2:] for row in now ^ {(row[0], bytes(row[1]), *row[2:]) for row in before}})
            cursor.executemany(b"INSERT INTO finding_changed (risk, subject, period) VALUES (%s, %s, %s)", changed)

    transact(pool, work)
