"""A mapping that is wrong is refused with its line, its key, what is wrong and the nearest name; every key is documented."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tieout.audit import mapping
from tieout.audit.logs.entry import LogEntry
from tieout.canon.faults import MappingFault

DOCS = Path(__file__).resolve().parents[2] / "docs"
FILE = '[[files]]\npath = "invoices.csv"\nsystem = "billing"\ntype = "invoice"\n'

WRONG = {
    "unknown table": ("[audits]\n", "audit.toml, line 1, audits: there is no key 'audits' (did you mean 'audit'?)"),
    "unknown key": (
        "[audit]\ncompany = 'Acme'\nas_off = 2026-06-30\n",
        "audit.toml, line 3, audit.as_off: there is no key 'as_off' (did you mean 'as_of'?)",
    ),
    "unknown key in the second file": (
        FILE + FILE + "encodng = 'utf-8'\n",
        "audit.toml, line 9, files.encodng: there is no key 'encodng' (did you mean 'encoding'?)",
    ),
    "unknown type": (
        FILE.replace('"invoice"', '"invoise"'),
        "audit.toml, line 4, files.type: there is no document type 'invoise' (did you mean 'invoice'?)",
    ),
    "no type": ("[[files]]\npath = 'x.csv'\n", "audit.toml, line 1, files: has no type (add type = …)"),
    "no path": ("[[files]]\ntype = 'invoice'\n", "audit.toml, line 1, files: has no path (add path = …)"),
    "unknown field": (
        FILE + "[files.columns]\nid = 'No'\ncustmer = 'Kunde'\n",
        "audit.toml, line 7, files.columns.custmer: there is no field 'custmer' (did you mean 'customer'?)",
    ),
    "unknown field of a line": (
        FILE + "[files.lines.columns]\nnett = 'Amount'\n",
        "audit.toml, line 6, files.lines.columns.nett: there is no field 'nett' (did you mean 'net'?)",
    ),
    "a value that the field cannot have": (
        FILE + "[files.values.status]\n'Offen' = 'isued'\n",
        "audit.toml, line 6, files.values.status.Offen: status cannot be 'isued' (did you mean 'issued'?)",
    ),
    "a system that was not declared": (
        "[systems.biling]\n" + FILE,
        "audit.toml, line 4, files.system: there is no system 'billing' (did you mean 'biling'?)",
    ),
    "an entity that was not declared": (
        "[entities.DE01]\n" + FILE + "entity = 'DE1'\n",
        "audit.toml, line 6, files.entity: there is no entity 'DE1' (did you mean 'DE01'?)",
    ),
    "no reference": (FILE + "[files.refs]\nnet = 'crm'\n", "audit.toml, line 6, files.refs.net: 'net' is no reference"),
    "wrong kind of value": (FILE + "delimiter = 3\n", "audit.toml, line 5, files.delimiter: expected str | null, got int"),
    "a word that is not among the choices": (
        FILE + "money = 'mayor'\n",
        "audit.toml, line 5, files.money: cannot be 'mayor' (did you mean 'major'?)",
    ),
    "an encoding that there is not": (
        FILE + "encoding = 'latin-11'\n",
        "audit.toml, line 5, files.encoding: there is no encoding 'latin-11' (did you mean 'latin-1'?)",
    ),
    "a time zone that there is not": (
        "[audit]\ntime_zone = 'Europe/Berln'\n",
        "audit.toml, line 2, audit.time_zone: there is no time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)",
    ),
    "an unknown currency": (
        FILE + "currency = 'EURO'\n",
        "audit.toml, line 5, files.currency: unknown currency 'EURO' (did you mean 'EUR'?)",
    ),
    "lines of a document that has none": (
        FILE.replace('"invoice"', '"payment"') + "[files.lines]\npath = 'x.csv'\nparent = 'id'\n",
        "audit.toml, line 5, files.lines: a document of type 'payment' has no lines (leave the table out)",
    ),
    "a file of lines that names no parent": (
        FILE + "[files.lines]\npath = 'x.csv'\n",
        "audit.toml, line 5, files.lines: path and parent belong together (parent names the column that holds the "
        "document's id, path the file)",
    ),
    "thousands like decimals": (
        FILE + "thousands = '.'\n",
        "audit.toml, line 5, files.thousands: thousands and decimal are the same character",
    ),
    "a range that ends before it begins": (
        "[[complete]]\nsystem = 'a'\ntype = 'invoice'\nfrom = 2026-06-30\nto = 2026-01-01\n",
        "audit.toml, line 1, complete: from 2026-06-30 is after to 2026-01-01",
    ),
    "complete for an unknown type": (
        FILE + "[[complete]]\nsystem = 'billing'\ntype = 'invoices'\n",
        "audit.toml, line 7, complete.type: there is no type 'invoices' (did you mean 'invoice'?)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_mapping_names_line_and_key(tmp_path: Path, name: str) -> None:
    text, message = WRONG[name]
    (tmp_path / "audit.toml").write_text(text)
    with pytest.raises(MappingFault) as fault:
        mapping.load(tmp_path)
    assert str(fault.value) == message


def test_no_mapping_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(MappingFault, match=r"there is no such file \(tieout audit init .* proposes one\)"):
        mapping.load(tmp_path)


def test_what_is_not_toml_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "audit.toml").write_text("[audit]\ncompany = Acme\n")
    with pytest.raises(MappingFault, match=r"is not TOML: Invalid value \(at line 2, column 11\)"):
        mapping.load(tmp_path)


def test_the_example_of_the_documentation_loads(tmp_path: Path) -> None:
    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"\n\n((?:    .*\n|\n)+?)\n## `\[audit\]`", page)
    (tmp_path / "audit.toml").write_text("".join(line[4:] + "\n" for line in example.splitlines()))
    found, _ = mapping.load(tmp_path)
    assert found.files[0].columns["ext.region"] == "Sparte"
    assert found.complete[0].entity == "*"


def test_every_key_stands_in_the_section_of_its_table() -> None:
    """A key that the code reads and the page does not explain, in its own table, fails here."""
    page = (DOCS / "mapping.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"## ([^\n]+)\n(.*?)(?=\n## |\Z)", page, re.S))
    tables = {
        "`[audit]`": [mapping.Audit], "`[systems.NAME]`": [mapping.System], "`[[files]]`": [mapping.File],
        "`[files.lines]`": [mapping.Lines], "`[[logs]]`": [LogEntry], "`[[complete]]`": [mapping.Complete],
        "`[[crosswalks]]` and `[fx]`": [mapping.CrosswalkFile, mapping.RatesFile],
    }  # fmt: skip
    for head, structs in tables.items():
        keys = {field.encode_name for struct in structs for field in msgspec.structs.fields(struct)}
        if mapping.CrosswalkFile in structs:
            keys -= {"values", "refs"}
        explained = set(
            re.findall(
                r"`(\w+)`",
                "\n".join(line.split("|")[1] for line in sections[head].splitlines() if line.startswith("|")),
            )
        )
        assert keys <= explained, f"{head} does not explain {sorted(keys - explained)}"
