"""Cases at size: the pages of a list of 200,000 open cases, triage, and a cause with 10,000 findings refreshed.

    ./dev bench cases [CASES]        default 200,000

Each list is asked for 100 times, from the first page and from the middle of the list; p50 and p95 in milliseconds, decoding included.
Beside them, in this run, the bare time of a statement that answers nothing. Triage is set against inserting the same findings with COPY.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec

from tieout.canon.finding import Finding, Risk
from tieout.policy import Policy
from tieout.store.case_views import Filter, list_cases, risk_as_it_stands
from tieout.store.connection import Pool, open_pool, transact
from tieout.store.embedded import running
from tieout.store.migrate import migrate
from tieout.store.triage import triage

NOW = dt.datetime(2026, 6, 30, 12, tzinfo=dt.UTC)
POLICY = Policy(base_currency="EUR")
RISKS = (
    Risk.UNPOSTED_INVOICE,
    Risk.UNDERBILLED,
    Risk.UNBILLED_USAGE,
    Risk.OVERBILLED,
    Risk.UNAPPLIED_CASH,
    Risk.MISSED_RENEWAL,
)
ENTITIES = ("DE01", "US01", "JP01", "FR01", "GB01")
ROUNDS = 100


def company(cases: int) -> Iterator[tuple[str, list[Finding]]]:
    """Orders with a finding each, every twentieth held by one of 100 codes that are missing in two entities."""
    chance = random.Random(7)
    for n in range(cases):
        risk, entity = chance.choice(RISKS), chance.choice(ENTITIES)
        amount = int(chance.lognormvariate(11, 2))
        cause = f"crosswalk/item/SKU-{n % 100}" if n % 20 == 0 else ""
        yield f"order/crm/{n}", [
            Finding(
                risk=risk, subject=f"invoice/billing/{n}", entity=entity, currency="EUR", exposure=amount, owner=risk.value,
                since=dt.date(2026, 1, 1) + dt.timedelta(days=n % 180), documents=(f"invoice/billing/{n}",), cause=cause,
                why=f"issued and not in the ERP since {n % 180} days: the item has no code there",
            )
        ]  # fmt: skip


def stale_code(findings: int) -> Iterator[tuple[str, list[Finding]]]:
    """One missing code that holds so many invoices, each seen by its own order."""
    for n in range(findings):
        invoice = f"invoice/stale/{n}"
        yield f"order/stale/{n}", [
            Finding(
                risk=Risk.UNPOSTED_INVOICE, subject=invoice, entity="DE01", currency="EUR", exposure=10_000, owner="AR",
                documents=(invoice,), cause="crosswalk/item/STALE", why="the item has no code",
            ),
            Finding(
                risk=Risk.MASTER_DATA_GAP, subject="crosswalk/item/STALE", entity="DE01", currency="EUR", exposure=0,
                owner="master-data", documents=(f"order/stale/{n}", invoice), holds=(invoice,), cause="crosswalk/item/STALE",
                why="STALE has no ERP item",
            ),
        ]  # fmt: skip


def commit(pool: Pool, verdicts: Iterable[tuple[str, list[Finding]]]) -> float:
    """Put the verdicts' findings into the database with COPY; seconds."""
    started = time.perf_counter()
    with pool.connection() as connection, connection.cursor() as cursor:
        first = cursor.execute("SELECT coalesce(max(id), 0) + 1 FROM instance").fetchone()[0]
        listed = list(verdicts)
        with cursor.copy("COPY instance (flow, key) FROM STDIN") as copy:
            for key, _ in listed:
                copy.write_row(("order_to_bill", key))
        columns = "instance, n, risk, subject, period, entity, currency, exposure, tax, owner, since, body, seen_at"
        with cursor.copy(f"COPY finding ({columns}) FROM STDIN") as copy:
            for id, (_, findings) in enumerate(listed, first):
                for n, f in enumerate(findings):
                    body = msgspec.json.encode(f)
                    copy.write_row(
                        (
                            id,
                            n,
                            f.risk.value,
                            f.subject,
                            "",
                            f.entity,
                            f.currency,
                            f.exposure,
                            0,
                            f.owner,
                            f.since,
                            body,
                            NOW,
                        )
                    )
        with cursor.copy("COPY finding_changed (risk, subject, period) FROM STDIN") as copy:
            for _, findings in listed:  # Each verdict tells by itself, as when they are judged one by one.
                for f in findings:
                    copy.write_row(f.identity)
    return time.perf_counter() - started


def settled(pool: Pool) -> tuple[int, float]:
    """Triage until nothing waits: identities, seconds."""
    started, count = time.perf_counter(), 0
    while done := triage(pool, POLICY, NOW):
        count += done
    return count, time.perf_counter() - started


def timed(what: str, ask: Callable[[], object]) -> None:
    """Ask again and again, and say how long it took."""
    ask()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        ask()
        times.append((time.perf_counter() - started) * 1000)
    print(f"  {what:<52} p50 {statistics.median(times):7.1f} ms   p95 {sorted(times)[ROUNDS * 95 // 100]:7.1f} ms")


def lists(pool: Pool) -> None:
    """The lists that people ask for."""

    def page(
        after: str = "", sort: str = "worth", within: set[str] | None = None, **wanted: object
    ) -> Callable[[], object]:
        return lambda: transact(pool, lambda c: list_cases(c, Filter(**wanted), sort, within, after))

    middle = ""
    for _ in range(20):
        middle = transact(pool, lambda c, after=middle: list_cases(c, Filter(), after=after, most=500)).next
    timed("a statement that answers nothing", lambda: transact(pool, lambda c: c.execute("SELECT")))
    timed("dearest first", page())
    timed("dearest first, from the 10,000th", page(after=middle))
    timed("of one queue", page(owner="AR"))
    timed("of one queue, class and severity", page(owner="AR", risk="unposted_invoice", severity="critical"))
    timed("nothing fits", page(owner="AR", risk="missed_renewal", severity="low"))
    timed("due first", page(sort="due"))
    timed("oldest first", page(sort="age"))
    timed("of one entity, its share of mixed ones", page(within={"DE01"}))
    timed("of three entities", page(within={"DE01", "US01", "JP01"}))
    timed("of an entity that has none", page(within={"XX01"}))
    timed("of one document", page(document="invoice/billing/4711"))
    timed("of one person", page(assignee="anna"))
    timed("money at risk as it stands", lambda: transact(pool, lambda c: risk_as_it_stands(c, POLICY, NOW.date())))


def main() -> int:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory(prefix="tieout-bench-") as folder:
        Path(folder).chmod(0o711)
        with running(Path(folder) / "data") as dsn:
            migrate(dsn)
            with open_pool(dsn, "bench", 2) as pool:
                copied = commit(pool, company(cases))
                count, seconds = settled(pool)
                print(
                    f"triage: {count:,} findings in {seconds:.1f} s, {count / seconds:,.0f} a second; COPY of them took {copied:.1f} s"
                )
                with pool.connection() as connection:
                    connection.autocommit = True
                    connection.execute("VACUUM ANALYZE")
                lists(pool)
                commit(pool, stale_code(10_000))
                count, seconds = settled(pool)
                print(f"a code that holds 10,000 invoices: {count:,} findings in {seconds:.1f} s")
                times = []
                for _ in range(10):
                    with pool.connection() as connection:
                        connection.execute(
                            "INSERT INTO finding_changed (risk, subject, period) VALUES ('master_data_gap', 'crosswalk/item/STALE', '')"
                        )
                    times.append(settled(pool)[1] * 1000)
                print(
                    f"its case refreshed, one verdict changed: p50 {statistics.median(times):.0f} ms, worst {max(times):.0f} ms"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main())
