"""One document of a folder of exports, explained by every flow that knows it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb

from tieout.canon.documents import TYPES
from tieout.canon.faults import InputFault, MappingFault, nearest
from tieout.process.explain import Explanation, explain
from tieout.process.flows import FLOWS
from tieout.setwise.flows import load as load_flow
from tieout.setwise.run import instances_of
from tieout.setwise.tables import table_name

from .evaluation import newest_day
from .progress import Progress, silent
from .run import opened

_MOST = 20


def explain_document(
    directory: Path, document: str, *, as_of: dt.date | None = None, flows: tuple[str, ...] = (),
    progress: Progress = silent,
) -> list[Explanation]:  # fmt: skip
    """Every instance that holds the document, of every flow. ``document`` is a key, a reference or an id.

    Raises InputFault where there is no such document, with the nearest id, and where no flow knows it.
    """
    with opened(directory, progress) as (_, connection, loaded):
        day = as_of or loaded.mapping.audit.as_of or newest_day(connection)
        if day is None:
            raise MappingFault("no day to explain it as of", where="audit.toml", mend="say as_of, or --as-of")
        keys = _find(connection, document)
        found: list[Explanation] = []
        for name in flows or tuple(FLOWS):
            flow = load_flow(name)
            progress(f"looking in {flow.name}", 0, 0)
            for instance in instances_of(connection, flow, loaded.policy, loaded.coverage.known, keys):
                found.append(explain(flow, instance, loaded.policy, day))
                if len(found) >= _MOST:
                    return found
        if not found:
            raise InputFault(
                f"{keys[0]} is there, but no flow relates it to anything", where=str(directory),
                mend="its references lead nowhere: see the files' unjoined count in the report",
            )  # fmt: skip
        return found


def _find(connection: duckdb.DuckDBPyConnection, document: str) -> list[str]:
    """Keys of the documents that ``document`` may mean."""
    found: list[str] = []
    for name in TYPES:
        sql = f"SELECT key FROM {table_name(name)} WHERE key = $1 OR ref = $1 OR id = $1 ORDER BY key"
        found += [key for (key,) in connection.execute(sql, [document]).fetchall()]
    if found:
        return found
    wanted = document.rsplit("/", 1)[-1]
    ids: list[str] = []
    for name in TYPES:
        sql = f"SELECT key FROM {table_name(name)} ORDER BY jaro_winkler_similarity(id, ?) DESC LIMIT 1"
        ids += [key for (key,) in connection.execute(sql, [wanted]).fetchall()]
    by_id = {key.split("/", 2)[2]: key for key in ids}
    raise InputFault(f"there is no document {document!r}", mend=nearest(wanted, by_id) or "name it as type/system/id")
