"""The SQL of ``sql/*.sql`` by name: each statement there follows a line ``-- name: claim_deliveries``."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path

from tieout.canon.faults import nearest

NAMED = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


def sql(name: str) -> bytes:
    """The text of a statement. Bytes, which psycopg takes for written by us and not by a user. Raises KeyError."""
    statements = _statements()
    if name not in statements:
        raise KeyError(f"no statement {name!r} in store/sql {nearest(name, statements)}")
    return statements[name]


@cache
def _statements() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    folder = Path(str(resources.files(__package__) / "sql"))
    for path in sorted(folder.glob("*.sql")):
        _, *parts = NAMED.split(path.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise KeyError(f"two statements are called {name!r}; one of them is in {path.name}")
            found[name] = text.strip().encode()
    return found
