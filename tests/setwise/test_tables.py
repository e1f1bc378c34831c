"""Each canonical type has one table, and the table follows the type."""

from __future__ import annotations

import duckdb
import pytest

from tieout.canon.documents import TYPES
from tieout.canon.faults import MappingFault
from tieout.setwise import tables


def kinds(type_name: str) -> dict[str, str]:
    return {column.name: column.kind for column in tables.columns(type_name)}


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_has_a_table_with_its_own_fields(type_name: str) -> None:
    connection = duckdb.connect()
    tables.create(connection, type_name)
    described = connection.execute(f"DESCRIBE {tables.table_name(type_name)}").fetchall()
    assert [row[0] for row in described] == ["key", "ref", *TYPES[type_name].__struct_fields__]
    for column, row in zip(tables.columns(type_name), described, strict=True):
        assert connection.execute(f"SELECT typeof(NULL::{column.sql_type})").fetchone() == (row[1],)


def test_an_invoice_knows_money_from_counts_and_references_from_text() -> None:
    invoice = kinds("invoice")
    assert invoice["net"] == "minor"
    assert invoice["version"] == "integer"
    assert invoice["customer"] == "ref"
    assert invoice["number"] == "text"
    assert invoice["issued_at"] == "instant"
    assert invoice["due_on"] == "date"
    assert invoice["fx_rate"] == "decimal"
    assert invoice["ext"] == invoice["refs"] == "json"
    assert kinds("payment")["invoices"] == "refs"


def test_invoice_lines_are_a_list_of_structs_by_the_same_rules() -> None:
    (lines,) = (column for column in tables.columns("invoice") if column.name == "lines")
    assert lines.kind == "structs"
    assert lines.sql_type == (
        'STRUCT("id" VARCHAR, "order" VARCHAR, "line" VARCHAR, "charge" VARCHAR, "service_from" DATE, '
        '"service_to" DATE, "quantity" VARCHAR, "net" BIGINT, "tax" BIGINT)[]'
    )
    assert {column.name: column.kind for column in lines.nested}["charge"] == "ref"


def test_what_a_document_cannot_be_without_and_what_a_field_may_say() -> None:
    amendment = {column.name: column for column in tables.columns("amendment")}
    assert amendment["kind"].required
    assert not amendment["delta_recurring"].required
    assert amendment["status"].choices == ("draft", "accepted", "cancelled")


def test_an_unknown_type_is_named_with_the_nearest_one() -> None:
    with pytest.raises(MappingFault, match=r"no document type 'invoise' \(did you mean 'invoice'\?\)"):
        tables.table_name("invoise")
