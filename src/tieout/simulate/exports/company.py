"""A whole company as a folder of exports, with the truth about it."""

from __future__ import annotations

import csv
import datetime as dt
import multiprocessing
import os
import signal
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import msgspec

from ...canon.faults import InputFault, nearest
from ...canon.finding import Risk
from ..amounts import major
from ..company import build
from ..entities import ENTITIES
from ..fx import FxTable
from ..totals import Totals
from ..world import SHARD_ORDERS, CrosswalkRow, Leak, Mix, World
from .audit_toml import audit_toml
from .folder import Folder, Written

BASE = "EUR"
PART_SHARDS = 25
"""Shards in one part of the volume mix: 50,000 orders. What a part holds does not depend on how many processes work."""

Progress = Callable[[int, int], None]
"""Called with the orders that are written and those that there will be."""


@dataclass(frozen=True)
class Plan:
    """What is to be simulated."""

    seed: int
    orders: int
    mix: Mix
    clean: bool
    only: frozenset[Risk]

    def shards(self, part: int | None = None) -> Iterator[World]:
        """The shards of one part, or all of them, one after the other."""
        for shard in self.numbers(part):
            yield build(self.seed, shard, self.orders_of(shard), self.mix, self.clean, self.only)

    def numbers(self, part: int | None = None) -> range:
        """The numbers of those shards."""
        first = 0 if part is None else part * PART_SHARDS
        return range(first, self.count if part is None else min(self.count, first + PART_SHARDS))

    def orders_of(self, shard: int) -> int:
        """How many orders a shard has: all have the same, but for the last."""
        return min(SHARD_ORDERS, self.orders - shard * SHARD_ORDERS)

    @property
    def count(self) -> int:
        """How many shards."""
        return -(-self.orders // SHARD_ORDERS)

    @property
    def parts(self) -> int:
        """How many parts."""
        return -(-self.count // PART_SHARDS)


@dataclass
class Outcome:
    """What is known of a company once its documents are written."""

    as_of: dt.date = dt.date.min
    start: dt.date = dt.date.max
    totals: Totals = field(default_factory=Totals)
    leaks: list[Leak] = field(default_factory=list)
    crosswalks: dict[str, list[CrosswalkRow]] = field(default_factory=lambda: defaultdict(list))
    files: list[Written] = field(default_factory=list)

    def add(self, world: World) -> None:
        """Take what outlasts a shard."""
        self.as_of, self.start = world.as_of, min(self.start, world.start)
        self.totals.add(world)
        self.leaks += world.leaks
        for table, rows in world.crosswalks.items():
            self.crosswalks[table] += rows

    def merge(self, other: Outcome) -> None:
        """Take another part's."""
        self.as_of, self.start = other.as_of, min(self.start, other.start)
        self.totals.merge(other.totals)
        self.leaks += other.leaks
        self.files += other.files
        for table, rows in other.crosswalks.items():
            self.crosswalks[table] += rows


def company(
    seed: int,
    orders: int,
    mix: Mix,
    clean: bool,
    only: Iterable[str],
    out: Path | str,
    progress: Progress = lambda done, all_: None,
) -> None:
    """Write a company's exports, ``audit.toml`` and ``truth.json`` into ``out``.

    The same arguments give the same bytes. Memory is bounded by a few shards whatever ``orders`` is; the volume mix is
    written in parts by as many processes as there are processors. Raises InputFault for an unknown class in ``only``,
    and for an ``out`` that holds something already.
    """
    plan = Plan(seed, orders, mix, clean, frozenset(_risk(name) for name in only))
    root = Path(out)
    if orders < 1:
        raise InputFault(f"a company of {orders} orders cannot be", where="--orders", mend="1 or more")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise InputFault("is not an empty folder", where=str(root), mend="name a new one")
    root.mkdir(parents=True, exist_ok=True)
    outcome = _in_parts(plan, root, progress) if mix == "volume" else _in_one(plan, root, progress)
    _finish(plan, root, outcome)


def _risk(name: str) -> Risk:
    if name not in Risk._value2member_map_:
        mend = nearest(name, list(Risk)) or f"classes are {', '.join(Risk)}"
        raise InputFault(f"there is no risk class {name!r}", where="--only", mend=mend)
    return Risk(name)


def _in_one(plan: Plan, root: Path, progress: Progress) -> Outcome:
    """One file for each type, and at its end the sources' totals."""
    outcome, folder = Outcome(), Folder(root, plan.mix)
    for world in plan.shards():
        folder.write(world.docs)
        outcome.add(world)
        progress(min(plan.orders, (world.shard + 1) * SHARD_ORDERS), plan.orders)
    folder.write(_totals(outcome))
    outcome.files = folder.close()
    return outcome


def _in_parts(plan: Plan, root: Path, progress: Progress) -> Outcome:
    """Parts by several processes; a part's files depend on nothing but the plan and its number."""
    outcome = Outcome()
    for part, done in enumerate(_parts(plan, root)):
        outcome.merge(done)
        progress(min(plan.orders, (part + 1) * PART_SHARDS * SHARD_ORDERS), plan.orders)
    folder = Folder(root, plan.mix, 0)
    folder.write(_totals(outcome))
    outcome.files = _one_each([*outcome.files, *folder.close()])
    return outcome


def _parts(plan: Plan, root: Path) -> Iterator[Outcome]:
    if plan.parts == 1:
        yield _part(plan, root, 0)
        return
    workers = min(plan.parts, os.cpu_count() or 1)
    deaf = signal.signal, (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; this process ends the others
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), *deaf)
    try:
        yield from pool.map(partial(_part, plan, root), range(plan.parts))
    finally:
        pool.shutdown(cancel_futures=True)


def _part(plan: Plan, root: Path, part: int) -> Outcome:
    outcome, folder = Outcome(), Folder(root, plan.mix, part + 1)
    for world in plan.shards(part):
        folder.write(world.docs)
        outcome.add(world)
    outcome.files = folder.close()
    return outcome


def _one_each(files: Sequence[Written]) -> list[Written]:
    """One entry for all parts of a type."""
    return [kept for _, kept in sorted({(written.system, written.type): written for written in files}.items())]


def _totals(outcome: Outcome) -> dict[str, list[object]]:
    docs: dict[str, list[object]] = defaultdict(list)
    for doc in outcome.totals.documents(outcome.start, outcome.as_of):
        docs[doc.type].append(doc)
    return docs


SYSTEMS: dict[str, tuple[str, ...]] = {
    "crm": ("customer", "product", "contract", "order", "amendment", "renewal", "purchase_order"),
    "cpq": ("quote", "price"),
    "commerce": ("order", "shipment"),
    "billing": ("customer", "charge", "commitment", "subscription", "invoice", "credit_memo", "source_total"),
    "provisioning": ("entitlement", "usage"),
    "psa": ("project", "time_entry"),
    "support": ("support_case",),
    "tax": ("tax_answer", "tax_registration"),
    "payments": ("payment", "payout", "refund", "dispute", "source_total"),
    "bank": ("bank_line", "source_total"),
    "erp": (
        "customer", "product", "contract", "invoice", "credit_memo", "payment", "refund", "cash_application", "deposit",
        "write_off", "withholding_certificate", "journal_entry", "revenue_schedule", "accounting_period", "gl_balance",
        "source_total",
    ),
}  # fmt: skip
"""What each system exports in full, if only to say that there is none of it."""


def _finish(plan: Plan, root: Path, outcome: Outcome) -> None:
    fx = FxTable(plan.seed, outcome.start, outcome.as_of)
    rates = [(row.currency, row.to, str(row.rate), row.on.isoformat(), row.source) for row in fx.rows]
    _csv(root / "fx_rates.csv", ("currency", "to", "rate", "on", "source"), rates)
    for table, rows in outcome.crosswalks.items():
        cells = [(r.code, r.target, _day(r.from_on), _day(r.to_on), r.entity) for r in rows]
        _csv(root / "crosswalks" / f"{table}.csv", ("code", "target", "from", "to", "entity"), cells)
    complete = {(system, type_) for system, types in SYSTEMS.items() for type_ in types}
    complete |= {(written.system, written.type) for written in outcome.files}
    text = audit_toml("Acme Group", outcome.as_of, ENTITIES, outcome.files, complete, outcome.crosswalks)
    (root / "audit.toml").write_text(text, encoding="utf-8")
    (root / "truth.json").write_bytes(msgspec.json.format(msgspec.json.encode(_truth(plan, outcome, fx)), indent=1))


def _truth(plan: Plan, outcome: Outcome, fx: FxTable) -> dict[str, object]:
    """The ground truth, as docs/architecture.md ("Files that tools read") describes it."""
    order = sorted(outcome.leaks, key=lambda leak: (leak.risk, leak.subject, leak.note))
    return {
        "as_of": outcome.as_of,
        "seed": plan.seed,
        "base_currency": BASE,
        "rates": {code: str(fx.rate(code, BASE, outcome.as_of)) for code in sorted({row.currency for row in fx.rows})},
        "leaks": [
            {
                "class": leak.risk.value,
                "subject": leak.subject,
                "entity": leak.entity,
                "currency": leak.currency,
                "amount": major(leak.amount, leak.currency),
                "since": leak.since,
                "note": leak.note,
            }
            for leak in order
        ],
    }


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(header)
        out.writerows(rows)
