"""Rows a second of reading exports: our checked load beside DuckDB's bare read of the same Parquet files.

    ./dev bench read [ROWS]        ROWS in all, default 2,000,000

Both sides run on two threads in this run and read every column into tables; what differs is that ours reads text exactly, checks
every value, joins references, adds up control totals and leaves canonical tables.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from tieout.audit.read import load

SHARES = {
    "customer": (
        0.04, "crm", "'C-' || i AS id, 'Customer ' || i AS name, 'DE' AS country, 'DE0' || (i % 3) AS entity"
    ),
    "order": (
        0.12, "crm",
        "'O-' || i AS id, 'DE0' || (i % 3) AS entity, 'EUR' AS currency, 'C-' || (i % 40000) AS customer, "
        "strftime(TIMESTAMP '2025-01-01' + to_seconds(i * 13), '%Y-%m-%dT%H:%M:%SZ') AS accepted_at, "
        "DATE '2025-01-01' + (i % 365)::INTEGER AS effective_on, "
        "[{'id': '1', 'product': 'P-' || (i % 500), 'quantity': '2', 'net': '19.98'}] AS lines",
    ),
    "charge": (
        0.18, "crm",
        "'CH-' || i AS id, 'DE0' || (i % 3) AS entity, 'EUR' AS currency, 'O-' || (i * 2 // 3) AS \"order\", '1' AS line, "
        "'P-' || (i % 500) AS product, 'recurring' AS kind, 1 AS period_months, "
        "DATE '2025-01-01' + (i % 365)::INTEGER AS start_on, DATE '2025-12-31' + (i % 365)::INTEGER AS end_on, "
        "'2' AS quantity, '9.99' AS unit_price, 'day' AS proration",
    ),
    "invoice": (
        0.30, "billing",
        "'INV-' || i AS id, 'N' || i AS number, 'DE0' || (i % 3) AS entity, ['EUR', 'JPY', 'KWD'][i % 3 + 1] AS currency, "
        "'crm/C-' || (i % 40000) AS customer, 'issued' AS status, "
        "strftime(TIMESTAMP '2025-01-01' + to_seconds(i * 13), '%Y-%m-%dT%H:%M:%SZ') AS issued_at, "
        "(i % 100000)::VARCHAR AS net, '0' AS tax, (i % 100000)::VARCHAR AS total, "
        "[{'id': '1', 'order': 'crm/O-' || (i * 2 // 5), 'charge': 'crm/CH-' || (i * 3 // 5), 'net': (i % 100000)::VARCHAR, "
        "'service_from': DATE '2025-01-01' + (i % 365)::INTEGER}] AS lines",
    ),
    "payment": (
        0.18, "psp",
        "'PAY-' || i AS id, 'DE0' || (i % 3) AS entity, 'EUR' AS currency, 'crm/C-' || (i % 40000) AS customer, "
        "((i * 7919) % 10000000 / 100.0)::DECIMAL(18, 2) AS amount, '0.35' AS fee, "
        "TIMESTAMP '2025-01-01' + to_seconds(i * 13) AS captured_at, ['billing/INV-' || (i * 5 // 3)] AS invoices",
    ),
    "cash_application": (
        0.18, "erp",
        "'A-' || i AS id, 'DE0' || (i % 3) AS entity, 'EUR' AS currency, 'psp/PAY-' || i AS payment, "
        "'billing/INV-' || (i * 5 // 3) AS invoice, ((i * 7919) % 10000000 / 100.0)::DECIMAL(18, 2) AS amount, "
        "TIMESTAMP '2025-01-01' + to_seconds(i * 13) AS applied_at",
    ),
}  # fmt: skip


def write_exports(directory: Path, rows: int) -> int:
    """Made-up Parquet exports with their mapping; the number of rows written."""
    connection, written = duckdb.connect(), 0
    mapping = ["[systems.crm]", "[systems.billing]", "[systems.psp]", "[systems.erp]"]
    for name, (share, system, listed) in SHARES.items():
        count = int(rows * share)
        path = directory / f"{name}.parquet"
        connection.execute(f"COPY (SELECT {listed} FROM range({count}) AS r(i)) TO '{path}' (ROW_GROUP_SIZE 122880)")
        mapping.append(f'[[files]]\npath = "{path.name}"\nsystem = "{system}"\ntype = "{name}"')
        written += count
    (directory / "audit.toml").write_text("\n".join(mapping), encoding="utf-8")
    return written


def connect(directory: Path, name: str) -> duckdb.DuckDBPyConnection:
    """A database on disk, two threads."""
    return duckdb.connect(str(directory / name), config={"threads": 2, "memory_limit": "2GB"})


def bare(directory: Path) -> float:
    """Seconds of DuckDB reading the same files into tables as they are."""
    connection = connect(directory, "bare.duckdb")
    started = time.perf_counter()
    for name in SHARES:
        connection.execute(f"CREATE TABLE t_{name} AS SELECT * FROM '{directory / name}.parquet'")
    return time.perf_counter() - started


def ours(directory: Path, rows: int) -> float:
    """Seconds of our load. Every row must be accepted."""
    connection = connect(directory, "ours.duckdb")
    started = time.perf_counter()
    loaded = load(directory, connection)
    seconds = time.perf_counter() - started
    accepted = sum(file.accepted for file in loaded.files)
    if accepted != rows:
        raise SystemExit(f"{rows - accepted} rows were refused: {loaded.rejections[:3]}")
    return seconds


def main() -> None:
    """Print both sides and their ratio."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        rows = write_exports(directory, wanted)
        plain, checked = bare(directory), ours(directory, rows)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"rows                    {rows:>14,}")
    print(f"DuckDB, bare read       {rows / plain:>14,.0f} rows/s  {plain:6.2f} s")
    print(f"tieout, checked load    {rows / checked:>14,.0f} rows/s  {checked:6.2f} s")
    print(f"ratio                   {checked / plain:>14.1f} x bare")
    print(f"peak memory             {peak:>14,.0f} MB")


if __name__ == "__main__":
    main()
