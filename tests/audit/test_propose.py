"""A folder of foreign exports gets a mapping that loads, says how sure it is of each line, and never overwrites one."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tieout import cli
from tieout.audit.propose import propose, write
from tieout.audit.read import load
from tieout.audit.run import audit
from tieout.canon.faults import MappingFault
from tieout.simulate.exports import company

from .exports import Exports

ACCOUNTS = "".join(f"001A{n:05},Customer {n},DE,2026-01-0{n % 9 + 1}T08:00:00.000+0000\n" for n in range(30))
ORDERS = "".join(
    f"SO-{n};001A{n % 30:05};{n % 28 + 1:02}.05.2026;{('Aktiv', 'Storniert')[n % 2]};1000\n" for n in range(40)
)
RECHNUNGEN = "".join(
    f"90{n:04};001A{n % 30:05};1.{n:03},50;190,00;1.{n + 190:03},50;EUR;{n % 28 + 1:02}.06.2026;Offen;1000\n"
    for n in range(40)
)
POSITIONEN = "".join(f"90{n:04};10;SO-{n};1,000;1.{n:03},50\n" for n in range(40))
PAYMENTS = "".join(
    f'{{"id": "ch_{n}", "customer": "001A{n % 30:05}", "amount": {100 * n + 51}, "currency": "eur", "created": {1780300800 + n}, '
    f'"status": "succeeded"}}\n'
    for n in range(40)
)


@pytest.fixture
def foreign(exports: Exports) -> Exports:
    """Salesforce accounts, SAP orders and invoices with their positions in Windows encoding, Stripe's charges in cents."""
    exports.write("salesforce/Accounts.csv", "Account ID,Account Name,Billing Country,CreatedDate\n" + ACCOUNTS)
    exports.write("sap/Auftraege.csv", "Auftragsnr;Kundennr;Auftragsdatum;Status;Buchungskreis\n" + ORDERS)
    header = "Rechnungsnr;Kunde;Nettobetrag;MwSt;Brutto;Währung;Belegdatum;Status;Buchungskreis\n"
    exports.write("sap/Rechnungen 2026-06.csv", (header + RECHNUNGEN).encode("cp1252"))
    exports.write("sap/Rechnungspositionen.csv", "Rechnungsnr;Pos;Auftrag;Menge;Betrag\n" + POSITIONEN)
    exports.write("stripe/payments.jsonl", PAYMENTS)
    exports.write("fx/rates.csv", "From Currency,To Currency,Rate,Date\nUSD,EUR,0.92,2026-06-01\n")
    exports.write("notes.csv", "when,what\nMonday,called\n")
    return exports


def lines_of(text: str, path: str) -> dict[str, str]:
    """The keys of a file's entry with their values and remarks; the file's own before those of its lines."""
    entry = text.split(f'path = "{path}"', 1)[1].split("\n[[", 1)[0]
    return dict(reversed(re.findall(r"^(\S+) = (.+?)\s*$", entry, re.M)))


def test_a_foreign_folder_is_understood(foreign: Exports) -> None:
    text = propose(foreign.folder).text
    invoices = lines_of(text, "sap/Rechnungen 2026-06.csv")
    assert invoices["system"].startswith('"sap"')
    assert invoices["type"].startswith('"invoice"')
    assert "# sure" in invoices["type"]
    assert invoices["encoding"].startswith('"cp1252"')
    assert "# guess" in invoices["encoding"]
    assert invoices["delimiter"].startswith('";"')
    assert invoices["decimal"].startswith('","')
    assert invoices["thousands"].startswith('"."')
    assert invoices["date"].startswith('"%d.%m.%Y"')
    assert invoices["id"].startswith('"Rechnungsnr"')
    assert invoices["currency"].startswith('"Währung"')
    assert invoices["Offen"].startswith('"issued"')
    assert invoices["customer"].startswith('"Kunde"')
    assert 'role = "crm"' in text.split("[systems.salesforce]")[1].split("[")[0]
    assert 'customer = "salesforce"' in text
    assert "100% of its values are ids there" in text


def test_cents_and_epochs_of_a_payment_processor_are_seen(foreign: Exports) -> None:
    payments = lines_of(propose(foreign.folder).text, "stripe/payments.jsonl")
    assert payments["money"].startswith('"minor"')
    assert "# guess" in payments["money"]
    assert payments["datetime"].startswith('"epoch"')
    assert payments["captured_at"].startswith('"created"')


def test_lines_in_a_file_of_their_own_find_their_document(foreign: Exports) -> None:
    text = propose(foreign.folder).text
    lines = text.split("[files.lines]", 1)[1].split("\n[[", 1)[0]
    assert 'path = "sap/Rechnungspositionen.csv"' in lines
    assert re.search(r'parent = "Rechnungsnr" +# sure', lines)
    assert re.search(r'net = "Betrag"', lines)
    assert re.search(r'order = "Auftrag"', lines)


def test_what_is_not_understood_is_named(foreign: Exports) -> None:
    proposal = propose(foreign.folder)
    assert "# missing: notes.csv is not read: no kind of document fits its columns (when, what)" in proposal.text
    assert (proposal.files, proposal.understood) == (7, 6)
    assert proposal.text.count("# missing") == proposal.missing


def test_the_proposal_loads_and_reads_every_row(foreign: Exports) -> None:
    write(foreign.folder)
    loaded = load(foreign.folder, foreign.connection)
    foreign.loaded = loaded
    assert foreign.refused() == []
    assert {file.path: file.accepted for file in loaded.files} == {
        "salesforce/Accounts.csv": 30, "sap/Auftraege.csv": 40, "sap/Rechnungen 2026-06.csv": 40,
        "sap/Rechnungspositionen.csv": 40, "stripe/payments.jsonl": 40,
    }  # fmt: skip
    assert sum(file.unjoined for file in loaded.files) == 0
    columns = ("key", "customer", "net", "total", "status", "entity")
    assert foreign.rows("invoice", *columns)[7] == (
        "invoice/sap/900007", "salesforce/001A00007", 100750, 119750, "issued", "1000",
    )  # fmt: skip
    assert foreign.rows("payment", "amount", "currency")[0] == (51, "EUR")
    rate = loaded.policy.rates[0]
    assert (rate.currency, rate.to, rate.rate * 100) == ("USD", "EUR", 92)


def test_a_mapping_that_is_there_is_never_overwritten(foreign: Exports) -> None:
    foreign.write("audit.toml", "# mine\n")
    with pytest.raises(MappingFault, match="is there already"):
        write(foreign.folder)
    assert (foreign.folder / "audit.toml").read_text() == "# mine\n"


def test_monthly_files_of_one_kind_are_one_entry(exports: Exports) -> None:
    for month in (4, 5, 6):
        rows = "".join(f"INV-{month}-{n},EUR,1.00,1.00\n" for n in range(3))
        exports.write(f"billing/invoices_2026-0{month}.csv", "id,currency,net,total\n" + rows)
    text = propose(exports.folder).text
    assert 'path = "billing/invoices_*-*.csv"' in text
    assert text.count("[[files]]") == 1


def test_days_that_could_be_american_or_european_are_a_guess(exports: Exports) -> None:
    rows = "".join(f"INV-{n},EUR,1.00,1.00,0{n}/05/2026\n" for n in range(1, 9))
    exports.write("billing/invoices.csv", "id,currency,net,total,due date\n" + rows)
    remark = lines_of(propose(exports.folder).text, "billing/invoices.csv")["date"]
    assert remark.endswith("# guess: every value would fit %m/%d/%Y too")


def test_statuses_that_nobody_knows_are_left_to_the_person(exports: Exports) -> None:
    exports.write(
        "billing/invoices.csv", "id,currency,net,total,status\nINV-1,EUR,1.00,1.00,Zeta\nINV-2,EUR,1.00,1.00,Paid\n"
    )
    text = propose(exports.folder).text
    assert "# missing: what does 'Zeta' mean? One of draft, issued, paid" in text
    assert 'Zeta = "' in text
    assert not re.search(r"^Zeta = ", text, re.M)


def test_a_folder_without_exports_says_so(exports: Exports) -> None:
    with pytest.raises(MappingFault, match="there is no file that could be an export"):
        propose(exports.folder)


def test_the_command_says_what_it_did(foreign: Exports) -> None:
    result = CliRunner().invoke(cli.app, ["audit", "init", str(foreign.folder)])
    assert result.exit_code == 0, result.output
    assert "6 of 7 files understood" in result.output
    assert (foreign.folder / "audit.toml").exists()


def test_the_proposal_can_be_looked_at_without_writing(foreign: Exports) -> None:
    result = CliRunner().invoke(cli.app, ["audit", "init", "--print", str(foreign.folder)])
    assert result.exit_code == 0
    assert "[[files]]" in result.output
    assert not (foreign.folder / "audit.toml").exists()


def test_event_logs_are_seen(exports: Exports) -> None:
    rows = "".join(f"{n % 5},step {n % 3},2026-06-0{n % 9 + 1}T08:00:00Z\n" for n in range(20))
    exports.write("tickets.csv", "Case ID,Activity,Complete Timestamp\n" + rows)
    exports.write("orders.jsonocel", '{"ocel:events": {}, "ocel:objects": {}}')
    text = write(exports.folder) and (exports.folder / "audit.toml").read_text()
    assert text.count("[[logs]]") == 2
    entry = lines_of(text, "tickets.csv")
    assert entry["case"].startswith('"Case ID"')
    assert entry["activity"].startswith('"Activity"')
    assert entry["timestamp"].startswith('"Complete Timestamp"')
    accepted = {file.path: file.accepted for file in load(exports.folder, exports.connection).files}
    assert accepted == {"orders.jsonocel": 0, "tickets.csv": 20}


def test_a_simulated_company_without_its_mapping_is_understood(exports: Exports) -> None:
    """German bank lines and cash applications, American invoices with lines of their own, canonical files of the rest."""
    folder = exports.folder / "company"
    company(5, 60, "rich", True, (), folder)
    (folder / "audit.toml").unlink()
    proposal = write(folder)
    assert proposal.understood == proposal.files
    loaded = load(folder, exports.connection)
    rows, refused = (sum(getattr(file, name) for file in loaded.files) for name in ("rows", "rejected"))
    assert rows > 3000
    assert refused <= rows // 500, [f"{r.path}:{r.line} {r.what}" for r in loaded.rejections[:5]]


def test_a_log_of_another_country_is_audited_as_proposed(exports: Exports) -> None:
    """German times, a decimal comma, a column of currencies and one of companies: nothing of the proposal needs editing."""
    rows = "".join(f"T{n % 5};Schritt {n % 3};{n % 9 + 20}.06.2026 08:00;1.{n % 5}00,50;CHF;DE01\n" for n in range(20))
    exports.write("tickets.csv", "Ticket;Aktivität;Zeitstempel;Wert;Währung;Buchungskreis\n" + rows)
    proposal = write(exports.folder)
    assert (proposal.understood, proposal.needed) == (1, {})
    entry = lines_of((exports.folder / "audit.toml").read_text(), "tickets.csv")
    assert {key: entry[key].split(" ")[0] for key in ("kind", "decimal", "thousands", "currency_column", "entity_column")} == {
        "kind": '"ticket"', "decimal": '","', "thousands": '"."', "currency_column": '"Währung"',
        "entity_column": '"Buchungskreis"',
    }  # fmt: skip
    assert '"%d.%m.%Y %H:%M"' in entry["datetime"]
    result = audit(exports.folder)
    assert (result.files[0].accepted, result.rejections, result.base_currency) == (20, (), "CHF")
    assert result.notes[0].startswith("event logs are read and not judged")


@pytest.mark.parametrize("name", ["orders.jsonocel", "orders.json", "orders.jsonocel.gz"])
def test_ocel_is_known_by_what_it_holds_whatever_it_is_called(exports: Exports, name: str) -> None:
    event = {
        "ocel:activity": "pay",
        "ocel:timestamp": "2026-06-01 08:00:00",
        "ocel:omap": ["o1"],
        "ocel:vmap": {"price": 12.5},
    }
    things = {"o1": {"ocel:type": "order", "ocel:ovmap": {}}}
    content = json.dumps({"ocel:events": {"e1": event}, "ocel:objects": things}).encode()
    exports.write(name, gzip.compress(content) if name.endswith(".gz") else content)
    assert write(exports.folder).understood == 1
    text = (exports.folder / "audit.toml").read_text()
    assert "should a flow count price as money" in text
    result = audit(exports.folder)
    assert [(file.path, file.rows, file.accepted) for file in result.files] == [(name, 1, 1)]
    assert (result.findings, result.totals["leakage"]) == ((), 0)


def test_the_logs_of_others_are_audited_as_proposed(shared: Callable[[str], Path], tmp_path: Path) -> None:
    for name in ("ocel_order_simulated.csv", "order_process.jsonocel"):
        (tmp_path / name).symlink_to(shared(f"data/eventlogs/{name}"))
    assert write(tmp_path).understood == 2
    result = audit(tmp_path)
    assert [(file.rejected, file.rows > 1000) for file in result.files] == [(0, True), (0, True)]


def test_lines_in_a_file_of_their_own_say_how_the_amounts_of_both_are_written(exports: Exports) -> None:
    """The orders have no amount themselves; only their lines tell that decimals are behind a comma. Nobody need edit that."""
    exports.write(
        "sap/Auftraege.csv", "Auftragsnr;Kundennr;Auftragsdatum;Status\nSO-1;Ä1;01.05.2026;Erledigt\n".encode("cp1252")
    )
    exports.write(
        "sap/Auftragspositionen.csv", "Auftragsnr;Position;Artikel;Menge;Betrag;Währung\nSO-1;10;X;1;706,08;EUR\n"
    )
    proposal = write(exports.folder)
    entry = lines_of((exports.folder / "audit.toml").read_text(), "sap/Auftraege.csv")
    assert entry["decimal"].startswith('","')
    assert entry["encoding"].startswith('"cp1252"')
    assert proposal.needed == {"sap/Auftraege.csv": ('there is no column of currencies, currency = "EUR"',)}


def test_what_must_be_said_before_a_file_can_be_read_is_printed(exports: Exports) -> None:
    exports.write("Kunden.csv", "Kundennr,Land\nK1,DE\nK2,DE\n")
    result = CliRunner().invoke(cli.app, ["audit", "init", str(exports.folder)])
    assert "Kunden.csv cannot be read yet: no column is the name, and every row needs one" in result.output


def test_charges_are_documents_even_where_they_are_called_positions(exports: Exports) -> None:
    header = "Positionsnr;Auftragsnr;Position;Artikel;Einzelpreis;Menge;Art;Beginn;Ende;Währung\n"
    rows = "".join(f"P{n};A{n};10;X;12,50;1;Einmalig;01.05.2026;01.05.2026;EUR\n" for n in range(5))
    exports.write("Preispositionen.csv", header + rows)
    assert write(exports.folder).needed == {}
    entry = lines_of((exports.folder / "audit.toml").read_text(), "Preispositionen.csv")
    assert entry["type"].startswith('"charge"')
    assert entry["Einmalig"].startswith('"one_time"')
    assert load(exports.folder, exports.connection).files[0].accepted == 5


def test_where_nothing_is_declared_complete_the_audit_says_so_first(foreign: Exports) -> None:
    """A proposal claims nothing: whoever audits it as it is must know why nothing is missing."""
    write(foreign.folder)
    assert audit(foreign.folder).notes[0].startswith("no file is declared complete ([[complete]] in audit.toml)")
