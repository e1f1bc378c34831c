"""Whatever is decided otherwise: every instance that comes to another verdict by it was marked, and few others were."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from fractions import Fraction

import duckdb
import msgspec
import pytest
from psycopg_pool import ConnectionPool

from tieout.audit.read import load
from tieout.canon.documents import TYPES
from tieout.engine.decided import Complete, Decided
from tieout.policy import Duration, Policy
from tieout.policy.crosswalk import Codes
from tieout.policy.rules import Rules
from tieout.setwise.hydrate import hydrate
from tieout.setwise.tables import table_name
from tieout.simulate.exports import company as export
from tieout.store.connection import Connection, open_pool

from .living import Company

Edit = Callable[[Decided], Decided]


def of_policy(edit: Callable[[Policy], Policy]) -> Edit:
    return lambda decided: msgspec.structs.replace(decided, policy=edit(decided.policy))


def of_entity(name: str, **more: object) -> Edit:
    def edit(policy: Policy) -> Policy:
        entity = msgspec.structs.replace(policy.entities[name], **more)
        return msgspec.structs.replace(policy, entities={**policy.entities, name: entity})

    return of_policy(edit)


def of_rules(name: str, **more: object) -> Edit:
    def edit(decided: Decided) -> Decided:
        rules = msgspec.structs.replace(decided.policy.entities[name].rules, **more)
        return of_entity(name, rules=rules)(decided)

    return edit


def of_field(**more: object) -> Edit:
    return of_policy(lambda policy: msgspec.structs.replace(policy, **more))


def without_a_code(policy: Policy) -> Policy:
    codes = policy.crosswalks["item"]
    rows = tuple(row for row in codes.rows if row.code != codes.rows[0].code)
    return msgspec.structs.replace(policy, crosswalks={"item": Codes(codes.match, rows)})


def dearer(policy: Policy) -> Policy:
    rates = tuple(
        msgspec.structs.replace(rate, rate=rate.rate * Fraction(11, 10))
        if rate.currency == policy.rates[0].currency
        else rate
        for rate in policy.rates
    )
    return msgspec.structs.replace(policy, rates=rates)


EDITS: dict[str, Edit] = {
    "a code is gone": of_policy(without_a_code),
    "codes are no longer looked up": of_field(crosswalks={}),
    "a rate is another": of_policy(dearer),
    "there are no rates": of_field(rates=()),
    "rates may be turned round": of_field(inverse_rates=True),
    "a tolerance": of_rules("DE01", tolerances={"line": 100_000, "tax": 100_000}),
    "time for a step": of_rules("DE01", durations={"order_to_bill.posted": Duration(2, "month")}),
    "time for a step elsewhere": of_field(rules=Rules(durations={"order_to_bill.posted": Duration(2, "month")})),
    "a queue": of_rules("DE01", owners={"unbilled_service": "billing desk", "unposted_invoice": "AR Germany"}),
    "another calendar": of_entity("DE01", time_zone="Pacific/Auckland", weekend=(0, 1, 2)),
    "other books": of_entity("US01", functional_currency="CHF"),
    "an entity is not ours": of_policy(
        lambda p: msgspec.structs.replace(p, entities={k: v for k, v in p.entities.items() if k != "US01"})
    ),
    "nobody owns fields": of_field(ownership={}),
    "the ERP owns every field": of_field(ownership=dict.fromkeys(("product", "customer", "order", "charge"), "erp")),
    "another role": of_field(systems={"erp": "billing"}),
    "less is complete": lambda decided: msgspec.structs.replace(decided, complete=(Complete(system="billing"),)),
}
NARROW = {
    "a code is gone",
    "a rate is another",
    "a tolerance",
    "time for a step",
    "a queue",
    "another calendar",
    "other books",
}


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> tuple[Decided, list[object]]:
    folder = tmp_path_factory.mktemp("company") / "exports"
    export(5, 60, "rich", False, [], folder)
    connection = duckdb.connect()
    loaded = load(folder, connection)
    documents: list[object] = []
    for name, type_ in TYPES.items():
        table = connection.sql(f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)}").to_arrow_table()
        documents += hydrate(type_, table)
    complete = tuple(
        Complete(system=c.system, type=c.type, entity=c.entity, from_on=c.from_on, to_on=c.to_on)
        for c in loaded.mapping.complete
    )
    return Decided(policy=msgspec.structs.replace(loaded.policy, periods=()), complete=complete), documents


@pytest.fixture
def company(database: str, acme: tuple[Decided, list[object]]) -> Iterator[Company]:
    decided, documents = acme
    with open_pool(database, "a test", 2) as pool:
        yield living(database, pool, decided, documents)


def living(dsn: str, pool: ConnectionPool[Connection], decided: Decided, documents: list[object]) -> Company:
    company = Company(dsn, pool, decided)
    company.stages.as_of = dt.date(2026, 6, 30)
    company.deliver(documents)  # type: ignore[arg-type]
    return company


def digests(company: Company) -> dict[object, object]:
    return dict(company.ask("SELECT flow || ' ' || key || ' ' || stray, digest FROM instance"))


@pytest.mark.long
def test_exactly_what_a_change_touches_is_marked(company: Company, acme: tuple[Decided, list[object]]) -> None:
    start = acme[0]
    assert {"DE01", "US01"} <= set(start.policy.entities), "the edits are about these"
    turned = 0
    for name, edit in EDITS.items():
        before = digests(company)
        company.change(edit, name)
        marked = {
            key
            for (key,) in company.ask(
                "SELECT flow || ' ' || key || ' ' || stray FROM instance WHERE dirty_at IS NOT NULL"
            )
        }
        company.ask("UPDATE instance SET dirty_at = now() WHERE dirty_at IS NULL RETURNING id")
        company.settle()
        after = digests(company)
        differing = {key for key in before.keys() & after.keys() if before[key] != after[key]}
        assert differing <= marked, (name, sorted(map(str, differing - marked))[:5])
        assert name not in NARROW or len(marked) < len(before) * 0.8, (name, len(marked), len(before))
        turned += bool(differing)
        company.change(lambda _: start, "back")
        company.settle()
        assert digests(company) == before, f"{name}: what was marked on the way back was not all"
    assert turned > 9, "edits that turn nothing prove nothing"
