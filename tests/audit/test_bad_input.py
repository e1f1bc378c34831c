"""What cannot be read is refused by name, with its line and how to mend it, and the rest is read."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from .exports import INVOICES, Exports

HEADER = "id,currency,entity,net,total,issued_at,due_on,status,customer\n"
GOOD = "INV-9,EUR,DE01,10.00,11.90,2026-06-01T08:00:00Z,2026-06-30,issued,C-1\n"
ENTITIES = INVOICES + "\n[entities.DE01]\ntime_zone = 'Europe/Berlin'\n"

BAD_VALUES = {
    "decimal comma": (
        'INV-1,EUR,DE01,"12,30",12.30,,,issued,',
        "net: '12,30' has a decimal comma where a point was declared (declare decimal = \",\" for this file in audit.toml)",
    ),
    "too many decimals for euros": (
        "INV-1,EUR,DE01,12.345,12.30,,,issued,",
        "net: '12.345' has more decimals than its currency has (round it at its source, or mend the currency)",
    ),
    "a hundredth of a yen": (
        "INV-1,JPY,DE01,12.50,12,,,issued,",
        "net: '12.50' has more decimals than its currency has (round it at its source, or mend the currency)",
    ),
    "grouped digits that were not declared": (
        'INV-1,EUR,DE01,"1,234.50",12.30,,,issued,',
        "net: '1,234.50' is not an amount (write it like 1234.56; grouped digits need thousands = \",\" in audit.toml)",
    ),
    "words": (
        "INV-1,EUR,DE01,twelve,12.30,,,issued,",
        "net: 'twelve' is not an amount (write it like 1234.56; grouped digits need thousands = \",\" in audit.toml)",
    ),
    "an amount beyond all measure": (
        "INV-1,EUR,DE01,99999999999999999999,12.30,,,issued,",
        "net: '99999999999999999999' is too large for an amount (mend it at its source)",
    ),
    "unknown currency": (
        "INV-1,EURO,DE01,12.30,12.30,,,issued,",
        "currency: unknown currency 'EURO' (did you mean 'EUR'?)",
    ),
    "no currency": (
        "INV-1,,DE01,12.30,12.30,,,issued,",
        "net: '12.30' is an amount without a currency (map the currency column, or declare currency = \"EUR\")",
    ),
    "unknown entity": (
        "INV-1,EUR,DE1,12.30,12.30,,,issued,",
        "entity: unknown entity 'DE1' (did you mean 'DE01'?)",
    ),
    "missing id": (
        ",EUR,DE01,12.30,12.30,,,issued,",
        "has no id (map a column to id in audit.toml, or fill it at its source)",
    ),
    "missing amount": (
        "INV-1,EUR,DE01,12.30,,,,issued,",
        "has no total (map a column to total in audit.toml, or fill it at its source)",
    ),
    "bad date": (
        "INV-1,EUR,DE01,12.30,12.30,,31.12.2026,issued,",
        "due_on: '31.12.2026' is not a date (write it like 2026-06-30, or declare date = \"%d.%m.%Y\" in audit.toml)",
    ),
    "a day that there is not": (
        "INV-1,EUR,DE01,12.30,12.30,,2026-02-30,issued,",
        "due_on: '2026-02-30' is not a date (write it like 2026-06-30, or declare date = \"%d.%m.%Y\" in audit.toml)",
    ),
    "bad instant": (
        "INV-1,EUR,DE01,12.30,12.30,yesterday,,issued,",
        "issued_at: 'yesterday' is not an instant (write it like 2026-06-30T08:15:00Z, or declare "
        'datetime = "%d.%m.%Y %H:%M" in audit.toml)',
    ),
    "before 1900": (
        "INV-1,EUR,DE01,12.30,12.30,,1899-12-30,issued,",
        "due_on: '1899-12-30' is before 1900 (mend it at its source, or map it to \"\" under [files.values.due_on])",
    ),
    "an instant before 1900": (
        "INV-1,EUR,DE01,12.30,12.30,0001-01-01T00:00:00Z,,issued,",
        "issued_at: '0001-01-01T00:00:00Z' is before 1900 (mend it at its source, or map it to \"\" under "
        "[files.values.issued_at])",
    ),
    "the end of all days": (
        "INV-1,EUR,DE01,12.30,12.30,,9999-12-31,issued,",
        "due_on: '9999-12-31' is after 2199 (leave it empty for no end: map it to \"\" under [files.values.due_on])",
    ),
    "unknown status": (
        "INV-1,EUR,DE01,12.30,12.30,,,isued,",
        "status cannot be 'isued' (did you mean 'issued'?)",
    ),
    "status in other words": (
        "INV-1,EUR,DE01,12.30,12.30,,,offen,",
        "status cannot be 'offen' (say what it means under [files.values.status] in audit.toml)",
    ),
    "too few fields": (
        "INV-1,EUR,DE01,12.30",
        "has 4 of 9 fields (quote values that contain the delimiter, or declare the delimiter)",
    ),
    "too many fields": (
        "INV-1,EUR,DE01,12.30,12.30,,,issued,Smith, Sons,",
        "has 11 of 9 fields (quote values that contain the delimiter, or declare the delimiter)",
    ),
    "a quote inside a quoted value": (
        'INV-1,EUR,DE01,12.30,12.30,,,issued,"Smith "Sons""',
        'has a quote in the wrong place: \'INV-1,EUR,DE01,12.30,12.30,,,issued,"Smith "Sons""\' (double the quotes inside '
        "a quoted value, and close it)",
    ),
    "a quote that never closes": (
        'INV-1,EUR,DE01,12.30,12.30,,,issued,"Smith',
        "has a quote in the wrong place: 'INV-1,EUR,DE01,12.30,12.30,,,issued,\"Smith' (double the quotes inside a quoted "
        "value, and close it)",
    ),
    "a NUL": (
        "INV-1,EUR,DE01,12.30,12.30,,,issued,C\x00-1",
        "has a control character U+0000 (take it out at its source)",
    ),
    "an escape sequence": (
        "INV-1,EUR,DE01,12.30,12.30,,,issued,\x1b[31mC-1",
        "has a control character U+001B (take it out at its source)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_VALUES)
def test_a_bad_row_is_refused_by_name_and_the_next_one_is_read(exports: Exports, name: str) -> None:
    row, message = BAD_VALUES[name]
    exports.write("invoices.csv", HEADER + row + "\n" + GOOD).read(ENTITIES)
    assert exports.refused() == [f"invoices.csv:2 {message}"]
    assert exports.rows("invoice", "id", "net", "total") == [("INV-9", 1000, 1190)]
    quality = exports.file("invoices.csv")
    assert (quality.rows, quality.accepted, quality.rejected) == (2, 1, 1)


def test_bytes_of_another_encoding_cost_their_own_row_only(exports: Exports) -> None:
    bad = "INV-1,EUR,DE01,12.30,12.30,,,issued,Müller\n".encode("cp1252")
    exports.write("invoices.csv", HEADER.encode() + bad + GOOD.encode()).read()
    assert exports.refused() == [
        'invoices.csv:2 byte 0xFC is not in the declared encoding (declare the file\'s encoding, such as encoding = "cp1252")'
    ]
    assert exports.rows("invoice", "id") == [("INV-9",)]


def test_the_declared_encoding_is_read(exports: Exports) -> None:
    content = "id;currency;net;total;customer\nR-1;EUR;1.234,50;1.234,50;Müller\n".encode("cp1252")
    exports.write("invoices.csv", content)
    exports.read(INVOICES + 'encoding = "cp1252"\ndelimiter = ";"\ndecimal = ","\nthousands = "."')
    assert exports.refused() == []
    assert exports.rows("invoice", "customer", "net") == [("billing/Müller", 123450)]


def test_utf_16_as_spreadsheets_write_it(exports: Exports) -> None:
    content = "id\tcurrency\tnet\ttotal\nR-1\tEUR\t1.00\t1.00\n".encode("utf-16")
    exports.write("invoices.csv", content).read(INVOICES + 'encoding = "utf-16"\ndelimiter = "\\t"')
    assert exports.refused() == []
    assert exports.rows("invoice", "id") == [("R-1",)]


def test_a_byte_order_mark_and_windows_line_ends_are_no_trouble(exports: Exports) -> None:
    content = b"\xef\xbb\xbf" + (HEADER + GOOD).replace("\n", "\r\n").encode()
    exports.write("invoices.csv", content).read()
    assert exports.refused() == []
    assert exports.rows("invoice", "id", "customer") == [("INV-9", "billing/C-1")]


def test_mixed_line_ends_are_read(exports: Exports) -> None:
    second = GOOD.replace("INV-9", "INV-8").replace("\n", "\r\n")
    exports.write("invoices.csv", (HEADER + second + GOOD).encode()).read()
    assert exports.refused() == []
    assert exports.rows("invoice", "id") == [("INV-8",), ("INV-9",)]


def test_lines_are_counted_through_quoted_line_ends_and_blank_lines(exports: Exports) -> None:
    address = 'INV-1,EUR,DE01,1.00,1.00,,,issued,"Smith\nSons\nLtd"\n'
    bad = "INV-2,EUR,DE01,x,1.00,,,issued,\n"
    exports.write("invoices.csv", HEADER + address + "\n" + bad + GOOD).read()
    assert [line.split(" ")[0] for line in exports.refused()] == ["invoices.csv:6"]


def test_a_windows_line_end_inside_a_value_is_part_of_the_value(exports: Exports) -> None:
    """Neither the quick reader (a line of another encoding forbids it) nor the careful one takes it for the file's own."""
    row = 'INV-1,EUR,DE01,1.00,1.00,,,issued,"Smith\r\nSons"\n'
    exports.write("invoices.csv", HEADER + row + GOOD).read()
    exports.write("more.csv", (HEADER + row.replace("1,EUR", "2,EUR", 1).replace("Smith", "Müller")).encode("cp1252"))
    exports.read(INVOICES + INVOICES.replace("invoices.csv", "more.csv") + 'encoding = "cp1252"\n')
    assert exports.refused() == []
    assert exports.rows("invoice", "id", "customer") == [
        ("INV-1", "billing/Smith\r\nSons"), ("INV-2", "billing/Müller\r\nSons"), ("INV-9", "billing/C-1"),
    ]  # fmt: skip


def test_an_empty_file_is_refused_as_a_whole_and_proves_nothing(exports: Exports) -> None:
    complete = '\n[[complete]]\nsystem = "billing"\ntype = "invoice"\n'
    exports.write("invoices.csv", "").read(INVOICES + complete)
    assert exports.refused() == ["invoices.csv:0 is empty, without even a header (export it again)"]
    assert exports.loaded is not None
    assert not exports.loaded.coverage.known("billing", "invoice", "DE01", dt.date(2026, 6, 30))
    assert exports.loaded.notes == (
        "invoices.csv was not read: is empty, without even a header. Nothing counts as missing from billing invoice.",
    )


def test_a_missing_file_is_named_and_the_others_are_read(exports: Exports) -> None:
    other = '[[files]]\npath = "more.csv"\nsystem = "billing"\ntype = "invoice"\n'
    exports.write("more.csv", HEADER + GOOD).read(INVOICES + other)
    assert exports.refused() == ["invoices.csv:0 there is no such file (mend path in audit.toml, or export it)"]
    assert exports.rows("invoice", "id") == [("INV-9",)]


def test_a_glob_without_files_is_named(exports: Exports) -> None:
    exports.read(INVOICES.replace("invoices.csv", "invoices/*.csv"))
    assert exports.refused() == ["invoices/*.csv:0 no file has such a name (mend path in audit.toml, or export it)"]


def test_a_header_alone_is_a_file_without_documents(exports: Exports) -> None:
    exports.write("invoices.csv", HEADER).read()
    assert exports.refused() == []
    assert exports.file("invoices.csv").rows == 0


def test_what_is_not_parquet_is_refused_as_a_whole(exports: Exports) -> None:
    exports.write("invoices.parquet", b"no parquet at all").read(INVOICES.replace(".csv", ".parquet"))
    (message,) = exports.refused()
    assert message.startswith("invoices.parquet:0 is not Parquet: ")
    assert message.endswith("(export it again)")


def test_a_damaged_archive_is_refused_as_a_whole(exports: Exports) -> None:
    exports.write("invoices.csv.gz", b"\x1f\x8b\x08\x00 cut off").read(INVOICES.replace(".csv", ".csv.gz"))
    (message,) = exports.refused()
    assert message.startswith("invoices.csv.gz:0 cannot be decompressed: ")


def test_json_lines_are_refused_one_by_one(exports: Exports) -> None:
    exports.write(
        "invoices.jsonl",
        """
        {"id": "INV-1", "currency": "EUR", "net": 1.5, "total": 1.5
        [1, 2]
        {"id": "INV-2", "currency": "KWD", "net": 1234567890123.456, "total": 1}
        {"id": "INV\\u00003", "currency": "EUR", "net": 1, "total": 1}

        {"id": "INV-9", "currency": "EUR", "net": 10.1, "total": "11.90"}
        """,
    ).read(INVOICES.replace(".csv", ".jsonl"))
    assert exports.refused() == [
        "invoices.jsonl:1 '{\"id\": \"INV-1\", \"currency\": \"EUR\", \"net\": 1.5, \"total\": 1.5' is not a JSON object "
        "(write one document on each line)",
        "invoices.jsonl:2 '[1, 2]' is not a JSON object (write one document on each line)",
        "invoices.jsonl:3 net: '1234567890123.456' has more digits than a number in JSON keeps exactly (export it as CSV or Parquet)",
        "invoices.jsonl:4 id: has a control character (take it out at its source)",
    ]  # fmt: skip
    assert exports.rows("invoice", "id", "net", "total") == [("INV-9", 1010, 1190)]


def test_a_json_array_is_no_json_lines(exports: Exports) -> None:
    exports.write("invoices.json", '[{"id": "1"}]').read(INVOICES.replace(".csv", ".json"))
    assert exports.refused() == [
        "invoices.json:0 is one JSON array, not JSON lines (write one document a line: jq -c '.[]' invoices.json)"
    ]


def test_one_bad_line_of_an_invoice_refuses_the_invoice_not_the_line(exports: Exports) -> None:
    lines = '[{""id"": ""1"", ""net"": ""1.00""}, {""id"": ""2"", ""net"": ""x""}]'
    content = f'id,currency,net,total,lines\nINV-1,EUR,1,1,"{lines}"\nINV-2,EUR,1,1,"[1]"\nINV-3,EUR,1,1,"[{{"\n'
    exports.write("invoices.csv", content).read()
    assert exports.refused() == [
        "invoices.csv:2 lines[2].net: 'x' is not an amount (write it like 1234.56; grouped digits need thousands = \",\" "
        "in audit.toml)",
        "invoices.csv:3 lines[1]: is empty or no JSON object (write it like {\"id\": \"1\"})",
        "invoices.csv:4 lines: '[{' is not a JSON list (write it like [{\"id\": \"1\"}])",
    ]  # fmt: skip


def test_a_million_refusals_are_counted_and_a_thousand_listed(exports: Exports) -> None:
    rows = "".join(f"INV-{n},EUR,DE01,x,1.00,,,issued,\n" for n in range(3000))
    exports.write("invoices.csv", HEADER + rows).read()
    assert exports.loaded is not None
    assert len(exports.loaded.rejections) == 1000
    assert exports.file("invoices.csv").rejected == 3000
    assert exports.connection.execute("SELECT count(*) FROM input_rejection").fetchone() == (3000,)


FIELDS = {
    "neither true nor false": ("customer", "id,name,po_required\nC-1,A,perhaps\n",
        "po_required: 'perhaps' is neither true nor false (write true or false, or map it under [files.values.po_required])"),
    "a broken count": ("contract", "id,customer,start_on,notice_days\nCT-1,C-1,2026-01-01,two\n",
        "notice_days: 'two' is not a whole number (write it like 12)"),
    "a broken quantity": ("usage", "id,charge,quantity,used_on\nU-1,CH-1,1.2.3,2026-01-01\n",
        "quantity: '1.2.3' is not a number (write it like 1234.56)"),
    "attributes that are no object": ("customer", "id,name,ext\nC-1,A,region=south\n",
        "ext: 'region=south' is not a JSON object (write it like {\"key\": \"value\"})"),
    "a broken list of references": ("payment", 'id,currency,amount,invoices\nP-1,EUR,1,"[""INV-1"""\n',
        "invoices: '[\"INV-1\"' is not a list of references (write it like [\"billing/INV-1\", \"billing/INV-2\"])"),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
def test_every_kind_of_field_says_what_it_wants(exports: Exports, name: str) -> None:
    type_name, content, message = FIELDS[name]
    exports.write("file.csv", content).read(f'[[files]]\npath = "file.csv"\nsystem = "one"\ntype = "{type_name}"\n')
    assert exports.refused() == [f"file.csv:2 {message}"]


def test_a_system_that_a_row_names_must_be_known(exports: Exports) -> None:
    exports.write("invoices.csv", "id,system,currency,net,total\n1,billing,EUR,1,1\n2,biling,EUR,1,1\n3,,EUR,1,1\n")
    exports.read('[systems.billing]\n[[files]]\npath = "invoices.csv"\ntype = "invoice"\n')
    assert exports.refused() == [
        "invoices.csv:3 system: unknown system 'biling' (did you mean 'billing'?)",
        "invoices.csv:4 has no system (map a column to system in audit.toml, or fill it at its source)",
    ]
    assert exports.rows("invoice", "key") == [("invoice/billing/1",)]


def test_a_control_character_in_parquet_is_found_too(exports: Exports) -> None:
    path = exports.folder / "invoices.parquet"
    pq.write_table(
        pa.table({"id": ["1", "2\x07"], "currency": ["EUR"] * 2, "net": ["1"] * 2, "total": ["1"] * 2}), path
    )
    exports.read(INVOICES.replace(".csv", ".parquet"))
    assert exports.refused() == ["invoices.parquet:2 id: has a control character (take it out at its source)"]


def test_floats_of_parquet_are_the_decimals_that_they_show(exports: Exports) -> None:
    """0.1 + 0.2 is 0.30000000000000004, which is no amount of euros; a missing number is empty."""
    path = exports.folder / "invoices.parquet"
    columns = {
        "id": [1.0, 2.0, 3.0],
        "net": [12.3, 0.1 + 0.2, 5.0],
        "tax": [float("nan"), 1.0, 0.07],
        "total": [12.3, 1.0, 5.07],
    }
    pq.write_table(pa.table({**columns, "currency": ["EUR"] * 3}), path)
    exports.read(INVOICES.replace(".csv", ".parquet"))
    assert exports.refused() == [
        "invoices.parquet:2 net: '0.30000000000000004' has more decimals than its currency has "
        "(round it at its source, or mend the currency)"
    ]
    assert exports.rows("invoice", "id", "net", "tax", "total") == [("1", 1230, None, 1230), ("3", 500, 7, 507)]


def test_lines_are_counted_rightly_where_two_columns_have_one_name(exports: Exports) -> None:
    content = 'id,currency,net,total,note,note\n"INV-1",EUR,1,1,"two\nlines",b\nINV-2,EUR,x,1,a,b\n'
    exports.write("invoices.csv", content).read()
    assert [line.split(" ")[0] for line in exports.refused()] == ["invoices.csv:4"]
