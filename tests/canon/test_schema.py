"""The published shape of every document type: a change shows up as a difference in a golden file."""

import json
from pathlib import Path

import pytest

from tieout.canon.documents import TYPES
from tieout.canon.faults import InputFault
from tieout.canon.schema import description, schema, schemas
from tieout.canon.shape import shapes

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("type_name", TYPES)
def test_the_schema_of_a_type_is_the_one_that_was_published(type_name, golden):
    golden(GOLDEN / f"{type_name}.json", json.dumps(schema(type_name), indent=2, ensure_ascii=False) + "\n")


def test_there_is_no_golden_file_of_a_type_that_is_gone():
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(schemas()) == set(TYPES)


NAMED_BY_THE_TRADE = """
    customer product price contract quote order subscription amendment entitlement usage project time_entry shipment tax_answer
    invoice credit_memo payment refund payout bank_line cash_application journal_entry revenue_schedule renewal support_case
    charge commitment dispute deposit write_off purchase_order tax_registration withholding_certificate gl_balance
    accounting_period source_total
"""


def test_every_document_that_the_money_path_needs_has_a_type():
    assert set(NAMED_BY_THE_TRADE.split()) <= set(TYPES)


@pytest.mark.parametrize("type_name", TYPES)
def test_every_number_says_its_unit_and_every_type_what_it_is(type_name):
    """Amounts say it by their kind; decimals and counts must say it in words."""
    for struct in (TYPES[type_name], *(f.struct for f in shapes(TYPES[type_name]) if f.struct is not None)):
        assert struct.__doc__
        silent = [
            f.name for f in shapes(struct) if f.kind in ("decimal", "integer", "minor") and not description(struct, f)
        ]
        assert silent == []


def test_the_schema_says_what_is_required_which_values_there_are_and_what_they_mean():
    found = schema("invoice")
    assert found["required"] == ["type", "system", "id", "net", "total"]
    assert found["additionalProperties"] is False
    assert "posted" in found["properties"]["status"]["enum"]
    assert found["properties"]["net"]["description"] == "Of all lines. Minor units of the document's currency."
    assert found["properties"]["due_on"]["anyOf"][0] == {"type": "string", "format": "date"}
    assert found["properties"]["customer"]["anyOf"][0] == {"type": "string", "pattern": "^[^/]+/.+$"}
    assert found["$defs"]["InvoiceLine"]["additionalProperties"] is False


def test_an_unknown_type_names_the_nearest():
    with pytest.raises(InputFault, match="there is no document type 'invoise' .did you mean 'invoice'?"):
        schema("invoise")
