"""Names in a flow that no document bears: said in a note, since what is misspelt would silently count nothing."""

from __future__ import annotations

import duckdb

from tieout.canon.faults import nearest
from tieout.process.definition import Flow
from tieout.process.mentions import Mention, mentions
from tieout.setwise.tables import literal, quoted, table_name

_LISTED = 8


def unheard(connection: duckdb.DuckDBPyConnection, flow: type[Flow]) -> list[str]:
    """A note for each activity, kind or attribute that a flow mentions and that nothing read has, with the nearest there is.

    It need not be a mistake: a log may lack an activity.
    """
    notes = []
    for mention in mentions(flow):
        there = _names(connection, mention)
        if there and mention.name not in there:
            near = nearest(mention.name, there) or f"there are {_list(there)}"
            notes.append(f"flow {flow.name}: {_words(mention)} {mention.name!r}; {near}")
    return notes


def _names(connection: duckdb.DuckDBPyConnection, mention: Mention) -> list[str]:
    """What there is instead: the field's values, or the attributes, of the documents that the flow narrows them to."""
    narrowed = " AND ".join(f"{quoted(field)} = {literal(value)}" for field, value in mention.values) or "true"
    named = quoted(mention.field) if mention.field else "unnest(json_keys(ext))"
    rows = connection.execute(
        f"SELECT DISTINCT {named} AS name FROM {table_name(mention.type)} WHERE {narrowed} ORDER BY name"
    ).fetchall()
    return [name for (name,) in rows if name]


def _words(mention: Mention) -> str:
    narrowed = "".join(f" with {field} {value!r}" for field, value in mention.values)
    return f"no {mention.type}{narrowed} has the {mention.field or 'attribute'}"


def _list(names: list[str]) -> str:
    return ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
