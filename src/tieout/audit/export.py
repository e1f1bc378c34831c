"""What the live engine knows as Parquet files, one for each type of document, in the form that an audit reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tieout.canon.documents import TYPES
from tieout.setwise.tables import literal, quoted, table_name

from .live import Known
from .scratch import connect

FOLDER = "documents"


def write_documents(known: Known, folder: Path) -> dict[str, Any]:
    """Write ``documents/TYPE.parquet`` under a folder; the tables of an ``audit.toml`` that say what they are.

    Fields are canonical, amounts in minor units, references ``system/id``, instants in UTC.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    connection = connect(known.database)
    try:
        systems: set[str] = set()
        for name in known.documents:
            path = folder / FOLDER / f"{name}.parquet"
            listed = ", ".join(quoted(field) for field in TYPES[name].__struct_fields__ if field != "deleted")
            connection.execute(
                f"COPY (SELECT {listed} FROM {table_name(name)} ORDER BY key) TO {literal(str(path))} "
                "(FORMAT parquet, COMPRESSION zstd)"
            )
            rows = connection.execute(f"SELECT DISTINCT system FROM {table_name(name)}").fetchall()
            systems.update(system for (system,) in rows)
    finally:
        connection.close()
    policy = known.ruling.decided.policy
    return {
        "systems": {system: {"role": policy.role(system)} for system in sorted(systems | policy.systems.keys())},
        "files": [
            {"path": f"{FOLDER}/{name}.parquet", "type": name, "format": "parquet", "money": "minor"}
            for name in known.documents
        ],
    }  # fmt: skip
