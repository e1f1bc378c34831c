"""The same observations in any order, any number of times, in any files: byte for byte the same verdicts (guarantee G2)."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieout.audit.read import load
from tieout.canon.decode import encode
from tieout.process.evaluate import evaluate
from tieout.process.flows import FLOWS
from tieout.setwise.run import instances
from tieout.simulate.company import build
from tieout.simulate.exports import company

AS_OF = dt.date(2026, 6, 30)
SEED, ORDERS = 4, 60
Observations = dict[tuple[str, str], list[bytes]]
"""(system, type) → its observations, each a whole document as that system restated it."""


def observations() -> Observations:
    """Every document of a leaky company as its source last said it (version 1), and as it once was: deleted (version 0)."""
    found: Observations = {}
    for documents in build(SEED, orders=ORDERS).docs.values():
        for document in documents:
            place = (document.system, document.type)
            found.setdefault(place, []).extend(
                encode(msgspec.structs.replace(document, version=version, deleted=version == 0)) for version in (0, 1)
            )
    return found


def policy_of(mapping: str) -> str:
    """A mapping without its files: systems, entities, crosswalks, rates, ownership and what is complete."""
    kept, keeping = [], True
    for line in mapping.splitlines():
        if line.startswith("["):
            keeping = not line.startswith(("[[files]]", "[files."))
        if keeping:
            kept.append(line)
    return "\n".join(kept)


def verdicts(folder: Path, seen: Observations, chance: random.Random) -> bytes:
    """Write the observations shuffled, some of them again, over one to four files each; read and evaluate everything."""
    entries = []
    for (system, type_), lines in seen.items():
        told = lines + [line for line in lines if chance.random() < 0.3]
        chance.shuffle(told)
        parts: list[list[bytes]] = [[] for _ in range(chance.randint(1, 4))]
        for line in told:
            chance.choice(parts).append(line)
        for n, part in enumerate(part for part in parts if part):
            (folder / f"{system}-{type_}-{n}.jsonl").write_bytes(b"\n".join(part) + b"\n")
        entries.append(
            f'[[files]]\npath = "{system}-{type_}-*.jsonl"\nsystem = "{system}"\ntype = "{type_}"\nmoney = "minor"\n'
        )
    chance.shuffle(entries)
    mapping = folder / "audit.toml"
    mapping.write_text(policy_of((folder / "company.toml").read_text()) + "\n\n" + "\n".join(entries))
    connection = duckdb.connect()
    loaded = load(folder, connection)
    assert loaded.rejections == ()
    answered = [
        evaluate(flow, instance, loaded.policy, AS_OF, detail=True)
        for flow in FLOWS.values()
        for instance in instances(connection, flow, loaded.policy, loaded.coverage.known)
    ]
    answered.sort(key=lambda verdict: (verdict.flow, verdict.instance))
    assert any(verdict.findings for verdict in answered)
    return msgspec.json.encode(answered)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company")
    company(SEED, ORDERS, "rich", False, [], folder / "exports")
    return folder / "exports"


@given(seed=st.integers(0, 2**32))
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_batching_gives_the_same_verdicts(
    base: Path, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    expected = verdicts(_folder(base, tmp_path_factory), OBSERVED, random.Random(0))
    assert verdicts(_folder(base, tmp_path_factory), OBSERVED, random.Random(seed)) == expected


def _folder(base: Path, factory: pytest.TempPathFactory) -> Path:
    folder = factory.mktemp("observed")
    (folder / "company.toml").write_text((base / "audit.toml").read_text())
    (folder / "crosswalks").symlink_to(base / "crosswalks")
    (folder / "fx_rates.csv").symlink_to(base / "fx_rates.csv")
    return folder


OBSERVED = observations()


def test_what_was_once_said_has_no_say_any_more(base: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without the older observations the verdicts are the same: the newest version alone counts."""
    newest = {place: lines[1::2] for place, lines in OBSERVED.items()}
    everything = verdicts(_folder(base, tmp_path_factory), OBSERVED, random.Random(1))
    assert verdicts(_folder(base, tmp_path_factory), newest, random.Random(2)) == everything
