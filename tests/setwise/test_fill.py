"""Documents kept as JSON come out of their tables as they were: any document of any type, by the way of millions."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import duckdb
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tieout.canon.decode import encode
from tieout.canon.documents import TYPES, Document, Event
from tieout.setwise.fill import LONGEST, fill
from tieout.setwise.hydrate import hydrate
from tieout.setwise.insert import insert
from tieout.setwise.tables import create, table_name

from ..canon.generated import documents


def read(connection: duckdb.DuckDBPyConnection, name: str) -> list[Document]:
    rows = connection.sql(
        f"SELECT * EXCLUDE (key, ref) FROM {table_name(name)} ORDER BY key, to_json({table_name(name)})"
    )
    return hydrate(TYPES[name], rows.to_arrow_table())


@pytest.mark.parametrize("name", sorted(TYPES))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(given_=st.data())
def test_any_document_is_the_same_by_file_and_from_memory(name: str, given_: st.DataObject) -> None:
    listed = given_.draw(st.lists(documents(name), min_size=1, max_size=4, unique_by=lambda document: document.key))
    there = [document for document in listed if not document.deleted]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as by_file, duckdb.connect() as from_memory:
        path = Path(folder) / name
        path.write_bytes(b"".join(encode(document) + b"\n" for document in listed))
        by_file.execute("SET TimeZone = 'UTC'")
        fill(by_file, name, path)
        create(from_memory, name)
        insert(from_memory, there)
        key = msgspec.json.encode
        assert sorted(read(by_file, name), key=key) == sorted(read(from_memory, name), key=key)


def test_a_document_longer_than_usual_is_read(tmp_path: Path) -> None:
    at = dt.datetime(2026, 6, 30, tzinfo=dt.UTC)
    long = Event(system="log", id="1", activity="posted", at=at, ext={"text": "x" * LONGEST})
    path = tmp_path / "event"
    path.write_bytes(encode(long) + b"\n")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        fill(connection, "event", path, longest=path.stat().st_size)
        assert read(connection, "event") == [long]
