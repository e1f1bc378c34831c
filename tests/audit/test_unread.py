"""A row that is refused is a document that is there and not seen: nothing of its kind is proved to be missing until it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from tieout.audit.result import AuditResult
from tieout.audit.run import audit

from .exports import Exports

MAPPING = """
[audit]
as_of = 2026-06-30
base_currency = "EUR"
[systems.crm]
[systems.billing]
[systems.provisioning]
[entities.DE01]
functional_currency = "EUR"
[entities.US01]
functional_currency = "EUR"
[[files]]
path = "orders.csv"
system = "crm"
type = "order"
currency = "EUR"
[[files]]
path = "charges.csv"
system = "billing"
type = "charge"
currency = "EUR"
[files.refs]
order = "crm"
[[files]]
path = "services.csv"
system = "provisioning"
type = "entitlement"
[files.refs]
order = "crm"
[[files]]
path = "invoices.csv"
system = "billing"
type = "invoice"
currency = "EUR"
[files.lines]
path = "invoice_lines.csv"
parent = "invoice"
[[complete]]
system = "*"
type = "*"
"""
HEADER = "id,entity,customer,net,total,status,issued_at\n"
GERMAN, AMERICAN = "I1,DE01,K1,100.00,119.00,issued,2026-05-02\n", "I2,US01,K2,100.00,100.00,issued,2026-05-02\n"


@pytest.fixture
def company(tmp_path: Path) -> Exports:
    """One order of 100.00 in Germany, one in America: both switched on in May and served to its end."""
    exports = Exports(tmp_path)
    exports.write("audit.toml", MAPPING)
    exports.write("orders.csv", "id,entity,customer,accepted_at\nO1,DE01,K1,2026-05-01\nO2,US01,K2,2026-05-01\n")
    exports.write(
        "charges.csv",
        "id,entity,order,line,product,kind,unit_price,start_on,end_on,period_months\n"
        "C1,DE01,O1,1,P,recurring,100,2026-05-01,2026-05-31,1\nC2,US01,O2,1,P,recurring,100,2026-05-01,2026-05-31,1\n",
    )
    exports.write(
        "services.csv",
        "id,entity,order,line,activated_at,deactivated_at\n"
        "S1,DE01,O1,1,2026-05-01,2026-05-31\nS2,US01,O2,1,2026-05-01,2026-05-31\n",
    )
    lines = "invoice,id,charge,net,service_from,service_to\n"
    exports.write("invoice_lines.csv", lines + "".join(f"I{n},1,C{n},100.00,2026-05-01,2026-05-31\n" for n in (1, 2)))
    return exports


def unbilled(result: AuditResult) -> dict[str, int]:
    return {f.subject: f.exposure for f in result.findings if f.risk.value == "unbilled_service"}


def not_judged(result: AuditResult) -> dict[str, int]:
    return {u.entity: u.amount for u in result.unknown if u.what == "whether it was invoiced"}


def test_an_invoice_whose_amount_cannot_be_read_does_not_make_its_order_look_unbilled(company: Exports) -> None:
    """The German invoice is refused: 100.00 are not judged. America is not touched by it: its invoice is truly missing."""
    company.write("invoices.csv", HEADER + GERMAN.replace("100.00", "1oo"))
    result = audit(company.folder)
    assert unbilled(result) == {"charge/billing/C2": 10_000}
    assert not_judged(result) == {"DE01": 10_000}
    assert (
        "invoices.csv: while 1 row is refused, no invoice in billing of DE01 counts as missing: mend them, then what is not "
        "judged is judged"
    ) in result.notes


def test_once_the_row_is_mended_everything_is_judged(company: Exports) -> None:
    company.write("invoices.csv", HEADER + GERMAN)
    result = audit(company.folder)
    assert unbilled(result) == {"charge/billing/C2": 10_000}
    assert not_judged(result) == {}
    company.write("invoices.csv", HEADER + GERMAN + AMERICAN)
    assert unbilled(audit(company.folder)) == {}


@pytest.mark.parametrize(
    "row",
    [
        AMERICAN.replace("US01", "UK01"),  # of an entity that there is not
        AMERICAN.replace("I2,", "I2,,,"),  # with a field too many
        "I2,,K2,ten,ten,issued,2026-05-02\n",  # of no entity
        AMERICAN
        + AMERICAN.replace("issued,2026-05-02", "issued,2026-05-03").replace("US01", ""),  # twice, and different
    ],
)
def test_a_row_that_does_not_tell_whose_it_is_may_be_anybodys(company: Exports, row: str) -> None:
    company.write("invoices.csv", HEADER + row)
    result = audit(company.folder)
    assert unbilled(result) == {}
    assert not_judged(result) == {"DE01": 10_000, "US01": 10_000}


def test_an_invoice_that_contradicts_itself_is_one_that_is_there(company: Exports) -> None:
    company.write("invoices.csv", HEADER + GERMAN + GERMAN.replace("-02", "-03") + AMERICAN)
    result = audit(company.folder)
    assert (unbilled(result), not_judged(result)) == ({}, {"DE01": 10_000})


def test_a_refused_row_of_another_kind_changes_nothing(company: Exports) -> None:
    """An order that cannot be read says nothing about invoices."""
    company.write("invoices.csv", HEADER + GERMAN)
    company.write(
        "orders.csv", "id,entity,customer,accepted_at\nO1,DE01,K1,2026-05-01\nO2,US01,K2,2026-05-01\nO3,DE01,K1,once\n"
    )
    result = audit(company.folder)
    assert unbilled(result) == {"charge/billing/C2": 10_000}
    assert not_judged(result) == {}
