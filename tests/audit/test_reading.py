"""What a mapping makes of a file: fields, references, instants, lines, versions, and what is known to be complete."""

from __future__ import annotations

import datetime as dt
import pickle
import subprocess
import sys
import textwrap

import pytest

from tieout.canon.faults import InputFault, MappingFault

from .exports import INVOICES, Exports

SYSTEMS = "[systems.billing]\n[systems.crm]\n[systems.sap]\nrole = 'erp'\n"


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def test_a_foreign_file_becomes_canonical(exports: Exports) -> None:
    exports.write(
        "rechnungen.csv",
        """
        Belegnr;Kunde;Betrag;Brutto;Belegdatum;Fällig;Status;Sparte
        4711;10001;1.000,00;1.190,00;01.06.2026 10:15;30.06.2026;Offen;Nord
        4712;10002;-50,00;-59,50;02.06.2026 23:30;;Bezahlt;
        """,
    ).read(
        SYSTEMS
        + """
        [entities.DE01]
        time_zone = "Europe/Berlin"
        [[files]]
        path = "rechnungen.csv"
        system = "sap"
        type = "invoice"
        delimiter = ";"
        decimal = ","
        thousands = "."
        date = "%d.%m.%Y"
        datetime = "%d.%m.%Y %H:%M"
        time_zone = "Europe/Berlin"
        currency = "EUR"
        entity = "DE01"
        [files.columns]
        id = "Belegnr"
        customer = "Kunde"
        net = "Betrag"
        total = "Brutto"
        issued_at = "Belegdatum"
        due_on = "Fällig"
        status = "Status"
        "ext.region" = "Sparte"
        [files.refs]
        customer = "crm"
        [files.values.status]
        Offen = "issued"
        Bezahlt = "paid"
        """
    )
    assert exports.refused() == []
    columns = ("key", "ref", "customer", "net", "issued_at", "due_on", "status", "entity", "currency", "ext")
    assert exports.rows("invoice", *columns) == [
        ("invoice/sap/4711", "sap/4711", "crm/10001", 100000, at("2026-06-01T08:15:00"), dt.date(2026, 6, 30), "issued",
         "DE01", "EUR", '{"region":"Nord"}'),
        ("invoice/sap/4712", "sap/4712", "crm/10002", -5000, at("2026-06-02T21:30:00"), None, "paid", "DE01", "EUR", "{}"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("C-1", "billing/C-1"),  # a bare id: the same system
        ("crm/C-1", "crm/C-1"),
        ("C/2026/1", "billing/C/2026/1"),  # a slash of its own: no system has the name C
    ],
)
def test_a_bare_reference_gets_the_system_of_its_file(exports: Exports, reference: str, expected: str) -> None:
    exports.write("invoices.csv", f"id,currency,net,total,customer\nINV-1,EUR,1,1,{reference}\n").read()
    assert exports.rows("invoice", "customer") == [(expected,)]


@pytest.mark.parametrize("cell", ['"[""INV-1"", ""erp/INV-2""]"', "INV-1; erp/INV-2", "INV-1|erp/INV-2|"])
def test_lists_of_references(exports: Exports, cell: str) -> None:
    exports.write("payments.csv", f"id,currency,amount,invoices\nP-1,EUR,1,{cell}\n")
    exports.read('[[files]]\npath = "payments.csv"\nsystem = "psp"\ntype = "payment"')
    assert exports.rows("payment", "invoices") == [(["psp/INV-1", "erp/INV-2"],)]


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-07-01T10:00:00Z", "2026-07-01T10:00:00"),
        ("2026-07-01 10:00:00.250+02:00", "2026-07-01T08:00:00.250"),
        ("2026-07-01T10:00:00 -0500", "2026-07-01T15:00:00"),
        ("2026-07-01T10:00", "2026-07-01T08:00:00"),  # no offset: the mapping's zone, Berlin in summer
        ("2026-01-01T10:00:00", "2026-01-01T09:00:00"),  # and in winter
    ],
)
def test_instants_become_utc(exports: Exports, written: str, utc: str) -> None:
    exports.write("invoices.csv", f"id,currency,net,total,issued_at\nINV-1,EUR,1,1,{written}\n")
    exports.read('[audit]\ntime_zone = "Europe/Berlin"\n' + INVOICES)
    assert exports.refused() == []
    assert exports.rows("invoice", "issued_at") == [(at(utc),)]


def test_a_bare_day_is_a_day_of_its_entity(exports: Exports) -> None:
    """Midnight UTC would be the day before in New York."""
    exports.write(
        "invoices.csv", "id,entity,currency,net,total,issued_at\n1,US01,USD,1,1,2026-06-01\n2,DE01,EUR,1,1,2026-06-01\n"
    )
    exports.read(
        INVOICES + '[entities.US01]\ntime_zone = "America/New_York"\n[entities.DE01]\ntime_zone = "Europe/Berlin"\n'
    )
    assert exports.rows("invoice", "issued_at") == [(at("2026-06-01T04:00:00"),), (at("2026-05-31T22:00:00"),)]


def test_epoch_seconds_as_payment_processors_write_them(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,total,issued_at\n1,EUR,1,1,1780300800\n")
    exports.read(INVOICES + 'datetime = "epoch"')
    assert exports.rows("invoice", "issued_at") == [(at("2026-06-01T08:00:00"),)]


LINES = (
    INVOICES
    + """
    [files.lines]
    path = "lines.csv"
    parent = "invoice"
    [files.lines.columns]
    net = "Amount"
    [files.lines.refs]
    order = "crm"
    """
)


def test_lines_from_a_file_of_their_own(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,total\nINV-1,JPY,300,300\nINV-2,JPY,0,0\n")
    exports.write("lines.csv", "invoice,id,Amount,order\nINV-1,1,100,O-1\nINV-1,2,200,O-2\n").read(SYSTEMS + LINES)
    assert exports.refused() == []
    (first, second) = exports.rows("invoice", "lines")
    assert [(line["id"], line["net"], line["order"]) for line in first[0]] == [
        ("1", 100, "crm/O-1"),
        ("2", 200, "crm/O-2"),
    ]
    assert second == (None,)
    assert exports.file("lines.csv").rows == 2


def test_a_bad_line_in_a_file_of_lines_is_named_there(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,total\nINV-1,JPY,300,300\nINV-2,JPY,5,5\n")
    exports.write("lines.csv", "invoice,id,Amount,order\nINV-2,1,5,\nINV-1,1,100.5,O-1\nINV-7,1,100,O-1\n")
    exports.read(SYSTEMS + LINES)
    assert exports.refused() == [
        "lines.csv:3 lines[1].net: '100.5' has more decimals than its currency has (round it at its source, or mend the currency)",
        "lines.csv:4 names a document that is not there: INV-7 (export the document too, or mend the parent column)",
    ]
    assert exports.rows("invoice", "id") == [("INV-2",)]
    assert exports.file("invoices.csv").rejected == 1
    assert exports.file("lines.csv").rejected == 2


def test_the_newest_version_wins_wherever_it_stands(exports: Exports) -> None:
    exports.write(
        "invoices.csv", "id,version,currency,net,total\nINV-1,2,EUR,2,2\nINV-1,10,EUR,10,10\nINV-1,1,EUR,1,1\n"
    ).read()
    assert exports.rows("invoice", "version", "net") == [(10, 1000)]
    assert exports.loaded is not None
    assert exports.loaded.notes == ("invoice, older versions left out: 2",)


def test_an_instant_can_be_the_version(exports: Exports) -> None:
    exports.write(
        "invoices.csv",
        "id,changed,currency,net,total\nINV-1,2026-06-02T00:00:00Z,EUR,2,2\nINV-1,2026-06-01T00:00:00Z,EUR,1,1\n",
    )
    exports.read(INVOICES + '[files.columns]\nversion = "changed"')
    assert exports.rows("invoice", "net") == [(200,)]


def test_the_same_document_twice_counts_once(exports: Exports) -> None:
    exports.write("a.csv", "id,currency,net,total\nINV-1,EUR,1,1\nINV-2,EUR,2,2\n")
    exports.write("b.csv", "id,currency,net,total\nINV-2,EUR,2.00,2.00\nINV-3,EUR,3,3\n")
    exports.read(INVOICES.replace("invoices.csv", "?.csv"))
    assert exports.refused() == []
    assert exports.rows("invoice", "id", "net") == [("INV-1", 100), ("INV-2", 200), ("INV-3", 300)]
    assert exports.loaded is not None
    assert exports.loaded.notes == ("invoice, repetitions counted once: 1",)


def test_a_document_that_is_there_twice_and_differs_is_refused_with_both_places(exports: Exports) -> None:
    exports.write("a.csv", "id,currency,net,total\nINV-1,EUR,1,1\nINV-2,EUR,2,2\n")
    exports.write("b.csv", "id,currency,net,total\nINV-2,EUR,2.01,2.01\n")
    exports.read(INVOICES.replace("invoices.csv", "?.csv"))
    words = (
        "is there twice and differs: invoice/billing/INV-2, a.csv line 3 and b.csv line 2 "
        "(give the newer one a higher version, or export it once)"
    )
    assert exports.refused() == [f"a.csv:3 {words}", f"b.csv:2 {words}"]
    assert exports.rows("invoice", "id") == [("INV-1",)]


def test_a_tombstone_takes_the_document_away(exports: Exports) -> None:
    exports.write("invoices.csv", "id,version,currency,net,total,deleted\nINV-1,1,EUR,1,1,\nINV-1,2,,,,true\n").read()
    assert exports.refused() == []
    assert exports.rows("invoice") == []


def test_segments_that_replace_each_other_in_a_ring_are_refused(exports: Exports) -> None:
    exports.write(
        "charges.csv",
        """
        id,order,line,product,start_on,replaces
        A,O-1,1,P-1,2026-01-01,C
        B,O-1,1,P-1,2026-02-01,A
        C,O-1,1,P-1,2026-03-01,B
        D,O-1,1,P-1,2026-04-01,C
        E,O-1,1,P-1,2026-04-01,E
        """,
    ).read('[[files]]\npath = "charges.csv"\nsystem = "crm"\ntype = "charge"')
    mend = "(mend the references at their source)"
    assert exports.refused() == [
        f"charges.csv:2 replaces itself in the end: crm/A → crm/C → crm/B → crm/A {mend}",
        f"charges.csv:3 replaces itself in the end: crm/B → crm/A → crm/C → crm/B {mend}",
        f"charges.csv:4 replaces itself in the end: crm/C → crm/B → crm/A → crm/C {mend}",
        f"charges.csv:6 replaces itself in the end: crm/E → crm/E {mend}",
    ]
    assert exports.rows("charge", "id") == [("D",)]


def test_references_that_lead_nowhere_are_counted_by_file_and_field(exports: Exports) -> None:
    exports.write("customers.csv", "id,name\nC-1,One\n")
    exports.write("orders.csv", "id,customer\nO-1,C-1\nO-2,C-2\n")
    exports.write(
        "invoices.csv",
        'id,currency,net,total,customer,subscription,lines\n1,EUR,1,1,C-1,S-1,"[{""order"": ""O-1""}, {""order"": ""O-9""}]"\n',
    )
    exports.read("".join(
        f'[[files]]\npath = "{name}s.csv"\nsystem = "one"\ntype = "{name}"\n' for name in ("customer", "order", "invoice")
    ))  # fmt: skip
    assert exports.loaded is not None
    assert [(file.path, file.unjoined) for file in exports.loaded.files] == [
        ("customers.csv", 0), ("orders.csv", 1), ("invoices.csv", 1),
    ]  # fmt: skip
    assert exports.loaded.notes == (
        "orders.csv: 1 × customer leads to no document that we have",
        "invoices.csv: 1 × lines.order leads to no document that we have",
    )


def test_columns_that_nobody_maps_are_named(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,total,Amount,Remarks\n1,EUR,1,1,2,x\n").read()
    assert exports.loaded is not None
    assert exports.loaded.notes == ("invoices.csv: columns that are not used: Amount, Remarks",)


def test_a_column_that_the_file_does_not_have_is_a_fault_of_the_mapping(exports: Exports) -> None:
    exports.write("invoices.csv", "Invoice No,currency,net,total\n1,EUR,1,1\n")
    with pytest.raises(MappingFault) as fault:
        exports.read(INVOICES + '[files.columns]\nid = "Invoice Nr"\n')
    assert str(fault.value) == (
        "audit.toml, line 6, files.columns.id: invoices.csv has no column 'Invoice Nr' (did you mean 'Invoice No'?)"
    )


def test_two_columns_of_one_name_cannot_be_told_apart(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,net,total\n1,EUR,1,2,1\n")
    with pytest.raises(MappingFault, match="invoices.csv has more than one column 'net'"):
        exports.read()


def test_absence_is_known_where_the_mapping_says_so(exports: Exports) -> None:
    exports.write("invoices.csv", "id,entity,currency,net,total\n1,DE01,EUR,1,1\n")
    exports.write("more.csv", "id,entity,currency,net,total\n2,FR01,EUR,1,1\n")
    exports.read(
        """
        [systems.billing]
        [systems.legacy]
        role = "billing"
        [[files]]
        path = "invoices.csv"
        system = "billing"
        type = "invoice"
        [[files]]
        path = "more.csv"
        system = "legacy"
        type = "invoice"
        [[complete]]
        system = "billing"
        type = "*"
        from = 2026-01-01
        to = 2026-06-30
        """
    )
    assert exports.loaded is not None
    coverage = pickle.loads(pickle.dumps(exports.loaded.coverage))
    known = coverage.known
    assert known("billing", "invoice", "DE01", dt.date(2026, 1, 1))
    assert known("billing", "invoice", "DE01", dt.date(2026, 6, 30))
    assert not known("billing", "invoice", "DE01", dt.date(2026, 7, 1))
    assert not known("billing", "invoice", "FR01", dt.date(2026, 6, 30)), "another billing system has invoices of FR01"
    assert not known("billing", "credit_memo", "DE01", dt.date(2026, 6, 30)), "no such file was given"
    assert not known("erp", "invoice", "DE01", dt.date(2026, 6, 30))


def test_crosswalks_rates_and_periods_become_policy(exports: Exports) -> None:
    exports.write("codes.csv", "Old,target,from,to\nSKU-1,4711,2026-01-01,2026-06-30\nSKU-1,4712,2026-07-01,\n")
    exports.write("rates.csv", "currency,to,rate,on,source\nUSD,EUR,0.92,2026-06-30,ECB\n")
    exports.write("periods.csv", "id,entity,period,ar_locked_on\n1,DE01,2026-05,2026-06-03\n")
    exports.read(
        """
        [[files]]
        path = "periods.csv"
        system = "erp"
        type = "accounting_period"
        [[crosswalks]]
        table = "item"
        path = "codes.csv"
        [crosswalks.columns]
        code = "Old"
        [fx]
        path = "rates.csv"
        """
    )
    assert exports.loaded is not None
    policy = exports.loaded.policy
    assert policy.crosswalk("item").find("SKU-1", dt.date(2026, 6, 30)) == "4711"
    assert policy.crosswalk("item").find("SKU-1", dt.date(2026, 7, 1)) == "4712"
    rate = policy.rate("USD", "EUR", dt.date(2026, 7, 2))
    assert rate is not None
    assert (rate.rate * 100, rate.source) == (92, "ECB")
    assert policy.posting.locked("2026-05", "DE01", dt.date(2026, 6, 3))


def test_a_crosswalk_that_is_not_there_stops_the_audit(exports: Exports) -> None:
    """Without it every code would look unmapped."""
    with pytest.raises(InputFault, match=r"codes.csv: there is no such file"):
        exports.read('[[crosswalks]]\ntable = "item"\npath = "codes.csv"\n')


def test_reading_again_gives_the_same(exports: Exports) -> None:
    exports.write("invoices.csv", "id,currency,net,total\n1,EUR,1,1\n").read()
    first = exports.loaded
    exports.read()
    assert exports.rows("invoice", "id") == [("1",)]
    assert first is not None
    assert exports.loaded is not None
    assert exports.loaded.files == first.files


CHILD = """
import resource, sys
import duckdb
from pathlib import Path
from tieout.audit.read import load
load(Path(sys.argv[1]) / "small", duckdb.connect())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
loaded = load(Path(sys.argv[1]), duckdb.connect())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
for refused in loaded.rejections:
    print(f"{refused.path}:{refused.line} {refused.what} ({refused.mend})")
"""


LONG = {
    "csv": ("id,currency,net,total,number\n1,EUR,1,1,", "\n2,EUR,1,1,ok\n", 2),
    "jsonl": ('{"id": "1", "number": "', '"}\n{"id": "2", "currency": "EUR", "net": 1, "total": 1}\n', 1),
}
"""What stands before and after a hundred million x, and the line that they make."""


@pytest.mark.parametrize("suffix", LONG)
def test_a_line_of_a_hundred_megabytes_is_refused_without_being_held(exports: Exports, suffix: str) -> None:
    before, after, line = LONG[suffix]
    mapping = textwrap.dedent(INVOICES).replace("csv", suffix)
    exports.write("audit.toml", mapping).write("small/audit.toml", mapping)
    exports.write(f"small/invoices.{suffix}", before + "\x00" + after)  # the careful reader is warm
    with (exports.folder / f"invoices.{suffix}").open("w") as file:
        file.write(before)
        for _ in range(100):
            file.write("x" * 1_000_000)
        file.write(after)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(exports.folder)], capture_output=True, text=True, check=True, timeout=120
    )
    grown, *refused = child.stdout.splitlines()
    assert refused == [
        f"invoices.{suffix}:{line} is longer than 1,048,576 characters "
        "(export it again: a line end or a closing quote is missing)"
    ]
    assert int(grown) < 40_000, f"the line took {int(grown) // 1024} MB"
