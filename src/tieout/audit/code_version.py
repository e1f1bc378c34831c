"""Which code computes: the release, and a hash of what it computes with, flows of one's own among it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import tieout
from tieout.process.flows import FLOWS

_ROOMS = ("canon", "policy", "process", "setwise")
_FILES = ("audit/evaluation.py", "audit/figures.py", "audit/kept.py")


def code_version(flows: Iterable[str] = ()) -> str:
    """``0.1.0+3f9a…``: equal where the same documents and policy give the same figures."""
    own = {Path(spec.partition(":")[0]) for spec in flows if spec not in FLOWS}
    hashed = hashlib.sha256(_shipped())
    for path in sorted(own):
        hashed.update(path.read_bytes() if path.is_file() else b"")
    return f"{tieout.__version__}+{hashed.hexdigest()[:12]}"


@cache
def _shipped() -> bytes:
    root = Path(tieout.__file__).parent
    hashed = hashlib.sha256()
    for path in sorted(
        {*(root / name for name in _FILES), *(p for room in _ROOMS for p in (root / room).rglob("*.py"))}
    ):
        hashed.update(f"{path.relative_to(root).as_posix()}\n".encode())
        hashed.update(path.read_bytes())
    return hashed.digest()
