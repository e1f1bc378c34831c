"""Whatever stands in a file, reading it ends with every row either accepted or refused, and never with a crash."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieout.canon.faults import MappingFault

from .exports import INVOICES, Exports

CELLS = (
    "INV-1", "EUR", "JPY", "12.30", "-0.01", "1e400", "1e-30", "NaN", "Infinity", "1_000", "99999999999999999999999", "2026-06-30",
    "2026-06-30T08:15:00+02:00", "infinity", "294247-01-10", "0000-00-00", "issued", "crm/C-1", "/", "//", '"', '""', "'", "\\", "{",
    "[", "[1]", "[null]", '[{"net": {}}]', '{"a": [1}', "null", "true", "", " ", "ß", "\ufeff", "\u2028", "\x85", "%s", ";", "(1)", "()",
    "-", "1-", ".", ",", "9" * 400,
)  # fmt: skip
NAMES = (
    "id",
    "currency",
    "net",
    "total",
    "issued_at",
    "due_on",
    "lines",
    "ext",
    "version",
    "deleted",
    "customer",
    "status",
)
ROWS = st.lists(st.lists(st.sampled_from(CELLS), min_size=len(NAMES), max_size=len(NAMES)), max_size=6)
BYTES = st.lists(
    st.one_of(
        st.sampled_from([b",", b"\n", b"\r", b'"', b"\x00", b"\xff", b"\xc3", b"{}", b'{"id":1}']),
        st.binary(max_size=5),
    ),
    max_size=30,
)
QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))


def read(name: str, content: bytes, more: str = "") -> None:
    """Read one file; every row must be counted once."""
    with tempfile.TemporaryDirectory() as folder:
        exports = Exports(Path(folder))
        exports.write(name, content)
        try:
            exports.read(INVOICES.replace("invoices.csv", name) + more)
        except MappingFault:
            return
        quality = exports.file(name)
        kept = len(exports.rows("invoice", "id"))
        assert kept <= quality.accepted
        assert quality.rows == quality.accepted + quality.rejected or quality.rows == 0
        assert all(": " in line or "(" in line for line in exports.refused())


@QUICK
@given(
    rows=ROWS,
    quoted=st.booleans(),
    style=st.sampled_from(["", 'decimal = ","\nthousands = "."', 'datetime = "epoch"', 'money = "minor"']),
)
def test_any_cells_in_csv(rows: list[list[str]], quoted: bool, style: str) -> None:
    def written(cell: str) -> str:
        return '"' + cell.replace('"', '""') + '"' if quoted else cell

    lines = [",".join(NAMES), *(",".join(map(written, row)) for row in rows)]
    read("invoices.csv", ("\n".join(lines) + "\n").encode(), style)


@QUICK
@given(rows=ROWS, written=st.lists(st.booleans(), min_size=len(NAMES), max_size=len(NAMES)))
def test_any_cells_in_json_lines(rows: list[list[str]], written: list[bool]) -> None:
    """Cells as text, or as the JSON that they happen to be."""

    def shown(cell: str, as_text: bool) -> str:
        try:
            json.loads(cell)
        except ValueError:
            as_text = True
        return json.dumps(cell) if as_text else cell

    pairs = [zip(NAMES, row, written, strict=True) for row in rows]
    lines = ["{" + ", ".join(f'"{name}": {shown(cell, text)}' for name, cell, text in pair) + "}" for pair in pairs]
    read("invoices.jsonl", "\n".join(lines).encode())


@QUICK
@given(parts=BYTES, header=st.booleans())
def test_any_bytes_in_csv(parts: list[bytes], header: bool) -> None:
    read("invoices.csv", (b"id,currency,net,total\n" if header else b"") + b"".join(parts))


@QUICK
@given(parts=BYTES)
def test_any_bytes_in_json_lines(parts: list[bytes]) -> None:
    read("invoices.jsonl", b"".join(parts))


@QUICK
@given(parts=BYTES)
def test_any_bytes_in_an_archive(parts: list[bytes]) -> None:
    read("invoices.csv.gz", b"\x1f\x8b\x08" + b"".join(parts))
