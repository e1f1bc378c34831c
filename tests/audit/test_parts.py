"""An export in several Parquet files is read as one, and still every row, refusal and count is of its own file."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from .exports import INVOICES, Exports

MAPPING = INVOICES.replace("invoices.csv", "part-*.parquet") + 'money = "minor"\n'
LINES = pa.list_(pa.struct([("order", pa.string()), ("charge", pa.string()), ("net", pa.int64())]))
SCHEMA = pa.schema(
    [
        ("id", pa.string()), ("entity", pa.string()), ("currency", pa.string()), ("version", pa.int64()),
        ("net", pa.int64()), ("tax", pa.int64()), ("total", pa.int64()), ("error", pa.string()), ("note", pa.string()),
        ("lines", LINES),
    ]
)  # fmt: skip


def invoice(number: int, **other: Any) -> dict[str, Any]:
    line = {"order": f"crm/O-{number}", "net": 1000}
    plain = {"id": f"INV-{number}", "entity": "DE01", "currency": "EUR", "net": 1000, "tax": 190, "total": 1190}
    return {**plain, "lines": [line], **other}


def part(exports: Exports, number: int, *documents: dict[str, Any]) -> None:
    table = pa.Table.from_pylist(list(documents), SCHEMA)
    pq.write_table(table, exports.folder / f"part-{number}.parquet")


def test_each_part_keeps_its_own_rows_and_hash(exports: Exports) -> None:
    part(exports, 1, invoice(1), invoice(2))
    part(exports, 2, invoice(3))
    exports.read(MAPPING)
    assert [row[0] for row in exports.rows("invoice", "id")] == ["INV-1", "INV-2", "INV-3"]
    first, second = exports.file("part-1.parquet"), exports.file("part-2.parquet")
    assert (first.rows, first.accepted, second.rows, second.accepted) == (2, 2, 1, 1)
    assert first.sha256 != second.sha256
    assert (first.totals["net EUR"], second.totals["net EUR"]) == ("20.00", "10.00")


def test_a_wrong_row_is_refused_in_the_part_that_it_stands_in(exports: Exports) -> None:
    part(exports, 1, invoice(1))
    part(exports, 2, invoice(2), invoice(3, currency="EURO"))
    exports.read(MAPPING)
    assert exports.refused() == ["part-2.parquet:2 currency: unknown currency 'EURO' (did you mean 'EUR'?)"]
    assert [row[0] for row in exports.rows("invoice", "id")] == ["INV-1", "INV-2"]
    assert (exports.file("part-1.parquet").rejected, exports.file("part-2.parquet").rejected) == (0, 1)


def test_a_part_that_breaks_off_takes_no_other_with_it(exports: Exports) -> None:
    """The footer of the second part is whole, so that it opens; its pages are not."""
    part(exports, 1, invoice(1))
    part(exports, 2, *(invoice(n) for n in range(2, 2000)))
    path = exports.folder / "part-2.parquet"
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 2] = bytes(len(content) // 2 - 4)
    path.write_bytes(bytes(content))
    exports.read(MAPPING)
    (message,) = exports.refused()
    assert message.startswith("part-2.parquet:0 cannot be read to its end: ")
    assert [row[0] for row in exports.rows("invoice", "id")] == ["INV-1"]


def test_parts_of_different_columns_are_read_one_by_one(exports: Exports) -> None:
    part(exports, 1, invoice(1))
    pq.write_table(
        pa.table({"id": ["INV-2"], "entity": ["DE01"], "currency": ["EUR"], "net": ["5"], "total": ["6"]}),
        exports.folder / "part-2.parquet",
    )
    exports.read(MAPPING)
    assert exports.rows("invoice", "id", "net", "tax") == [("INV-1", 1000, 190), ("INV-2", 5, None)]


def test_a_column_that_is_empty_in_one_part_is_read_in_the_other(exports: Exports) -> None:
    part(exports, 1, invoice(1))
    part(exports, 2, invoice(2, error="item code 17 is unknown", version=4))
    exports.read(MAPPING)
    assert exports.rows("invoice", "error", "version") == [(None, None), ("item code 17 is unknown", 4)]


def test_a_part_of_the_lines_that_is_empty_throughout_is_its_default(exports: Exports) -> None:
    part(exports, 1, invoice(1), invoice(2, lines=None))
    exports.read(MAPPING)
    (first,), (second,) = exports.rows("invoice", "lines")
    assert [(line["id"], line["order"], line["charge"], line["net"]) for line in first] == [
        ("1", "crm/O-1", None, 1000)
    ]
    assert second is None


def test_what_a_document_cannot_be_without_is_missed_in_an_empty_column_too(exports: Exports) -> None:
    part(exports, 1, invoice(1, net=None))
    exports.read(MAPPING)
    assert exports.refused()[0].startswith("part-1.parquet:1 has no net (")


def test_a_column_that_nothing_names_is_said_so_though_it_is_empty(exports: Exports) -> None:
    part(exports, 1, invoice(1))
    assert exports.read(MAPPING).loaded is not None
    assert exports.loaded is not None
    assert "part-1.parquet: columns that are not used: note" in exports.loaded.notes


def test_minor_units_need_a_currency(exports: Exports) -> None:
    part(exports, 1, invoice(1, currency=None))
    exports.read(MAPPING)
    (message,) = exports.refused()
    assert message.startswith("part-1.parquet:1 net: ")
