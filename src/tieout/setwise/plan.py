"""The relational plan of a flow: which documents belong to which anchor, as one list of SELECTs made from its declaration.

Written once in DuckDB's dialect and rendered for PostgreSQL and Spark by sqlglot (`render`). Tables that a plan reads: `doc_<type>`
(`tables`) and `alias_<type>` (doc, ref, root: every view of a document leads to the same root). Tables that it makes, one a
relation: `in_<relation>` with

    anchor   row of the anchor document            doc    row of the document
    root     the document's root reference         first  rank by which the anchors of a shared document are ordered
    whole    it belongs as a whole                 lines  or by these lines (1-based), where it is reached through its lines
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlglot

from tieout.canon import references
from tieout.canon.documents import Document
from tieout.process.definition import Anchor, Flow, Related, Unclaimed
from tieout.process.expressions import Documents, Field

from .tables import quoted, table_name


class Select(msgspec.Struct, frozen=True):
    """One step of the plan: a table to make and the query that fills it, in DuckDB's dialect."""

    table: str
    sql: str


class Plan(msgspec.Struct, frozen=True):
    """All steps of a flow in order: the anchor, its relations, its unclaimed documents."""

    flow: str
    selects: tuple[Select, ...]
    relations: tuple[tuple[str, str], ...]
    """(name, type) of the anchor and each relation."""
    strays: tuple[tuple[str, str], ...]
    """(table, relation) of the documents that belong to no anchor."""


def plan(
    flow: type[Flow], roles: dict[str, str], mirrored: frozenset[str], entities: tuple[str, ...] = (),
    row: str = "rowid",
) -> Plan:  # fmt: skip
    """The plan of a flow.

    ``roles``: system → role, of the systems in the data. ``mirrored``: types that have views in several systems (the
    others need no alias). ``entities``: only anchors of these, all if empty. ``row``: the tables' row identity.
    """
    return _Planner(flow, roles, mirrored, entities, row).plan()


def render(plan: Plan, dialect: str) -> list[str]:
    """The plan's statements in another dialect (``postgres``, ``spark``): CREATE TABLE … AS SELECT …."""
    statements = (f"CREATE TABLE {step.table} AS {step.sql}" for step in plan.selects)
    return [sqlglot.transpile(sql, read="duckdb", write=dialect, pretty=True)[0] for sql in statements]


def alias(type_name: str, mirrored: bool, row: str = "rowid") -> Select:
    """The alias of a type: every reference with the root that its views lead to, through any number of mirrors."""
    table = table_name(type_name)
    if not mirrored:
        return Select(f"alias_{type_name}", f"SELECT {row} AS doc, ref, ref AS root FROM {table}")
    return Select(
        f"alias_{type_name}",
        f"""WITH RECURSIVE walk AS (
            SELECT ref AS start, ref AS reached, mirrors AS following, 0 AS steps FROM {table}
            UNION ALL
            SELECT walk.start, t.ref, t.mirrors, walk.steps + 1 FROM walk JOIN {table} AS t ON t.ref = walk.following
            WHERE walk.steps < 8
        ), ends AS (
            SELECT start, arg_max(reached, steps) AS root, max(steps) AS steps FROM walk GROUP BY start
        )
        SELECT d.{row} AS doc, d.ref, CASE WHEN e.steps < 8 THEN e.root ELSE d.ref END AS root
        FROM {table} AS d JOIN ends AS e ON e.start = d.ref""",
    )


def types_of(flow: type[Flow]) -> tuple[str, ...]:
    """Names of all types that a flow's plan reads, types on the way of its paths included."""
    found = {_tag(flow.anchor._type)}
    for relation in flow.relations.values():
        found.add(_tag(relation._type))
        for path in relation._paths:
            found.update(_tag(hop.target) for hop in references.hops(relation._type, path))
    return tuple(sorted(found))


class _Planner:
    def __init__(
        self, flow: type[Flow], roles: dict[str, str], mirrored: frozenset[str], entities: tuple[str, ...], row: str
    ) -> None:
        self.flow, self.roles, self.mirrored, self.entities, self.row = flow, roles, mirrored, entities, row

    def plan(self) -> Plan:
        selects = [Select(f"in_{self.flow.anchor._name}", self._anchors(self.flow.anchor))]
        for name, relation in self.flow.relations.items():
            selects.append(Select(f"in_{name}", self._members(relation)))
        strays = []
        for stray in self.flow.strays:
            name = stray.documents._name
            selects.append(Select(f"stray_{name}", self._strays(stray)))
            strays.append((f"stray_{name}", name))
        documents: list[Documents] = [self.flow.anchor, *self.flow.relations.values()]
        return Plan(self.flow.name, tuple(selects), tuple((d._name, _tag(d._type)) for d in documents), tuple(strays))

    def _anchors(self, anchor: Anchor) -> str:
        tag = _tag(anchor._type)
        tests = ["NOT coalesce(d.deleted, false)", *self._tests(anchor, "d")]
        if anchor._originals:
            tests.append("a.root = a.ref")
        if anchor._roles:
            tests.append(self._in_roles("d", anchor._roles))
        if self.entities:
            tests.append(f"d.entity IN ({_literals(self.entities)})")
        root = "a.root" if anchor._originals else "a.ref"
        return (
            f"SELECT a.doc AS anchor, a.doc, {root} AS root, 0 AS first, true AS whole, CAST(NULL AS BIGINT[]) AS lines "
            f"FROM alias_{tag} AS a JOIN {table_name(tag)} AS d ON d.{self.row} = a.doc WHERE {' AND '.join(tests)}"
        )

    def _members(self, relation: Related) -> str:
        tag = _tag(relation._type)
        if relation._named_by:
            found = [self._named(relation, field) for field in relation._named_by]
        else:
            found = [self._along(relation, path) for path in relation._paths]
        base = self._gathered(found)
        if relation._views and tag in self.mirrored:
            base = (
                f"WITH base AS ({base}), views AS (SELECT b.anchor, v.doc, v.root, min(b.first) AS first "
                f"FROM base AS b JOIN alias_{tag} AS v ON v.root = b.root GROUP BY ALL) "
                "SELECT * FROM base UNION ALL "
                "SELECT v.anchor, v.doc, v.root, v.first, true AS whole, CAST(NULL AS BIGINT[]) AS lines FROM views AS v "
                "WHERE NOT EXISTS (SELECT 1 FROM base AS b WHERE b.anchor = v.anchor AND b.doc = v.doc)"
            )
        return base

    def _gathered(self, found: list[str]) -> str:
        """One row per (anchor, document) from all ways that lead to it."""
        return (
            "SELECT anchor, doc, any_value(root) AS root, min(first) AS first, bool_or(line IS NULL) AS whole, "
            "list_sort(list(DISTINCT line) FILTER (line IS NOT NULL)) AS lines "
            f"FROM ({' UNION ALL '.join(found)}) AS found GROUP BY anchor, doc"
        )

    def _along(self, relation: Related, path: str) -> str:
        """Documents from which a path of references leads to the target."""
        tag = _tag(relation._type)
        target = relation._of if relation._of is not None else self.flow.anchor
        joins, line = [f"FROM alias_{tag} AS a JOIN {table_name(tag)} AS d0 ON d0.{self.row} = a.doc"], "NULL"
        hops = references.hops(relation._type, path)
        for i, hop in enumerate(hops):
            field, unnest = self._field(f"d{i}", hop.field, hop.source, f"u{i}")
            joins.append(unnest)
            if i == 0 and hop.nested:
                line = "u0.n"
            hop_tag = _tag(hop.target)
            if i < len(hops) - 1:
                joins.append(f"JOIN {table_name(hop_tag)} AS d{i + 1} ON d{i + 1}.ref = {field}")
            elif hop_tag in self.mirrored and self._rooted(target):
                joins.append(
                    f"JOIN alias_{hop_tag} AS r ON r.ref = {field} JOIN in_{target.relation} AS t ON t.root = r.root"
                )
            else:
                joins.append(f"JOIN in_{target.relation} AS t ON t.root = {field}")
        tests = [*self._tests(relation, "d0"), *self._narrowed(target, "t")]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        first = f"t.first * 4096 + {line}" if line != "NULL" else "t.first"
        return (
            f"SELECT t.anchor, a.doc, a.root, {first} AS first, CAST({line} AS BIGINT) AS line {' '.join(joins)}{where}"
        )

    def _rooted(self, target: Documents) -> bool:
        """Whether the target's members are known by their roots (an anchor of single views is known by reference)."""
        return target is not self.flow.anchor or self.flow.anchor._originals

    def _named(self, relation: Related, field: Field) -> str:
        """Documents that a field of another relation's documents names."""
        tag, source = _tag(relation._type), field.documents
        path, unnest = self._field("s", field.name, source._type, "u")
        tests = [*self._tests(relation, "d"), *self._narrowed(source, "m")]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        rooted = f"JOIN alias_{tag} AS x ON x.ref = {path} JOIN alias_{tag} AS a ON a.ref = x.ref"
        return (
            f"SELECT m.anchor, a.doc, a.root, m.first, CAST(NULL AS BIGINT) AS line FROM in_{source.relation} AS m "
            f"JOIN {table_name(_tag(source._type))} AS s ON s.{self.row} = m.doc {unnest} {rooted} "
            f"JOIN {table_name(tag)} AS d ON d.{self.row} = a.doc{where}"
        )

    def _field(self, alias: str, field: str, source: type[Document], unnested: str) -> tuple[str, str]:
        """(SQL of a reference field, the UNNEST that it needs)."""
        if "." in field:
            outer, inner = field.split(".")
            return (
                f"{unnested}.item.{quoted(inner)}",
                f"CROSS JOIN UNNEST({alias}.{quoted(outer)}) WITH ORDINALITY AS {unnested}(item, n)",
            )
        if field in _LISTS:
            return (
                f"{unnested}.item",
                f"CROSS JOIN UNNEST({alias}.{quoted(field)}) WITH ORDINALITY AS {unnested}(item, n)",
            )
        return f"{alias}.{quoted(field)}", ""

    def _narrowed(self, documents: Documents, member: str) -> list[str]:
        """Tests for a relation narrowed by `.where` or `.in_`, on the rows of its member table."""
        tests, current = [], documents
        table = table_name(_tag(documents._type))
        while current._base is not None:
            inner = self._tests(current, "f")
            if current._role:
                inner.append(self._in_roles("f", (current._role,)))
            condition = " AND ".join(inner)
            tests.append(f"EXISTS (SELECT 1 FROM {table} AS f WHERE f.{self.row} = {member}.doc AND {condition})")
            current = current._base
        return tests

    def _tests(self, documents: Documents, alias: str) -> list[str]:
        return [f"{alias}.{quoted(name)} = {_literal(value)}" for name, value in documents._equal.items()]

    def _in_roles(self, alias: str, wanted: tuple[str, ...]) -> str:
        systems = sorted(system for system, role in self.roles.items() if role in wanted)
        return f"{alias}.system IN ({_literals(systems)})" if systems else "false"

    def _strays(self, stray: Unclaimed) -> str:
        """Roots of the relation's type that no anchor holds, with their views."""
        relation = stray.documents
        tag = _tag(relation._type)
        tests = [f"d.{quoted(name)} = {_literal(value)}" for name, value in stray.equal.items()]
        if self.entities:
            tests.append(f"d.entity IN ({_literals(self.entities)})")
        condition = "".join(f" AND {test}" for test in tests)
        return (
            f"WITH roots AS (SELECT a.doc, a.root FROM alias_{tag} AS a JOIN {table_name(tag)} AS d ON d.{self.row} = a.doc "
            f"WHERE a.root = a.ref AND NOT coalesce(d.deleted, false){condition} "
            f"AND NOT EXISTS (SELECT 1 FROM in_{relation._name} AS m WHERE m.doc = a.doc)) "
            "SELECT r.doc AS anchor, v.doc, v.root, 0 AS first, true AS whole, CAST(NULL AS BIGINT[]) AS lines "
            f"FROM roots AS r JOIN alias_{tag} AS v ON v.root = r.root"
        )


_LISTS = frozenset({"invoices", "objects"})
"""Reference fields that name several documents."""


def _tag(type_: type[Document]) -> str:
    return type_.__struct_config__.tag  # type: ignore[return-value]


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _literals(values: Iterable[str]) -> str:
    return ", ".join(_literal(value) for value in values)
