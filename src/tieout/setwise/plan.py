"""The relational plan of a flow: which documents belong to which anchor, as one list of SELECTs made from its declaration.

Written once in DuckDB's dialect and rendered for PostgreSQL and Spark by sqlglot (`dialects.render`). A plan reads `doc_<type>` (`tables`).
Its sources, shared by all flows, are `alias_<type>` (doc, ref, root: every view of a document leads to the same root) and
`edge_<type>_<field>` (doc, n, ref: references that stand in lists and lines). It makes one table a relation, `in_<relation>`:

    anchor   place of the anchor by its key        doc    row of the document
    root     the document's root reference         first  rank by which the anchors of a shared document are ordered
    whole    it belongs as a whole                 lines  or by these lines (1-based), where it is reached through its lines
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

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
    sources: tuple[Select, ...]
    """Aliases and edges that the steps read; the same for every flow that needs them."""
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


def _alias(type_name: str, row: str) -> Select:
    """The alias of a type: every reference with the root that its views lead to, through any number of mirrors."""
    table = table_name(type_name)
    return Select(
        f"alias_{type_name}",
        f"""WITH RECURSIVE walk AS (
            SELECT {row} AS doc, ref AS start, ref AS reached, mirrors AS following, 0 AS steps FROM {table}
            UNION ALL
            SELECT walk.doc, walk.start, t.ref, t.mirrors, walk.steps + 1
            FROM walk JOIN {table} AS t ON t.ref = walk.following WHERE walk.steps < {_MOST_MIRRORS}
        )
        SELECT doc, start AS ref,
            CASE WHEN max(steps) < {_MOST_MIRRORS} THEN arg_max(reached, steps) ELSE start END AS root
        FROM walk GROUP BY doc, start""",
    )


_MOST_MIRRORS = 8
"""Mirrors of mirrors that are followed; a longer way is a cycle, and its documents stay apart."""


def _edge(type_name: str, field: str, row: str) -> Select:
    """References in a list (``invoices``) or in lines (``lines.charge``) of a type, numbered from 1."""
    outer, _, inner = field.partition(".")
    item = f"item.{quoted(inner)}" if inner else "item"
    return Select(
        f"edge_{type_name}_{field.replace('.', '_')}",
        f"SELECT doc, n, {item} AS ref FROM (SELECT {row} AS doc, unnest({quoted(outer)}) AS item, "
        f"generate_subscripts({quoted(outer)}, 1) AS n FROM {table_name(type_name)}) AS listed WHERE {item} IS NOT NULL",
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
        self.sources: dict[str, Select] = {}

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
        relations = tuple((d._name, _tag(d._type)) for d in documents)
        return Plan(self.flow.name, tuple(self.sources.values()), tuple(selects), relations, tuple(strays))

    def _source(self, made: Select) -> str:
        self.sources.setdefault(made.table, made)
        return made.table

    def _alias(self, tag: str) -> str:
        return self._source(_alias(tag, self.row))

    def _identified(self, name: str, tag: str) -> tuple[str, str]:
        """(SQL of a document's root, the JOIN that it needs) for the row ``name`` of its table."""
        if tag not in self.mirrored:
            return f"{name}.ref", ""
        return f"{name}_alias.root", f"JOIN {self._alias(tag)} AS {name}_alias ON {name}_alias.doc = {name}.{self.row}"

    def _anchors(self, anchor: Anchor) -> str:
        tag = _tag(anchor._type)
        root, join = self._identified("d", tag)
        tests = ["NOT coalesce(d.deleted, false)", *self._tests(anchor, "d")]
        if not anchor._originals:
            root, join = "d.ref", ""
        elif join:
            tests.append(f"{root} = d.ref")
        if anchor._roles:
            tests.append(self._in_roles("d", anchor._roles))
        if self.entities:
            tests.append(f"d.entity IN ({_literals(self.entities)})")
        return (
            f"SELECT row_number() OVER (ORDER BY d.key) AS anchor, d.{self.row} AS doc, {root} AS root, 0 AS first, {_WHOLE} "
            f"FROM {table_name(tag)} AS d {join} WHERE {' AND '.join(tests)}"
        )

    def _members(self, relation: Related) -> str:
        tag = _tag(relation._type)
        if relation._named_by:
            ways = [self._named(relation, field) for field in relation._named_by]
            alone = False
        else:
            ways = [self._along(relation, path) for path in relation._paths]
            alone = len(ways) == 1 and not self._listed(relation._type, relation._paths[0]) and self._single(relation)
        found = " UNION ALL ".join(ways)
        if alone:
            base = f"SELECT anchor, doc, root, first, {_WHOLE} FROM ({found}) AS found"
        else:
            base = (
                "SELECT anchor, doc, any_value(root) AS root, min(first) AS first, bool_or(line IS NULL) AS whole, "
                "list_sort(list(DISTINCT line) FILTER (line IS NOT NULL)) AS lines "
                f"FROM ({found}) AS found GROUP BY anchor, doc"
            )
        if not relation._views or tag not in self.mirrored:
            return base
        return (
            f"WITH base AS ({base}), views AS (SELECT b.anchor, v.doc, v.root, min(b.first) AS first "
            f"FROM base AS b JOIN {self._alias(tag)} AS v ON v.root = b.root GROUP BY ALL) "
            f"SELECT * FROM base UNION ALL SELECT v.anchor, v.doc, v.root, v.first, {_WHOLE} FROM views AS v "
            "WHERE NOT EXISTS (SELECT 1 FROM base AS b WHERE b.anchor = v.anchor AND b.doc = v.doc)"
        )

    def _single(self, relation: Related) -> bool:
        """Whether one reference can lead to one member of the target only: not to several views of one document."""
        target = relation._of if relation._of is not None else self.flow.anchor
        return target is self.flow.anchor or _tag(target._type) not in self.mirrored

    def _listed(self, type_: type[Document], path: str) -> bool:
        """Whether a path starts in lines or a list, so that one document may reach one anchor several times."""
        field = references.hops(type_, path)[0].field
        return "." in field or field in _LISTS

    def _along(self, relation: Related, path: str) -> str:
        """Documents from which a path of references leads to the target."""
        tag = _tag(relation._type)
        target = relation._of if relation._of is not None else self.flow.anchor
        root, identified = self._identified("d0", tag)
        joins = [f"FROM {table_name(tag)} AS d0 {identified}"]
        hops = references.hops(relation._type, path)
        line = "e0.n" if self._listed(relation._type, path) and hops[0].nested else "NULL"
        for i, hop in enumerate(hops):
            field, edge = self._field(f"d{i}", hop.field, hop.source, f"e{i}")
            joins.append(edge)
            hop_tag = _tag(hop.target)
            if i < len(hops) - 1:
                joins.append(f"JOIN {table_name(hop_tag)} AS d{i + 1} ON d{i + 1}.ref = {field}")
            elif hop_tag in self.mirrored and self._rooted(target):
                joins.append(f"JOIN {self._alias(hop_tag)} AS r ON r.ref = {field}")
                joins.append(f"JOIN in_{target.relation} AS t ON t.root = r.root")
            else:
                joins.append(f"JOIN in_{target.relation} AS t ON t.root = {field}")
        tests = [*self._tests(relation, "d0"), *self._narrowed(target, "t")]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        first = f"t.first * {_MOST_LINES} + {line}" if line != "NULL" else "t.first"
        return (
            f"SELECT t.anchor, d0.{self.row} AS doc, {root} AS root, {first} AS first, CAST({line} AS BIGINT) AS line "
            f"{' '.join(joins)}{where}"
        )

    def _rooted(self, target: Documents) -> bool:
        """Whether the target's members are known by their roots (an anchor of single views is known by reference)."""
        return target is not self.flow.anchor or self.flow.anchor._originals

    def _named(self, relation: Related, field: Field) -> str:
        """Documents that a field of another relation's documents names."""
        tag, source = _tag(relation._type), field.documents
        path, edge = self._field("s", field.name, source._type, "e")
        root, identified = self._identified("d", tag)
        tests = [*self._tests(relation, "d"), *self._narrowed(source, "m")]
        where = f" WHERE {' AND '.join(tests)}" if tests else ""
        return (
            f"SELECT m.anchor, d.{self.row} AS doc, {root} AS root, m.first, CAST(NULL AS BIGINT) AS line "
            f"FROM in_{source.relation} AS m JOIN {table_name(_tag(source._type))} AS s ON s.{self.row} = m.doc {edge} "
            f"JOIN {table_name(tag)} AS d ON d.ref = {path} {identified}{where}"
        )

    def _field(self, name: str, field: str, source: type[Document], edge: str) -> tuple[str, str]:
        """(SQL of a reference field of the row ``name``, the JOIN to its edge that it needs)."""
        if "." not in field and field not in _LISTS:
            return f"{name}.{quoted(field)}", ""
        table = self._source(_edge(_tag(source), field, self.row))
        return f"{edge}.ref", f"JOIN {table} AS {edge} ON {edge}.doc = {name}.{self.row}"

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
        root, join = self._identified("d", tag)
        tests = ["NOT coalesce(d.deleted, false)", f"{root} = d.ref"]
        tests += [f"d.{quoted(name)} = {_literal(value)}" for name, value in stray.equal.items()]
        if stray.naming is not None:
            tests.append(f"d.{quoted(stray.naming.name)} IS NOT NULL")
        if self.entities:
            tests.append(f"d.entity IN ({_literals(self.entities)})")
        roots = (
            f"SELECT d.{self.row} AS doc, {root} AS root FROM {table_name(tag)} AS d {join} WHERE {' AND '.join(tests)} "
            f"AND NOT EXISTS (SELECT 1 FROM in_{relation._name} AS m WHERE m.doc = d.{self.row})"
        )
        if not join:
            return f"SELECT row_number() OVER (ORDER BY root) AS anchor, doc, root, 0 AS first, {_WHOLE} FROM ({roots}) AS roots"
        return (
            f"SELECT dense_rank() OVER (ORDER BY r.root) AS anchor, v.doc, v.root, 0 AS first, {_WHOLE} "
            f"FROM ({roots}) AS r JOIN {self._alias(tag)} AS v ON v.root = r.root"
        )


_WHOLE = "true AS whole, CAST(NULL AS BIGINT[]) AS lines"
_MOST_LINES = 1_000_000
"""Lines of one document: the rank of an anchor is its first line, beneath the rank of what it was reached through."""
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
