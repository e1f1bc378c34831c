"""Quiet instances, all at once: who meets a flow's own sufficient condition (`process.quiet`), and what they add up to.

Runs between the plan, whose tables `in_<relation>` it reads, and the reading of what is left. It makes the table `quiet` of the anchors
that need not be judged one by one, and gives the sums that judging them would have given.
"""

from __future__ import annotations

import datetime as dt
from array import array

import duckdb
import msgspec

from tieout.canon.documents import TYPES
from tieout.canon.faults import FlowFault
from tieout.policy import Policy
from tieout.process.definition import Flow
from tieout.process.expressions import Aggregate, Condition, Count, Documents, Either, Field, Value
from tieout.process.quiet import Move, Plain, Quiet

from .gather import MOST_DOCUMENTS, Gathered, Line, StepCount
from .plan import Plan
from .tables import Column, columns, literal, quoted, table_name

TABLE = "quiet"
"""The anchors (rows of the plan) of the flow at hand that are quiet."""


class Days(msgspec.Struct, frozen=True):
    """As of when: the end of a day, and the day before the bridge's period (None: it begins with the first document)."""

    as_of: dt.date
    before: dt.date | None


def declare(connection: duckdb.DuckDBPyConnection, policy: Policy, roles: dict[str, str], entities: list[str]) -> None:
    """Give the connection the functions of `process.quiet`, as the policy answers them."""
    zones = {entity: policy.calendar(entity).zone.key for entity in entities}
    books = {entity: policy.functional(entity) for entity in entities}

    def chosen(by: str, answers: dict[str, str], other: str) -> str:
        cases = " ".join(f"WHEN {literal(name)} THEN {answer}" for name, answer in answers.items())
        return f"CASE {by} {cases} ELSE {other} END" if answers else other

    local = {entity: f"timezone({literal(zone)}, timezone('UTC', instant))::DATE" for entity, zone in zones.items()}
    starts = {entity: f"timezone('UTC', timezone({literal(zone)}, day::TIMESTAMP))" for entity, zone in zones.items()}
    for signature, body in (
        ("local_day(entity, instant)", chosen("entity", local, "instant::DATE")),
        ("start_of(entity, day)", chosen("entity", starts, "day::TIMESTAMP")),
        ("functional(entity)", chosen("entity", {e: literal(c) for e, c in books.items()}, "''")),
        ("role_of(system)", chosen("system", {s: literal(r) for s, r in roles.items()}, "system")),
    ):
        connection.execute(f"CREATE OR REPLACE TEMP MACRO {signature} AS {body}")


def settle(connection: duckdb.DuckDBPyConnection, flow: type[Flow], steps: Plan, days: Days) -> Gathered:
    """Fill the table `quiet` with the flow's quiet instances; what they add up to."""
    gathered = Gathered()
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {TABLE} (anchor BIGINT)")
    for shape in flow.quiet:
        found = _Shape(flow, steps, shape, days)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE quiet_now AS {found.sql()}")
        ((count,),) = connection.execute("SELECT count(*) FROM quiet_now").fetchall()
        if count:
            gathered.instances += count
            for move in shape.moves:
                _move(connection, found, move, gathered)
            _steps(connection, flow, count, gathered)
            connection.execute(f"INSERT INTO {TABLE} SELECT anchor FROM quiet_now")
    return gathered


class _Shape:
    """One shape as SQL: an instance is a row with its sums and with the time of each step (``s0`` …), NULL where it does not apply."""

    def __init__(self, flow: type[Flow], steps: Plan, shape: Quiet, days: Days) -> None:
        self.flow, self.shape, self.days = flow, shape, days
        self.types = dict(steps.relations)
        self.anchor = steps.relations[0][0]
        self.wanted: dict[str, list[str]] = {plain.relation: [] for plain in shape.plain}
        """Relation → what the steps need of it, as aggregates ``x0``, ``x1`` …"""
        self.steps = [self._step(i) for i in range(len(flow.steps))]

    def sql(self) -> str:
        """Every instance of the shape: anchor, entity, currency, sums and steps, and whether it is older than the bridge's period."""
        first, *others = self.shape.plain
        own = "".join(f", {sql} AS {name}" for name, sql in (*first.sums.items(), *self._numbered(self.anchor)))
        sources = [
            f"(SELECT m.anchor, d.entity, d.currency, {first.day} AS day{own} FROM in_{self.anchor} AS m "
            f"JOIN {self.documents(self.anchor)} AS d ON d.row = m.doc WHERE {first.holds}) AS a"
        ]
        tests, days = ["true"], ["a.day"]
        for plain in others:
            name = plain.relation
            sources.append(f"LEFT JOIN ({self._relation(plain)}) AS {name} ON {name}.anchor = a.anchor")
            days += [f"{name}.first", f"{name}.last"]
            tests.append(f"coalesce({name}.plain, true) AND coalesce({name}.count, 0) >= {plain.least}")
            if plain.most is not None:
                tests.append(f"coalesce({name}.count, 0) <= {plain.most}")
        for name in self.flow.relations.keys() - self.wanted.keys() - set(self.shape.unseen):
            tests.append(f"NOT EXISTS (SELECT 1 FROM in_{name} AS n WHERE n.anchor = a.anchor)")
        sums = [f"a.{name}" for name in first.sums]
        sums += [f"coalesce({plain.relation}.{name}, 0) AS {name}" for plain in others for name in plain.sums]
        steps = [f"{at} AS s{i}, {applies} AS p{i}" for i, (at, applies) in enumerate(self.steps)]
        found = (
            f"SELECT {', '.join(['a.anchor', 'a.entity', 'a.currency', *sums, *steps])}, least({', '.join(days)}) AS first_day, "
            f"greatest({', '.join(days)}) AS last_day FROM {' '.join(sources)} WHERE {' AND '.join(tests)}"
        )
        return f"SELECT *, {self._old()} AS old FROM ({found}) AS a WHERE ({self.shape.when}) AND {self._happened()}"

    def _numbered(self, relation: str) -> list[tuple[str, str]]:
        return [(f"x{i}", sql) for i, sql in enumerate(self.wanted[relation])]

    def _old(self) -> str:
        return "false" if self.days.before is None else f"last_day <= {_date(self.days.before)}"

    def _happened(self) -> str:
        """All of it by the day, on one side of the period's beginning, and every step that applies."""
        as_of = _date(self.days.as_of)
        tests = [f"last_day <= {as_of}"]
        if self.days.before is not None:
            tests.append(f"({self._old()} OR first_day > {_date(self.days.before)})")
        for i in range(len(self.steps)):
            tests.append(f"(NOT p{i} OR coalesce(s{i} < start_of(entity, {as_of} + 1), false))")
        return " AND ".join(tests)

    def documents(self, relation: str) -> str:
        """The documents of a relation's type with their defaults filled in, as a subquery."""
        name = self.types[relation]
        filled = ", ".join(_filled(name, column) for column in columns(name))
        return f"(SELECT rowid AS row, {filled} FROM {table_name(name)})"

    def _relation(self, plain: Plain) -> str:
        """One row an anchor: whether all its documents are plain and its own alone, their first and last day, their sums."""
        name = plain.relation
        sums = "".join(f", sum({amount})::BIGINT AS {label}" for label, amount in plain.sums.items())
        wanted = "".join(f", {sql} AS {label}" for label, sql in self._numbered(name))
        return (
            f"SELECT m.anchor, count(*) AS count, bool_and(coalesce({plain.holds}, false) AND s.doc IS NULL) AS plain, "
            f"min({plain.day}) AS first, max({plain.day}) AS last{sums}{wanted} FROM in_{name} AS m "
            f"JOIN {self.documents(name)} AS d ON d.row = m.doc "
            f"JOIN in_{self.anchor} AS am ON am.anchor = m.anchor JOIN {self.documents(self.anchor)} AS a ON a.row = am.doc "
            f"LEFT JOIN (SELECT doc FROM in_{name} GROUP BY doc HAVING count(*) > 1) AS s ON s.doc = m.doc GROUP BY m.anchor"
        )

    # Steps: the declaration's own values and conditions, as far as quiet flows use them.

    def _step(self, index: int) -> tuple[str, str]:
        """SQL of a step's time, and of whether it applies."""
        step = self.flow.steps[index]
        if step.at is None or step.exposure is not None:
            raise self._beyond(step.name)
        applies = self._condition(step.when, step.name) if step.when is not None else "true"
        return self._time(step.at, step.name), applies

    def _time(self, value: Value, step: str) -> str:
        if isinstance(value, Either):
            return f"coalesce({', '.join(self._time(one, step) for one in value.values)})"
        if isinstance(value, Aggregate) and value.kind in ("latest", "earliest"):
            fold = "max" if value.kind == "latest" else "min"
            at = self._at(value.field)
            return self._aggregate(value.field.documents, f"{fold}({at})", step)
        if type(value) is Field and value.documents is self.flow.anchor:
            return self._aggregate(value.documents, self._at(value), step)
        raise self._beyond(step)

    def _at(self, field: Field) -> str:
        column = self._column(field)
        return f"d.{quoted(field.name)}" if column.kind == "instant" else f"start_of(a.entity, d.{quoted(field.name)})"

    def _condition(self, condition: Condition, step: str) -> str:
        value = condition.value
        if isinstance(value, Count):
            return f"coalesce({self._aggregate(value.documents, 'count(*)', step)}, 0) > 0"
        if type(value) is Field and value.documents is self.flow.anchor:
            column, name = self._column(value), f"d.{quoted(value.name)}"
            if condition.values and all(isinstance(one, str) for one in condition.values):
                return self._aggregate(
                    value.documents, f"coalesce({name} IN ({', '.join(map(literal, condition.values))}), false)", step
                )
            if not condition.values and column.kind == "refs":
                return self._aggregate(value.documents, f"coalesce(len({name}), 0) > 0", step)
        raise self._beyond(step)

    def _aggregate(self, documents: Documents, sql: str, step: str) -> str:
        """What is worked out of a relation's documents (for the anchor: of the one), under the name of its column."""
        relation, tests, current = documents.relation, [], documents
        while current._base is not None:
            tests += [f"role_of(d.system) = {literal(current._role)}"] if current._role else []
            tests += [f"d.{quoted(name)} = {literal(str(wanted))}" for name, wanted in current._equal.items()]
            current = current._base
        if relation not in self.wanted:
            if relation in self.shape.unseen:
                raise self._beyond(step)
            return "NULL"
        if relation == self.anchor:
            sql = sql.replace("a.entity", "d.entity")
        else:
            sql += f" FILTER ({' AND '.join(tests)})" if tests else ""
        held = self.wanted[relation]
        if sql not in held:
            held.append(sql)
        return f"{'a' if relation == self.anchor else relation}.x{held.index(sql)}"

    def _column(self, field: Field) -> Column:
        (tag,) = (field.documents._type.__struct_config__.tag,)
        return next(column for column in columns(str(tag)) if column.name == field.name)

    def _beyond(self, step: str) -> FlowFault:
        return FlowFault(
            f"step {step!r} cannot be told for quiet instances", where=self.flow.__name__,
            mend="milestones of a flow with quiet shapes are fields, latest, earliest or either of them",
        )  # fmt: skip


def _filled(type_name: str, column: Column) -> str:
    """A column with its default, where that is more than nothing."""
    name = quoted(column.name)
    default = next((f.default for f in msgspec.structs.fields(TYPES[type_name]) if f.name == column.name), None)
    if isinstance(default, bool):
        return f"coalesce({name}, {str(default).lower()}) AS {name}"
    if isinstance(default, str) and column.kind in ("text", "ref"):
        return f"coalesce({name}, {literal(default)}) AS {name}"
    if isinstance(default, int):
        return f"coalesce({name}, {default}) AS {name}"
    return name


def _date(day: dt.date) -> str:
    return f"DATE '{day}'"


def _move(connection: duckdb.DuckDBPyConnection, shape: _Shape, move: Move, gathered: Gathered) -> None:
    """Add one position of every quiet instance to its line."""
    source = f"in_{move.of} AS m JOIN {shape.documents(move.of)} AS d ON d.row = m.doc"
    positions = (
        f"SELECT a.entity, a.currency, d.key, {move.amount} AS amount, CASE WHEN a.old THEN {move.amount} ELSE 0 END AS before "
        f"FROM quiet_now AS a JOIN {source} ON m.anchor = a.anchor WHERE {move.amount} <> 0"
    )
    rows = connection.execute(
        f"SELECT entity, currency, sum(amount)::BIGINT, sum(before)::BIGINT, count(*) FILTER (amount <> before), "
        f"max({{'size': abs(amount), 'key': key, 'amount': amount}}, {MOST_DOCUMENTS}) FILTER (amount <> before) "
        f"FROM ({positions}) GROUP BY entity, currency"
    ).fetchall()
    for entity, currency, amount, before, count, top in rows:
        line = Line()
        line.end = line.functional = amount
        line.before = line.functional_before = before
        line.count = count
        line.top = sorted((each["size"], each["key"], each["amount"]) for each in top or ())
        gathered.lines.setdefault((move.row, move.line, entity, currency), Line()).merge(line)


def _steps(connection: duckdb.DuckDBPyConnection, flow: type[Flow], count: int, gathered: Gathered) -> None:
    """Count the steps that quiet instances reached, and the hours from one to the next."""
    for i, step in enumerate(flow.steps):
        ((reached,),) = connection.execute(f"SELECT count(*) FROM quiet_now WHERE p{i}").fetchall()
        if not reached:
            continue
        gathered.steps.setdefault((flow.name, step.name), StepCount()).reached += reached
        for before in flow.places[i]:
            hours = (
                connection.sql(
                    f"SELECT (epoch_us(s{i}) - epoch_us(s{before})) / 3600000000.0 AS hours FROM quiet_now WHERE p{i} AND p{before}"
                )
                .to_arrow_table()["hours"]
                .combine_chunks()
            )
            if len(hours):
                edge = (flow.name, flow.steps[before].name, step.name)
                gathered.edges.setdefault(edge, array("d")).frombytes(hours.buffers()[1])
