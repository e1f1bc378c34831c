"""The SELECT that turns a file's rows into canonical rows, each judged good or bad.

It is made in steps, so that everything is computed once: ``t_`` the value as clean text, ``n_`` numbers in plain decimal
text, then the row's currency, entity and system, which amounts and references need, then ``v_`` the values, and at last
the row with ``_bad``, whether something is wrong with it. What that is, is asked of the bad rows only, where there are some.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tieout.canon.faults import MappingFault, nearest
from tieout.setwise.tables import Column, columns, literal, quoted

from .expressions import Reading, digits_of, is_json_object
from .mapping import File, Layout, nested_column
from .relation import Cell, Relation
from .survey import CONTROL

SEPARATOR = "\x1f"
_NUMBERS = ("minor", "decimal")
_CONTEXT = ("system", "entity", "currency")
Where = Callable[..., str]
"""Where a key of the file's entry stands in the mapping: ``where("columns", "id")`` is ``audit.toml, line 9, files.columns.id``."""
_CONTROL = literal(CONTROL.pattern)


class Projection(msgspec.Struct, kw_only=True):
    """A file's rows as rows of a type's table.

    ``sql`` gives them with ``_part``, ``_line`` and ``_bad``; ``refusals`` gives place and ``_fault`` of the bad ones, the parts of the
    first thing that is wrong joined by `SEPARATOR`; ``unused`` are the columns of the file that nothing names.
    """

    sql: str
    refusals: str
    unused: tuple[str, ...]


def project(
    file: File, relation: Relation, reading: Reading, where: Where, line_parts: dict[str, str] | None = None
) -> Projection:
    """The projection of one file of documents; ``line_parts`` are the columns of `LINES`, where its nested part is there.

    Raises MappingFault for a column that the mapping names and the file does not have.
    """
    return _Plan(file, relation, reading, where, line_parts).build()


def found_cell(layout: Layout, relation: Relation, field: str, where: Where) -> Cell | None:
    """The cell that holds a field: the column that the mapping names, else the one of the field's own name."""
    name = layout.columns.get(field)
    cell = relation.cells.get(name or field)
    if cell is None and name is not None:
        mend = nearest(name, relation.present) or f"its columns are {', '.join(relation.present)}"
        raise MappingFault(f"{relation.path.name} has no column {name!r}", where=where("columns", field), mend=mend)
    if cell is not None and not cell.sql:
        what = f"{relation.path.name} has more than one column {name or field!r}"
        raise MappingFault(what, where=where("columns", field), mend="give them names of their own in the file")
    return cell


class _Plan:
    """Collects the pieces of each step for one file."""

    def __init__(
        self, file: File, relation: Relation, reading: Reading, where: Where, line_parts: dict[str, str] | None
    ) -> None:
        self.file, self.relation, self.where, self.line_parts = file, relation, where, line_parts
        self.reading = reading
        self.columns = columns(file.type)[2:]
        self.nested = nested_column(file.type)
        self.types: dict[str, str] = {}
        self.texts: list[str] = []
        self.used: set[str] = set()
        self.rough: set[str] = set()
        """Columns that hold a nested list as the text that it was."""

    def build(self) -> Projection:
        for column in self.columns:
            self._take(column)
        inner = f"SELECT {self.relation.part} AS _part, _line{self._document()}, {', '.join(self.texts)} FROM ({self._source()})"
        numbers = ", ".join(
            f"{self.reading.number(f't_{c.name}')} AS n_{c.name}" for c in self._present() if self._as_text(c, c.name)
        )
        context = ", ".join(f"{self._context(name)} AS v_{name}" for name in _CONTEXT)
        step = f"SELECT *, {context}{', ' + numbers if numbers else ''}{self._nested_numbers()} FROM ({inner})"
        step = f"SELECT *, {digits_of('v_currency')} AS _digits FROM ({step})"
        values = [f"{self._value(c)} AS v_{c.name}" for c in self._present() if c.name not in _CONTEXT]
        step = f"SELECT *, {', '.join(values)} FROM ({step})"
        cases = self._faults()
        bad = " OR ".join(f"({condition})" for condition, _ in cases)
        fault = "CASE " + " ".join(f"WHEN {condition} THEN {code}" for condition, code in cases) + " END"
        return Projection(
            sql=f"SELECT _part, _line, {', '.join(self._final())}, coalesce({bad}, false) AS _bad FROM ({step})",
            refusals=f"SELECT _part, _line, {fault} AS _fault FROM ({step}) WHERE {bad}",
            unused=tuple(name for name in self.relation.present if name not in self.used),
        )

    def _present(self) -> list[Column]:
        return [column for column in self.columns if column.name in self.types]

    def _as_text(self, column: Column, name: str) -> bool:
        """Whether a number has to be read from text (``name``: of the column, or ``lines.net``)."""
        return column.kind in _NUMBERS and not self.reading.keeps_type(column, self.types[name])

    def _document(self) -> str:
        return f", {self.relation.document}" if self.relation.document else ""

    def _take(self, column: Column) -> None:
        """Add the first step of a column, where the file has it."""
        if column.kind == "json":
            self._take_json(column)
            return
        if column is self.nested and self.line_parts is not None:
            cell: Cell | None = Cell(sql="_lines", type="STRUCT()[]", parts=self.line_parts)
        else:
            cell = found_cell(self.file, self.relation, column.name, self.where)
        if cell is None and column.name in self.file.constants:
            cell = Cell(sql=literal(self.file.constants[column.name]))
        if cell is None:
            return
        self.used.add(self.file.columns.get(column.name, column.name))
        if cell.empty:
            return
        if column is self.nested:
            self.types[column.name] = cell.type
            self.texts.append(f"{self._elements(column, cell)} AS t_{column.name}")
            return
        text, type_ = cleaned(self.reading, self.file, column, cell)
        self.types[column.name] = type_
        self.texts.append(f"{text} AS t_{column.name}")

    def _take_json(self, column: Column) -> None:
        """``refs`` and ``ext``: a JSON object of the file, or columns mapped as ``ext.region``."""
        pairs = []
        for field, name in self.file.columns.items():
            if field.startswith(f"{column.name}."):
                cell = found_cell(self.file, self.relation, field, self.where)
                assert cell is not None
                self.used.add(name)
                text = self.reading.clean(_TEXT, cell.sql, cell.type)
                pairs.append(f"{literal(field.partition('.')[2])}, {text}")
        cell = found_cell(self.file, self.relation, column.name, self.where)
        if cell is not None:
            self.used.add(self.file.columns.get(column.name, column.name))
            cell = None if cell.empty else cell
        if not pairs and cell is None:
            return
        whole = self.reading.clean(column, cell.sql, cell.type) if cell else "'{}'"
        if pairs:
            whole = f"CAST(json_merge_patch(coalesce({whole}, '{{}}'), json_object({', '.join(pairs)})) AS VARCHAR)"
        self.types[column.name] = "VARCHAR"
        self.texts.append(f"{whole} AS t_{column.name}")

    def _source(self) -> str:
        if self.line_parts is None:
            return self.relation.sql
        cell = found_cell(self.file, self.relation, "id", self.where)
        identity = f"nullif(trim(CAST({cell.sql} AS VARCHAR)), '')" if cell else "NULL"
        return (
            f"SELECT documents.*, nested._lines FROM ({self.relation.sql}) AS documents "
            f"LEFT JOIN {LINES} AS nested ON nested._parent = {identity}"
        )

    def _context(self, name: str) -> str:
        """A row's system, entity or currency: its own column, else what the mapping says of the file."""
        column = next(c for c in self.columns if c.name == name)
        constant = literal(getattr(self.file, name)) if getattr(self.file, name) else "CAST(NULL AS VARCHAR)"
        if name not in self.types:
            return constant
        value = self.reading.value(column, f"t_{name}")
        return f"CASE WHEN t_{name} IS NULL THEN {constant} ELSE {value} END"

    def _value(self, column: Column) -> str:
        if column is self.nested:
            return f"list_transform(n_{column.name}, lambda t: {{'t': t, 'v': {self._element_value(column)}}})"
        prefix = "n_" if self._as_text(column, column.name) else "t_"
        return self.reading.value(column, f"{prefix}{column.name}", self.types[column.name])

    def _final(self) -> list[str]:
        system, identity = "v_system", "v_id" if "id" in self.types else "NULL"
        ref = f"{system} || '/' || {identity}"
        final = [f"{literal(self.file.type + '/')} || {ref} AS key", f"{ref} AS ref"]
        for column in self.columns:
            name = quoted(column.name)
            if column is self.nested and column.name in self.types:
                final.append(f"list_transform(v_{column.name}, lambda p: p.v) AS {name}")
            elif column.name in self.types or column.name in _CONTEXT:
                final.append(f"v_{column.name} AS {name}")
            else:
                final.append(f"CAST(NULL AS {column.sql_type}) AS {name}")
        return final

    def _faults(self) -> list[tuple[str, str]]:
        """Everything that can be wrong with a row, in the order in which it is said: the condition and the refusal."""
        cases = []
        if self.relation.document:
            broken = f"NOT {is_json_object(self.relation.document)}"
            cases.append((broken, refusal(literal("json line"), "''", self.relation.document)))
        if self.relation.format != "csv":
            cases += self._control_faults()
        first = [column for column in self.columns if column.name in ("id", *_CONTEXT)]
        for column in [*first, *(column for column in self.columns if column not in first)]:
            cases += self._column_faults(column)
        return cases

    def _control_faults(self) -> list[tuple[str, str]]:
        """Control characters in any text: all texts are searched at once, and one by one only where there is some."""
        found = [column.name for column in self._present() if column.kind in ("text", "ref")]
        if not found:
            return []
        every = f"regexp_matches(concat_ws('', {', '.join(f't_{name}' for name in found)}), {_CONTROL})"
        which = " ".join(f"WHEN regexp_matches(t_{name}, {_CONTROL}) THEN {literal(name)}" for name in found)
        return [(every, refusal(literal("control"), f"CASE {which} END", "''"))]

    def _column_faults(self, column: Column) -> list[tuple[str, str]]:
        here = column.name in self.types
        if column is self.nested:
            return self._element_faults(column) if here else []
        text, value = f"t_{column.name}", f"v_{column.name}"
        cases = []
        if here:
            code = self.reading.refusal(column, text, self.types[column.name])
            unread = f"{text} IS NOT NULL AND {value} IS NULL"
            cases.append((unread, refusal(code, literal(column.name), f"CAST({text} AS VARCHAR)")))
        if column.required:
            kept = f" AND NOT coalesce({'v_deleted' if 'deleted' in self.types else 'false'}, false)"
            absent = f"{value} IS NULL" if here or column.name in _CONTEXT else "true"
            cases.append(
                (
                    absent + ("" if column.name in ("id", "system") else kept),
                    refusal(literal("missing"), literal(column.name), "''"),
                )
            )
        return cases

    # Nested structs: the same steps inside a list_transform.

    def _elements(self, column: Column, cell: Cell) -> str:
        """The raw list as a list of structs of clean text."""
        layout = self.file.lines
        raw = cell.sql
        parts = cell.parts
        if not parts:
            self.texts.append(f"{raw} AS r_{column.name}")
            self.rough.add(f"r_{column.name}")
            names = {layout.columns.get(part.name, part.name) for part in column.nested}
            parts = dict.fromkeys(sorted(names), "VARCHAR")
            shape = msgspec.json.encode([parts]).decode()
            raw = f"CASE WHEN json_valid({raw}) THEN json_transform({raw}, {literal(shape)}) END"
        items = []
        for part in column.nested:
            name = layout.columns.get(part.name, part.name)
            if name in cell.empty_parts and part.name != "id":
                continue
            if name in parts:
                inner = Cell(sql=f"item.{quoted(name)}", type=parts[name])
                text, type_ = cleaned(self.reading, layout, part, inner)
            elif part.name in layout.columns:
                mend = nearest(name, parts) or f"its columns are {', '.join(parts)}"
                raise MappingFault(
                    f"there is no column {name!r}", where=self.where("lines", "columns", part.name), mend=mend
                )
            elif part.name == "id":
                text, type_ = "CAST(NULL AS VARCHAR)", "VARCHAR"
            else:
                continue
            if part.name == "id":
                text = f"coalesce({text}, CAST(position AS VARCHAR))"
            self.types[f"{column.name}.{part.name}"] = type_
            items.append(f"{quoted(part.name)}: {text}")
        if self.line_parts is not None:
            items.append('"_place": item._place')
        return f"list_transform({raw}, lambda item, position: {{{', '.join(items)}}})"

    def _nested_numbers(self) -> str:
        """The second step of nested numbers: each beside its text as ``n_<name>``."""
        if self.nested is None or self.nested.name not in self.types:
            return ""
        there = self._parts_there(self.nested)
        numbers = [part for part in there if self._as_text(part, f"{self.nested.name}.{part.name}")]
        pairs = [f"{quoted('n_' + part.name)}: {self.reading.number(f'item.{quoted(part.name)}')}" for part in numbers]
        pairs += [f"{quoted(part.name)}: item.{quoted(part.name)}" for part in there]
        if self.line_parts is not None:
            pairs.append('"_place": item._place')
        name = self.nested.name
        return f", list_transform(t_{name}, lambda item: {{{', '.join(pairs)}}}) AS n_{name}"

    def _element_value(self, column: Column) -> str:
        return (
            "{"
            + ", ".join(f"{quoted(part.name)}: {self._part_value(column, part, 't')}" for part in column.nested)
            + "}"
        )

    def _part_value(self, column: Column, part: Column, item: str) -> str:
        if f"{column.name}.{part.name}" not in self.types:
            return f"CAST(NULL AS {part.sql_type})"
        prefix = "n_" if self._as_text(part, f"{column.name}.{part.name}") else ""
        text = f"{item}.{quoted(prefix + part.name)}"
        return self._nested_reading().value(part, text, self.types[f"{column.name}.{part.name}"])

    def _parts_there(self, column: Column) -> list[Column]:
        return [part for part in column.nested if f"{column.name}.{part.name}" in self.types]

    def _nested_reading(self) -> Reading:
        return msgspec.structs.replace(
            self.reading, ref_systems=self.file.lines.refs,
            exact_digits=self.reading.exact_digits and not self.rough,
        )  # fmt: skip

    def _element_faults(self, column: Column) -> list[tuple[str, str]]:
        line = "p.t._place" if self.line_parts is not None else "''"
        cases = []
        for part in column.nested:
            text, value = f"p.t.{quoted(part.name)}", f"p.v.{quoted(part.name)}"
            field = f"{field_of(column)} || '.{part.name}'"
            type_ = self.types.get(f"{column.name}.{part.name}")
            if type_ is None:
                if part.required:
                    cases.append(("true", refusal(literal("missing"), field, "''", line)))
                continue
            code = self._nested_reading().refusal(part, text, type_)
            shown = f"CAST({text} AS VARCHAR)"
            cases.append((f"{text} IS NOT NULL AND {value} IS NULL", refusal(code, field, shown, line)))
            if part.required:
                cases.append((f"{value} IS NULL", refusal(literal("missing"), field, "''", line)))
        told = [f"p.t.{quoted(part.name)} IS NULL" for part in self._parts_there(column) if part.name != "id"]
        if told:
            cases.append((" AND ".join(told), refusal(literal("element"), field_of(column), "''", line)))
        case = "CASE " + " ".join(f"WHEN {condition} THEN {code}" for condition, code in cases) + " END"
        first = f"list_filter(list_transform(v_{column.name}, lambda p, position: {case}), lambda x: x IS NOT NULL)[1]"
        unread = []
        if f"r_{column.name}" in self.rough:
            rough = f"r_{column.name}"
            unread = [
                (
                    f"trim({rough}) <> '' AND t_{column.name} IS NULL",
                    refusal(literal("list"), literal(column.name), rough),
                )
            ]
        wrong = " OR ".join(f"coalesce({condition}, false)" for condition, _ in cases)
        some = f"list_bool_or(list_transform(v_{column.name}, lambda p, position: {wrong}))"
        return [*unread, (some, first)]


LINES = "reading_lines"
"""Temporary table of the nested parts that stand in a file of their own: ``_parent`` and ``_lines``,
each with its ``_place`` (``file:line``)."""

_TEXT = Column(name="", sql_type="VARCHAR", kind="text")


def cleaned(reading: Reading, layout: Layout, column: Column, cell: Cell) -> tuple[str, str]:
    """A cell as clean text (or typed, where that is kept) after the mapping's replacement of values, and its type."""
    replaced = layout.values.get(column.name)
    if reading.keeps_type(column, cell.type) and not replaced:
        return cell.sql, cell.type
    text = reading.clean(_TEXT, cell.sql, cell.type)
    if not replaced:
        return text, "VARCHAR"
    cases = " ".join(f"WHEN {literal(old)} THEN {literal(new)}" for old, new in replaced.items())
    return f"nullif(CASE coalesce({text}, '') {cases} ELSE {text} END, '')", "VARCHAR"


def field_of(column: Column) -> str:
    """SQL of an element's name, ``lines[3]``."""
    return f"'{column.name}[' || position || ']'"


def refusal(code: str, field: str, value: str, line: str = "''") -> str:
    """SQL of a refusal from SQL: its name, the field, the value that shows it, and the place, where it is not the row's own."""
    return f"concat_ws(chr(31), {code}, {field}, left(coalesce({value}, ''), 80), {line})"
