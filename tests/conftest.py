"""What every test may ask for."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """The path of sample data kept beside the checkout: ``shared("data/eventlogs/x.csv")``.

    The folder ``shared`` is looked for beside the checkout and above it; TIEOUT_SHARED names another. Where it is absent the
    test is skipped, but not in CI (CI=true), which must have it.
    """

    def find(path: str) -> Path:
        named = os.environ.get("TIEOUT_SHARED")
        folders = [Path(named)] if named else [folder / "shared" for folder in ROOT.parents]
        for folder in folders:
            if (folder / path).exists():
                return folder / path
        absent = f"no shared/{path} beside the checkout (TIEOUT_SHARED may name another folder)"
        if os.environ.get("CI") == "true":
            pytest.fail(absent)
        pytest.skip(absent)

    return find
