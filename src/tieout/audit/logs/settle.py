"""From staged logs to documents: each event an `event`, each thing an `object`; what cannot be meant is refused by line.

An attribute that has one and the same value in all events of a thing is the thing's own attribute too, so that a flow
can say ``amount(order.attribute("price"))``; the attributes that the log gives to the thing itself come first. Logs of
one system tell of the same things; the same event twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb

from tieout.audit.expressions import Reading, among
from tieout.canon.money import EXPONENTS
from tieout.setwise.tables import columns, literal

Refuse = Callable[[int, int, str, str, str], None]
"""(file, line, field, what is wrong, how to mend it)."""

_NOT_ISO = 'write it as ISO 8601, 2026-01-31T09:30:00Z, or declare datetime = "%d.%m.%Y %H:%M:%S" in audit.toml'
_CHECKS = (
    ("id IS NULL OR id = ''", "id", "event without an id (or case)", "give every event an id"),
    ("activity IS NULL OR activity = ''", "activity", "event without an activity", "name what happened"),
    ("flaw = 'early'", "timestamp", "a time before 1900", "mend the time at its source"),
    ("flaw = 'far'", "timestamp", "a time after 2199", "mend the time at its source"),
    ("moment IS NULL", "timestamp", "no time that can be read", _NOT_ISO),
)


def read_times(connection: duckdb.DuckDBPyConnection, file: int, datetime: tuple[str, ...], time_zone: str) -> None:
    """Fill ``moment`` (UTC, naive) of a staged file's events, or ``flaw``: why there is none."""
    (at,) = (column for column in columns("event") if column.name == "at")
    reading = Reading(datetime=datetime, zone=time_zone, day_zone=literal(time_zone))
    text = "time" if datetime else _iso("time")
    value, flaw = reading.value(at, text), reading.refusal(at, text)
    connection.execute(f"UPDATE log_event SET moment = {value} WHERE file = {file}")
    connection.execute(f"UPDATE log_event SET flaw = {flaw} WHERE file = {file} AND moment IS NULL")


def _iso(text: str) -> str:
    """SQL of a time whose year comes first, in any tool's hand, as ISO 8601: ``2011/10/1 0:38:44 UTC``."""
    text = f"regexp_replace({text}, '^(\\d{{4}})[/.](\\d{{1,2}})[/.](\\d{{1,2}})', '\\1-\\2-\\3')"
    text = f"regexp_replace({text}, '\\s*(UTC|GMT|Z)$', 'Z')"
    for _ in range(2):
        text = f"regexp_replace({text}, '([-T :])(\\d)([-T :.Z]|$)', '\\g1', 'g')".replace("\\g1", "\\10\\2\\3")
    return text


def settle(connection: duckdb.DuckDBPyConnection, refuse: Refuse) -> list[str]:
    """Write what is staged into `doc_event` and `doc_object`. Says in words what was left out without being wrong."""
    _refuse_events(connection, refuse)
    _refuse_things(connection, refuse)
    notes = _refuse_doubles(connection, refuse)
    connection.execute(_OWN)
    _refuse_context(connection, refuse)
    connection.execute(_OBJECTS)
    connection.execute(_EVENTS)
    return notes


def _refuse_events(connection: duckdb.DuckDBPyConnection, refuse: Refuse) -> None:
    for test, field, what, mend in _CHECKS:
        value = "time" if field == "timestamp" else "NULL"
        rows = connection.execute(
            f"SELECT file, line, {value} FROM log_event WHERE {test} ORDER BY file, line"
        ).fetchall()
        for file, line, text in rows:
            refuse(file, line, field, f"{what}: {text!r}" if text else what, mend)
        connection.execute(f"DELETE FROM log_event WHERE {test}")


def _refuse_things(connection: duckdb.DuckDBPyConnection, refuse: Refuse) -> None:
    rows = connection.execute(
        "SELECT file, line FROM log_object WHERE coalesce(object, '') = '' ORDER BY ALL"
    ).fetchall()
    for file, line in rows:
        refuse(file, line, "id", "object without an id", "give every object an id")
    connection.execute("DELETE FROM log_object WHERE coalesce(object, '') = ''")


def _refuse_doubles(connection: duckdb.DuckDBPyConnection, refuse: Refuse) -> list[str]:
    """Of events of one id the first stays; a later one that says something else is refused."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE log_double AS
        SELECT e.file, e.line, e.id, (e.activity, e.moment, e.ext, l.things) IS DISTINCT FROM
                first_value((e.activity, e.moment, e.ext, l.things)) OVER own AS differs,
            first_value(f.path) OVER own AS first_path, first_value(e.file) OVER own AS first_file,
            first_value(e.line) OVER own AS first_line
        FROM log_event AS e JOIN log_file AS f USING (file) LEFT JOIN (
            SELECT file, event, list(DISTINCT (kind, object) ORDER BY (kind, object)) AS things FROM log_link GROUP BY ALL
        ) AS l ON l.file = e.file AND l.event = e.id
        WHERE (f.system, e.id) IN (
            SELECT (system, id) FROM log_event JOIN log_file USING (file) GROUP BY ALL HAVING count(*) > 1
        )
        WINDOW own AS (PARTITION BY f.system, e.id ORDER BY e.file, e.line)"""
    )
    later = "(file, line) <> (first_file, first_line)"
    for file, line, id, place in connection.execute(
        "SELECT file, line, id, CASE WHEN file = first_file THEN '' ELSE first_path || ' ' END || 'line ' || first_line "
        f"FROM log_double WHERE differs AND {later} ORDER BY file, line"
    ).fetchall():
        mend = "give each event its own id"
        refuse(file, line, "id", f"event {id!r} is there twice and differs from {place}", mend)
    connection.execute(
        f"DELETE FROM log_event WHERE (file, line, id) IN (SELECT (file, line, id) FROM log_double WHERE {later})"
    )
    ((same,),) = connection.execute(f"SELECT count(*) FROM log_double WHERE NOT differs AND {later}").fetchall()
    return [f"event: {same:,} repetitions were counted once"] if same else []


def _refuse_context(connection: duckdb.DuckDBPyConnection, refuse: Refuse) -> None:
    """A currency that there is not: the thing stays, without one."""
    rows = connection.execute(
        f"SELECT file, 0, object, currency FROM log_own WHERE currency <> '' AND currency NOT IN {among(EXPONENTS)} ORDER BY ALL"
    ).fetchall()
    for file, line, thing, currency in rows:
        refuse(
            file, line, "currency", f"{thing} has the unknown currency {currency!r}", "use an ISO 4217 code such as EUR"
        )
    connection.execute(f"UPDATE log_own SET currency = '' WHERE currency NOT IN {among(EXPONENTS)}")


_OWN = """CREATE OR REPLACE TEMP TABLE log_own AS
WITH linked AS (
    SELECT l.file, f.system, l.kind, l.object, e.ext
    FROM log_event AS e JOIN log_link AS l ON l.file = e.file AND l.event = e.id JOIN log_file AS f ON f.file = e.file
), shared AS (
    SELECT system, kind, object, e.key, any_value(e.value) AS value
    FROM linked CROSS JOIN UNNEST(map_entries(ext)) AS u(e) GROUP BY ALL HAVING count(DISTINCT e.value) = 1
), told AS (
    SELECT f.system, o.kind, o.object, e.key, min_by(e.value, (o.file, o.line)) AS value
    FROM log_object AS o JOIN log_file AS f USING (file) CROSS JOIN UNNEST(map_entries(o.ext)) AS u(e) GROUP BY ALL
), every AS (
    SELECT * FROM told UNION ALL SELECT s.* FROM shared AS s ANTI JOIN told USING (system, kind, object, key)
), named AS (
    SELECT DISTINCT system, kind, object, file FROM (
        SELECT system, kind, object, file FROM linked
        UNION ALL SELECT f.system, o.kind, o.object, o.file FROM log_object AS o JOIN log_file AS f USING (file)
    )
), things AS (
    SELECT t.system, t.kind, t.object,
        coalesce(map_from_entries(list({'key': e.key, 'value': e.value} ORDER BY e.key) FILTER (e.key IS NOT NULL)),
            MAP {}::MAP(VARCHAR, VARCHAR)) AS ext
    FROM (SELECT DISTINCT system, kind, object FROM named) AS t LEFT JOIN every AS e USING (system, kind, object) GROUP BY ALL
), whole AS (
    SELECT t.system, t.kind, t.object, t.ext, coalesce(min(file) FILTER (f.currency_column <> ''), min(file)) AS file,
        coalesce(min_by(upper(t.ext[f.currency_column]), file), min_by(nullif(f.currency, ''), file), '') AS currency,
        coalesce(min_by(t.ext[f.entity_column], file), min_by(nullif(f.entity, ''), file), '') AS entity
    FROM things AS t JOIN named USING (system, kind, object) JOIN log_file AS f USING (file) GROUP BY ALL
)
SELECT *, CASE WHEN count(*) OVER (PARTITION BY system, object) > 1 THEN kind || ':' ELSE '' END || object AS id FROM whole"""
"""Every thing. Its id carries its kind where things of two kinds share one id."""

_OBJECTS = """INSERT INTO doc_object BY NAME
SELECT 'object/' || system || '/' || id AS key, system || '/' || id AS ref, system, id, entity, currency, kind,
    CAST(to_json(ext) AS VARCHAR) AS ext
FROM log_own ANTI JOIN doc_object AS known USING (system, id)"""

_EVENTS = """INSERT INTO doc_event BY NAME
WITH named AS (
    SELECT l.file, l.event, list(DISTINCT o.system || '/' || o.id ORDER BY o.system || '/' || o.id) AS objects,
        min_by(o.currency, (o.file, o.id)) AS currency, min_by(o.entity, (o.file, o.id)) AS entity
    FROM log_link AS l JOIN log_file AS f ON f.file = l.file
    JOIN log_own AS o ON o.system = f.system AND o.object = l.object AND o.kind = l.kind GROUP BY ALL
)
SELECT 'event/' || f.system || '/' || e.id AS key, f.system || '/' || e.id AS ref, f.system AS system, e.id,
    coalesce(n.entity, f.entity) AS entity, coalesce(n.currency, f.currency) AS currency, e.activity, e.moment AS "at",
    n.objects, CAST(to_json(e.ext) AS VARCHAR) AS ext
FROM log_event AS e JOIN log_file AS f USING (file) LEFT JOIN named AS n ON n.file = e.file AND n.event = e.id
ANTI JOIN doc_event AS known ON known.system = f.system AND known.id = e.id"""
