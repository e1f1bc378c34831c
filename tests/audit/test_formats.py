"""CSV, JSON lines and Parquet of the same documents give the same tables, amounts to the last minor unit."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .exports import INVOICES, Exports

DOCUMENTS = [
    {
        "id": "INV-1", "version": 2, "currency": "EUR", "entity": "DE01", "net": "1234.50", "tax": "234.56",
        "total": "1469.06", "customer": "crm/C-1", "issued_at": "2026-06-01T08:15:00Z", "due_on": "2026-06-30",
        "fx_rate": "1", "ext": {"region": "south"},
        "lines": [
            {"id": "1", "order": "crm/O-1", "charge": "crm/CH-1", "service_from": "2026-06-01", "quantity": "2.5", "net": "1000.25"},
            {"id": "2", "order": "crm/O-1", "net": "234.25", "tax": "-0.01"},
        ],
    },
    {"id": "INV-2", "version": 0, "currency": "JPY", "entity": "JP01", "net": "150000", "tax": "0", "total": "150000"},
    {"id": "INV-3", "version": 0, "currency": "KWD", "entity": "KW01", "net": "-0.005", "tax": "0.000", "total": "-0.005"},
]  # fmt: skip
COLUMNS = ("key", "ref", "version", "net", "tax", "total", "customer", "issued_at", "due_on", "fx_rate", "ext", "lines")


def as_csv() -> str:
    names = list(DOCUMENTS[0])
    rows = [names]
    for document in DOCUMENTS:
        texts = [document.get(name, "") for name in names]
        rows.append([json.dumps(text) if isinstance(text, list | dict) else str(text) for text in texts])
    return "".join(",".join('"' + text.replace('"', '""') + '"' for text in row) + "\n" for row in rows)


def as_json(*, numbers: bool) -> str:
    def amounts(document: dict) -> dict:
        return {
            name: float(value) if name in ("net", "tax", "total", "quantity") else
            [amounts(line) for line in value] if name == "lines" else value
            for name, value in document.items()
        }  # fmt: skip

    return "".join(json.dumps(amounts(document) if numbers else document) + "\n" for document in DOCUMENTS)


def write_parquet(exports: Exports, *, typed: bool) -> None:
    """All text, or with the types that a warehouse would give: decimals, days, instants with a zone, lists of structs."""
    path = exports.folder / "invoices.parquet"
    if not typed:
        pq.write_table(
            pa.Table.from_pylist([{**d, "ext": json.dumps(d["ext"]) if "ext" in d else None} for d in DOCUMENTS]), path
        )
        return
    (exports.folder / "source.json").write_text(as_json(numbers=False))
    amount = "DECIMAL(18, 3)"
    texts, numbers = (
        'id VARCHAR, "order" VARCHAR, charge VARCHAR',
        f"quantity DECIMAL(9, 3), net {amount}, tax {amount}",
    )
    lines = f"STRUCT({texts}, service_from DATE, {numbers})[]"
    duckdb.execute(f"""
        COPY (
            SELECT id, version, currency, entity, net::DECIMAL(18, 3) AS net, tax::DECIMAL(18, 3) AS tax,
                total::DECIMAL(18, 3) AS total, customer, issued_at::TIMESTAMPTZ AS issued_at, due_on::DATE AS due_on,
                fx_rate, ext, lines::{lines} AS lines
            FROM read_json('{exports.folder}/source.json', format = 'newline_delimited')
        ) TO '{path}'
    """)


def write(exports: Exports, kind: str) -> str:
    """Write the documents in one way; the name of the file."""
    if kind == "csv":
        exports.write("invoices.csv", as_csv())
    elif kind == "csv.gz":
        exports.write("invoices.csv.gz", gzip.compress(as_csv().encode()))
    elif kind == "csv.zst":
        exports.write("invoices.csv.zst", pa.compress(as_csv().encode(), "zstd", asbytes=True))
    elif kind == "jsonl":
        exports.write("invoices.jsonl", as_json(numbers=False))
    elif kind == "jsonl of numbers":
        exports.write("invoices.jsonl", as_json(numbers=True))
    else:
        write_parquet(exports, typed=kind == "parquet of types")
    return {"jsonl of numbers": "invoices.jsonl", "parquet of types": "invoices.parquet"}.get(kind, f"invoices.{kind}")


EXPECTED = [
    ("EUR", 123450, 23456, 146906, [(100025, None, "2.5"), (23425, -1, None)]),
    ("JPY", 150000, 0, 150000, None),
    ("KWD", -5, 0, -5, None),
]
KINDS = ("csv", "csv.gz", "csv.zst", "jsonl", "jsonl of numbers", "parquet", "parquet of types")


@pytest.mark.parametrize("kind", KINDS)
def test_amounts_are_exact_minor_units_of_their_currency(exports: Exports, kind: str) -> None:
    name = write(exports, kind)
    exports.read(INVOICES.replace("invoices.csv", name))
    assert exports.refused() == []
    found = []
    for currency, net, tax, total, lines in exports.rows("invoice", "currency", "net", "tax", "total", "lines"):
        parts = lines and [
            (line["net"], line["tax"], line["quantity"] and f"{Decimal(line['quantity']).normalize():f}")
            for line in lines
        ]
        found.append((currency, net, tax, total, parts))
    assert found == EXPECTED
    assert exports.file(name).totals == {
        "net EUR": "1234.50", "tax EUR": "234.56", "total EUR": "1469.06", "lines.net EUR": "1234.50", "lines.tax EUR": "-0.01",
        "net JPY": "150000", "tax JPY": "0", "total JPY": "150000",
        "net KWD": "-0.005", "tax KWD": "0.000", "total KWD": "-0.005",
    }  # fmt: skip


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("csv", "parquet of types")])
def test_every_format_gives_the_table_that_csv_gives(exports: Exports, kind: str) -> None:
    write(exports, "csv")
    exports.read()
    expected = exports.rows("invoice", *COLUMNS)
    assert [row[0] for row in expected] == ["invoice/billing/INV-1", "invoice/billing/INV-2", "invoice/billing/INV-3"]
    exports.read(INVOICES.replace("invoices.csv", write(exports, kind)))
    assert [tuple(map(plain, row)) for row in exports.rows("invoice", *COLUMNS)] == [
        tuple(map(plain, row)) for row in expected
    ]


def plain(value: object) -> object:
    """Attributes as JSON and quantities as numbers, so that spaces and trailing zeros do not tell values apart."""
    if isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def test_what_a_warehouse_types_means_what_text_means(exports: Exports) -> None:
    write(exports, "csv")
    columns = ("issued_at", "due_on", "customer", "version")
    exports.read()
    expected = exports.rows("invoice", *columns)
    exports.read(INVOICES.replace("invoices.csv", write(exports, "parquet of types")))
    assert exports.rows("invoice", *columns) == expected


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        ("12", 1200), ("12.", 1200), ("12.3", 1230), ("12.30", 1230), ("12.3000", 1230), (".5", 50), ("-0.01", -1),
        ("+7.00", 700), ("7.00-", -700), ("(7.00)", -700), ("1e2", 10000), ("90071992547409.93", 9007199254740993),
        ("0.10", 10), ("0.29", 29), ("1.15", 115), ("79228162514264.33", 7922816251426433), (" 4.20 ", 420),
    ],
)  # fmt: skip
def test_amounts_as_people_and_programs_write_them(exports: Exports, amount: str, minor: int) -> None:
    exports.write("invoices.csv", f"id,currency,net,total\nINV-1,EUR,{amount},{amount}\n").read()
    assert exports.refused() == []
    assert exports.rows("invoice", "net", "total") == [(minor, minor)]


@pytest.mark.parametrize(
    ("amount", "minor"), [("1.234,50", 123450), ("12,3", 1230), ("1.234.567,89-", -123456789), ("(1.000)", -100000)]
)
def test_amounts_as_continental_europe_writes_them(exports: Exports, amount: str, minor: int) -> None:
    exports.write("invoices.csv", f"id;currency;net;total\nINV-1;EUR;{amount};{amount}\n")
    exports.read(INVOICES + 'delimiter = ";"\ndecimal = ","\nthousands = "."')
    assert exports.refused() == []
    assert exports.rows("invoice", "net") == [(minor,)]


def test_minor_units_are_taken_as_they_are(exports: Exports) -> None:
    exports.write(
        "invoices.csv", "id,currency,net,total\nin_1,jpy,150000,150000\nin_2,eur,1230,1230\nin_3,eur,12.30,1\n"
    )
    exports.read(INVOICES + 'money = "minor"')
    assert exports.refused() == [
        "invoices.csv:4 net: '12.30' is not a whole number of minor units (declare money = \"major\" for this file in audit.toml)"
    ]
    assert exports.rows("invoice", "currency", "net") == [("JPY", 150000), ("EUR", 1230)]
