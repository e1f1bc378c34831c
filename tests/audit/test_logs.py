"""Logs that other tools wrote, judged by a flow of one's own; an independent query counts the same."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tieout.audit.mentions import unheard
from tieout.audit.report.files import as_json
from tieout.audit.report.html import render
from tieout.audit.run import audit
from tieout.canon.finding import Risk
from tieout.policy import Policy
from tieout.process.evaluate import judge
from tieout.process.instance import everything_known
from tieout.process.mentions import mentions
from tieout.setwise import flows
from tieout.setwise.gather import Gathered
from tieout.setwise.run import instances

from .log_files import load

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "order_log.py"
AS_OF = dt.date(2020, 3, 31)


def judged(connection: duckdb.DuckDBPyConnection, flow: str, as_of: dt.date) -> Gathered:
    gathered, chosen = Gathered(), flows.load(flow)
    for instance in instances(connection, chosen, Policy.default(), everything_known):
        gathered.add(chosen, judge(chosen, instance, Policy.default(), as_of))
    return gathered


def test_orders_sent_and_not_paid_within_30_days_are_those_that_a_plain_query_finds(
    shared: Callable[[str], Path],
) -> None:
    path = shared("data/eventlogs/ocel_order_simulated.csv")
    connection, refused = load(path, "ocel-csv")
    assert refused == []
    found = judged(connection, str(EXAMPLE), AS_OF)

    query = f"""
    WITH log AS (
        SELECT "ocel:activity" AS activity, CAST(left("ocel:timestamp", 19) AS TIMESTAMP) AS moment, CAST(price AS DECIMAL(18,2)) AS price,
            regexp_extract_all("ocel:type:orders", '\\d+') AS orders, regexp_extract_all("ocel:type:items", '\\d+') AS items,
            regexp_extract_all("ocel:type:packages", '\\d+') AS packages
        FROM read_csv('{path}', all_varchar = true) WHERE moment <= TIMESTAMP '{AS_OF} 23:59:59'
    ),
    placed AS (SELECT unnest(orders) AS o, items, price FROM log WHERE activity = 'place order'),
    item_of AS (SELECT o, unnest(items) AS item FROM placed),
    packed AS (SELECT unnest(items) AS item, packages[1] AS parcel FROM log WHERE activity = 'create package'),
    sent AS (SELECT packages[1] AS parcel, moment FROM log WHERE activity = 'send package'),
    confirmed AS (SELECT orders[1] AS o, moment FROM log WHERE activity = 'confirm order'),
    first_sent AS (SELECT o, min(moment) AS moment FROM item_of JOIN packed USING (item) JOIN sent USING (parcel) GROUP BY o),
    paid AS (SELECT orders[1] AS o FROM log WHERE activity = 'pay order')
    SELECT (SELECT count(*) FROM first_sent),
        count(*), sum(price),
        (SELECT count(*) FROM log WHERE activity = 'payment reminder'),
        (SELECT sum(price) FROM placed JOIN first_sent USING (o)),
        (SELECT median(epoch(f.moment) - epoch(c.moment)) / 3600 FROM first_sent f JOIN confirmed c USING (o))
    FROM first_sent JOIN placed USING (o) ANTI JOIN paid USING (o)
    WHERE CAST(first_sent.moment AS DATE) + 30 < DATE '{AS_OF}'
    """
    (expected,) = duckdb.sql(query).fetchall()
    sent, late, outstanding, reminders, value, hours = expected
    assert late > 0, "the log has late payers: without them this test says nothing"

    assert found.steps["order_log", "sent"].reached == sent
    assert len(found.findings) == late
    assert Decimal(sum(f.exposure for f in found.findings)).scaleb(-2) == outstanding
    counts = found.measures["order_log.reminders", "", "", ""].numbers
    assert sum(counts) == reminders
    assert Decimal(found.measures["order_log.value_sent", "", "EUR", ""].amount).scaleb(-2) == value
    edge = sorted(found.edges["order_log", "confirmed", "sent"])
    assert edge[len(edge) // 2] == pytest.approx(hours, rel=0.01)


def test_ocel_json_gives_the_same_objects_and_events_as_its_own_index(shared: Callable[[str], Path]) -> None:
    path = shared("data/eventlogs/order_process.jsonocel")
    connection, refused = load(path, "ocel-json")
    assert refused == []
    kinds = dict(connection.execute("SELECT kind, count(*) FROM doc_object GROUP BY kind").fetchall())
    objects = json.loads(path.read_text())["ocel:objects"].values()
    assert kinds == Counter(thing["ocel:type"] for thing in objects) == {"order": 199, "item": 398, "delivery": 199}
    ((events,),) = connection.execute("SELECT count(*) FROM doc_event").fetchall()
    assert events == path.read_text().count('"ocel:activity"')


CASES = """Case ID,Activity,Complete Timestamp,Amount
A,Order received,2026-01-01 09:00:00,120.50
A,Goods sent,2026-01-03 09:00:00,120.50
B,Order received,2026-01-02 09:00:00,80
B,Goods sent,2026-01-20T09:00:00+02:00,80
B,Paid,2026-01-25 10:00:00,80
C,,2026-01-02 09:00:00,1
D,Order received,yesterday,1
,Order received,2026-01-02 09:00:00,1
"""

FLOW = """
from tieout.canon.documents import BusinessObject, Event
from tieout.canon.finding import Risk
from tieout.process import Flow, amount, anchor, earliest, milestone, related

class Orders(Flow):
    '''Orders of the old shop.'''
    order = anchor(BusinessObject, kind="case")
    events = related(Event, "objects")
    sent = milestone(earliest(events.where(activity="Goods sent").at))
    paid = milestone(earliest(events.where(activity="Paid").at), after=sent, within="30 days",
                     risk=Risk.OWN_STUCK, exposure=amount(order.attribute("Amount")), owner="AR")
"""


def test_a_classic_log_needs_only_case_activity_and_time(tmp_path: Path) -> None:
    """A was sent on 3 January and never paid: due on 2 February, late from the 3rd, 120.50."""
    (tmp_path / "log.csv").write_text(CASES)
    (tmp_path / "flow.py").write_text(FLOW)
    connection, refused = load(tmp_path / "log.csv", "events-csv", case="Case ID", timestamp="complete timestamp")
    assert [(line, field) for line, field, _, _ in refused] == [(9, "id"), (7, "activity"), (8, "timestamp")]
    found = judged(connection, str(tmp_path / "flow.py"), dt.date(2026, 2, 3))
    assert [(f.subject, f.exposure, f.since) for f in found.findings] == [("object/log/A", 12050, dt.date(2026, 2, 2))]
    assert judged(connection, str(tmp_path / "flow.py"), dt.date(2026, 2, 2)).findings == []


def test_a_missing_column_is_named_with_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("case,activty,timestamp\n1,a,2026-01-01\n")
    _, refused = load(tmp_path / "log.csv", "events-csv")
    assert refused == [(0, "", "there is no column 'activity'", "did you mean 'activty'?")]


def test_the_same_event_twice_counts_once_and_a_contradiction_is_named(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order\n"
        "1,place,2026-01-01,['o1']\n1,place,2026-01-01,['o1']\n2,pay,2026-01-02,['o1']\n2,pay,2026-01-03,['o1']\n"
    )
    connection, refused = load(tmp_path / "log.csv", "ocel-csv")
    assert refused == [(5, "id", "event '2' is there twice and differs from line 4", "give each event its own id")]
    assert connection.execute("SELECT count(*) FROM doc_event").fetchall() == [(2,)]


def test_what_is_no_ocel_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "x.jsonocel").write_text('{"events": 1}')
    _, ((line, _, what, _),) = load(tmp_path / "x.jsonocel")
    assert line == 0
    assert what.startswith("no OCEL 1.0 JSON: ")
    (tmp_path / "two.json").write_text('{"objectTypes": [], "eventTypes": [], "objects": [], "events": []}')
    _, ((_, _, what, mend),) = load(tmp_path / "two.json")
    assert (what, mend) == ("is OCEL 2.0, and OCEL 1.0 is read", "export it as OCEL 1.0")


def test_two_kinds_that_share_an_id_stay_two_things(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "ocel:eid,ocel:activity,ocel:timestamp,ocel:type:order,ocel:type:item\n1,place,2026-01-01,['7'],\"['7','8']\"\n"
    )
    connection, _ = load(tmp_path / "log.csv", "ocel-csv")
    rows = connection.execute("SELECT id, kind FROM doc_object ORDER BY id").fetchall()
    assert rows == [("8", "item"), ("item:7", "item"), ("order:7", "order")]
    assert connection.execute("SELECT objects FROM doc_event").fetchall() == [(["log/8", "log/item:7", "log/order:7"],)]


def test_a_folder_with_a_log_is_audited_by_a_flow_of_ones_own(tmp_path: Path) -> None:
    """The same two cases as above through the front door: a mapping, a flow file, a result; bad rows are named."""
    (tmp_path / "log.csv").write_text(CASES)
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "audit.toml").write_text(
        '[audit]\nas_of = 2026-02-03\nbase_currency = "EUR"\n[[logs]]\npath = "log.csv"\ncurrency = "EUR"\n'
        'case = "Case ID"\ntimestamp = "Complete Timestamp"\n'
    )
    result = audit(tmp_path, flows=(str(tmp_path / "flow.py"),))
    assert result.totals["stuck"] == 12050
    assert [(f.subject, f.risk, f.variant, f.owner) for f in result.findings] == [
        ("object/log/A", Risk.OWN_STUCK, "paid", "AR")
    ]
    (quality,) = result.files
    assert (quality.rows, quality.accepted, quality.rejected) == (8, 5, 3)
    assert [(r.line, r.field) for r in result.rejections] == [(9, "id"), (7, "activity"), (8, "timestamp")]


def test_without_a_day_or_a_currency_the_log_itself_says_them(tmp_path: Path) -> None:
    """The newest event is of 25 January, and all money is in yen."""
    (tmp_path / "log.csv").write_text(CASES)
    (tmp_path / "flow.py").write_text(FLOW)
    logs = '[[logs]]\npath = "log.csv"\ncurrency = "JPY"\ncase = "Case ID"\ntimestamp = "Complete Timestamp"\n'
    (tmp_path / "audit.toml").write_text(logs)
    result = audit(tmp_path, flows=(str(tmp_path / "flow.py"),))
    assert (result.as_of, result.base_currency, result.findings) == (dt.date(2026, 1, 25), "JPY", ())


def test_times_of_ones_own_form_and_zone(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("case;activity;timestamp\nA;Sent;31.01.2026 00:30\n")
    connection, refused = load(tmp_path / "log.csv", "events-csv", datetime="%d.%m.%Y %H:%M", time_zone="Europe/Berlin")
    assert refused == []
    assert connection.execute('SELECT "at" FROM doc_event').fetchall() == [(dt.datetime(2026, 1, 30, 23, 30),)]


def test_an_amount_that_is_none_is_said_and_stops_nothing(tmp_path: Path) -> None:
    """A is worth 120.50, B "a lot": both are late, and only the first has an amount."""
    (tmp_path / "log.csv").write_text(CASES.replace("B,Paid,2026-01-25 10:00:00,80\n", "").replace(",80", ",a lot"))
    (tmp_path / "flow.py").write_text(FLOW)
    connection, _ = load(tmp_path / "log.csv")
    found = {f.subject: f for f in judged(connection, str(tmp_path / "flow.py"), dt.date(2026, 3, 1)).findings}
    assert {subject: f.exposure for subject, f in found.items()} == {"object/log/A": 12050, "object/log/B": 0}
    assert found["object/log/B"].why.endswith("; what it is worth cannot be read (order: Amount)")


def test_a_misspelt_activity_kind_or_attribute_is_said_with_the_nearest_that_there_is(tmp_path: Path) -> None:
    """Each would count nothing, silently. The mistake is the reader's to see, in every form of the report."""
    (tmp_path / "log.csv").write_text(CASES)
    (tmp_path / "flow.py").write_text(
        FLOW.replace('activity="Goods sent"', 'activity="Goods snet"').replace('("Amount")', '("Amont")')
    )
    (tmp_path / "audit.toml").write_text('[[logs]]\npath = "log.csv"\ncurrency = "EUR"\n')
    result = audit(tmp_path, flows=(str(tmp_path / "flow.py"),))
    assert result.notes[:2] == (
        "flow orders: no event has the activity 'Goods snet'; did you mean 'Goods sent'?",
        "flow orders: no object with kind 'case' has the attribute 'Amont'; did you mean 'Amount'?",
    )
    assert "Goods snet" in as_json(result).decode()
    assert "Goods snet" in render(result)


def test_an_activity_that_the_log_lacks_is_a_note_and_stops_nothing(tmp_path: Path) -> None:
    """Nobody has paid yet: the flow is right, and says what it looked for."""
    (tmp_path / "log.csv").write_text(CASES.replace("B,Paid,2026-01-25 10:00:00,80\n", ""))
    (tmp_path / "flow.py").write_text(FLOW)
    (tmp_path / "audit.toml").write_text('[audit]\nas_of = 2026-06-30\n[[logs]]\npath = "log.csv"\ncurrency = "EUR"\n')
    result = audit(tmp_path, flows=(str(tmp_path / "flow.py"),))
    assert len(result.findings) == 2
    assert result.notes[0] == "flow orders: no event has the activity 'Paid'; there are Goods sent, Order received"


def test_the_example_mentions_only_what_its_log_has(shared: Callable[[str], Path]) -> None:
    connection, _ = load(shared("data/eventlogs/ocel_order_simulated.csv"), "ocel-csv")
    flow = flows.load(str(EXAMPLE))
    assert {m.name for m in mentions(flow)} >= {"orders", "items", "packages", "send package", "pay order", "price"}
    assert unheard(connection, flow) == []
