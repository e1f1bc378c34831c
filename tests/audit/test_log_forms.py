"""Logs in the forms that other tools write them."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import duckdb
import pytest

from tieout.audit.read import load as read

from .log_files import load


def moments(connection: duckdb.DuckDBPyConnection) -> list[dt.datetime]:
    return [at for (at,) in connection.execute('SELECT "at" FROM doc_event ORDER BY id').fetchall()]


def events(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, list[str] | None]]:
    return connection.execute("SELECT activity, objects FROM doc_event ORDER BY id").fetchall()


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2011/10/01 00:38:44.546", dt.datetime(2011, 10, 1, 0, 38, 44, 546000)),
        ("2011/1/5 7:05", dt.datetime(2011, 1, 5, 7, 5)),
        ("2011-10-01", dt.datetime(2011, 10, 1)),
        ("2011-10-01T00:38:44.546Z", dt.datetime(2011, 10, 1, 0, 38, 44, 546000)),
        ("2011-10-01 00:38:44 UTC", dt.datetime(2011, 10, 1, 0, 38, 44)),
        ("2011-10-01 00:38:44+00:00", dt.datetime(2011, 10, 1, 0, 38, 44)),
        ("2011-10-01 00:38:44.546000+02:00", dt.datetime(2011, 9, 30, 22, 38, 44, 546000)),
        ("2011-10-01T00:38:44.546+0200", dt.datetime(2011, 9, 30, 22, 38, 44, 546000)),
        ("2011-10-01 00:38:44 -05", dt.datetime(2011, 10, 1, 5, 38, 44)),
        ("2011-10-01 00:38:44.123456789", dt.datetime(2011, 10, 1, 0, 38, 44, 123456)),
    ],
)
def test_times_are_read_as_tools_write_them(tmp_path: Path, written: str, utc: dt.datetime) -> None:
    (tmp_path / "log.csv").write_text(f"Case ID,Activity,Complete Timestamp\n1,a,{written}\n")
    connection, refused = load(tmp_path / "log.csv")
    assert (refused, moments(connection)) == ([], [utc])


def test_a_time_that_no_calendar_has_is_refused_by_name(tmp_path: Path) -> None:
    rows = ["1,a,1899-12-31 10:00", "2,a,2300-01-01", "3,a,01/02/2026 10:00", "4,a,2026-02-30", "5,a,"]
    (tmp_path / "log.csv").write_text("case,activity,time\n" + "\n".join(rows) + "\n")
    _, refused = load(tmp_path / "log.csv")
    assert sorted((line, what) for line, _, what, _ in refused) == [
        (2, "a time before 1900: '1899-12-31 10:00'"),
        (3, "a time after 2199: '2300-01-01'"),
        (4, "no time that can be read: '01/02/2026 10:00'"),
        (5, "no time that can be read: '2026-02-30'"),
        (6, "no time that can be read"),
    ]


@pytest.mark.parametrize(
    ("cell", "ids"),
    [
        ("['o1', 'o2']", ["o1", "o2"]),
        ("{'o1'}", ["o1"]),
        ('["o1","o2"]', ["o1", "o2"]),
        ("[1, 2]", ["1", "2"]),
        ("('o1',)", ["o1"]),
        ("frozenset({'o1'})", ["o1"]),
        ("['o1' 'o2']", ["o1", "o2"]),
        ("[o1, o2]", ["o1", "o2"]),
        ('["O\'Neil & Co", \'a "b"\']', ["O'Neil & Co", 'a "b"']),
        ("['a/b']", ["a/b"]),
        ("o1", ["o1"]),
        ("o1;o2", ["o1", "o2"]),
        ("o1, o2", ["o1", "o2"]),
        ("7", ["7"]),
        ("[]", []),
        ("set()", []),
        ("nan", []),
        (" ", []),
        ("[None]", []),
    ],
)
def test_ids_of_things_are_read_as_tools_write_lists_of_them(tmp_path: Path, cell: str, ids: list[str]) -> None:
    quoted = cell.replace('"', '""')
    (tmp_path / "log.csv").write_text(
        f'ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order\n1,a,2026-01-01,"{quoted}"\n'
    )
    connection, refused = load(tmp_path / "log.csv")
    assert refused == []
    named = [f"log/{id}" for id in ids]
    assert events(connection) == [("a", sorted(named) or None)]
    assert connection.execute("SELECT id FROM doc_object ORDER BY id").fetchall() == [(id,) for id in sorted(ids)]


def test_an_export_of_a_german_office_program(tmp_path: Path) -> None:
    """Semicolons, a mark at the beginning, cp1252, a decimal comma, grouped digits, a comment of two lines."""
    text = (
        "Auftrag;Schritt;Zeit;Betrag;Bemerkung\r\n"
        'A;bestätigt;31.01.2026 09:30;1.234,50;"erste Zeile\r\nzweite"\r\n'
        "A;;31.01.2026 10:30;1.234,50;ohne Schritt\r\n"
    )
    (tmp_path / "log.csv").write_bytes(text.encode("cp1252"))
    connection, refused = load(
        tmp_path / "log.csv", encoding="cp1252", decimal=",", thousands=".", datetime="%d.%m.%Y %H:%M",
        case="Auftrag", activity="Schritt", timestamp="Zeit", kind="order",
    )  # fmt: skip
    assert [(line, what) for line, _, what, _ in refused] == [(4, "event without an activity")]
    ((ext, kind, currency),) = connection.execute("SELECT ext, kind, currency FROM doc_object").fetchall()
    assert json.loads(ext) == {"Betrag": "1234.50", "Bemerkung": "erste Zeile\r\nzweite"}
    assert (kind, currency) == ("order", "EUR")


def test_a_byte_order_mark_and_compression_are_no_content(tmp_path: Path) -> None:
    content = "\ufeffcase:concept:name,concept:name,time:timestamp,case:amount\n1,a,2026-01-01 10:00:00+00:00,5\n"
    (tmp_path / "log.csv.gz").write_bytes(gzip.compress(content.encode()))
    connection, refused = load(tmp_path / "log.csv.gz")
    assert (refused, events(connection)) == ([], [("a", ["log/1"])])
    ocel = '\ufeff{"ocel:events": {"e": {"ocel:activity": "a", "ocel:timestamp": "2026-01-01", "ocel:omap": [1]}}}'
    (tmp_path / "log.jsonocel.gz").write_bytes(gzip.compress(ocel.encode()))
    connection, refused = load(tmp_path / "log.jsonocel.gz")
    assert (refused, events(connection)) == ([], [("a", ["log/1"])])


def test_lines_that_cannot_be_read_cost_only_themselves(tmp_path: Path) -> None:
    """A line of 3 MB, a broken byte, a value too many: refused by line; what is right around them counts."""
    good = b"case,activity,timestamp\n1,a,2026-01-01\n"
    bad = b"2," + b"x" * 3_000_000 + b",2026-01-01\n" + b"3,\xff,2026-01-01\n" + b"4,a,2026-01-01,7\n"
    (tmp_path / "log.csv").write_bytes(good + bad + b"5,b,2026-01-02\n")
    connection, refused = load(tmp_path / "log.csv")
    assert [line for line, *_ in refused] == [3, 4, 5]
    assert events(connection) == [("a", ["log/1"]), ("b", ["log/5"])]


def test_ocel_json_with_typed_attributes_and_things_that_nothing_happened_to(tmp_path: Path) -> None:
    log = {
        "ocel:global-event": {"ocel:activity": "__INVALID__"},
        "ocel:global-object": {"ocel:type": "__INVALID__"},
        "ocel:global-log": {"ocel:attribute-names": ["price"], "ocel:version": "1.0"},
        "ocel:events": {
            "e/1": {
                "ocel:activity": "place", "ocel:timestamp": "2026-01-01 10:00:00+00:00", "ocel:omap": ["o1", "unheard"],
                "ocel:vmap": {"rush": True, "on": "2026-01-01", "weight": 12.50, "none": None, "tags": ["a", "b"]},
            }
        },
        "ocel:objects": {
            "o1": {"ocel:type": "order", "ocel:ovmap": {"price": 1e2}},
            "o2": {"ocel:type": "order", "ocel:ovmap": {}},
        },
    }  # fmt: skip
    (tmp_path / "log.json").write_text(json.dumps(log).replace("100.0", "100.10"))
    connection, refused = load(tmp_path / "log.json")
    assert refused == []
    ((ref, ext),) = connection.execute("SELECT ref, ext FROM doc_event").fetchall()
    assert ref == "log/e/1"
    assert json.loads(ext) == {"rush": "true", "on": "2026-01-01", "weight": "12.5", "tags": '["a", "b"]'}
    things = connection.execute("SELECT id, kind, ext ->> 'price' FROM doc_object ORDER BY id").fetchall()
    assert things == [("o1", "order", "100.10"), ("o2", "order", None), ("unheard", "object", None)]


def test_columns_of_a_plain_csv_may_name_things(tmp_path: Path) -> None:
    """As ocpa writes them: an id, an activity, a time, and a column of ids for each kind of thing."""
    (tmp_path / "log.csv").write_text(
        "event_id,event_activity,event_timestamp,order,item,price\n"
        "7,place order,2026-01-01,['o1'],\"['i1', 'i2']\",9.90\n"
    )
    connection, refused = load(tmp_path / "log.csv", id="event_id", objects=("order", "item"))
    assert (refused, events(connection)) == ([], [("place order", ["log/i1", "log/i2", "log/o1"])])
    assert connection.execute("SELECT ref FROM doc_event").fetchall() == [("log/7",)]


def test_a_table_of_the_things_adds_what_it_says_of_them(tmp_path: Path) -> None:
    """Activities in one file, cases in another, as process mining tools export them; each case has its own currency."""
    (tmp_path / "activities.csv").write_text("_CASE_KEY;ACTIVITY_EN;EVENTTIME\n1;Sent;2026-01-01\n2;Sent;2026-01-02\n")
    (tmp_path / "cases.csv").write_text("_CASE_KEY;Value;Curr;Company\n1;10.50;usd;DE01\n2;7;EURO;DE01\n3;5;;DE01\n")
    (tmp_path / "audit.toml").write_text(
        '[audit]\nbase_currency = "EUR"\n[[logs]]\npath = "activities.csv"\n'
        '[[logs]]\npath = "cases.csv"\nformat = "objects-csv"\ncase = "_CASE_KEY"\ncurrency = "EUR"\n'
        'currency_column = "Curr"\nentity_column = "Company"\n'
    )
    connection = duckdb.connect()
    found = read(tmp_path, connection)
    assert connection.execute(
        "SELECT id, currency, entity, ext ->> 'Value' FROM doc_object ORDER BY id"
    ).fetchall() == [("1", "USD", "DE01", "10.50"), ("2", "", "DE01", "7"), ("3", "EUR", "DE01", "5")]
    assert [(r.path, r.field, r.what) for r in found.rejections] == [
        ("cases.csv", "currency", "2 has the unknown currency 'EURO'")
    ]


def test_the_months_of_a_log_are_one_log(tmp_path: Path) -> None:
    """The same event in both files counts once, another under the same id is refused; a thing's price is its own."""
    head = "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order,price\n"
    (tmp_path / "log-01.csv").write_text(head + "1,place,2026-01-31,['o1'],5\n2,place,2026-01-31,['o2'],6\n")
    (tmp_path / "log-02.csv").write_text(head + "1,place,2026-01-31,['o1'],5\n2,pay,2026-02-01,['o2'],6\n")
    (tmp_path / "audit.toml").write_text('[[logs]]\npath = "log-*.csv"\n')
    connection = duckdb.connect()
    found = read(tmp_path, connection)
    assert events(connection) == [("place", ["log/o1"]), ("place", ["log/o2"])]
    assert [(r.path, r.line, r.what) for r in found.rejections] == [
        ("log-02.csv", 3, "event '2' is there twice and differs from log-01.csv line 3")
    ]
    assert "event: 1 repetitions were counted once" in found.notes
    assert [(f.path, f.rows, f.rejected) for f in found.files] == [("log-01.csv", 2, 0), ("log-02.csv", 2, 1)]
