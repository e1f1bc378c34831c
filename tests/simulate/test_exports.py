"""A company as a folder of exports: what stands in the files is what the company's documents say, in each system's words."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import pickle
import tomllib
import tracemalloc
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from tieout.canon.documents import Charge, Product
from tieout.canon.faults import InputFault
from tieout.canon.shape import shapes
from tieout.simulate.cash import settle
from tieout.simulate.exports import company
from tieout.simulate.exports.audit_toml import audit_toml
from tieout.simulate.exports.company import PART_SHARDS, Outcome, Plan
from tieout.simulate.exports.folder import Folder
from tieout.simulate.exports.layouts import Layout
from tieout.simulate.exports.values import as_json, as_text
from tieout.simulate.world import SHARD_ORDERS, World

from .small_world import small_world


@pytest.fixture(scope="module")
def world() -> World:
    world = small_world(3, invoices=120)
    settle(world)
    return world


@pytest.fixture(scope="module")
def rich(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rich")
    folder = Folder(root, "rich")
    folder.write(world.docs)
    files = folder.close()
    text = audit_toml(
        "Acme", world.as_of, world.entities, files, {("erp", "write_off"), ("bank", "bank_line")}, ["item"]
    )
    (root / "audit.toml").write_text(text, encoding="utf-8")
    return root


def mapping(root: Path) -> dict:
    return tomllib.loads((root / "audit.toml").read_text(encoding="utf-8"))


def test_a_german_bank_writes_latin_1_with_semicolons_and_decimal_commas(rich: Path, world: World):
    (file,) = [f for f in mapping(rich)["files"] if f["type"] == "bank_line"]
    assert (file["encoding"], file["delimiter"], file["decimal"], file["date"]) == ("latin-1", ";", ",", "%d.%m.%Y")
    with (rich / file["path"]).open(encoding="latin-1", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert len(rows) == len(world.docs["bank_line"])
    row, line = rows[0], world.docs["bank_line"][0]
    assert row["Betrag"] == "-" + f"{-line.amount // 100},{-line.amount % 100:02}"
    assert row["Umsatzart"] == "Gebühr"
    assert file["values"]["kind"]["Gebühr"] == "fee"
    assert row["Buchungstag"] == f"{line.booked_on:%d.%m.%Y}"
    assert row[file["columns"]["currency"]] == "EUR"
    assert "KONTOFÜHRUNG".encode("latin-1") in (rich / file["path"]).read_bytes()


def test_yen_have_no_decimals_and_dinars_three(rich: Path, world: World):
    with (rich / "erp/receipts.csv").open(encoding="utf-8", newline="") as lines:
        written = {row["id"]: row for row in csv.DictReader(lines)}
    for receipt in world.docs["payment"]:
        if receipt.system == "erp":
            whole, _, places = written[receipt.id]["amount"].partition(".")
            assert len(places) == {"JPY": 0, "KWD": 3}.get(receipt.currency, 2)
            assert int(whole + places) == receipt.amount


def test_invoice_lines_stand_in_a_file_of_their_own(rich: Path, world: World):
    (file,) = [f for f in mapping(rich)["files"] if (f["system"], f["type"]) == ("billing", "invoice")]
    lines = file["lines"]
    with (rich / lines["path"]).open(encoding="utf-8", newline="") as rows:
        counted = Counter(row[lines["parent"]] for row in csv.DictReader(rows))
    assert counted == Counter(i.id for i in world.docs["invoice"] if i.system == "billing" for _ in i.lines)
    with (rich / lines["path"]).open(encoding="utf-8", newline="") as rows:
        assert next(csv.DictReader(rows))["Sales Order"].startswith("SO-"), "the sales order's system is left out"
    assert lines["refs"] == {"order": "crm"}
    assert lines["columns"]["net"] == "Amount"


def test_the_mapping_names_only_columns_that_the_file_has(rich: Path):
    for file in mapping(rich)["files"]:
        if file["format"] == "csv":
            with (rich / file["path"]).open(encoding=file.get("encoding", "utf-8"), newline="") as lines:
                header = next(csv.reader(lines, delimiter=file.get("delimiter", ",")))
            assert set(file.get("columns", {}).values()) <= set(header)
            assert "deleted" not in header, "a column that nobody filled is left out"


def test_json_lines_are_canonical_and_gzipped(rich: Path, world: World):
    with gzip.open(rich / "crm/order.jsonl.gz") as lines:
        first = json.loads(next(lines))
    order = world.docs["order"][0]
    assert first["id"] == order.id
    assert "system" not in first
    assert first["lines"][0]["net"] == f"{order.lines[0].net / 100:.2f}" if order.currency in ("EUR", "USD") else True


def test_parquet_is_in_minor_units_with_nested_lines(rich: Path, world: World):
    (file,) = [f for f in mapping(rich)["files"] if (f["system"], f["type"]) == ("erp", "invoice")]
    assert file["money"] == "minor"
    table = pq.read_table(rich / file["path"]).to_pylist()
    views = [i for i in world.docs["invoice"] if i.system == "erp"]
    assert [(row["id"], row["total"], row["lines"][0]["net"]) for row in table] == [
        (view.id, view.total, view.lines[0].net) for view in views
    ]
    assert table[0]["posted_at"] == views[0].posted_at.replace(tzinfo=None)


def test_the_same_documents_give_the_same_bytes(rich: Path, world: World, tmp_path: Path):
    folder = Folder(tmp_path, "rich")
    folder.write(world.docs)
    folder.close()
    for path in tmp_path.rglob("*.*"):
        assert path.read_bytes() == (rich / path.relative_to(tmp_path)).read_bytes(), path.name
    assert not list(tmp_path.rglob("*.part"))


def test_two_shards_are_two_writes_of_one_file(tmp_path: Path):
    folder = Folder(tmp_path, "volume", 1)
    lines = 0
    for shard in range(2):
        world = small_world(5, invoices=30, shard=shard)
        settle(world)
        folder.write(world.docs)
        lines += len(world.docs["invoice"]) // 2
    folder.close()
    assert [p.name for p in (tmp_path / "billing/invoice").iterdir()] == ["part-0001.parquet"]
    found = duckdb.sql(f"SELECT count(DISTINCT id) FROM '{tmp_path}/billing/invoice/*.parquet'").fetchall()
    assert found == [(lines,)]


def test_a_class_that_is_not_there_is_named_with_its_nearest(tmp_path: Path):
    with pytest.raises(
        InputFault, match=r"--only: there is no risk class 'unbiled_usage' \(did you mean 'unbilled_usage'"
    ):
        company(1, 10, "rich", False, ["unbiled_usage"], tmp_path / "out")


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(InputFault, match="is not an empty folder"):
        company(1, 10, "rich", False, [], tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_not_the_default_is_written_even_if_it_is_empty():
    """A charge that may not be billed back at all (0 days; the default is 365), and a product that is no longer sold."""
    charge = Charge(
        system="billing", id="C", order="crm/O", line="1", product="crm/P", start_on=dt.date(2026, 1, 1), back_bill_days=0,
        quantity=Decimal(0),
    )  # fmt: skip
    assert as_json(charge, "EUR")["back_bill_days"] == 0
    assert as_json(charge, "EUR")["quantity"] == "0"
    assert "period_months" not in as_json(charge, "EUR")
    product = Product(system="crm", id="P", name="Old", active=False)
    (active,) = (shape for shape in shapes(Product) if shape.name == "active")
    assert as_text(product, active, "EUR", Layout("x.csv", "csv")) == "false"


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("mix", ["rich", "volume"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path, mix: str):
    for name, seed in (("one", 11), ("again", 11), ("other", 12)):
        company(seed, 30, mix, False, [], tmp_path / name)
    one = written(tmp_path / "one")
    assert one == written(tmp_path / "again")
    assert one != written(tmp_path / "other")
    assert {"audit.toml", "truth.json", "fx_rates.csv"} <= one.keys()


def test_parts_together_are_all_shards_once():
    plan = Plan(seed=1, orders=2 * PART_SHARDS * SHARD_ORDERS + 1, mix="volume", clean=True, only=frozenset())
    ranges = [list(plan.numbers(part)) for part in range(plan.parts)]
    assert [number for numbers in ranges for number in numbers] == list(range(2 * PART_SHARDS + 1))
    assert plan.orders_of(2 * PART_SHARDS) == 1


def test_memory_does_not_grow_with_the_company(tmp_path: Path):
    """Six shards take no more than two at their peak, but for what outlasts a shard: its leaks and its totals."""

    def peak(shards: int) -> int:
        folder, outcome = Folder(tmp_path / str(shards), "rich"), Outcome()
        tracemalloc.start()
        for shard in range(shards):
            world = small_world(2, invoices=400, shard=shard)
            settle(world)
            folder.write(world.docs)
            outcome.add(world)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        folder.close()
        return found

    peak(1)  # what is made once and kept: the shapes of types, days of calendars
    assert peak(6) < 1.25 * peak(2)


def test_what_a_part_hands_back_travels_between_processes(world: World):
    outcome = Outcome()
    outcome.add(world)
    other = pickle.loads(pickle.dumps(outcome))
    day = world.as_of
    assert list(other.totals.documents(world.start, day)) == list(outcome.totals.documents(world.start, day))
    assert other.leaks == outcome.leaks
