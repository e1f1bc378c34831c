"""Event logs of other tools as documents: OCEL 1.0 (JSON, CSV) and classic CSV with a case, an activity and a time.

Every event becomes an `event`, every thing that it names an `object`. An attribute that has one and the same value in all events of
a thing is the thing's own attribute too, so that a flow can say ``amount(order.attribute("price"))``; the attributes that
the log gives to the thing itself come first.

Read set-based by DuckDB: a log of millions of events costs seconds. Rows without an id, activity or readable time are
refused by line; the same event twice counts once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec

from tieout.canon.faults import InputFault, nearest
from tieout.setwise.tables import create

LOGS = ("ocel-json", "ocel-csv", "events-csv")
"""Values of ``format`` in audit.toml that this module reads."""

Refuse = Callable[[int, str, str, str], None]
"""(line, field, what is wrong, how to mend it)."""


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping says of one event log."""

    path: Path
    system: str
    format: str
    entity: str = ""
    currency: str = ""
    time_zone: str = "UTC"
    datetime: str = ""
    """How times are written (strptime), where they are not ISO 8601."""
    delimiter: str = ","
    case: str = "case"
    activity: str = "activity"
    timestamp: str = "timestamp"
    kind: str = "case"
    """Kind of the objects that the cases of a classic log become."""


class Read(msgspec.Struct, frozen=True):
    """How much was read and refused."""

    rows: int
    events: int
    objects: int


def read(connection: duckdb.DuckDBPyConnection, log: Log, refuse: Refuse) -> Read:
    """Read one log into `doc_event` and `doc_object`. Raises InputFault where the file is no such log."""
    if not log.path.is_file():
        raise InputFault("no such file", where=str(log.path), mend="mend `path`")
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE log_event (line BIGINT, id VARCHAR, activity VARCHAR, time VARCHAR, ext MAP(VARCHAR, VARCHAR))"
    )
    connection.execute("CREATE OR REPLACE TEMP TABLE log_link (event VARCHAR, kind VARCHAR, object VARCHAR)")
    connection.execute("CREATE OR REPLACE TEMP TABLE log_object (id VARCHAR, kind VARCHAR, ext MAP(VARCHAR, VARCHAR))")
    {"ocel-json": _ocel_json, "ocel-csv": _ocel_csv, "events-csv": _events_csv}[log.format](connection, log)
    rows = _one(connection, "SELECT count(*) FROM log_event")
    _refuse_bad(connection, log, refuse)
    _own_attributes(connection)
    before = _counts(connection)
    _write(connection, log)
    after = _counts(connection)
    return Read(rows, after[0] - before[0], after[1] - before[1])


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((found,),) = connection.execute(sql).fetchall()
    return int(found)


def _counts(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    create(connection, "event")
    create(connection, "object")
    return _one(connection, "SELECT count(*) FROM doc_event"), _one(connection, "SELECT count(*) FROM doc_object")


def _columns(connection: duckdb.DuckDBPyConnection, log: Log) -> list[str]:
    """Load a CSV as text into ``log_rows`` and name its columns."""
    try:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE log_rows AS SELECT row_number() OVER () + 1 AS __line, * "
            "FROM read_csv(?, all_varchar = true, header = true, delim = ?, null_padding = true)",
            [str(log.path), log.delimiter],
        )
    except duckdb.Error as error:
        raise InputFault(str(error).split("\n")[0], where=str(log.path), mend="is it a CSV with a header?") from None
    return [row[0] for row in connection.execute("DESCRIBE log_rows").fetchall() if row[0] != "__line"]


def _need(columns: list[str], wanted: str, log: Log) -> str:
    for name in columns:
        if name.casefold() == wanted.casefold():
            return _quoted(name)
    raise InputFault(
        f"there is no column {wanted!r}", where=str(log.path),
        mend=nearest(wanted, columns) or f"columns are {', '.join(columns[:12])}",
    )  # fmt: skip


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _attributes(names: list[str]) -> str:
    """SQL of a map of the attribute columns that have a value."""
    if not names:
        return "MAP {}::MAP(VARCHAR, VARCHAR)"
    entries = ", ".join(f"{{'key': {_text(n)}, 'value': nullif(trim({_quoted(n)}), '')}}" for n in names)
    return f"map_from_entries(list_filter([{entries}], lambda e: e.value IS NOT NULL))"


def _ocel_csv(connection: duckdb.DuckDBPyConnection, log: Log) -> None:
    columns = _columns(connection, log)
    id, activity, time = (_need(columns, f"ocel:{name}", log) for name in ("eid", "activity", "timestamp"))
    kinds = [name for name in columns if name.startswith("ocel:type:")]
    if not kinds:
        raise InputFault("there is no column ocel:type:…", where=str(log.path), mend="is it an OCEL 1.0 CSV?")
    own = [name for name in columns if not name.startswith("ocel:")]
    connection.execute(
        f"INSERT INTO log_event SELECT __line, trim({id}), trim({activity}), trim({time}), {_attributes(own)} FROM log_rows"
    )
    for name in kinds:
        kind = name.removeprefix("ocel:type:")
        listed = f"""regexp_extract_all({_quoted(name)}, '[''"]([^''"]*)[''"]', 1)"""
        connection.execute(
            f"INSERT INTO log_link SELECT trim({id}), {_text(kind)}, u.object "
            f"FROM log_rows CROSS JOIN UNNEST({listed}) AS u(object) WHERE {_quoted(name)} IS NOT NULL"
        )


def _events_csv(connection: duckdb.DuckDBPyConnection, log: Log) -> None:
    columns = _columns(connection, log)
    case, activity, time = (_need(columns, name, log) for name in (log.case, log.activity, log.timestamp))
    own = [name for name in columns if _quoted(name) not in (case, activity, time)]
    connection.execute(
        f"INSERT INTO log_event SELECT __line, {_text(log.path.stem)} || ':' || __line, trim({activity}), trim({time}), "
        f"{_attributes(own)} FROM log_rows WHERE nullif(trim({case}), '') IS NOT NULL"
    )
    connection.execute(
        f"INSERT INTO log_event SELECT __line, NULL, NULL, NULL, MAP {{}} FROM log_rows WHERE nullif(trim({case}), '') IS NULL"
    )
    connection.execute(
        f"INSERT INTO log_link SELECT {_text(log.path.stem)} || ':' || __line, {_text(log.kind)}, trim({case}) FROM log_rows "
        f"WHERE nullif(trim({case}), '') IS NOT NULL"
    )


class _Event(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    activity: str = ""
    timestamp: str = ""
    omap: list[str] = []
    vmap: dict[str, object] = {}


class _Object(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    type: str = "object"
    ovmap: dict[str, object] = {}


class _Ocel(msgspec.Struct, rename=lambda name: f"ocel:{name}"):
    events: dict[str, _Event]
    objects: dict[str, _Object] = {}


def _ocel_json(connection: duckdb.DuckDBPyConnection, log: Log) -> None:
    try:
        found = msgspec.json.decode(log.path.read_bytes(), type=_Ocel)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputFault(f"no OCEL 1.0 JSON: {error}", where=str(log.path), mend="export it as OCEL 1.0") from None
    import pyarrow as pa

    map_type = pa.map_(pa.string(), pa.string())
    events = pa.table(
        {
            "line": pa.array(range(1, len(found.events) + 1), pa.int64()),
            "id": list(found.events),
            "activity": [e.activity for e in found.events.values()],
            "time": [e.timestamp for e in found.events.values()],
            "ext": pa.array([_words(e.vmap) for e in found.events.values()], map_type),
        }
    )
    kinds = {id: o.type for id, o in found.objects.items()}
    links = [(id, kinds.get(o, "object"), o) for id, e in found.events.items() for o in e.omap]
    things = pa.table(
        {
            "id": pa.array(list(found.objects), pa.string()),
            "kind": pa.array([o.type for o in found.objects.values()], pa.string()),
            "ext": pa.array([_words(o.ovmap) for o in found.objects.values()], map_type),
        }
    )
    link_table = pa.table(
        [pa.array([row[i] for row in links], pa.string()) for i in range(3)], names=["event", "kind", "object"]
    )
    for name, table in (("log_event", events), ("log_link", link_table), ("log_object", things)):
        connection.register("log_arrow", table)
        connection.execute(f"INSERT INTO {name} SELECT * FROM log_arrow")
        connection.unregister("log_arrow")


def _words(values: dict[str, object]) -> list[tuple[str, str]]:
    """Attribute values as text: numbers as written, never as floats of ours."""
    return [
        (name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
        for name, value in values.items()
    ]


def _refuse_bad(connection: duckdb.DuckDBPyConnection, log: Log, refuse: Refuse) -> None:
    zone = _text(log.time_zone)
    offset = r"'(Z|[+-]\d{2}:?\d{2})$'"
    if log.datetime:
        moment = f"timezone('UTC', timezone({zone}, try_strptime(time, {_text(log.datetime)})))"
    else:
        moment = (
            f"CASE WHEN regexp_matches(time, {offset}) THEN timezone('UTC', try_cast(time AS TIMESTAMPTZ)) "
            f"ELSE timezone('UTC', timezone({zone}, try_cast(time AS TIMESTAMP))) END"
        )
    connection.execute(f"CREATE OR REPLACE TEMP TABLE log_timed AS SELECT *, {moment} AS moment FROM log_event")
    checks = (
        ("nullif(id, '') IS NULL", "id", "event without an id (or case)", "give every event an id"),
        ("nullif(activity, '') IS NULL", "activity", "event without an activity", "name what happened"),
        ("moment IS NULL", "timestamp", "no time that can be read", "write it as ISO 8601, 2026-01-31T09:30:00Z"),
        ("moment < TIMESTAMP '1900-01-01'", "timestamp", "a time before 1900", "mend the time at its source"),
    )
    seen: list[str] = []
    for test, field, what, mend in checks:
        condition = " AND ".join([test, *(f"NOT coalesce({s}, false)" for s in seen)])
        value = "time" if field == "timestamp" else "''"
        for line, text in connection.execute(
            f"SELECT line, {value} FROM log_timed WHERE {condition} ORDER BY line"
        ).fetchall():
            refuse(line, field, f"{what}: {text!r}" if text else what, mend)
        seen.append(test)
    bad = " OR ".join(f"coalesce({test}, false)" for test in seen)
    connection.execute(f"DELETE FROM log_timed WHERE {bad}")
    doubled = connection.execute(
        "SELECT max(line), id, min(line) FROM log_timed GROUP BY id HAVING count(DISTINCT (activity, moment, ext)) > 1"
    ).fetchall()
    for line, id, first in doubled:
        refuse(line, "id", f"event {id!r} is there twice and differs from line {first}", "give each event its own id")
    connection.execute("DELETE FROM log_timed WHERE rowid NOT IN (SELECT min(rowid) FROM log_timed GROUP BY id)")


def _own_attributes(connection: duckdb.DuckDBPyConnection) -> None:
    """Attributes with one value in all events of a thing, beneath those that the log gives to the thing itself."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE log_own AS
        WITH entries AS (
            SELECT l.object, l.kind, e.key, e.value
            FROM log_timed AS t JOIN log_link AS l ON l.event = t.id CROSS JOIN UNNEST(map_entries(t.ext)) AS u(e)
        ), shared AS (
            SELECT object, kind, key, any_value(value) AS value FROM entries GROUP BY ALL HAVING count(DISTINCT value) = 1
        ), given AS (
            SELECT o.id AS object, o.kind, e.key, e.value FROM log_object AS o CROSS JOIN UNNEST(map_entries(o.ext)) AS u(e)
        ), every AS (
            SELECT * FROM given UNION ALL SELECT s.* FROM shared AS s
            WHERE NOT EXISTS (SELECT 1 FROM given AS g WHERE g.object = s.object AND g.key = s.key)
        ), things AS (
            SELECT object, kind FROM log_link JOIN log_timed ON id = event UNION SELECT id, kind FROM log_object
        )
        SELECT t.object, t.kind, map_from_entries(list({'key': e.key, 'value': e.value} ORDER BY e.key) FILTER (e.key IS NOT NULL)) AS ext,
            count(*) OVER (PARTITION BY t.object) AS kinds
        FROM things AS t LEFT JOIN every AS e ON e.object = t.object AND e.kind = t.kind GROUP BY t.object, t.kind"""
    )


def _write(connection: duckdb.DuckDBPyConnection, log: Log) -> None:
    """Into the canonical tables. A thing's id carries its kind where two kinds share one id."""
    system, entity, currency = _text(log.system), _text(log.entity), _text(log.currency)
    connection.execute(
        f"""INSERT INTO doc_object BY NAME
        SELECT 'object/' || {system} || '/' || id AS key, {system} || '/' || id AS ref, {system} AS system, id,
            {entity} AS entity, {currency} AS currency, kind, CAST(to_json(ext) AS VARCHAR) AS ext
        FROM (SELECT CASE WHEN kinds > 1 THEN kind || ':' || object ELSE object END AS id, kind, ext FROM log_own)
        WHERE {system} || '/' || id NOT IN (SELECT ref FROM doc_object)"""
    )
    connection.execute(
        f"""INSERT INTO doc_event BY NAME
        WITH named AS (
            SELECT l.event,
                list(DISTINCT {system} || '/' || CASE WHEN o.kinds > 1 THEN o.kind || ':' ELSE '' END || o.object) AS objects
            FROM log_link AS l JOIN log_own AS o ON o.object = l.object AND o.kind = l.kind GROUP BY l.event
        )
        SELECT 'event/' || {system} || '/' || t.id AS key, {system} || '/' || t.id AS ref, {system} AS system, t.id,
            {entity} AS entity, {currency} AS currency, t.activity, t.moment AS "at", list_sort(n.objects) AS objects,
            CAST(to_json(t.ext) AS VARCHAR) AS ext
        FROM log_timed AS t LEFT JOIN named AS n ON n.event = t.id
        WHERE {system} || '/' || t.id NOT IN (SELECT ref FROM doc_event)"""
    )
